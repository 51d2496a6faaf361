"""The steps of docs/evolution.md, followed to the letter in a copy; and the event that went before it."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from schemas.catalogue import parse
from schemas.samples import FOLDER
from services.commands.app import Governance
from services.settings import Settings
from tests.e2e.cli import Pmo
from tests.steps import Copy

RATES = """
import datetime as dt
from services.projections.scope import Scope
from services.runtime import open_reader
from services.settings import Settings
settings = Settings.load()
with open_reader(settings) as clickhouse:
    view = "rates(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})"
    rows = clickhouse.rows("SELECT * FROM " + view, Scope(dt.date(2100, 1, 1), settings.zone).params())
    print({row["currency"]: str(row["rate"]) for row in rows})
"""


@pytest.mark.long
def test_an_event_is_brought_to_its_next_version_in_three_files(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy", tmp_path / "home")
    copy.pmo("init")
    copy.pmo("rate", "set", "GBP", "--rate", "1.17", "--first-day", "2026-01-01", "--to", "EUR")
    copy.pmo("rate", "set", "USD", "--rate", "0.9", "--first-day", "2026-01-01", "--to", "EUR")
    assert "'GBP': '1.17000000'" in copy.run("-c", RATES)
    old = (copy.folder / "schemas/samples/pmo.rate.set.v1.json").read_bytes()

    assert len(set(copy.follow("evolution.md"))) == 3
    copy.make_schemas()
    assert (copy.folder / "schemas/samples/pmo.rate.set.v1.json").read_bytes() == old
    upcast = json.loads((copy.folder / "schemas/json/upcasts.json").read_text())["pmo.rate.set.v1"]
    assert (upcast["next"], upcast["full"]["per"]) == ("pmo.rate.set.v2", 1)
    assert "Only read, as `pmo.rate.set.v2`." in (copy.folder / "docs/reference/events.md").read_text()

    copy.pmo("rate", "set", "JPY", "--rate", "0.61", "--per", "100", "--first-day", "2026-01-01", "--to", "EUR")
    again = ("rate", "set", "GBP", "--rate", "1.2", "--first-day", "2026-01-01", "--to", "EUR")
    assert "has a rate to EUR from 2026-01-01 already" in copy.pmo(*again, code=4), "a rule reads the older version"
    copy.pmo(*again, "--supersedes", "1")
    rates = "{'GBP': '1.20000000', 'JPY': '0.00610000', 'USD': '0.90000000'}"
    assert sorted(copy.run("-c", RATES).strip("{}\n").split(", ")) == rates.strip("{}").split(", ")
    events = json.loads(copy.pmo("history", "rate:GBP", "--json"))
    assert [event["type"] for event in events] == ["pmo.rate.set.v1", "pmo.rate.set.v2"]
    assert [event["data"].get("rate", event["data"].get("worth")) for event in events] == ["1.17", "1.2"]
    copy.pmo("verify")

    # the program from before the steps meets what the later one recorded
    before = Copy(tmp_path / "before", tmp_path / "home")
    assert "(pmo.rate.set.v2): a newer one recorded it; update this one" in before.pmo(*again, code=7)


@pytest.fixture
def office(tmp_path: Path) -> Pmo:
    """A workspace in which a course was defined before validities of days and whole years, and one after."""
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init")
    pmo.ok("unit", "register", "OPS", "--name", "Operations")
    pmo.ok("person", "join", "ann@example.org", "--unit", "OPS", "--role", "Pilot", "--name", "Ann")
    settings = Settings.load(pmo.home)
    value = (FOLDER / "pmo.course.defined.v1.json").read_bytes()
    value = value.replace(b"course:ALPHA/3", b"course:ALPHA/1").replace(b'"supersedes":1,', b"")
    value = value.replace(b"/pmo/sample", settings.source.encode())
    with closing(Governance(settings)) as app:
        app.append([parse(value)])
    pmo.ok("course", "define", "BETA", "--title", "Fire drill", "--valid-days", "365", "--valid-until", "end-of-month")
    return pmo


def test_both_versions_are_read_everywhere(office: Pmo, tmp_path: Path) -> None:
    def types(stream: str) -> list[str]:
        return [event["type"] for event in office.data("history", stream)]

    assert types("course:ALPHA") == ["pmo.course.defined.v1"]
    assert types("course:BETA") == ["pmo.course.defined.v2"]
    # commands read the older one: 24 months
    office.ok("training", "complete", "ann@example.org", "ALPHA", "--completed-on", "2026-07-01")
    office.ok("training", "complete", "ann@example.org", "BETA", "--completed-on", "2026-07-10")
    assert "2028-07-01" in office.ok("history", "training:ann@example.org/ALPHA")
    assert "2027-07-31" in office.ok("history", "training:ann@example.org/BETA")
    office.ok("verify")
    # and a correction of it writes the newer
    office.ok("course", "define", "ALPHA", "--title", "Site safety", "--valid-months", "12", "--supersedes", "1",
              "--on", "2026-06-30")  # fmt: skip
    assert types("course:ALPHA") == ["pmo.course.defined.v1", "pmo.course.defined.v2"]
    office.ok("verify")
    office.ok("backup", str(tmp_path / "backup"))
    restored = Pmo(tmp_path / "restored")
    restored.ok("restore", str(tmp_path / "backup"))
    assert [e["type"] for e in restored.data("history", "course:ALPHA")] == types("course:ALPHA")
    restored.ok("verify")
    office.ok("person", "erase", "ann@example.org", "--yes")
    office.ok("verify")
