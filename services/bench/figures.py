"""What is measured, each beside what is aimed at."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any, Literal

from services.bench.plans import write_large
from services.bench.program import run
from services.bench.stage import Stage, timed
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.projections.capacity import loads
from services.projections.checking import compiled, load_controls
from services.projections.clickhouse import ClickHouse
from services.projections.figures import measure
from services.projections.kept import flat_at
from services.projections.kpi import listed, load_kpis
from services.projections.parallel import each
from services.projections.scope import Scope
from services.projections.statistics import quantile
from services.projections.stretches import scope_at, stretches
from services.projections.trends import trend
from services.runtime import open_app, quiet
from services.verify import comparing_tables, verify_clickhouse, verify_store
from services.verify.findings import Part

Unit = Literal["1/s", "s", "MiB"]
_COMMANDS = 2_000
_ACTOR = "system:bench"
_KPI_S, _KPI_PAST_S, _CONTROL_S = 0.15, 0.4, 0.1
_PLAN_TASKS = 12_000
_MANY_ITEMS = 100_000
_TARGETS_AT = 1_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; of a rate more is better, of a time or memory less."""

    group: str
    name: str
    value: float
    unit: Unit
    target: float | None
    note: str = ""

    @property
    def falls_short(self) -> bool:
        """Whether it misses what is aimed at."""
        if self.target is None:
            return False
        return self.value < self.target if self.unit == "1/s" else self.value > self.target


