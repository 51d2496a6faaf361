"""From the rows of one project to what is wanted of the platform: the project and its tasks."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as Map
from pathlib import PurePosixPath
from typing import NamedTuple

from schemas.streams import slug_key
from services.errors import BadInput
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.people import FIRST_YEAR, LAST_YEAR, Assigned, interpret_people
from services.importers.msproject.reader import Plan
from services.importers.msproject.rows import Baseline, Project, Task
from services.importers.msproject.wanted import Fault, Ignored, Milestone, State, Wanted, Work

_MOST, _MOST_MONEY = 1e6, 1e13
_NAME_LENGTH = 500


class Known(NamedTuple):
    """What is known of a file besides what stands in it."""

    file: str
    modified: dt.date
    today: dt.date
    now: dt.datetime


def interpret(plan: Plan, mapping: Mapping, known: Known, code: str | None, data_date: dt.date | None) -> Wanted:
    """What the plan wants. Raises BadInput where something has to be said first, such as the currency."""
    project, notes = plan.project, list[str]()
    day = _data_date(project, known, data_date, notes)
    code = code or _coded(project, mapping, known)
    key = code or _key(project, known, notes)
    wanted = Wanted(
        key=key,
        name=(_title(project) or PurePosixPath(known.file).stem)[:_NAME_LENGTH],
        file=known.file,
        day=day,
        today=known.today,
        source_key=project.guid
        or project.code
        or f"{_title(project) or known.file} {project.created_at or ''}".strip()[:200],
        is_coded=code is not None,
        is_dated=bool(data_date or project.status_date or project.saved_at),
        reported_at=project.saved_at if project.saved_at and project.saved_at <= known.now else None,
        unit=mapping.unit,
        currency=_currency(plan, mapping, known),
        rows=1 + len(plan.tasks) + len(plan.resources) + len(plan.assignments) + len(plan.faults),
        notes=notes,
    )
    wanted.rejected += plan.faults
    wanted.is_unsure = any(fault.row.startswith(("assignment ", "resource ")) for fault in plan.faults)
    wrong = {place(task): fault for task in plan.tasks if (fault := _wrong(task, place(task), known.now))}
    _states(wanted, plan, wrong)
    assigned = interpret_people(wanted, plan, mapping)
    _tasks(wanted, plan, assigned, wrong)
    return wanted


def _data_date(project: Project, known: Known, data_date: dt.date | None, notes: list[str]) -> dt.date:
    if data_date is not None:
        return data_date
    if project.status_date:
        day, what = project.status_date.date(), "status date"
    elif project.saved_at:
        day, what = project.saved_at.date(), "date of its last saving"
        notes.append(f"it has no status date, so it is taken to show {day}, when it was last saved")
    else:
        day, what = known.modified, "file's date"
        notes.append(f"it has neither a status date nor one of saving, so it is taken to show {day}, the file's date")
    if day > known.today:
        raise BadInput(
            f"{known.file}: its {what}, {day}, lies in the future; give the day that it shows by --data-date."
        )
    if day.year < FIRST_YEAR:
        raise BadInput(f"{known.file}: its {what}, {day}, cannot be; give the day that it shows by --data-date.")
    return day


def _title(project: Project) -> str | None:
    name = project.name
    if name and name.lower().endswith((".xml", ".mpp", ".mpt")):
        name = name[:-4]
    return project.title or name


def _coded(project: Project, mapping: Mapping, known: Known) -> str | None:
    coded = {name.casefold(): code for name, code in mapping.projects.items()}
    names = (project.guid, project.code, project.title, project.name, known.file)
    return next((coded[name.casefold()] for name in names if name and name.casefold() in coded), None)


def _key(project: Project, known: Known, notes: list[str]) -> str:
    if project.code or project.guid:
        return slug_key(project.code or project.guid or "")
    name = _title(project) or PurePosixPath(known.file).stem
    notes.append(f"nothing but its name, {name!r}, says which project it is; --project gives it a code that stays")
    return slug_key(name)


def _currency(plan: Plan, mapping: Mapping, known: Known) -> str | None:
    currency = (plan.project.currency or "").upper() or mapping.currency
    if currency is None and any(task.cost or task.actual_cost for task in plan.tasks):
        raise BadInput(f"{known.file} holds costs and no currency; give one, such as --currency EUR.")
    return currency


def _states(wanted: Wanted, plan: Plan, wrong: Map[str, Fault]) -> None:
    """The baselines as states of the day they were set on, and the state that the file shows, which comes last."""
    project = plan.project
    said = {"name": wanted.name, "unit": wanted.unit, "source_key": wanted.source_key}
    leaves = [task for task in plan.tasks if not (_left_out(task) or task.summary or place(task) in wrong)]
    baselines = {baseline.number: _whole(baseline, leaves) for baseline in project.baselines}
    for number in sorted({each.number for task in leaves for each in task.baselines} - set(baselines)):
        baselines[number] = _whole(Baseline(number=number), leaves)
    budget = None
    kept = [baseline for baseline in baselines.values() if baseline.start or baseline.finish or baseline.cost]
    for baseline in sorted(kept, key=lambda each: (each.set_on or dt.datetime.max, each.number)):
        money = baseline.cost or None
        if not baseline.number:
            budget = money
        wanted.states.append(
            State(
                f"baseline-{baseline.number}",
                min(baseline.set_on.date(), wanted.day) if baseline.set_on else wanted.day,
                {
                    **said,
                    "start": _day(baseline.start),
                    "finish": _day(baseline.finish),
                    "budget": money,
                    "currency": wanted.currency if money else None,
                    "category": f"Baseline {baseline.number}",
                },
                wanted.reported_at,
            )
        )
    cost = project.cost if project.cost is not None else sum(task.cost or 0 for task in leaves)
    spent = project.actual_cost if project.actual_cost is not None else sum(task.actual_cost or 0 for task in leaves)
    done = project.actual_finish or (project.complete == 1 and project.finish and project.finish.date() <= wanted.day)
    wanted.states.append(
        State(
            "state",
            wanted.day,
            {
                **said,
                "status": "completed" if done else "running" if project.actual_start or project.complete else None,
                "start": _day(project.actual_start or project.start),
                "finish": _day(project.actual_finish or project.finish),
                "budget": budget,
                "forecast_cost": cost or None,
                "actual_cost": spent if cost else None,
                "currency": wanted.currency if cost or budget else None,
                "percent_complete": project.complete,
                "category": project.category,
            },
            wanted.reported_at,
        )
    )


def _whole(baseline: Baseline, leaves: Iterable[Task]) -> Baseline:
    """A project's baseline, from its tasks where its summary does not tell."""
    if baseline.start or baseline.finish:
        return baseline
    own = [each for task in leaves for each in task.baselines if each.number == baseline.number]
    return baseline.model_copy(
        update={
            "start": min((each.start for each in own if each.start), default=None),
            "finish": max((each.finish for each in own if each.finish), default=None),
            "cost": baseline.cost or sum(each.cost or 0 for each in own),
        }
    )


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None


