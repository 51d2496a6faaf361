"""The list of those who are erased, by pseudonym: what an older backup must not bring back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.commands import erasing
from services.errors import BadInput, Unavailable
from services.runtime import open_app
from services.settings import Settings

FORMAT = 1

_Subject = Annotated[str, Field(pattern=r"^(person:[A-Z2-7]{20}|note:[0-9a-f]{32})$")]


class Erased(BaseModel):
    """The people (`person:ID`) and notes (`note:ID`) of a workspace that were erased by `listed_at`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    workspace: str
    listed_at: datetime
    erased: tuple[_Subject, ...]

    @classmethod
    def now(cls, settings: Settings) -> Self:
        """Who is erased in this workspace now."""
        # before it is read: it must not say that it knows what came after
        at = datetime.now(UTC)
        with open_app(settings) as app:
            return cls(workspace=settings.workspace_id, listed_at=at, erased=tuple(app.store.all_erased()))

    @classmethod
    def of(cls, file: Path) -> Self:
        """The list in a file. Raises BadInput if that holds none, Unavailable for one of a newer program."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BadInput(
                f"{file} cannot be read ({error.strerror}); give what 'pmo backup --erased' wrote."
            ) from None
        try:
            if _Versioned.model_validate_json(content).format > FORMAT:
                raise Unavailable(f"{file} was made by a newer pmo; update pmo here, then restore.")
            return cls.model_validate_json(content)
        except ValidationError:
            raise BadInput(f"{file} is no list of who was erased; give what 'pmo backup --erased' wrote.") from None

    def check(self, file: Path, workspace: str, taken_at: datetime | None) -> None:
        """Raises BadInput if the list is another workspace's, or older than what it is to be applied to."""
        if self.workspace != workspace:
            raise BadInput(
                f"{file} is of another workspace ({self.workspace}, not {workspace}), whose pseudonyms mean nothing "
                "here; give this one's list."
            )
        if taken_at is not None and self.listed_at < taken_at:
            raise BadInput(
                f"{file} is older than the backup, which knows who was erased by then; leave --erased out, or write a "
                "later list."
            )

    def text(self) -> str:
        """What stands in a file of it."""
        return f"{self.model_dump_json(indent=2)}\n"


class _Versioned(BaseModel):
    format: int


def erase(settings: Settings, subjects: Sequence[str]) -> None:
    """Erases them from a store as `pmo person erase` does, also what is kept of the commands that said it."""
    with open_app(settings) as app:
        erasing.erase(app, [each for each in erasing.known(app, subjects) if not each.is_erased])


def emptied(subjects: Iterable[str], said: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Which fields are to say nothing (subject, field), where `said` are those that say something."""
    fields: dict[str, dict[str, str]] = {}
    for subject, field in said:
        fields.setdefault(subject, {})[field] = ""
    known = (erasing.Known(subject, fields.get(subject, {}), frozenset()) for subject in subjects)
    return [(entry.subject, entry.field) for each in known for entry in each.emptied()]
