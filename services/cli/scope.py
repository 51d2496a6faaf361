"""The scope that every question takes: of whom, as of when, and as known when."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import click

from services import times
from services.cli.names import completing
from services.errors import BadInput
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.clickhouse import ClickHouse
    from services.projections.scope import Basis, Scope


def scope_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say of whom, as of when and as known when."""
    return click.option(
        "--unit",
        metavar="CODE",
        help="Only this unit and those below it.",
        shell_complete=completing("business-unit"),
    )(time_options(command))


def time_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say as of when and as known when."""
    options = (
        click.option("--as-of", metavar="DAY", help="What was true at the end of this day; by default today."),
        click.option("--known-at", metavar="TIME", help="With what was known by this day's end or instant."),
        click.option(
            "--known-basis",
            type=click.Choice(("recorded", "reported")),
            default="recorded",
            show_default=True,
            help="Known since we recorded it, or since the source reported it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def scope_of(
    settings: Settings,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    basis: str,
    period_from: str | None = None,
    period_to: str | None = None,
    *,
    ahead: bool = False,
) -> "Scope":
    """The scope that the options mean; `ahead`: its period may begin after the as-of day. Raises BadInput."""
    from services.projections.scope import Scope

    zone = settings.zone
    scope = Scope(
        as_of=times.day("today" if as_of is None else as_of, "--as-of", zone),
        zone=zone,
        known_at=times.known(known_at, zone) if known_at is not None else None,
        basis=cast("Basis", basis),
        unit=unit.upper() if unit is not None else None,
        period_from=times.day(period_from, "--from", zone) if period_from is not None else None,
        period_to=times.day(period_to, "--to", zone) if period_to is not None else None,
        currency=settings.currency,
    )
    if not ahead and scope.period_from and scope.period_from > scope.as_of:
        raise BadInput(
            f"--from: {scope.period_from} lies after {scope.as_of}, as of which is asked; give an earlier day."
        )
    return scope


def say_if_retired(clickhouse: "ClickHouse", scope: "Scope") -> None:
    """Says on standard error that the unit asked for was retired, and when: its figures stand all the same."""
    from services.projections.queries import retirement

    if said := retirement(clickhouse, scope):
        click.echo(said, err=True)


def scope_data(scope: "Scope") -> dict[str, Any]:
    """The scope for programs."""
    return {
        "as_of": scope.as_of,
        "known_at": scope.known_at,
        "known_basis": scope.basis,
        "unit": scope.unit,
        "from": scope.period_from,
        "to": scope.period_to,
        "currency": scope.currency,
    }


def scope_text(scope: "Scope") -> str:
    """The scope for people."""
    known: datetime | None = scope.known_at
    parts = [f"as of {scope.as_of}"]
    parts.append(f"known at {known.astimezone(scope.zone):%Y-%m-%d %H:%M}" if known else "known now")
    if scope.basis == "reported":
        parts.append("by the time of reporting")
    if scope.unit:
        parts.append(f"unit {scope.unit} and below")
    if scope.period_from or scope.period_to:
        parts.append(f"period {scope.period_from or '...'} to {scope.period_to or scope.as_of}")
    return ", ".join(parts)
