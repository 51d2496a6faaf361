"""The catalogue of controls: what a file may say, what is refused and where, and what is read of it."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from controls_world import ZONE, World, opened

from services.audit.run import check, scorecard
from services.errors import BadInput, NotFound
from services.projections.checking import FOLDER, compiled, controls_with, find_control, load_controls
from services.projections.definitions import tables
from services.projections.scope import Scope
from services.projections.templates import view

GOOD = (FOLDER / "01_approved_baseline_before_start.yaml").read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def test_the_catalogue_has_its_first_controls() -> None:
    assert {
        1: "precedence",
        4: "periodic",
        7: "segregation",
        9: "response",
        12: "valid-while",
        8: "absence",
        25: "not-more-than",
        26: "limit",
    }.items() <= {control.number: control.template for control in load_controls().values()}.items()


def test_a_control_is_found_by_id_and_by_number() -> None:
    assert find_control("4") is find_control("status-every-14-days")


def test_an_unknown_control_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="'status-14'; did you mean status-every-14-days"):
        find_control("status-14")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("happened: started", "happened: startd", 15, "nothing of a project is 'startd'; did you mean started"),
        ("happened: started", "hapened: started", 14, "Field required"),
        ("status: [running", "stat: [running", 19, "no column 'stat'; did you mean start or status"),
        ("status: [running, ", "status: [1, ", 19, "'status' holds String"),
        ("status: [running, ", "budget: [1, ", 19, "'budget' holds Decimal"),
        ("template: precedence", "template: antecedence", 12, "does not match any of the expected tags"),
        ("cancelled_by: [rejected", "cancelled_by: [refused", 24, "nothing of a project is 'refused'"),
        ("severity: high", "severity: grave", 8, "severity: Input should be 'low'"),
        ("number: 1", "number: one", 2, "number: Input should be a valid integer"),
        ("subjects: project", "subjects: planet", 7, "subjects: Input should be 'project'"),
        ("version: 1", "version: 1\ncolour: red", 12, "colour: Extra inputs are not permitted"),
        ("number: 1", "number: 1\nnumber: 2", 3, "'number' stands here twice"),
        ("why: >-", "why: [", 7, "it is not YAML"),
        ("id: approved", "id: Approved", 1, "id: String should match pattern"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(tmp_path: Path, old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    (tmp_path / "mine.yaml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadInput) as refused:
        load_controls(tmp_path)
    assert re.match(rf"mine\.yaml, line {line}: ", str(refused.value)), refused.value
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("07*", "by: decided_by", "by: decider", "no column 'decider'; did you mean decided_by"),
        ("09*", "due: due", "due: edition", "'edition' holds String, not a day"),
        ("09*", "happened: [published, revised]", "happened: [printed]", "nothing of a standard is 'printed'"),
        ("12*", "needs: training_needed", "needs: training_need", "did you mean training_needed"),
        ("12*", "match: [person, course]", "match: [person, 'x; DROP']", "String should match pattern"),
        ("04*", "every_days: 14", "every_days: 0", "greater than or equal to 1"),
        ("04*", "subjects: project", "subjects: workload", "nothing of a workload"),
        ("04*", "begins: [started", "begins: [begun", "nothing of a project is 'begun'"),
        ("08*", "same_item: true", "during: {begins: {happened: started}, ends: {happened: completed}}",
            "an absence names either"),
        ("25*", "alike: [percent_complete", "alike: [percent", "no column 'percent'"),
        ("26*", "view: recordings", "view: recording", "did you mean recordings"),
        ("26*", "view: recordings", "view: projects", "has no owner and no number"),
        ("26*", "at_most: 30", "at_most: 30\n  given: {threshold: 5}", "the view takes nothing"),
        ("26*", "at_most: 30", "given: {}", "a limit is either at_most or at_least"),
    ],
)  # fmt: skip
def test_every_template_checks_its_names(tmp_path: Path, file: str, old: str, new: str, reason: str) -> None:
    [path] = FOLDER.glob(file)
    assert old in path.read_text()
    (tmp_path / path.name).write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(BadInput, match=rf"{path.name}, line \d+: ") as refused:
        load_controls(tmp_path)
    assert reason in str(refused.value)


def test_a_rule_over_events_is_about_a_kind_whose_unit_is_known(tmp_path: Path) -> None:
    mine = GOOD[: GOOD.index("rule:")].replace("subjects: project", "subjects: workload")
    mine += "rule:\n  template: precedence\n  activation: {happened: allocation-confirmed}\n"
    (tmp_path / "mine.yaml").write_text(mine + "  required: [{name: plan, happened: allocation-planned}]\n")
    with pytest.raises(BadInput, match="line 7: subjects: precedence can be about project or adoption or business-u"):
        load_controls(tmp_path)


@pytest.mark.parametrize(("again", "reason"), [(GOOD, "id"), (GOOD.replace("id: ", "id: other-"), "number")])
def test_ids_and_numbers_are_given_once(tmp_path: Path, again: str, reason: str) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(again)
    with pytest.raises(BadInput, match=rf"b\.yaml, line \d: {reason}: approved-baseline-before-start has it already"):
        load_controls(tmp_path)


def test_ones_own_controls_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    mine = GOOD.replace("id: ", "id: my-").replace("number: 1", "number: 900")
    (tmp_path / "mine.yaml").write_text(mine)
    assert list(controls_with(tmp_path)) == [*load_controls(), "my-approved-baseline-before-start"]
    assert controls_with() == load_controls()
    assert find_control("900", tmp_path).text == mine
    for old, key in (("id: my-", "id"), ("number: 900", "number")):
        load_controls.cache_clear()
        (tmp_path / "mine.yaml").write_text(mine.replace(old, "id: " if key == "id" else "number: 1"))
        with pytest.raises(BadInput, match=f"{key} of .*: the shipped control approved-baseline-before-start has it"):
            controls_with(tmp_path)


def test_a_digest_is_of_what_is_said_not_of_how_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"# ours{chr(10)}{GOOD}")
    shipped = find_control("1")
    assert load_controls(tmp_path)[shipped.id].digest == shipped.digest
    assert len({control.digest for control in load_controls().values()}) == len(load_controls())
    (tmp_path / "a.yaml").write_text(GOOD.replace("severity: high", "severity: low"))
    load_controls.cache_clear()
    assert load_controls(tmp_path)[shipped.id].digest != shipped.digest


def test_a_control_of_ones_own_is_one_file(tmp_path: Path, world: World) -> None:
    mine = GOOD.replace("id: approved-baseline-before-start", "id: gate-before-completion").replace(
        "happened: started", "happened: completed"
    )
    mine = mine[: mine.index("  required:")] + "  required:\n    - name: gate\n      happened: gate-passed\n"
    (tmp_path / "mine.yaml").write_text(mine + "      where:\n        evidence: [1, 2]\n")
    control = load_controls(tmp_path)["gate-before-completion"]
    world.project("2026-02-01 completed")
    shown = world.project("2026-02-01 recorded")
    proven = world.project(("2026-01-01 gate-passed", {"evidence": ({"uri": "file:m.pdf", "digest": None},)}),
                           "2026-02-01 completed")  # fmt: skip
    world.land()
    found = check(world._clickhouse, control, Scope(_day("2026-06-30"), ZONE))
    results = {occasion.subject: occasion.result for occasion in found}
    assert sorted(results.values()) == ["no evidence", "satisfied", "violated"]
    assert (results[shown], results[proven]) == ("no evidence", "satisfied")


def test_a_score_counts_by_unit_and_standing_and_goes_down_to_sub_units(world: World) -> None:
    for unit, parent in (("TOP", None), ("LEFT", "TOP"), ("RIGHT", "TOP"), ("DEEP", "LEFT")):
        world.tell(f"business-unit:{unit}", "registered", "2025-01-01", name=unit, parent=parent)
    for unit, steps in {
        "LEFT": ("approved", "baseline-set", "started"),
        "DEEP": ("started",),
        "RIGHT": ("started", "approved", "baseline-set"),
    }.items():
        stream = world.project(("2026-01-01 proposed", {"unit": unit}))
        world.add(stream, *(f"2026-01-0{n} {step}" for n, step in enumerate(steps, 2)))
    world.project(("2026-01-01 recorded", {"unit": "DEEP", "status": "running"}))
    moved = world.project(("2026-01-01 proposed", {"unit": "RIGHT"}), "2026-01-02 started")
    world.add(moved, ("2026-02-01 transferred", {"unit": "LEFT"}))
    world.land()
    control = find_control("1")

    def scores(unit: str, as_of: str = "2026-06-30") -> dict[tuple[str, str], tuple[int, ...]]:
        found = scorecard(world._clickhouse, control, Scope(_day(as_of), ZONE, unit=unit))
        return {(s.unit, s.standing): (s.satisfied, s.violated, s.cured_late, s.no_evidence) for s in found}

    left = {("LEFT", "governed"): (1, 1, 0, 0), ("DEEP", "governed"): (0, 1, 0, 0), ("DEEP", "observed"): (0, 0, 0, 1)}
    assert scores("left") == left
    assert scores("TOP") == {**left, ("RIGHT", "governed"): (0, 0, 1, 0)}
    assert scores("RIGHT", "2026-01-31") == {("RIGHT", "governed"): (0, 1, 1, 0)}
    by_unit = {(s.unit, s.standing): s for s in scorecard(world._clickhouse, control, Scope(_day("2026-06-30"), ZONE))}
    assert (by_unit["LEFT", "governed"].activated, by_unit["LEFT", "governed"].compliance) == (2, Decimal("0.5"))
    assert (by_unit["DEEP", "observed"].activated, by_unit["DEEP", "observed"].compliance) == (0, None)
    assert {s.incomplete for s in by_unit.values()} == {0}
    world._versions[moved] += 1
    world.add(moved, "2026-02-02 approved")
    world.land()
    broken = scorecard(world._clickhouse, control, Scope(_day("2026-06-30"), ZONE, unit="LEFT"))
    assert {(s.unit, s.standing): s.incomplete for s in broken}["LEFT", "governed"] == 1
    with pytest.raises(NotFound, match="no unit LEFTY"):
        scores("LEFTY")


def test_scores_and_occasions_agree(world: World) -> None:
    scope = Scope(_day("2026-06-30"), ZONE)
    for control in load_controls().values():
        occasions = check(world._clickhouse, control, scope)
        for score in scorecard(world._clickhouse, control, scope):
            own = [o.result for o in occasions if (o.unit, o.standing) == (score.unit, score.standing)]
            counts = [own.count(r) for r in ("satisfied", "violated", "cured late", "no evidence")]
            assert counts == [score.satisfied, score.violated, score.cured_late, score.no_evidence]


def test_a_control_and_the_view_of_projects_say_the_same_of_a_project(world: World) -> None:
    for steps in (
        ("2026-01-01 proposed", "2026-01-02 started"),
        (("2026-01-01 recorded", {"name": "Seen", "unit": None, "status": "running"}),),
        ("2026-01-01 proposed", ("2026-01-05 recorded", {"name": None, "unit": "B"}), "2026-01-06 started"),
        ("2026-01-01 proposed", ("2026-01-05 transferred", {"unit": "C"}), "2026-01-06 started"),
    ):
        stream = world.project(*steps)
        [found] = world.ask(1, "2026-06-30", streams=[stream])
        [state] = world._clickhouse.rows(
            f"SELECT unit, name, project, standing FROM {view('projects')} WHERE stream = {{stream:String}}",
            {**Scope(_day("2026-06-30"), ZONE).params(), "stream": stream},
        )
        assert (found.unit, found.label) == (state["unit"] or "", state["name"] or state["project"])
        assert found.standing == state["standing"]


def test_controls_read_views_only() -> None:
    views = {view.name for table in tables() for view in table.views}
    for control in load_controls().values():
        sources = re.findall(r"(?:FROM|JOIN) (\w+)", compiled(control).source)
        assert sources
        assert set(sources) <= views


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
