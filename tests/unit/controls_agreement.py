"""Whether a control's SQL and its checker agree on the histories that were told, on several days, as known then."""

import datetime as dt
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controls_checkers import Found, counting, what
from controls_histories import START, Dice, Step, shown
from controls_world import World

from schemas.event import Record

Histories = Sequence[Record]
Checker = Callable[..., list[Found]]
"""Takes a stream's history, then those of the streams that belong to it, then the as-of day."""

TIMES = ((95, None), (95, 60), (70, None), (70, 45), (45, None), (45, 30), (30, None))
"""As of when and known when, in days from the start."""

_LIFE = (
    "proposed", "deferred", "approved", "rejected", "started", "put-on-hold", "resumed", "completed", "cancelled",
    "merged-into", "split-into", "descoped", "reopened", "withdrawn",
)  # fmt: skip


class CrowdedDice(Dice):
    """Draws histories in which much falls on one day, where the order within it decides."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._days: deque[int] = deque([0], maxlen=2)

    def step(self, name: str, days: int = 70, first: int = 0, **fields: Any) -> Step:
        (name, (day, hour), fields), late, again = super().step(name, days, first, **fields)
        if self.random() < 0.4:
            day = self.choice(self._days)
        self._days.append(day)
        return (name, (day, hour), fields), late, again


def agreed(
    world: World, checkers: Mapping[int, Checker], told: Mapping[str, tuple[Histories, ...]], project: int = 0
) -> Counter[tuple[int, str]]:
    """How often each control came to each result; fails at the first history that they see differently.

    `project` is the place among a stream's histories of the project's own: a withdrawn one counts nowhere.
    """
    coverage: Counter[tuple[int, str]] = Counter()
    for after, known_after in TIMES:
        as_of, known = START + dt.timedelta(days=after), known_after and START + dt.timedelta(days=known_after)
        counted = {
            stream: [counting(history, as_of, known or dt.date.max) for history in histories]
            for stream, histories in told.items()
        }
        for number, checker in checkers.items():
            found: dict[str, list[Found]] = defaultdict(list)
            for occasion in world.ask(number, as_of, known and str(known), told):
                found[occasion.subject].append((occasion.activating, occasion.result))
            for stream, histories in counted.items():
                wanted = [] if is_withdrawn(histories[project]) else checker(*histories, as_of)
                assert sorted(found[stream]) == sorted(wanted), f"{number} as of {as_of}\n{shown(*histories)}"
                coverage.update((number, result) for _, result in wanted)
    return coverage


def is_withdrawn(project: Histories) -> bool:
    return [what(r) for r in project if what(r) in _LIFE][-1:] == ["withdrawn"]


def lacking(coverage: Counter[tuple[int, str]], possible: Mapping[int, str], least: int = 5) -> list[str]:
    """The results that can occur and came up fewer than so many times; `possible` has their initials by control."""
    names = {"s": "satisfied", "v": "violated", "c": "cured late", "n": "no evidence"}
    return [
        f"{number} {names[initial]}: {coverage[number, names[initial]]}"
        for number, initials in possible.items()
        for initial in initials
        if coverage[number, names[initial]] < least
    ]
