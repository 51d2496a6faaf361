"""Plans of people for projects: told, revised and released as the source shows them. A source's plan is a fact."""

from schemas import workload as events
from schemas.event import Event
from schemas.streams import slug_key, stream_id
from services.importers.shown import Allocation, When
from services.importers.tell.teller import Teller, moment

_PLANS = (events.AllocationPlanned, events.AllocationRevised)


def tell_allocation(teller: Teller, plan: Allocation) -> None:
    """Records a plan that is new, or another than before."""
    person = teller.person(plan.person, plan.seen)
    assert person is not None
    stream, item = stream_id("workload", person), slug_key(plan.id)
    until = teller.end_of(plan.seen)
    told = [r.event for r in teller.records(stream) if r.event.part == item and r.occurred_at <= until]
    told = [event for event in told if isinstance(event, (*_PLANS, events.AllocationReleased))]
    fields = {
        "item": item,
        "project": plan.project,
        "first_day": plan.first_day,
        "last_day": plan.last_day,
        "weekly_hours": plan.weekly_hours,
        "hard": plan.hard,
        "at_risk": None,
    }
    event: Event
    if not told or isinstance(told[-1], events.AllocationReleased):
        event = events.AllocationPlanned.model_validate(fields)
    else:
        event = events.AllocationRevised.model_validate(fields)
        if told[-1].model_dump() == event.model_dump():
            return
    command_id = teller.id_of(stream, item, str(plan.seen), repr(sorted(fields.items(), key=str)))
    teller.tell(stream, event, plan.seen, command_id)


def tell_released(teller: Teller, stream: str, listed: frozenset[str], projects: frozenset[str], when: When) -> int:
    """Releases the plans of this source that a complete export of these projects no longer lists."""
    standing: dict[str, Event] = {}
    since: dict[str, When] = {}
    for record in teller.records(stream):
        if isinstance(record.event, (*_PLANS, events.AllocationReleased)):
            standing[record.event.item], since[record.event.item] = record.event, record.occurred_at
            if isinstance(record.event, _PLANS) and not teller.is_ours(record):
                del standing[record.event.item]
    gone = [e for i, e in standing.items() if isinstance(e, _PLANS) and i not in listed and e.project in projects]
    day = teller.end_of(when).astimezone(teller.settings.zone).date()
    for event in gone:
        # the latest time in a file may lie before the plan that it no longer shows
        then = max(when, since[event.item], key=lambda each: moment(each, teller.settings))
        # what was planned until then was planned
        last_day = day if event.first_day <= day else None
        released = events.AllocationReleased(item=event.item, last_day=last_day, reason=None)
        teller.tell(stream, released, then, teller.id_of(stream, event.item, "gone", str(then)))
    return len(gone)
