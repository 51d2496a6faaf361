"""A portfolio file into observations: what is recorded, rejected, ignored and listed, so that the rows add up."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from services.errors import BadInput
from services.importers import mapping, portfolio
from services.importers.portfolio import FilePlan, Plan

MAPPING = """\
source: town
currency: GBP
century_from: 1970
layouts:
  - {files: "*wide*", delimiter: ",", transposed: true}
  - {files: "*", delimiter: ","}
reports:
  - {files: "*2019*", data_date: 2018-09-30, reported_on: 2019-07-18}
  - {column: year, value: 2021, data_date: 2021-03-31}
fields:
  key: {columns: number, required: false}
  name: {columns: [project, Project Name]}
  unit: {columns: department, required: false}
  status: {columns: state, required: false}
  rag: {columns: [rating, rating.2], required: false}
  category: {columns: kind, required: false}
  narrative: {columns: comment, required: false}
  start: {columns: [start, Start Date*], orders: dmy, replace: {"1/012/2014": "01/12/2014"}, required: false}
  finish: {columns: end, orders: dmy, required: false}
  budget: {columns: cost, unit: million, required: false}
  percent_complete: {columns: done, required: false}
rag: {Green: green, Amber/Green: amber-green, Amber: amber, Amber/Red: amber-red, Red: red}
statuses: {Live: running}
absent: [exempt, not provided]
units:
  ROADS: {name: Roads, also: [Highways]}
  PARKS: {name: Parks}
ignore:
  - {column: project, matches: total, reason: a total}
aliases:
  - {key: RD_1, names: [The Bridge, Bridge Feasibility], keys: [ROADS_1]}
