"""The project's observed states and its milestones."""

import datetime as dt
from decimal import Decimal
from typing import Any

from schemas.delivery import MilestoneDropped, MilestoneMoved, MilestonePlanned, MilestoneReached
from schemas.event import Record
from schemas.progress import Recorded
from services.commands.days import day_start
from services.errors import BadInput
from services.importers.msproject.compare import Teller
from services.importers.msproject.people import exact
from services.importers.msproject.wanted import Milestone
from services.importers.msproject.wanted import State as Observed

STATE = "state"
_MOST, _MOST_SHARE = 1e13, Decimal(1)


def latest_day(teller: Teller) -> dt.datetime | None:
    """The day of the newest file that the project is known from; None if from none."""
    active = teller.unit.history(teller.project_stream).active()
    return max((r.occurred_at for r in active if teller.is_ours(r, f"{STATE}/")), default=None)


class Another(BadInput):
    """A plan whose name alone made it meet another project that is known."""


def refuse_another(teller: Teller) -> None:
    """Refuses a plan whose name alone made it meet another project that is known. Raises Another."""
    wanted = teller.wanted
    known = teller.state(teller.project_stream).last(Recorded)
    if wanted.is_coded or not teller.unit.history(teller.project_stream).exists:
        return
    if known is None or known.source_key != wanted.source_key:
        whence = f"another plan ({known.source_key})" if known and known.source_key else "elsewhere"
        raise Another(
            f"{wanted.file} would be project {wanted.key}, which is known from {whence}; "
            "say by --project which one it is, or give it a code of its own."
        )


def tell_states(teller: Teller) -> None:
    """Baselines and the state of the file's day, each unless it is the one that is known of that day."""
    for observed in teller.wanted.states:
        event = Recorded(**{name: _amount(name, observed.fields.get(name)) for name in Recorded.model_fields})
        held = _held(teller, observed)
        at = day_start(observed.day, teller.app.settings)
        same_day = held if held is not None and held.occurred_at == at else None
        # that nothing has changed by a later day is news of the project, but not of a baseline
        known = same_day if observed.aspect == STATE else held
        if known is not None and known.event == event:
            continue
        # a copy of a file has another date; what it shows does not
        if observed.aspect == STATE and teller.is_known:
            continue
        teller.tell(teller.project_stream, observed.aspect, event, "project", on=observed.day, replacing=same_day)


def _held(teller: Teller, observed: Observed) -> Record | None:
    """What is known of this aspect at that day: the latest of ours that is not after it."""
    at = day_start(observed.day, teller.app.settings)
    active = teller.unit.history(teller.project_stream).active()
    ours = [r for r in active if teller.is_ours(r, f"{observed.aspect}/") and r.occurred_at <= at]
    return max(ours, key=lambda r: r.k, default=None)


def _amount(name: str, value: Any) -> Any:
    if isinstance(value, float | int) and not isinstance(value, bool):
        if not 0 <= value < _MOST:
            raise BadInput(f"The project's {name.replace('_', ' ')} is {value:g}, which cannot be; correct the plan.")
        number = exact(float(value))
        return min(number, _MOST_SHARE) if name == "percent_complete" else number
    return value


def tell_milestones(teller: Teller) -> None:
    """Each milestone as it is planned, expected and reached; those that are gone are dropped."""
    for item, wanted in teller.wanted.milestones.items():
        _milestone(teller, item, wanted)
    state = teller.state(teller.project_stream)
    for record in list(state.parts(MilestonePlanned, MilestoneDropped).values()):
        item = record.event.part
        kept = item in teller.wanted.milestones or item in teller.wanted.unsure_tasks
        if isinstance(record.event, MilestonePlanned) and teller.is_ours(record) and not kept:
            note, entry = teller.gone()
            teller.tell(
                teller.project_stream, f"dropped/{item}", MilestoneDropped(item=item, reason=note), entries=(entry,)
            )


def _milestone(teller: Teller, item: str, wanted: Milestone) -> None:
    stream, row = teller.project_stream, wanted.row
    state = teller.state(stream)
    planned = state.parts(MilestonePlanned, MilestoneDropped).get(item)
    reached = teller.instant(wanted.reached_at) if wanted.reached_at else None
    if planned is None or isinstance(planned.event, MilestoneDropped):
        times = [teller.day_start]
        if planned is None:
            times += [teller.instant(m) for m in (wanted.created_at, wanted.reached_at) if m]
        event = MilestonePlanned(item=item, name=wanted.name, due=wanted.first_due)
        teller.tell(stream, f"milestone/{item}", event, row, at=min(times))
        due = wanted.first_due
    elif not teller.is_ours(planned):
        return
    else:
        assert isinstance(planned.event, MilestonePlanned)
        if planned.event.name != wanted.name:
            event = planned.event.model_copy(update={"name": wanted.name})
            teller.tell(stream, f"milestone/{item}", event, row, at=planned.occurred_at, replacing=planned)
        expected = state.parts(MilestonePlanned, MilestoneMoved)[item].event
        assert isinstance(expected, MilestonePlanned | MilestoneMoved)
        due = expected.due
    if due != wanted.due:
        move = MilestoneMoved(item=item, due=wanted.due, reason=None, decided_by=None)
        teller.tell(stream, f"due/{item}", move, row, at=min(teller.day_start, reached or teller.day_start))
    held = state.record(MilestoneReached, item=item)
    if reached is not None:
        teller.step(stream, f"reached/{item}", held, reached, lambda: MilestoneReached(item=item, evidence=()), row)
    elif held is not None and teller.is_ours(held):
        teller.withdraw(held, f"not reached in {teller.wanted.file}", row)
