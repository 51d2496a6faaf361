"""Runs the measurements, and says what they are beside what is aimed at."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.bench.figures import GROUPS, Figure, machine
from services.bench.stage import Say, Stage
from services.errors import NotFound
from services.runtime import Progress

DEFAULT_EVENTS = 1_000_000
DEFAULT_TIMES = 5


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured, on what, with how many events."""

    machine: Mapping[str, str]
    events: int
    figures: tuple[Figure, ...]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        figures = [{**asdict(figure), "falls_short": figure.falls_short} for figure in self.figures]
        return {"machine": dict(self.machine), "events": self.events, "figures": figures}

    def as_rows(self) -> list[dict[str, str]]:
        """For a table: what, its value, the target, and whether it falls short."""
        return [
            {
                "what": figure.name,
                "value": _shown(figure.value, figure),
                "target": "" if figure.target is None else _shown(figure.target, figure),
                "verdict": "" if figure.target is None else "falls short" if figure.falls_short else "ok",
                "note": figure.note,
            }
            for figure in self.figures
        ]

    def as_markdown(self) -> str:
        """The page of the documentation."""
        short = [figure.name for figure in self.figures if figure.falls_short]
        lines = [
            "# Speed",
            "",
            "Written by `pmo bench --markdown`. Times of queries are medians of five after a first, cold one; whole",
            "processes are medians of five. Another machine gives other figures; no test depends on them.",
            "",
            *(f"- {name}: {value}" for name, value in self.machine.items()),
            f"- events: {self.events:,}",
            "",
            "| what | measured | aimed at | | |",
            "|---|---:|---:|---|---|",
            *(f"| {' | '.join(row.values())} |" for row in self.as_rows()),
            "",
            f"Falls short: {'; '.join(short)}." if short else "Nothing falls short.",
        ]
        return "\n".join(lines) + "\n"


def bench(
    events: int, only: Sequence[str], with_kafka: bool, say: Say, progress: Progress, times: int = DEFAULT_TIMES
) -> Bench:
    """Measures the groups named, by default all but those through Kafka; each query and process so many times.

    Raises NotFound for an unknown group.
    """
    unknown = [name for name in only if name not in GROUPS]
    if unknown:
        raise NotFound(f"There is no measurement {unknown[0]!r}; there are {', '.join(GROUPS)}.")
    wanted = [
        name for name in GROUPS if (name in only if only else name != "kafka") or (with_kafka and name == "kafka")
    ]
    with tempfile.TemporaryDirectory(prefix="pmo-bench-") as folder:
        stage = Stage(Path(folder), events, say, progress, times)
        with stage.stack:
            figures = [figure for name in wanted for figure in GROUPS[name](stage)]
            return Bench(machine(stage.engine), stage.events, tuple(figures))


def _shown(value: float, figure: Figure) -> str:
    if figure.unit == "s":
        return f"{value:.3f} s"
    return f"{value:,.0f} {'a second' if figure.unit == '1/s' else figure.unit}"
