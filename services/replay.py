"""History once more: what was recorded, landed again in the order of recording into tables of its own, day by day.

The events are the store's own bytes and the way is the projector's, so that at each point the tables are what they were
when that was all that had been recorded. Whoever listens to the topic ``<prefix>.replay`` sees it happen again.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import orjson

from services import bus
from services.audit.run import EXCEPTIONS, Occasion, check, scorecard
from services.catch_up import STORE, catch_up_directory
from services.commands.app import Governance
from services.errors import BadInput, NotFound
from services.projections import figures
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.figures import Figure, NoRate
from services.projections.house import in_reporting_currency
from services.projections.kpi import Kpi
from services.projections.projector import Checkpoint, Projector, kinds_of
from services.projections.queries import check_unit
from services.projections.schema import prepare
from services.projections.scope import Scope
from services.settings import Settings
from services.topics import MAX_RECORD_BYTES, Topic, event_headers

T = TypeVar("T")
Seen = Callable[[date, int, int], None]
Wait = Callable[[float], None]
RUN = "replay"
"""The header that names the replay a record belongs to."""
_READ = 20_000
_TICK_S = 0.25
_KEPT_MS = 24 * 3_600_000

Entry = tuple[int, str, bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay: `first` to `last` by the day of recording; `speed` in days per second, None: at once."""

    first: date
    last: date
    speed: Decimal | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput("The replay ends before it begins: swap --from and --to.")


@dataclass(frozen=True, slots=True)
class Rules:
    """KPIs and controls to ask at the end."""

    kpis: dict[str, Kpi]
    controls: dict[str, Control]


@dataclass(frozen=True, slots=True)
class Held:
    """How one control went: findings and occasions."""

    control: Control
    findings: int
    activated: int

    @property
    def compliance(self) -> Decimal | None:
        """The share of occasions without a finding; None where there was none."""
        return 1 - Decimal(self.findings) / self.activated if self.activated else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The figures and findings as of the last day, under one set of rules; `problems`: KPIs without, and why."""

    figures: list[tuple[Kpi, Figure]]
    problems: list[tuple[Kpi, NoRate]]
    held: list[Held]
    findings: dict[tuple[str, str, str], Occasion]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed, and what it led to; `other` under the rules of another folder, if one was given."""

    events: int
    landed_first: int
    sent: int
    topic: str
    scope: Scope
    answer: Answer
    other: Answer | None = None
    where: str = ""

    def new(self) -> list[Occasion]:
        """Findings under the other rules only."""
        return _without(self.other, self.answer) if self.other else []

    def gone(self) -> list[Occasion]:
        """Findings under the rules of now only."""
        return _without(self.answer, self.other) if self.other else []


def _without(one: Answer, other: Answer) -> list[Occasion]:
    return [occasion for key, occasion in one.findings.items() if key not in other.findings]


@dataclass
class _Landing:
    """Lands what comes and, where somebody listens, sends it too."""

    settings: Settings
    projector: Projector
    producer: bus.Producer | None
    topic: str
    run: str
    sent: int = 0
    landed: int = 0

    def take(self, entries: list[Entry], *, tell: bool = True) -> None:
        """Into every table and, with `tell`, onto the topic; returns when both have it."""
        if not entries:
            return
        positions, streams, values = zip(*entries, strict=True)
        self.projector.land(values, kinds_of(streams), [Checkpoint(STORE, 0, positions[-1], positions[-1])])
        self.landed += len(entries)
        if tell and self.producer is not None:
            for position, stream, value in entries:
                headers = [*event_headers(position), (RUN, self.run.encode())]
                self.producer.send(self.topic, stream.encode(), value, headers)
            self.producer.flush()
            self.sent += len(entries)


def replay(
    app: Governance,
    plan: Plan,
    rules: Rules,
    *,
    other: Rules | None = None,
    listen: str = "",
    keep: bool = False,
    seen: Seen = lambda day, done, total: None,
    wait: Wait = time.sleep,
) -> Replayed:
    """Lands what was recorded before the first day at once, then the days one after another, then asks.

    `listen` is the broker to send to, if any. Raises NotFound if nothing was recorded by the last day.
    """
    settings = app.settings
    total = recorded_between(app, plan, settings)
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    scope = Scope(as_of=plan.last, zone=settings.zone, unit=plan.unit, currency=settings.currency)
    with ExitStack() as stack:
        topic = ""
        producer = None
        if listen:
            topic = replay_topic(settings.topic_prefix)
            bus.declare(listen, [_topic(settings)])
            producer = stack.enter_context(bus.Producer(listen))
        clickhouse = stack.enter_context(own_tables(settings, run, keep=keep))
        landing = _Landing(settings, Projector(clickhouse), producer, topic, run)
        before = _land_all(app, landing, plan, total, seen, wait)
        catch_up_directory(app, landing.projector)
        check_unit(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        answer = asked(clickhouse, rules, scope)
        under = asked(clickhouse, other, scope) if other else None
        where = clickhouse.where if keep else ""
        return Replayed(landing.landed - before, before, landing.sent, topic, scope, answer, under, where)


def recorded_between(app: Governance, plan: Plan, settings: Settings) -> int:
    """How many events were recorded up to the last day. Raises NotFound if none was."""
    ends = end_of(plan.last, settings)
    total = sum(1 for moment, _ in history(app) if moment <= ends)
    if not total:
        first = next((moment for moment, _ in history(app)), None)
        hint = (
            f"the first event was recorded on {first.astimezone(settings.zone):%Y-%m-%d}" if first else "none is there"
        )
        raise NotFound(f"No event was recorded by {plan.last}; {hint}.")
    return total


def history(app: Governance) -> Iterator[tuple[datetime, Entry]]:
    """Every record with the time of its recording, in the order of recording."""
    position = 0
    while entries := app.store.values_after(position, _READ):
        for entry in entries:
            yield _recorded_at(entry[2]), (entry[0], entry[1], bytes(entry[2]))
        position = entries[-1][0]


def _recorded_at(value: bytes) -> datetime:
    return datetime.fromisoformat(orjson.loads(value)["recordedtime"])


def end_of(day: date, settings: Settings) -> datetime:
    """The last instant of a day in the organisation's zone."""
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), settings.zone)
    return midnight.astimezone(UTC) - timedelta(milliseconds=1)