def place(task: Task) -> str:
    """Where a task stands in its file."""
    return f"task {task.number} (UID {task.uid})" if task.number is not None else f"task UID {task.uid}"


def _tasks(wanted: Wanted, plan: Plan, assigned: dict[int, list[Assigned]], wrong: Map[str, Fault]) -> None:
    codes = Counter(task.code for task in plan.tasks if task.code)
    keys = {t.uid: slug_key(t.code) if t.code and codes[t.code] == 1 else str(t.uid) for t in plan.tasks}
    by_uid = {task.uid: task for task in plan.tasks}
    wanted.task_keys = keys
    wanted.unsure_tasks |= {fault.row.rpartition(" ")[2] for fault in plan.faults if fault.row.startswith("task ")}
    seen: set[str] = set()
    for task in plan.tasks:
        row = place(task)
        reason = _left_out(task)
        fault = None if reason else wrong.get(row)
        key = keys[task.uid]
        if not reason and not fault and key in seen:
            fault = Fault(row, "UID", str(task.uid), "is the UID of a task before it")
        if reason:
            wanted.ignored.append(Ignored(row, reason))
        elif fault:
            wanted.rejected.append(fault)
            wanted.unsure_tasks.add(key)
        elif task.milestone and not task.summary:
            seen.add(key)
            wanted.milestones[key] = _milestone(task, row, wanted)
        else:
            seen.add(key)
            wanted.work[key] = _work(task, row, _parent(task, by_uid, keys), assigned.get(task.uid, []), wanted)


def _left_out(task: Task) -> str | None:
    if task.is_null:
        return "an empty row"
    if task.is_project:
        return "it is the project itself"
    if task.external:
        return "a task of another project"
    if not task.active:
        return "an inactive task"
    if task.milestone and not task.summary and not task.finish:
        return "a milestone without a day"
    return None


