"""Many random histories gathered at once: landing costs more than drawing, so they are landed together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.event import Record
from schemas.streams import kind_of


def gathered(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """So many examples. What fails is shown whole by the test, so nothing is shrunk here."""
    found: list[Any] = []

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def gather(example: Any) -> None:
        found.append(example)

    gather()
    return found


def apart(examples: Sequence[Sequence[Record]]) -> list[Record]:
    """All records, each example's streams under names of their own that have the keys which their kind asks for."""
    records = []
    for number, example in enumerate(examples):
        places: dict[str, dict[str, int]] = defaultdict(dict)
        for record in example:
            known = places[kind_of(record.stream)]
            place = known.setdefault(record.stream, len(known))
            records.append(replace(record, stream=_name(kind_of(record.stream), number, place)))
    return records


def _name(kind: str, number: int, place: int) -> str:
    match kind:
        case "timesheet":
            return f"timesheet:P{number}/2026-W{10 + place}"
        case "training":
            return f"training:P{number}/C{place}"
        case "adoption":
            # of the example's first standard
            return f"adoption:X{number}-0/U{place}"
        case "survey":
            return f"survey:X{number}-0/Q{place}"
    return f"{kind}:X{number}-{place}"
