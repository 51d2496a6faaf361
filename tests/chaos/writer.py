"""Records commands one after another and keeps a line of each that was recorded: ``python -m tests.chaos.writer``."""

import sys
import uuid
from pathlib import Path

from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.errors import PmoError
from services.runtime import open_app
from services.settings import Settings


def main(home: Path, told: Path) -> None:
    """Writes until it is killed; outlives a store that is away."""
    settings = Settings.load(home)
    while True:
        try:
            with open_app(settings) as app, told.open("a") as out:
                while True:
                    for line in _project(app, settings):
                        out.write(line + "\n")
                        out.flush()
        except PmoError as error:
            print(error, flush=True)


def _project(app: Governance, settings: Settings) -> list[str]:
    """A project's first days, by commands that have to pass the rules."""
    intake = Intake(settings.secret.get_secret_value())
    code = f"P{uuid.uuid4().hex[:10]}"
    steps = (
        ("project propose", {"name": "Roof", "unit": "OPS", "budget": "1000"}),
        ("project approve", {"decided_by": "board@example.org"}),
        ("project set-baseline", {"start": "2026-02-01", "finish": "2026-06-30", "budget": "1000"}),
        ("project start", {}),
        ("project report", {"percent_complete": "0.1", "actual_cost": "90", "narrative": "on its way"}),
        ("project report", {"percent_complete": "0.2", "actual_cost": "200", "narrative": "still"}),
    )
    recorded = []
    for path, fields in steps:
        prepared = intake.prepare(BY_PATH[path], {"project": code, **fields}, {})
        # under an id of its own, so that a connection lost on commit is answered by looking
        outcome = app.handle(prepared, Meta(actor="system:chaos", command_id=uuid.uuid4().hex))
        recorded += [record.event_id for record in outcome.records]
    return recorded


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