"""

Given = Callable[..., Plan]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    (tmp_path / "town.yaml").write_text(MAPPING.replace("orders: dmy", "orders: [dmy]"))
    rules = mapping.load(tmp_path / "town.yaml")

    def planned(files: dict[str, str], data_date: dt.date | None = None) -> Plan:
        for name, content in files.items():
            (tmp_path / name).write_text(content, newline="")
        return portfolio.plan([tmp_path / name for name in files], rules, data_date)

    return planned


def only(plan: Plan) -> FilePlan:
    (file,) = plan.files
    assert file.rows == len(file.observations) + len(file.rejected) + len(file.ignored)
    return file


def test_every_field_of_a_row(given: Given) -> None:
    header = "number,project,department,state,rating,kind,comment,start,end,cost,done,extra"
    row = 'rd_1,The  Bridge,highways,live,Amber/ red,Works,"On\r\ntime",30.06.08,31.12.40,"£1,996.00m",45%,x'
    file = only(given({"p2019.csv": f"{header}\n{row}\n"}))
    (observation,) = file.observations
    assert (observation.stream_key, observation.number) == ("RD_1", 2)
    assert (observation.occurred_at, observation.reported_at) == (dt.date(2018, 9, 30), dt.date(2019, 7, 18))
    assert observation.observed._asdict() == {
        "name": "The Bridge", "unit": "ROADS", "status": "running", "rag": "amber-red", "category": "Works",
        "narrative": "On\ntime", "start": dt.date(2008, 6, 30), "finish": dt.date(2040, 12, 31),
        "budget": Decimal(1_996_000_000), "currency": "GBP", "percent_complete": Decimal("0.45"), "source_key": "rd_1",
        "forecast_cost": None, "year_budget": None, "year_forecast": None, "benefits": None, "actual_cost": None,
    }  # fmt: skip
    assert file.unused_columns == ("extra",)
    assert file.where(observation.number) == "p2019.csv, line 2"


def test_a_column_a_project(given: Given) -> None:
    file = only(given({"wide2019.csv": "Project Name,The Bridge,Zoo,\ndepartment,Roads,Parks,\nrating,Red,Green,\n"}))
    assert [(o.stream_key[:6], o.observed.rag, o.number) for o in file.observations] == [
        ("RD_1", "red", 2),
        ("PARKS-", "green", 3),
    ]
    assert file.ignored == ((4, "blank"),)
    assert [(new.name, new.unit) for new in file.new_names] == [("Zoo", "PARKS")]


def test_prose_leaves_the_field_empty_and_is_noted(given: Given) -> None:
    file = only(given({"p2019.csv": "project,rating,rating,cost\nZoo,Exempt under Section 43,,Not provided\n"}))
    (observation,) = file.observations
    assert (observation.observed.rag, observation.observed.budget, observation.observed.currency) == (None, None, None)
    assert [(note.column, note.field) for note in observation.notes] == [("rating", "rag"), ("cost", "budget")]


def test_a_value_in_the_second_column_wins_over_prose_in_the_first(given: Given) -> None:
    file = only(given({"p2019.csv": "project,rating,rating\nZoo,Exempt,Red\nLake,,Green\n"}))
    assert [o.observed.rag for o in file.observations] == ["red", "green"]
    assert not file.observations[0].notes


def test_a_declared_replacement_and_a_budget_below_zero_are_noted(given: Given) -> None:
    file = only(given({"p2019.csv": "project,start,cost\nZoo,1/012/2014,-7\n"}))
    (observation,) = file.observations
    assert (observation.observed.start, observation.observed.budget) == (dt.date(2014, 12, 1), None)
    assert [note.reason for note in observation.notes] == ["'1/012/2014' read as '01/12/2014'", "'-7' is below zero"]


def test_a_bad_row_names_every_bad_cell_and_the_rest_goes_on(given: Given) -> None:
    content = (
        "project,department,rating,start,end,cost\nA,Sea,Blue,3rd,,lots\n"
        "B,Parks,Red,01.02.20,31.01.20,1\n,,Red,,,\nC,,,,,\n"
    )
    file = only(given({"p2019.csv": content}))
    assert [o.observed.name for o in file.observations] == ["C"]
    first, second, third = file.rejected
    assert [(fault.column, fault.value) for fault in first.faults] == [
        ("department", "Sea"), ("rating", "Blue"), ("start", "3rd"), ("cost", "lots"),
    ]  # fmt: skip
    assert [fault.reason for fault in second.faults] == ["lies before the start, 2020-02-01"]
    assert [fault.reason for fault in third.faults] == ["has no name"]


def test_totals_and_rows_with_too_many_cells(given: Given) -> None:
    file = only(given({"p2019.csv": "project,cost\nZoo,1\nTotal,1\nLake,1,2\n"}))
    assert file.ignored == ((3, "a total"),)
    assert [(row.number, row.faults[0].reason) for row in file.rejected] == [(4, "has 3 cells, but the header has 2")]


def test_one_project_twice_in_a_file_is_rejected_the_second_time(given: Given) -> None:
    file = only(given({"p2019.csv": "project,department\nZoo,Parks\nThe Bridge,Roads\nZOO,Parks\nZoo,Roads\n"}))
    assert len(file.observations) == 3
    (twice,) = file.rejected
    assert "is the project of line 2" in twice.faults[0].reason


def test_one_stream_across_years_whatever_is_imported_with_it(given: Given) -> None:
    early = {"a2019.csv": "project,department\nBridge Feasibility,Roads\nZoo,Parks\n"}
    late = {"b.csv": "year,number,project\n2021,ROADS_1,Bridge\n"}
    both, alone = given({**early, **late}), given(early)
    assert [o.stream_key for o in both.observations][::2] == ["RD_1", "RD_1"]
    assert [o.stream_key for o in alone.observations] == [o.stream_key for o in both.files[0].observations]
    assert list(both.new_names) == [alone.files[0].new_names[0].stream_key]
    assert both.files[1].observations[0].reported_at is None


def test_where_the_data_date_comes_from(given: Given) -> None:
    assert only(given({"b.csv": "project\nZoo\n"}, dt.date(2020, 1, 1))).observations[0].occurred_at.year == 2020
    with pytest.raises(BadInput, match=r"b\.csv has no data date"):
        given({"b.csv": "project\nZoo\n"})
    file = only(given({"b.csv": "project,year\nZoo,2021\nLake,1999\n"}))
    assert [fault.reason for row in file.rejected for fault in row.faults] == ["has no data date"]


def test_the_drafts_of_the_same_file_are_the_same_commands(given: Given) -> None:
    content = {"p2019.csv": "project,department,rating\nZoo,Parks,Red\nLake,Parks,Red\n"}
    ((_, first),), ((_, again),) = (tuple(portfolio.to_commands(given(content))) for _ in range(2))
    assert first == again
    assert len({draft.command_id for draft in first}) == 2
    assert first[0].stream.startswith("project:PARKS-ZOO-")
    assert "narrative" not in first[0].data
    changed = {"p2019.csv": content["p2019.csv"].replace("Zoo,Parks,Red", "Zoo,Parks,Green")}
    ((_, newer),) = portfolio.to_commands(given(changed))
    assert newer[0].command_id != first[0].command_id
    assert newer[1] == first[1]


def test_no_files(given: Given) -> None:
    with pytest.raises(BadInput, match="No file was given"):
        given({})


OWN = """\
source: own
currency: EUR
fields:
  name: {columns: Project}
  finish: {columns: End, orders: [dmy], required: false}
  budget: {columns: [Cost, Budget], required: false}
  rag: {columns: Ampel, required: false}
