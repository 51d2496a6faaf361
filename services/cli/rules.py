"""Which controls a command is about, and whether in their present words or in those of then."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from services.cli.names import unknown_control
from services.cli.output import Column
from services.errors import BadInput, NotFound
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.checking import Control
    from services.projections.clickhouse import ClickHouse
    from services.projections.scope import Scope


COUNTS = (
    Column("satisfied", "satisfied", number=True),
    Column("violated", "violated", number=True),
    Column("cured late", "cured_late", number=True),
    Column("no evidence", "no_evidence", number=True),
)
"""How a control's occasions went."""


def rules_option(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the option that says whose words of the rules are applied."""
    return click.option(
        "--rules-of",
        type=click.Choice(("now", "then")),
        default="now",
        show_default=True,
        help="The rules as the files say them now, or as they were published at the time asked for.",
    )(command)


def rules_now(settings: Settings, control: str | None = None) -> "list[Control]":
    """All controls of the files, or the one of this id or number."""
    from services.projections.checking import controls_with

    if control:
        return [control_of(settings, control)]
    return list(controls_with(settings.own_controls if settings.own_controls.is_dir() else None).values())


def rules_then(clickhouse: "ClickHouse", scope: "Scope", control: str | None = None) -> "list[Control]":
    """All controls that were published at the scope's times, or the one of this id or number. Raises NotFound."""
    from services.audit.rules import rules_then as published

    found = [each for each in published(clickhouse, scope).values() if control in (None, each.id, str(each.number))]
    if not found:
        what = f"control {control} was" if control else "controls were"
        raise NotFound(f"No {what} published at that time; take --rules-of now, or a day after an audit was run.")
    return found


def control_of(settings: Settings, wanted: str) -> "Control":
    """The control of this id or number, shipped or the workspace's own. Raises NotFound with the nearest ones.

    A shipped one is there whatever is wrong with the workspace's own, which is said on standard error.
    """
    from services.projections.checking import find_control

    try:
        return find_control(wanted, settings.own_controls if settings.own_controls.is_dir() else None)
    except NotFound:
        raise unknown_control(wanted) from None
    except BadInput as wrong:
        try:
            shipped = find_control(wanted)
        except NotFound:
            raise wrong from None
        click.echo(f"Controls of your own are left out: {wrong}", err=True)
        return shipped
