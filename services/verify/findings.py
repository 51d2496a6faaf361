"""What a verification found, and how much it looked at."""

from dataclasses import dataclass, field

SHOWN = 20
"""So many of each sort are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was recorded: `where` it is, `what` (an event id, a row) and `how` it differs."""

    where: str
    what: str
    how: str


@dataclass(slots=True)
class Part:
    """One part of a verification: what it looked at, how much of it, and all that differs."""

    name: str
    looked_at: int = 0
    unit: str = "events"
    note: str = ""
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)

    def differs(self, what: str, how: str, times: int = 1) -> None:
        """Counts a difference, and names it if not too many are named already."""
        self.differing += times
        if len(self.differences) < SHOWN:
            self.differences.append(Difference(self.name, what, how))
