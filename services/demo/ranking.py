"""The rankings of proposals: every month the ones that were scored, by their points, above or below the cut line."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.demo.script import Script


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal that was scored on a day; `cut` says what it does not fit into, if anything."""

    project: str
    day: date
    budget: int
    value: int
    risk: int
    contributions: tuple[int, ...]
    cut: str

    @property
    def points(self) -> float:
        """About what the scoring model gives it; the ranking is decided by people who look at more."""
        alignment = 20 * sum(self.contributions) / len(self.contributions)
        return 0.5 * alignment + 0.3 * 100 * min(1.0, self.value / self.budget / 3) + 0.2 * (100 - self.risk)


def rank(script: Script, candidates: list[Candidate], chair: str) -> None:
    """Ranks the proposals of each month on the day on which each is ready to be decided."""
    months: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        months[f"{candidate.day:%Y-%m}"].append(candidate)
    for month, ranked in sorted(months.items()):
        for place, candidate in enumerate(sorted(ranked, key=lambda c: -c.points), 1):
            where: dict[str, Any] = {"cut_by": candidate.cut} if candidate.cut else {"within": True}
            script.say(
                candidate.day, "project rank", by=chair, project=candidate.project, ranking=month, rank=place,
                decided_by=chair, **where,
            )  # fmt: skip