def commands(stage: Stage) -> Iterator[Figure]:
    """Load, decide and save, each command in a transaction of its own, through all rules."""
    settings = stage.workspace("commands")
    projects = max(1, min(_COMMANDS, stage.events) // 4)
    with open_app(settings) as app:
        _record(app, "unit register", unit="OPS", name="Operations")
        # the models of commands and events are built at their first use
        _live(app, "WARM", 5)
        seconds, _ = timed(partial(_live, app, "P", projects))
    yield Figure("commands", "commands on SQLite, one a transaction", 4 * projects / seconds, "1/s", 2_000)


def _live(app: Governance, prefix: str, projects: int) -> None:
    plan = {"start": "2026-01-05", "finish": "2026-06-30", "budget": "100000"}
    for number in range(projects):
        code = f"{prefix}{number}"
        _record(app, "project propose", project=code, name="A project", unit="OPS", proposed_by="ann")
        _record(app, "project approve", project=code, decided_by="bob")
        _record(app, "project set-baseline", project=code, **plan)
        _record(app, "project start", project=code)


def _record(app: Governance, path: str, **fields: Any) -> None:
    prepared = Intake(app.settings.secret.get_secret_value()).prepare(BY_PATH[path], fields, {})

    def decided(unit: UnitOfWork) -> None:
        unit.handle(prepared, Meta(_ACTOR))

    app.transact(decided)


def append(stage: Stage) -> Iterator[Figure]:
    """Records that need no decision, written to the store in large transactions."""
    yield Figure("append", "bulk append to SQLite, events", stage.count / stage.append_seconds, "1/s", 30_000)


def imports(stage: Stage) -> Iterator[Figure]:
    """Exports of other tools, from the bytes of a file to recorded events."""
    from services.bench import imports as measured

    folder = stage.folder / "exports"
    folder.mkdir()
    targets = iter((15_000, 10_000))
    for name, rate in measured.jira(stage, folder, measured.rows_of(stage)):
        yield Figure("imports", name, rate, "1/s", next(targets))
    rate = measured.asana(stage, folder, measured.rows_of(stage))
    yield Figure("imports", "CSV rows of Asana to recorded events", rate, "1/s", 15_000)
    rate = measured.smartsheet(stage, folder, measured.rows_of(stage))
    yield Figure("imports", "CSV rows of Smartsheet to recorded events", rate, "1/s", 15_000)
    rate = measured.monday(stage, folder, measured.rows_of(stage))
    yield Figure("imports", "JSON log entries of monday.com to recorded events", rate, "1/s", 10_000)
    items = measured.rows_of(stage, _MANY_ITEMS)
    stage.say(f"Importing {items:,} items of monday.com in a process of its own ...")
    taken = measured.memory_of_monday(stage, folder, items)
    yield Figure("imports", f"memory to import {items:,} items of monday.com", taken, "MiB", 1024)


def landing(stage: Stage) -> Iterator[Figure]:
    """From the store into an empty ClickHouse, until the first KPI is answered."""
    yield Figure("landing", "store to queryable KPI, events", stage.count / stage.landing_seconds, "1/s", 60_000)


def rebuild(stage: Stage) -> Iterator[Figure]:
    """Every table filled anew from `events`, inside the engine."""

    from services.projections import rebuilding

    clickhouse, count = stage.clickhouse, stage.count
    stage.say("Rebuilding all tables ...")
    seconds, _ = timed(lambda: rebuilding.rebuild(clickhouse))
    yield Figure("rebuild", "rebuild inside the engine, events", count / seconds, "1/s", 500_000)


def verify(stage: Stage) -> Iterator[Figure]:
    """The store, its Merkle root, every event's bytes in ClickHouse, and every table against a fresh fold."""
    app, clickhouse = stage.app, stage.clickhouse
    stage.say("Verifying ...")

    def everything() -> list[Part]:
        with comparing_tables(clickhouse) as tables:
            log, parts = verify_store(stage.settings, app, (), None, "", quiet)
            return [*parts, *verify_clickhouse(app, clickhouse, log, quiet, tables)]

    seconds, parts = timed(everything)
    wrong = sum(part.differing for part in parts)
    note = f"{wrong} differ" if wrong else ""
    yield Figure("verify", "store, ClickHouse and tables verified, events", stage.count / seconds, "1/s", 100_000, note)


def kpis(stage: Stage) -> Iterator[Figure]:
    """Each KPI by unit: now, and as known a year before."""
    past = replace(
        stage.scope,
        as_of=stage.scope.as_of - timedelta(days=365),
        known_at=datetime.combine(stage.scope.as_of, datetime.min.time(), UTC) - timedelta(days=365),
    )
    for kpi in listed(load_kpis()).values():
        for scope, when, target in ((stage.scope, "now", _KPI_S), (past, "known a year before", _KPI_PAST_S)):
            yield _query(
                stage, "kpis", f"KPI {kpi.name}, {when}", partial(measure, stage.clickhouse, kpi, scope), target
            )


def controls(stage: Stage) -> Iterator[Figure]:
    """Each control's scores by unit, now."""
    for control in load_controls().values():
        ask = partial(_scores, stage.clickhouse, control.id, stage.scope)
        yield _query(stage, "controls", f"control {control.number} {control.id}", ask, _CONTROL_S)


def _scores(clickhouse: ClickHouse, control: str, scope: Scope) -> None:
    rule = compiled(load_controls()[control])
    clickhouse.rows(flat_at(rule.scores(), scope), {**scope.params(), **rule.params})


def questions(stage: Stage) -> Iterator[Figure]:
    """What a director asks for: all controls together, sixty months of a KPI, a year of weekly capacity."""
    clickhouse, scope = stage.clickhouse, stage.scope

    def every_control() -> None:
        each(clickhouse, lambda session, control: _scores(session, control, scope), load_controls())

    months = [
        scope_at(scope, stretch, known_then=False)
        for stretch in stretches(replace(scope, period_from=scope.as_of - timedelta(days=60 * 30)), "month", 1)
    ]
    year = replace(scope, period_from=scope.as_of - timedelta(days=364), period_to=scope.as_of)
    asked: tuple[tuple[str, Callable[[], object], float], ...] = (
        ("all controls together", every_control, 1.5),
        ("on-time over 60 months", partial(trend, clickhouse, load_kpis()["on-time"], months), 0.15),
        ("a year's weekly capacity by role", partial(loads, clickhouse, year, "role"), 0.3),
    )
    for name, ask, target in asked:
        yield _query(stage, "questions", name, ask, target)


def _query(stage: Stage, group: str, name: str, ask: Callable[[], object], target: float) -> Figure:
    """The median of several, after a first one whose caches are cold."""
    stage.say(f"Asking for {name} ...")
    cold = timed(ask)[0]
    warm = median(timed(ask)[0] for _ in range(stage.times))
    return Figure(group, name, warm, "s", target if stage.events <= _TARGETS_AT else None, f"first {cold:.3f} s")


def program(stage: Stage) -> Iterator[Figure]:
    """Whole runs of the program, as a person waits for them."""
    home = stage.folder / "program"
    run(home, "init", "--organisation", "Bench", "--time-zone", "UTC")
    run(home, "unit", "register", "OPS", "--name", "Operations")
    codes = iter(range(1000))
    asked: tuple[tuple[str, Callable[[], list[str]], float], ...] = (
        ("pmo --help", lambda: ["--help"], 0.15),
        ("a command", lambda: ["project", "propose", f"P{next(codes)}", "--name", "A", "--unit", "OPS"], 0.4),
        ("a cold query", lambda: ["kpi", "on-time"], 1.2),
    )
    for name, arguments, target in asked:
        stage.say(f"Running {name} ...")
        run(home, *arguments())
        seconds = median(timed(lambda: run(home, *arguments()))[0] for _ in range(stage.times))  # noqa: B023 - run at once
        yield Figure("program", f"{name}, whole process", seconds, "s", target)


def kafka(stage: Stage) -> Iterator[Figure]:
    """Through a local broker: the relay, the bulk reader into an empty ClickHouse, a new store, the path at a rate."""
    from schemas.catalogue import KINDS
    from services import bus
    from services.backup.refill import refill
    from services.broker import LocalBroker
    from services.commands.relay import Relay
    from services.projections.bulk import bulk_from_kafka, values_from_kafka
    from services.projections.rebuilding import rebuild_events
    from services.projections.schema import connect
    from services.topics import topics

    app, settings = stage.app, stage.settings
    with LocalBroker(stage.folder / "kafka") as broker:
        bootstrap = broker.start(stage.say)
        bus.declare(bootstrap, topics(settings.topic_prefix, KINDS, settings.partitions, settings.replication))
        stage.say("Relaying to Kafka ...")
        seconds, sent = timed(lambda: Relay(app, bootstrap, settings).run_once(stage.progress))
        yield Figure("kafka", "relay to Kafka, events", sent / seconds, "1/s", None)
        stage.leave_engine()
        with connect(stage.workspace("from-kafka")) as clickhouse:
            stage.say("Reading from Kafka in bulk ...")
            work = partial(bulk_from_kafka, clickhouse, bootstrap, settings.topic_prefix, stage.progress)
            seconds, _ = timed(work)
            yield Figure("kafka", "from Kafka in bulk into ClickHouse, events", sent / seconds, "1/s", 30_000)
            stage.say("Rebuilding from Kafka ...")
            values = values_from_kafka(bootstrap, settings.topic_prefix, stage.progress)
            seconds, count = timed(lambda: rebuild_events(clickhouse, values))
            yield Figure("kafka", "`events` rebuilt from Kafka, events", count / seconds, "1/s", 30_000)
        stage.say("Restoring the event store from Kafka ...")
        home = stage.workspace("restored").home
        elsewhere = settings.model_copy(update={"home": home, "kafka": bootstrap})
        seconds, restored = timed(lambda: refill(elsewhere, stage.say, stage.progress))
        yield Figure("kafka", "event store restored from Kafka, events", restored.events / seconds, "1/s", 30_000)
    yield from _path(stage)


def _path(stage: Stage) -> Iterator[Figure]:
    from services.bench.live import FAST, SLOW, live

    seen = live(stage)
    ordered = sorted(seen.visible)
    at = f"recorded to queryable through Kafka at {SLOW} a second"
    note = f"{len(ordered)} probes, {ordered[-1]:.3f} s at most"
    yield Figure("kafka", f"{at}, p50", quantile(ordered, 0.5), "s", 0.3, note)
    yield Figure("kafka", f"{at}, p99", quantile(ordered, 0.99), "s", 1.0)
    thirds = len(seen.lag) // 3 or 1
    note = (
        f"on their way: {max(seen.lag):,} at most, {median(seen.lag[:thirds]):,.0f} in the first third, "
        f"{median(seen.lag[-thirds:]):,.0f} in the last"
    )
    name = f"landed while {FAST:,} a second are recorded for {seen.seconds:.0f} s, events"
    # what is on its way at the end is no growing lag: a second's worth of it is allowed for
    yield Figure("kafka", name, seen.landed / seen.seconds, "1/s", FAST * (1 - 1 / max(2.0, seen.seconds)), note)


def plans(stage: Stage) -> Iterator[Figure]:
    """A plan of Microsoft Project, read by the process with Java and recorded as facts."""
    from services.importers.msproject.mapping import Mapping
    from services.importers.msproject.record import read, record

    tasks = min(_PLAN_TASKS, max(10, stage.events // 80))
    path = stage.folder / "plan.xml"
    write_large(path, tasks)
    stage.say(f"Importing a plan of {tasks:,} tasks ...")
    settings, mapping = stage.workspace("plans"), Mapping(unit="OPS")
    with open_app(settings) as app:
        seconds, files = timed(lambda: read([path], mapping, datetime.now(settings.zone)))
        recording, reports = timed(lambda: record(app, files, mapping))
    name = f"import of a plan of {tasks:,} tasks, {path.stat().st_size / 1e6:.0f} MB"
    note = f"{reports[0].events:,} events, reading {seconds:.1f} s"
    yield Figure("plans", name, seconds + recording, "s", 15.0, note)


# kafka stands last: it needs the engine for itself
def web(stage: Stage) -> Iterator[Figure]:
    """The dashboard of a `pmo up`: pages with data, how soon an event is seen, and the memory that it takes."""
    from services.bench.web import as_lines, measured

    for name, seconds, target, note in as_lines(measured(stage)):
        yield Figure("web", name, seconds, "s", target, note)


GROUPS: dict[str, Callable[[Stage], Iterator[Figure]]] = {
    "commands": commands,
    "append": append,
    "imports": imports,
    "landing": landing,
    "rebuild": rebuild,
    "verify": verify,
    "kpis": kpis,
    "controls": controls,
    "questions": questions,
    "web": web,
    "program": program,
    "plans": plans,
    "kafka": kafka,
}


def machine(engine: str) -> dict[str, str]:
    """What it was measured on."""
    return {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "clickhouse": engine,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _memory() -> str:
    total = _first("/proc/meminfo", "MemTotal")
    return f"{int(total.split()[0]) / 1024**2:.0f} GiB" if total else "unknown"


def _first(path: str, name: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a pseudo-file
            return next((line.partition(":")[2].strip() for line in file if line.startswith(name)), "")
    except OSError:
        return ""