def _wrong(task: Task, row: str, now: dt.datetime) -> Fault | None:
    """The first thing that cannot be in a task."""
    dates = {"Start": task.start, "Finish": task.finish, "ActualStart": task.actual_start,
             "ActualFinish": task.actual_finish, "Deadline": task.deadline, "CreateDate": task.created_at}  # fmt: skip
    planned = (moment for each in task.baselines for moment in (each.start, each.finish))
    for name, moment in (*dates.items(), *(("Baseline", moment) for moment in planned)):
        if moment and not FIRST_YEAR < moment.year < LAST_YEAR:
            return Fault(row, name, moment.isoformat(), "is no day that a plan can have")
    for name in ("ActualStart", "ActualFinish"):
        moment = dates[name]
        if moment and moment > now:
            return Fault(row, name, moment.isoformat(), "lies in the future, and it cannot have happened yet")
    for first, last in (("Start", "Finish"), ("ActualStart", "ActualFinish")):
        start, finish = dates[first], dates[last]
        if start and finish and finish < start:
            return Fault(row, last, finish.isoformat(), f"lies before its {first}, {start.isoformat()}")
    numbers = {"Work": task.work, "ActualWork": task.actual_work, "RemainingWork": task.remaining_work,
               "Duration": task.duration, "Cost": task.cost, "ActualCost": task.actual_cost}  # fmt: skip
    for name, number in numbers.items():
        if number is not None and not 0 <= number < (_MOST_MONEY if "Cost" in name else _MOST):
            return Fault(row, name, f"{number:g}", "is less than nothing or more than can be")
    for each in task.baselines:
        if not 0 <= (each.work or 0) < _MOST or not 0 <= (each.cost or 0) < _MOST_MONEY:
            return Fault(row, f"Baseline {each.number}", None, "is less than nothing or more than can be")
    lag = next((link.lag for link in task.predecessors if abs(link.lag) >= _MOST), None)
    if lag is not None:
        return Fault(row, "LinkLag", f"{lag:g}", "is longer than can be")
    if task.complete is not None and not 0 <= task.complete <= 1:
        return Fault(row, "PercentComplete", f"{task.complete * 100:g}", "is no share of 100")
    return None


def _milestone(task: Task, row: str, wanted: Wanted) -> Milestone:
    baseline = next((each for each in task.baselines if not each.number and each.finish), None)
    finish = task.finish
    assert finish
    reached = task.actual_finish or (finish if task.complete == 1 and finish.date() <= wanted.day else None)
    return Milestone(
        row=row,
        name=(task.name or f"Milestone {task.uid}")[:_NAME_LENGTH],
        first_due=(baseline.finish if baseline and baseline.finish else finish).date(),
        due=finish.date(),
        created_at=task.created_at,
        reached_at=reached,
    )


def _parent(task: Task, by_uid: dict[int, Task], keys: dict[int, str]) -> str | None:
    """The key of the item that a task is part of; none at the top, and none in a circle."""
    above = by_uid.get(task.parent) if task.parent is not None else None
    if above is None or above.is_project or above.is_null or above.uid == task.uid:
        return None
    return keys[above.uid]


def _work(task: Task, row: str, parent: str | None, assigned: list[Assigned], wanted: Wanted) -> Work:
    finished = task.actual_finish
    if finished is None and task.complete == 1:
        finished = _no_later(task.finish, wanted.day)
    started = task.actual_start
    if started is None and (finished or task.complete or task.actual_work):
        started = _no_later(task.start, wanted.day)
    if started and finished:
        started = min(started, finished)
    people = sorted((a for a in assigned if a.person), key=lambda a: (-(a.assignment.work or 0), a.assignment.uid))
    return Work(
        row=row,
        task=task,
        work_type="summary" if task.summary else "task",
        parent=parent,
        category="done" if finished else "active" if started else "queue",
        created_at=task.created_at,
        started_at=started,
        finished_at=finished,
        assignee=people[0].person if people and not task.summary else None,
        assignments=tuple((a.person, a.role, a.assignment) for a in assigned),
    )


def _no_later(moment: dt.datetime | None, day: dt.date) -> dt.datetime:
    """A planned moment as the one that it came to, or the day of the file where that is earlier."""
    latest = dt.datetime.combine(day, dt.time())
    return min(moment, latest) if moment else latest
