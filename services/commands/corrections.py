"""Which event may stand in the place of another that was wrong."""

from schemas.event import Event

_ALIKE = (
    frozenset({"gate-passed", "gate-passed-with-conditions", "gate-failed"}),
    frozenset({"hours-logged", "hours-corrected"}),
    frozenset({"allocation-planned", "allocation-revised"}),
    frozenset({"published", "revised"}),
    frozenset({"approved", "rejected", "deferred"}),
    frozenset({"change-approved", "change-rejected"}),
    frozenset({"risk-closed", "risk-materialised"}),
)
"""Events that state the same matter, so that one may stand in the other's place."""


def happened(event: Event) -> str:
    """What happened, as the type's name says it."""
    return event.type_name.split(".")[2]


def replaces(old: Event, new: Event) -> bool:
    """Whether `new` states the same matter as `old`, otherwise."""
    pair = {happened(old), happened(new)}
    return len(pair) == 1 or any(pair <= alike for alike in _ALIKE)
