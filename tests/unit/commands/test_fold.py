"""The fold: what counts, what is latest, and that neither depends on the order in which records are seen."""

import inspect
import re
from collections.abc import Iterable
from datetime import date
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import project
from schemas.catalogue import EVENTS, NEWEST, VOIDED
from schemas.event import Event, Record, base_name
from services.commands.assurance import ISSUED_BY_PROGRAMS
from services.commands.catalogue import COMMANDS, STATES
from services.commands.fold import History, State, dead_versions
from services.commands.surveys import CompleteImport
from tests.strategies import events, histories, superseded_by_definition
from tests.unit.commands.dsl import record

RESUMED = project.Resumed(decided_by=None)
VOID = VOIDED["project"](reason=None)


def chain(*links: tuple[int, bool]) -> list[Record]:
    """Version 1, and then for each link a record that supersedes that version, voiding it or not; 0: none."""
    day = date(2026, 1, 1)
    made = [record("project:A", 1, RESUMED, day)]
    for version, (superseded, is_void) in enumerate(links, 2):
        made.append(record("project:A", version, VOID if is_void else RESUMED, day, superseded or None))
    return made


@pytest.mark.parametrize(
    ("links", "dead"),
    [
        ([], set()),
        ([(1, False)], {1}),
        ([(1, True)], {1}),
        # voiding a correction revives what it had replaced
        ([(1, False), (2, True)], {2}),
        # voiding a voiding revives
        ([(1, True), (2, True)], {2}),
        # correcting a correction does not
        ([(1, False), (2, False)], {1, 2}),
        ([(1, False), (2, False), (3, True)], {1, 3}),
        # a voiding replaced by a correction: the correction stands in its place
        ([(1, True), (2, False)], {1, 2}),
        ([(1, False), (2, True), (3, True)], {1, 3}),
        ([(1, False), (2, True), (3, False)], {1, 2, 3}),
        ([(1, False), (2, True), (1, False)], {1, 2}),
        ([(0, False), (1, False), (2, False)], {1, 2}),
    ],
)
def test_what_counts_in_a_chain_of_corrections(links: list[tuple[int, bool]], dead: set[int]) -> None:
    records = chain(*links)
    assert dead_versions(records) == dead
    assert superseded_by_definition(records) == dead


@settings(max_examples=80, deadline=None)
@given(histories("project", max_streams=1, max_length=14, chosen=st.just(RESUMED)), st.randoms())
def test_dead_versions_are_those_of_the_definition(records: list[Record], random: object) -> None:
    wanted = superseded_by_definition(records)
    assert dead_versions(records) == wanted
    random.shuffle(records)  # type: ignore[attr-defined]
    assert dead_versions(records) == wanted


def shown(state: State) -> dict[str, dict[str, Record]]:
    return {
        base_name(event.type_name): parts
        for event in EVENTS
        if (parts := {record.event.part: record for record in state.records(event)})
    }


@settings(max_examples=60, deadline=None)
@given(histories("project", "workload", "standard", max_streams=1), st.randoms())
def test_the_fold_does_not_depend_on_the_order_of_records(records: list[Record], random: object) -> None:
    folded = State(records)
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shown(State(shuffled)) == shown(folded) == latest_by_definition(records)
    assert shown(State([*records, *shuffled])) == shown(folded), "nor on how often one is seen"


def latest_by_definition(records: Iterable[Record]) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = {}
    for r in sorted(records, key=lambda r: (r.occurred_at, r.version)):
        found.setdefault(base_name(r.event.type_name), {})[r.event.part] = r
    return found


@settings(max_examples=60, deadline=None)
@given(histories("project", max_streams=1), st.integers(0, 13))
def test_what_was_known_then_is_the_history_cut_there(records: list[Record], cut: int) -> None:
    moment = records[min(cut, len(records) - 1)].recorded_at
    known = [r for r in records if r.recorded_at <= moment]
    assert History("x", records).active(known_at=moment) == History("x", known).active()


@settings(max_examples=60, deadline=None)
@given(histories("project", max_streams=1))
def test_a_history_holds_what_counts_and_is_extended_at_will(records: list[Record]) -> None:
    whole = History("x", records)
    half = History("x", records[: len(records) // 2])
    assert half.version == len(records) // 2
    half.active()
    half.extend(records[len(records) // 2 :])
    assert half.active() == whole.active()
    dead = superseded_by_definition(records)
    assert [r.version for r in whole.active() if r.version in dead or isinstance(r.event, VOIDED["project"])] == []
    assert [v for v in range(len(records) + 2) if whole.is_active(v)] == [
        r.version for r in records if r.version not in dead
    ]
    assert whole.exists == bool(whole.active())


def test_a_correction_is_decided_as_if_neither_it_nor_what_it_replaced_were_there() -> None:
    records = chain((1, False), (0, False))
    assert [r.version for r in History("x", records).active(without=2)] == [3]


def test_a_copy_leaves_the_original_alone() -> None:
    first = History("x", chain())
    copy = first.copy()
    copy.extend(chain((1, False))[1:])
    assert (first.version, copy.version) == (1, 2)
    assert [r.version for r in first.active()] == [1]


@settings(max_examples=60, deadline=None)
@given(st.lists(events("project", "adoption", "person"), min_size=1, max_size=8))
def test_evolving_never_fails(made: list[Event]) -> None:
    for kind, state in (*STATES.items(), ("any", State)):
        folded = state(record(f"{kind}:A", n, event, date(2026, 1, 1)) for n, event in enumerate(made, 1))
        assert folded
        assert folded.record(type(made[-1]), item=made[-1].part).event == made[-1]


def test_state_is_latest_by_occurrence_then_version() -> None:
    june, may = (project.Transferred(unit=unit) for unit in ("JUNE", "MAY"))
    state = State([record("project:A", 1, june, date(2026, 6, 1)), record("project:A", 2, may, date(2026, 5, 1))])
    assert state.last(project.Transferred) == june
    state.evolve(record("project:A", 3, may, date(2026, 6, 1)))
    assert state.last(project.Transferred) == may
    assert state.record(project.Transferred, project.Started).version == 3
    assert state.last(project.Started) is None


def test_parts_hold_the_latest_of_several_types() -> None:
    requested = project.GateRequested(item="G1", requested_by=None, evidence=())
    failed = project.GateFailed(item="G1", decided_by="A" * 20, evidence=(), reason=None)
    records = [record("project:A", 1, requested, date(2026, 6, 1)), record("project:A", 2, failed, date(2026, 6, 2))]
    parts = State(reversed(records)).parts(project.GateRequested, project.GateFailed)
    assert {item: r.event for item, r in parts.items()} == {"G1": failed}


def test_every_event_is_recorded_by_some_command_in_its_newest_version() -> None:
    modules = {command.__module__ for command in (*COMMANDS, CompleteImport, *ISSUED_BY_PROGRAMS)}
    # what only a schedule shows is told by the importer of plans
    modules |= {"services.importers.msproject.tell_work"}
    source = "".join(inspect.getsource(import_module(module)) for module in modules)
    made = {e.type_name for e in EVENTS if re.search(rf"\b{e.__name__}\(", source)}
    assert {e.type_name for e in NEWEST.values() if e not in VOIDED.values()} == made


@pytest.mark.parametrize("command", [*COMMANDS, CompleteImport], ids=lambda command: command.path)
def test_every_command_explains_itself(command: type) -> None:
    assert command.__doc__ and command.path
    assert [n for n, f in command.model_fields.items() if command is not CompleteImport and not f.description] == []
    assert command.example or command is CompleteImport