def _land_all(app: Governance, landing: _Landing, plan: Plan, total: int, seen: Seen, wait: Wait) -> int:
    """Gives how many were landed before the first day."""
    settings = app.settings
    opening = end_of(plan.first - timedelta(days=1), settings)
    ends = end_of(plan.last, settings)
    before = 0
    for batch in _batches(entry for moment, entry in history(app) if moment <= opening):
        landing.take(batch, tell=False)
        before += len(batch)
        seen(plan.first, landing.landed, total)
    # clocks of several writers may differ by a moment: what lies behind the end is left out, not the end of reading
    told = ((moment, entry) for moment, entry in history(app) if opening < moment <= ends)
    if plan.speed is None:
        for entries in _batches(told):
            landing.take([entry for _, entry in entries])
            seen(_day(entries[-1][0], settings), landing.landed, total)
    else:
        _land_paced(told, landing, plan, opening, total, seen, wait)
    seen(plan.last, landing.landed, total)
    return before


def _land_paced(
    told: Iterator[tuple[datetime, Entry]],
    landing: _Landing,
    plan: Plan,
    opening: datetime,
    total: int,
    seen: Seen,
    wait: Wait,
) -> None:
    """What the simulated clock has passed is landed at each tick."""
    speed = float(plan.speed or 0)
    began = time.monotonic()
    clock = opening
    pending: list[Entry] = []
    for moment, entry in told:
        while moment > clock:
            landing.take(pending)
            pending = []
            seen(max(plan.first, _day(clock, landing.settings)), landing.landed, total)
            wait(_TICK_S)
            clock = opening + timedelta(days=speed * (time.monotonic() - began))
        pending.append(entry)
    landing.take(pending)


def _batches(entries: Iterable[T]) -> Iterator[list[T]]:
    coming = iter(entries)
    while batch := list(islice(coming, _READ)):
        yield batch


def _day(moment: datetime, settings: Settings) -> date:
    return moment.astimezone(settings.zone).date()


@contextmanager
def own_tables(settings: Settings, run: str, *, keep: bool) -> Iterator[ClickHouse]:
    """Fresh tables: a folder of their own beside the workspace's, or a database of their own on its server."""
    if settings.clickhouse:
        with _own_database(settings, run, keep=keep) as clickhouse:
            yield clickhouse
        return
    folder = settings.home / "replay" / run
    folder.mkdir(mode=0o700, parents=True)
    try:
        with ClickHouse.embedded(folder / "clickhouse") as clickhouse:
            prepare(clickhouse, settings.workspace_id)
            yield clickhouse
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            _remove_if_empty(folder.parent)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # another replay is at work there, or one was kept
        return


@contextmanager
def _own_database(settings: Settings, run: str, *, keep: bool) -> Iterator[ClickHouse]:
    parts = urlsplit(settings.clickhouse)
    name = f"{parts.path.strip('/') or 'pmo'}_replay_{run.replace('-', '_').lower()}"
    with ClickHouse.server(urlunsplit(parts._replace(path=f"/{name}"))) as clickhouse:
        try:
            prepare(clickhouse, settings.workspace_id)
            yield clickhouse
        finally:
            if not keep:
                clickhouse.command(f"DROP DATABASE IF EXISTS `{name}` SYNC")


def replay_topic(prefix: str) -> str:
    """The topic on which a workspace's history happens again."""
    return f"{prefix}.replay"


def _topic(settings: Settings) -> Topic:
    # a copy: it need not last longer than somebody watches
    config = {
        "cleanup.policy": "delete",
        "retention.ms": str(_KEPT_MS),
        "max.message.bytes": str(2 * MAX_RECORD_BYTES),
        "message.timestamp.type": "CreateTime",
    }
    return Topic(replay_topic(settings.topic_prefix), settings.partitions, settings.replication, config)


def asked(clickhouse: ClickHouse, rules: Rules, scope: Scope) -> Answer:
    """The figures of the portfolio and the findings under these rules."""
    measured, problems = figures.measure_all(clickhouse, rules.kpis.values(), scope, "portfolio")
    findings: dict[tuple[str, str, str], Occasion] = {}
    held: list[Held] = []
    for control in rules.controls.values():
        scores = scorecard(clickhouse, control, scope)
        found = check(clickhouse, control, scope, EXCEPTIONS)
        held.append(Held(control, len(found), sum(score.activated for score in scores)))
        findings |= {(control.id, occasion.subject, occasion.activating): occasion for occasion in found}
    return Answer(measured, problems, held, findings)


def with_others(rules: Rules, kpis: dict[str, Kpi], controls: dict[str, Control]) -> Rules:
    """The rules of now, with those of the same name or id replaced, and the others added."""
    return replace(rules, kpis={**rules.kpis, **kpis}, controls={**rules.controls, **controls})
