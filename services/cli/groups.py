"""Groups of subcommands: loaded when they are called, and helpful when a name is misspelt."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Subcommand(NamedTuple):
    """A row of a visible table. `target` is ``module:attribute``: a command, or what makes one of its name."""

    name: str
    help: str
    target: str


class Section(NamedTuple):
    """Subcommands under one heading of the help."""

    title: str
    subcommands: tuple[Subcommand, ...]


class SuggestingGroup(click.Group):
    """A group that names the nearest subcommands when it does not know one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that is called; a usage error that names near ones if there is none."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and name not in self.list_commands(ctx):
            near = nearest(name, self.list_commands(ctx))
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


class DefaultGroup(click.Group):
    """A group whose first word may be left out: what is no subcommand is an argument of the one named `default`."""

    def __init__(self, name: str | None = None, *, default: str, **kwargs: Any) -> None:
        self.default = default
        super().__init__(name, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the default in front of what names no subcommand."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


class LazyGroup(SuggestingGroup):
    """A group whose subcommands stand in a table, and are imported only when they run."""

    sections: tuple[Section, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return [subcommand.name for _, subcommands in self.sections for subcommand in subcommands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and makes one subcommand."""
        row = next((s for _, subcommands in self.sections for s in subcommands if s.name == cmd_name), None)
        if row is None:
            return None
        module, attribute = row.target.split(":")
        found = getattr(import_module(module), attribute)
        made: click.Command = found if isinstance(found, click.Command) else found(cmd_name)
        # what is made of a catalogue has no words of its own
        made.help = made.help or row.help
        return made

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table, without importing anything."""
        width = max(map(len, self.list_commands(ctx)))
        for title, subcommands in self.sections:
            with formatter.section(title):
                formatter.write_dl([(s.name.ljust(width), s.help) for s in subcommands])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names from the table, without importing anything; options as usual."""
        from click.shell_completion import CompletionItem

        rows = [s for _, subcommands in self.sections for s in subcommands if s.name.startswith(incomplete)]
        return [
            *(CompletionItem(s.name, help=s.help) for s in rows),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]


def nearest(name: str, known: Sequence[str], n: int = 3) -> list[str]:
    """The names most like `name`, whatever their case."""
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in known}
    return [by_folded[found] for found in get_close_matches(name.casefold(), list(by_folded), n, 0.6)]
