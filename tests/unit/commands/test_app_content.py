"""What comes with a command, and what never enters the log."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import project
from services.commands.app import Meta
from services.commands.directory import note_digest, pseudonym
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.office import ME, PROPOSAL, SECRET, Office


class TestWhatComesWithACommand:
    @pytest.mark.parametrize("actor", ["ann", "ann@example.org", "person:ann", 'system:a"b', "", "system:"])
    def test_an_actor_is_a_pseudonym_or_a_system(self, actor: str) -> None:
        with pytest.raises(BadInput, match="neither person:ID nor system:name"):
            Meta(actor)

    @pytest.mark.parametrize("name", ["command_id", "correlation_id", "causation_id"])
    @pytest.mark.parametrize("value", ["", 'a","actor":"system:root', "a b", "x" * 201, "ü", "a\n"])
    def test_ids_cannot_break_out_of_the_envelope(self, name: str, value: str) -> None:
        with pytest.raises(BadInput, match=name.replace("_", " ")):
            Meta(ME, **{name: value})

    def test_all_of_it_stands_in_the_record(self, office: Office) -> None:
        meta = Meta(
            actor=f"person:{pseudonym(SECRET, 'ann')}",
            command_id="c-1",
            correlation_id="run:7",
            causation_id="import:A/1",
            actor_auth="authenticated",
            reported_at=datetime(2026, 6, 1, tzinfo=UTC),
        )
        office.do("project propose", meta, **PROPOSAL)
        (held,) = office.stored("project:CRANE-7")
        assert (held.actor, held.command_id, held.correlation_id) == (meta.actor, "c-1", "run:7")
        assert (held.causation_id, held.actor_auth, held.reported_at) == (
            "import:A/1",
            "authenticated",
            meta.reported_at,
        )
        assert held.source == "/pmo/test"

    def test_a_command_without_events_changes_nothing(self, office: Office) -> None:
        office.do("project record", project="dam-1", name="Dam")
        office.do("project leave-source", project="dam-1", listing="2026.csv")
        before = office.rows()
        assert office.do("project leave-source", project="dam-1", listing="2026.csv").records == ()
        assert office.rows() == before

    def test_what_does_not_fit_into_a_record_is_refused_in_a_sentence(self, office: Office) -> None:
        requirements = {f"R{n}": "x" * 500 for n in range(600)}
        with pytest.raises(BadInput, match="at most 262144 are allowed; say less"):
            office.do(
                "standard publish",
                standard="big",
                name="Big",
                standard_kind="process",
                edition="1",
                requirements=requirements,
            )
        assert office.app.history("standard:BIG").version == 0

    @pytest.mark.parametrize(
        ("path", "fields", "words"),
        [
            ("project propose", {**PROPOSAL, "unit": "nowhere"}, "There is no unit NOWHERE; 'pmo unit register'"),
            ("project propose", {**PROPOSAL, "contributions": {"growth": 3}}, "There is no goal GROWTH"),
            ("project transfer", {"project": "crane-7", "unit": "nowhere"}, "unit NOWHERE"),
            ("workload allocate", {"person": "ann", "allocation": "a", "project": "crane-7", "first_day": "2026-01-01",
                                   "last_day": "2026-01-02", "weekly_hours": "1"}, "There is no person ann; 'pmo p"),
            ("adoption mandate", {"standard": "risk", "unit": "ops", "due": "2027-01-01"}, "There is no standard RISK"),
            ("training enrol", {"person": "ann", "course": "safety"}, "There is no person ann;"),
            ("survey invite", {"subject": "none", "period": "q1", "invited": {"team-member": 1}}, "project NONE"),
        ],
    )  # fmt: skip
    def test_an_unknown_reference_is_named(
        self, planned: Office, path: str, fields: dict[str, Any], words: str
    ) -> None:
        before = planned.rows()
        with pytest.raises(NotFound, match=words):
            planned.do(path, **fields)
        assert planned.rows() == before


class TestNothingPersonal:
    SECRETS = ("Ann", "Example", "ann@example.org", "storm", "Bob", "bob", "insolvent")

    def test_is_in_the_bytes_that_are_stored(self, planned: Office) -> None:
        planned.do(
            "person join", person="Ann@Example.org", unit="ops", role="Engineer", name="Ann Example",
            email="ann@example.org",
        )  # fmt: skip
        planned.do("project change-manager", project="crane-7", manager="bob")
        planned.do("project hold", project="crane-7", reason="Bob's supplier is insolvent", decided_by="Bob")
        planned.app.void("project:CRANE-7", 3, Meta(ME), "Bob never managed it")
        everything = b"\n".join(value for _, value in planned.rows()).decode()
        assert [word for word in self.SECRETS if re.search(word, everything)] == []
        held = {value for value, _ in planned.directory().values()}
        assert held == {
            "Ann Example",
            "ann@example.org",
            "storm damage",
            "Bob's supplier is insolvent",
            "Bob never managed it",
        }

    def test_a_notes_digest_is_that_of_its_text_and_salt(self, planned: Office) -> None:
        started = planned.stored("project:CRANE-7")[1].event
        assert isinstance(started, project.Started) and started.at_risk
        text, salt = planned.directory()[f"note:{started.at_risk.id}", "text"]
        assert text == "storm damage"
        assert note_digest(salt, text) == started.at_risk.digest
        assert len(salt) == 32

    def test_the_same_text_twice_shows_no_sign_of_it(self, planned: Office) -> None:
        held = [
            planned.do(path, project="crane-7", reason="the same").records[0].event
            for path in ("project hold", "project cancel")
        ]
        notes = [event.model_dump()["reason"] for event in held]
        assert notes[0]["id"] != notes[1]["id"] and notes[0]["digest"] != notes[1]["digest"]

    def test_a_persons_key_in_other_letters_is_the_same_person(self, office: Office) -> None:
        joined = office.do("person join", person="ANN@example.org", unit="ops", role="Engineer")
        moved = office.do("person change-hours", person=" ann@Example.ORG ", weekly_hours="30")
        assert joined.stream == moved.stream == f"person:{pseudonym(SECRET, 'ann@example.org')}"
        by_id = office.do("person change-hours", person=joined.stream, weekly_hours="20")
        assert by_id.stream == joined.stream

    def test_another_workspaces_secret_makes_other_people(self) -> None:
        assert pseudonym("one", "ann") != pseudonym("other", "ann")

    @pytest.mark.parametrize("key", ["", "  ", "person:ann", "person:"])
    def test_a_key_that_is_none_is_refused(self, office: Office, key: str) -> None:
        with pytest.raises(BadInput, match="(?i)person"):
            office.do("person join", person=key, unit="ops", role="Engineer")

    @pytest.mark.parametrize("text", ["", "  \n ", "x" * 16_385])
    def test_an_empty_or_endless_note_is_refused(self, planned: Office, text: str) -> None:
        with pytest.raises(BadInput, match="--reason"):
            planned.do("project hold", project="crane-7", reason=text)
        with pytest.raises(BadInput, match="--reason"):
            planned.app.void("project:CRANE-7", 1, Meta(ME), text)

    def test_a_command_that_is_refused_leaves_no_text_behind(self, planned: Office) -> None:
        before = planned.directory()
        with pytest.raises(Rejected):
            planned.do("project defer", project="crane-7", reason="Ann is ill")
        assert planned.directory() == before


def test_evidence_is_a_uri_or_a_file_with_its_digest(planned: Office, tmp_path: Path) -> None:
    paper = tmp_path / "risk plan.pdf"
    paper.write_bytes(b"plan")
    for where in (str(paper), "https://docs.example/1"):
        planned.do("project request-gate", project="crane-7", gate="g1", evidence=[where])
    requests = [r.event.model_dump()["evidence"][0] for r in planned.stored("project:CRANE-7")[2:]]
    # no folder: it often holds a login
    assert requests[0] == {"uri": "file:risk%20plan.pdf", "digest": hashlib.sha256(b"plan").hexdigest()}
    assert requests[1] == {"uri": "https://docs.example/1", "digest": None}
    with pytest.raises(BadInput, match="neither a file that can be read nor a URI"):
        planned.do("project request-gate", project="crane-7", gate="g1", evidence=["nowhere.pdf"])