rag: {Green: green, Dark Red: red}
"""


def own(tmp_path: Path, content: str, rules: str = OWN, today: dt.date = dt.date(2026, 1, 1)) -> FilePlan:
    (tmp_path / "own.yaml").write_text(rules)
    (tmp_path / "own.csv").write_text(content, newline="")
    loaded = mapping.load(tmp_path / "own.yaml")
    return only(portfolio.plan([tmp_path / "own.csv"], loaded, dt.date(2025, 1, 1), today))


def test_a_mapped_column_that_the_file_lacks_refuses_it_unless_it_is_not_required(tmp_path: Path) -> None:
    content = "Project,End\nZoo,30.06.2030\n"
    assert own(tmp_path, content).observations[0].observed.budget is None
    rules = OWN.replace("Budget], required: false", "Budget]")
    with pytest.raises(BadInput, match="own.csv has no column for `budget`: none of 'Cost', 'Budget' is among its col"):
        own(tmp_path, content, rules)
    assert own(tmp_path, "Project,Budget\nZoo,1\n", rules).observations[0].observed.budget == 1


def test_a_file_without_the_column_of_the_name_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"own.csv has no header row .* \(`name`: 'Project'\); .* 'Name', 'End'"):
        own(tmp_path, "Name,End\nZoo,30.06.2030\n")


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("Zoo,30.06.2999,", "End", "30.06.2999", "lies outside the years 1900 to 2299"),
        ("Zoo,31.05.0026,", "End", "31.05.0026", "lies outside the years 1900 to 2299"),
        ("Zoo,,999999999999999", "Budget", "999999999999999", "is too large for an amount"),
        ("Zoo,,99999999999999.99999", "Budget", "99999999999999.99999", "is too large for an amount"),
        (f"{'Z' * 501},,", "Project", "Z" * 59 + "…", "has 501 characters, more than 500"),
    ],
)
def test_a_value_that_no_event_holds_is_a_rejected_row(
    tmp_path: Path, row: str, column: str, value: str, reason: str
) -> None:
    file = own(tmp_path, f"Project,End,Budget\nLake,30.06.2030,1\n{row}\n")
    assert len(file.observations) == 1
    assert [(rejected.number, rejected.faults) for rejected in file.rejected] == [(3, ((column, value, reason),))]


def test_what_the_command_refuses_is_a_fault_of_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio.RowReader, "_currency", lambda self, values: "euro")
    ((rejected),) = own(tmp_path, "Project,Budget\nZoo,1\n").rejected
    assert "cannot be taken" in rejected.faults[0].reason


def test_a_data_date_in_the_future_is_a_rejected_row(tmp_path: Path) -> None:
    rules = OWN.replace("fields:\n", "fields:\n  data_date: {columns: As of}\n")
    file = own(tmp_path, "Project,As of\nZoo,2026-05-01\nLake,2025-05-01\n", rules)
    assert [(row.number, row.faults[0].column) for row in file.rejected] == [(2, "As of")]
    with pytest.raises(BadInput, match="own.csv: 2025-01-01 lies in the future"):
        own(tmp_path, "Project\nZoo\n", today=dt.date(2024, 1, 1))


def test_prose_in_a_cell_of_values_empties_it_and_near_values_are_rejected(tmp_path: Path) -> None:
    prose = "Exempt under Section 43 of the Act 2000"
    file = own(tmp_path, f"Project,End,Budget,Ampel\nZoo,to be confirmed,{prose},not rated yet\nLake,,,\n")
    assert {note.column: note.reason for note in file.observations[0].notes} == {
        "End": "no value: 'to be confirmed'",
        "Budget": f"no value: {prose!r}",
        "Ampel": "no value: 'not rated yet'",
    }
    near = own(
        tmp_path,
        'Project,End,Budget,Ampel\nA,,"1,5",\nB,end of June,,\nC,,about two million,\nD,,some 15 EUR,\nE,,,Dark Rde\n',
    )
    assert [(row.faults[0].column, row.faults[0].value) for row in near.rejected] == [
        ("Budget", "1,5"), ("End", "end of June"), ("Budget", "about two million"), ("Budget", "some 15 EUR"),
        ("Ampel", "Dark Rde"),
    ]  # fmt: skip
    reason = near.rejected[0].faults[0].reason
    assert reason == "is not an amount with '.' as its decimal mark; say `decimal: \",\"` in the mapping"
