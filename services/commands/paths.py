"""Career paths of roles."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas import training as events
from schemas.event import Event, Record
from schemas.fields import CareerLevel, Text
from schemas.streams import stream_id
from services.commands.command import Command, Context, FreeText, KeyArgument, KeyField
from services.commands.fold import State
from services.errors import BadInput, NotFound


def _listed(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


Courses = Annotated[tuple[KeyField, ...], BeforeValidator(_listed)]


class _PathCommand(Command):
    career_path: KeyArgument = Field(description="The path's code: the role's")

    def stream(self) -> str:
        """The path's stream."""
        return stream_id("path", self.career_path)


class DefinePath(
    _PathCommand,
    path="path define",
    example='ENGINEER --role Engineer --levels 1=Junior --levels 2="Senior engineer" --months 2=36',
):
    """Define a role's career path, or describe it anew: all its levels are given."""

    role: Text = Field(description="The role")
    levels: dict[CareerLevel, Text] = Field(description="Title of a level, 1 to 20", examples=["1=Junior"])
    courses: dict[CareerLevel, Courses] = Field(
        default_factory=dict,
        description="Courses that a level asks for, with commas between",
        examples=["2=SAFETY,FIRST-AID"],
    )
    months: dict[CareerLevel, events.Months] = Field(
        default_factory=dict, description="Usual months on the level before", examples=["2=36"]
    )

    def references(self) -> tuple[str, ...]:
        """The courses."""
        codes = dict.fromkeys(code for each in self.courses.values() for code in each)
        return tuple(stream_id("course", code) for code in codes)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a path without levels, and courses or months of a level that it does not have."""
        if not self.levels:
            raise BadInput("A path needs at least one --levels NUMBER=TITLE.")
        for option, given in (("--courses", self.courses), ("--months", self.months)):
            if unknown := sorted(set(given) - set(self.levels)):
                raise BadInput(f"{option} names level {unknown[0]}, which has no title; give --levels {unknown[0]}=...")
        levels = tuple(
            events.PathLevel(
                level=level, title=title, courses=self.courses.get(level, ()), months=self.months.get(level)
            )
            for level, title in sorted(self.levels.items())
        )
        return [events.PathDefined(role=self.role, levels=levels)]


class RetirePath(_PathCommand, path="path retire", example="ENGINEER"):
    """No longer follow a path."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown path."""
        if not state and not later:
            raise NotFound(f"There is no path {self.career_path}; 'pmo path define' makes it.")
        return [events.PathRetired(reason=self.reason)]


COMMANDS: tuple[type[Command], ...] = (DefinePath, RetirePath)
