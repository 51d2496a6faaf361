"""The application as tests use it, on a real store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.catalogue import parse
from schemas.event import Record
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.settings import Settings

NOW = datetime(2026, 6, 30, 12, 0, 0, 123_000, tzinfo=UTC)
SECRET = "a secret for tests"
ME = "system:test"
PROPOSAL = {"project": "crane-7", "name": "Crane renewal", "unit": "ops", "budget": "250000"}


def settings_of(home: Path, **changes: Any) -> Settings:
    return Settings.of(
        {"home": home, "workspace_id": "test", "secret": SECRET, "time_zone": "Europe/Berlin", **changes}
    )


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Office:
    """The application as tests use it: commands by their path, with fields as a user gives them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.app = Governance(settings, self.clock)

    def do(self, path: str, meta: Meta | None = None, **fields: Any) -> Outcome:
        meta = meta or Meta(ME)
        prepared = Intake(SECRET).prepare(BY_PATH[path], fields, meta.said())
        return self.app.handle(prepared, meta)

    def prepared(self, path: str, **fields: Any) -> tuple[Any, Meta]:
        return Intake(SECRET).prepare(BY_PATH[path], fields, {}), Meta(ME)

    def stored(self, stream: str) -> list[Record]:
        return [parse(value) for _, value in self.rows() if parse(value).stream == stream]

    def rows(self) -> list[tuple[int, bytes]]:
        return [(position, value) for position, _, value in self.app.store.values_after(0, 99_999)]

    def directory(self) -> dict[tuple[str, str], tuple[str | None, str]]:
        return {
            (subject, name): (value, salt) for _, subject, name, value, salt in self.app.store.entries_after(0, 999)
        }


def statuses(office: Office, as_of: datetime = NOW) -> Any:
    return UnitOfWork(office.app).state("project:CRANE-7", as_of).status  # type: ignore[attr-defined]
