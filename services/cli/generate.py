"""The groups of commands, made from the command catalogue: a field is an argument or an option."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from services import times
from services.cli import output
from services.cli.fields import Form, Look, look_of
from services.cli.groups import SuggestingGroup
from services.cli.names import completing
from services.cli.recording import Common, Scribe, actor_of, as_data, as_lines, meta_of, opened
from services.commands.app import Outcome, UnitOfWork
from services.commands.catalogue import COMMANDS
from services.commands.command import Command
from services.errors import BadInput
from services.settings import Settings

WHEN_AND_WHO: tuple[click.Option, ...] = (
    click.Option(["--on"], metavar="DAY", help="The day it happened: 2026-06-30, today or yesterday"),
    click.Option(["--at"], metavar="INSTANT", help="The instant it happened, in ISO 8601; by default now"),
    click.Option(["--reported-at"], metavar="TIME", help="When the source says that it was reported"),
    click.Option(["--supersedes"], type=int, metavar="VERSION", help="Correct this version of the stream"),
    click.Option(["--command-id"], metavar="ID", help="A second try with the same id records nothing"),
    click.Option(["--actor"], metavar="LOGIN", help="Who says it: a login or system:NAME; by default PMO_ACTOR or you"),
    click.Option(["--json", "as_json"], is_flag=True, help="Print the events as JSON"),
)
_COMPLETIONS = {
    "unit": completing("business-unit"),
    "parent": completing("business-unit"),
    "project": completing("project"),
    "standard": completing("standard"),
    "course": completing("course"),
    "goal": completing("goal"),
}
_COMMON_NAMES = tuple(str(option.name) for option in WHEN_AND_WHO)


class RecordCommand(click.Command):
    """A click command for one command of the catalogue; its help has arguments, fields and common options apart."""

    def __init__(self, command_class: type[Command]) -> None:
        self.command_class = command_class
        self.looks = tuple(look_of(name, field) for name, field in command_class.model_fields.items())
        super().__init__(
            command_class.path.split(" ")[1],
            params=[*(_parameter(look) for look in self.looks), *WHEN_AND_WHO],
            callback=self._run,
            help=command_class.__doc__,
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the three kinds of parameters."""
        arguments = [(look.label, look.help) for look in self.looks if look.positional]
        options = [p.get_help_record(ctx) for p in self.params[: len(self.looks)] if isinstance(p, click.Option)]
        helper = self.get_help_option(ctx)
        common = [option.get_help_record(ctx) for option in (*WHEN_AND_WHO, *([helper] if helper else []))]
        for title, rows in (("Arguments", arguments), ("Options", options), ("When, who and how", common)):
            if shown := [row for row in rows if row]:
                with formatter.section(title):
                    formatter.write_dl(shown)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the example."""
        _write_example(formatter, self.command_class)

    def _run(self, **given: Any) -> None:
        as_json = given.pop("as_json")
        common = Common(**{name: given.pop(name) for name in _COMMON_NAMES if name in given})
        settings = Settings.load()
        fields = self.fields(given, settings)
        actor = actor_of(settings, common.actor)
        meta = meta_of(settings, common, actor)
        with opened() as app:

            def recorded(unit: UnitOfWork) -> Outcome:
                return Scribe(app, unit).record(self.command_class, fields, meta, actor)

            outcome = app.transact(recorded)
            show([outcome], as_json)

    def fields(self, given: dict[str, Any], settings: Settings) -> dict[str, Any]:
        """The command's fields from what click parsed. Raises BadInput."""
        missing = [look.option for look in self.looks if look.required and given[look.name] in (None, ())]
        if missing:
            path = self.command_class.path
            raise BadInput(f"'{path}' needs {_listed(missing)}; 'pmo {path} --help' shows an example.")
        fields: dict[str, Any] = {}
        for look in self.looks:
            value = given[look.name]
            if value is None or value == ():
                continue
            match look.form:
                case Form.DAY:
                    fields[look.name] = times.day(value, look.label, settings.zone).isoformat()
                case Form.PAIRS:
                    fields[look.name] = _pairs(value, look)
                case Form.LIST:
                    fields[look.name] = list(value)
                case _:
                    fields[look.name] = value
        return fields


def group(name: str) -> click.Group:
    """The group of the catalogue's commands whose path begins with `name`."""
    commands = {c.path.split(" ")[1]: c for c in COMMANDS if c.path.split(" ")[0] == name}
    return CatalogueGroup(name, commands)


class CatalogueGroup(SuggestingGroup):
    """Commands of the catalogue under one word, in its order."""

    def __init__(self, name: str, commands: dict[str, type[Command]]) -> None:
        super().__init__(name)
        self._classes = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the catalogue's order, and what was added by hand before them."""
        return [*self.commands, *self._classes]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Makes one command."""
        command_class = self._classes.get(cmd_name)
        return RecordCommand(command_class) if command_class else self.commands.get(cmd_name)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the example of the first command."""
        _write_example(formatter, next(iter(self._classes.values())))


def _write_example(formatter: click.HelpFormatter, command_class: type[Command]) -> None:
    with formatter.section("Example"):
        # not wrapped: it is there to be copied
        formatter.write(f"  pmo {command_class.path} {command_class.example}\n")


def show(outcomes: Sequence[Outcome], as_json: bool) -> None:
    """Prints what was recorded."""
    if as_json:
        output.as_json(as_data(outcomes))
    else:
        click.echo("\n".join(line for outcome in outcomes for line in as_lines(outcome)))


def _parameter(look: Look) -> click.Parameter:
    completion = _COMPLETIONS.get(look.name) if look.metavar == "CODE" else None
    if look.positional:
        return click.Argument([look.name], metavar=look.label, shell_complete=completion)
    if look.form is Form.FLAG:
        off = f"--no-{look.option[2:]}"
        return click.Option([f"{look.option}/{off}", look.name], default=None, help=look.help)
    many = look.form in (Form.LIST, Form.PAIRS)
    kind = click.Choice(look.choices) if look.choices else None
    metavar = look.metavar or "CHOICE"
    return click.Option(
        [look.option, look.name], type=kind, multiple=many, metavar=metavar, help=look.help, shell_complete=completion
    )


def _pairs(values: Iterable[str], look: Look) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in values:
        name, found, value = text.partition("=")
        if not found or not name.strip():
            raise BadInput(f"{look.option}: {text!r} is not of the form {look.metavar}.")
        if name in pairs:
            raise BadInput(f"{look.option}: {name!r} is given twice.")
        pairs[name] = value
    return pairs


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
