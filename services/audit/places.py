"""What a finding is about: all occasions of one subject that one event activated, put together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.audit.run import EXCEPTIONS, Occasion
from services.projections.templates import RESULTS

Place = tuple[str, str]
"""The subject and the activating event."""
DETAIL = 500
"""How much of a detail an event has room for."""


def by_place(occasions: Iterable[Occasion]) -> dict[Place, Occasion]:
    """The occasions by subject and activating event; several that one event activated are put together."""
    places: dict[Place, list[Occasion]] = defaultdict(list)
    for occasion in occasions:
        places[occasion.subject, occasion.activating].append(occasion)
    return {place: _together(found) for place, found in places.items()}


def _together(occasions: Sequence[Occasion]) -> Occasion:
    """The worst of one event's occasions, with the earliest day due, the evidence and the details of all like it.

    Of those that went against the control, however late they were cured, each is named.
    """
    worst = max(occasions, key=lambda occasion: RESULTS.index(occasion.result))
    if len(occasions) == 1:
        return worst
    alike = EXCEPTIONS if worst.result in EXCEPTIONS else (worst.result,)
    meant = sorted((o for o in occasions if o.result in alike), key=lambda o: (o.result != worst.result, o.detail))
    return replace(
        worst,
        due=min((o.due for o in meant if o.due and o.result == worst.result), default=None),
        evidence=tuple(dict.fromkeys(event for occasion in meant for event in occasion.evidence)),
        detail=_listed(list(dict.fromkeys(o.detail for o in meant if o.detail))),
    )


def _listed(details: Sequence[str]) -> str:
    """The details one after another; of those that an event has no room for, how many there are."""
    for shown in range(len(details), 0, -1):
        more = f"; and {len(details) - shown} more" if shown < len(details) else ""
        if len(told := "; ".join(details[:shown]) + more) <= DETAIL:
            return told
    return details[0] if details else ""
