"""An audit performed: the controls are run, and that they were is recorded, also where nothing was found.

One that looks at the present raises a finding for each occasion that went against its control, and cures those whose
occasion is in order again. All of it is written in one transaction.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from schemas import assurance as events
from schemas.event import in_milliseconds, rfc3339
from services.audit.run import EXCEPTIONS, Occasion, check
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.assurance import CureFinding, PerformAudit, PublishControl, RaiseFinding
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.findings import STANDING, findings
from services.projections.scope import Scope
from services.projections.templates import RESULTS

Progress = Callable[[int, int], None]
_DETAIL = 500
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """An audit that was recorded in the stream `audit`; `scope` says as of when and known at when it looked.

    `published` counts the definitions that were new or had other words, `changes` what became of each control's
    findings: how many were raised, reopened and cured.
    """

    audit: str
    scope: Scope
    position: int
    occasions: Mapping[str, Sequence[Occasion]]
    results_digest: str
    published: int
    changes: Mapping[str, Counter[str]]

    @property
    def exceptions(self) -> int:
        """Occasions that were violated, or cured late."""
        return sum(o.result in EXCEPTIONS for occasions in self.occasions.values() for o in occasions)

    @property
    def raised(self) -> int:
        """Findings raised."""
        return self._sum("raised")

    @property
    def reopened(self) -> int:
        """Findings that stand again."""
        return self._sum("reopened")

    @property
    def cured(self) -> int:
        """Findings whose occasion is in order, or gone."""
        return self._sum("cured")

    def _sum(self, change: str) -> int:
        return sum(changes[change] for changes in self.changes.values())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the controls found; `elsewhere` beyond the scope's unit. `standing` are the findings that stood before."""

    occasions: dict[str, list[Occasion]]
    elsewhere: dict[str, list[Occasion]]
    standing: list[dict[str, Any]]


def is_present(scope: Scope, now: datetime) -> bool:
    """Whether the scope is about today with all that is known, so that an audit of it raises and cures findings."""
    return scope.known_at is None and scope.as_of == now.astimezone(scope.zone).date()


def perform(
    app: Governance,
    clickhouse: ClickHouse,
    controls: Sequence[Control],
    scope: Scope,
    actor: str,
    position: int,
    progress: Progress = lambda done, total: None,
    also: Callable[[UnitOfWork, Outcome], None] = lambda unit, outcome: None,
) -> Run:
    """Runs the controls and records the audit; everything up to `position` must be projected before.

    `also` is called in the transaction with the audit's own outcome. Raises BadInput for a time that has not come.
    """
    now = in_milliseconds(app.clock())
    if scope.as_of > now.astimezone(scope.zone).date() or (scope.known_at is not None and scope.known_at > now):
        raise BadInput("An audit cannot look at a time that has not come; give an earlier day or time.")
    present = is_present(scope, now)
    # fixed, so that the same question can be asked again later
    scope = replace(scope, known_at=in_milliseconds(scope.known_at or now))
    seen = _look(clickhouse, controls, scope, progress, present=present)
    results_digest = digest_of(occasion for occasions in seen.occasions.values() for occasion in occasions)
    unique = hashlib.sha256(f"{results_digest} {app.clock().isoformat()}".encode()).hexdigest()[:8].upper()
    audit = f"{now.astimezone(scope.zone).date()}-{unique}"

    def recorded(unit: UnitOfWork) -> Run:
        scribe = _Scribe(app, unit, actor, audit)
        published = sum(_published(scribe, control) for control in controls)
        changes = {control.id: _followed_up(scribe, control, seen) if present else Counter() for control in controls}
        fields = _performed(audit, controls, scope, position, seen.occasions, results_digest)
        outcome = scribe.issue(PerformAudit, fields, audit)
        also(unit, outcome)
        return Run(outcome.stream, scope, position, seen.occasions, results_digest, published, changes)

    return app.transact(recorded)


def digest_of(occasions: Iterable[Occasion]) -> str:
    """SHA-256 of all occasions as sorted JSON: the same results, the same digest."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
    lines = sorted(orjson.dumps(occasion, option=options) for occasion in occasions)
    return hashlib.sha256(b"[" + b",".join(lines) + b"]").hexdigest()


def _look(
    clickhouse: ClickHouse, controls: Sequence[Control], scope: Scope, progress: Progress, *, present: bool
) -> _Seen:
    occasions: dict[str, list[Occasion]] = {}
    for number, control in enumerate(controls, 1):
        occasions[control.id] = check(clickhouse, control, scope)
        progress(number, len(controls))
    if not present:
        return _Seen(occasions, {}, [])
    standing = findings(clickhouse, scope, STANDING, list(occasions))
    elsewhere: dict[str, list[Occasion]] = {}
    if scope.unit is not None:
        # a project that moved to another unit has its occasions there now: they are not gone
        gone = {f["control"] for f in standing if _place(f) not in _by_place(occasions[f["control"]])}
        whole = replace(scope, unit=None)
        elsewhere = {control.id: check(clickhouse, control, whole) for control in controls if control.id in gone}
    return _Seen(occasions, elsewhere, standing)


class _Scribe:
    """Issues the commands of one audit in one unit of work."""

    def __init__(self, app: Governance, unit: UnitOfWork, actor: str, audit: str) -> None:
        self.unit = unit
        self._secret = app.settings.secret.get_secret_value()
        self._actor = actor
        self.audit = audit

    def issue(self, command_class: type[Command], fields: Mapping[str, Any], *transition: object) -> Outcome:
        """Decides one command, under an id that the same transition always has."""
        said = "\n".join(map(str, (command_class.path, *transition)))
        command_id = hashlib.sha256(said.encode()).hexdigest()
        meta = Meta(actor=self._actor, command_id=command_id, correlation_id=self.audit)
        return self.unit.handle(Intake(self._secret).prepare(command_class, fields, meta.said()), meta)

    def step(self, command_class: type[Command], fields: Mapping[str, Any], *about: object) -> Outcome:
        """The same, where the transition begins at the stream's present version, as it may happen again and again."""
        stream = command_class.model_construct(None, **fields).stream()
        return self.issue(command_class, fields, *about, self.unit.history(stream).version)


def _published(scribe: _Scribe, control: Control) -> bool:
    fields = {
        "control": control.id,
        "title": control.title,
        "definition": control.text,
        "definition_version": control.version,
        "digest": control.digest,
    }
    outcome = scribe.step(PublishControl, fields, control.digest)
    return bool(outcome.records) and not outcome.repeated


def _followed_up(scribe: _Scribe, control: Control, seen: _Seen) -> Counter[str]:
    """Raises, reopens and cures the control's findings; gives how many of each."""
    done: Counter[str] = Counter()
    occasions = _by_place(seen.occasions[control.id])
    for occasion in occasions.values():
        if occasion.result in EXCEPTIONS:
            done += _raised(scribe, control, occasion)
        if occasion.result == "cured late":
            # on record, and open to nobody: there is nothing left to do about it
            done += _cured(scribe, control, {"subject": occasion.subject, "activating": occasion.activating}, occasion)
    known = {**_by_place(seen.elsewhere.get(control.id, [])), **occasions}
    for finding in seen.standing:
        if finding["control"] == control.id:
            done += _cured(scribe, control, finding, known.get(_place(finding)))
    return done


def _raised(scribe: _Scribe, control: Control, occasion: Occasion) -> Counter[str]:
    fields = {
        **_about(scribe, control, occasion.subject, occasion.activating),
        "evidence": occasion.evidence,
        "unit": occasion.unit or None,
        "severity": control.severity,
        "result": _written(occasion.result),
        "due": occasion.due,
        "detail": occasion.detail[:_DETAIL] or None,
    }
    outcome = scribe.step(RaiseFinding, fields, control.digest, occasion.subject, occasion.activating)
    again = any(isinstance(record.event, events.FindingReopened) for record in outcome.records)
    return Counter({"reopened" if again else "raised": len(outcome.records)})


def _cured(scribe: _Scribe, control: Control, finding: Mapping[str, Any], occasion: Occasion | None) -> Counter[str]:
    result = occasion.result if occasion else "not activated"
    place = _place(finding)
    if result == "violated":
        return Counter()
    fields = {
        **_about(scribe, control, *place),
        "evidence": occasion.evidence if occasion else (),
        "result": _written(result),
    }
    return Counter({"cured": len(scribe.step(CureFinding, fields, control.digest, *place).records)})


def _about(scribe: _Scribe, control: Control, subject: str, activating: str) -> dict[str, Any]:
    return {
        "control": control.id,
        "subject": subject,
        "activating": activating,
        "control_digest": control.digest,
        "audit": scribe.audit,
    }


def _by_place(occasions: Iterable[Occasion]) -> dict[_Place, Occasion]:
    """The occasions by subject and activating event; of several that one event activated, the worst."""
    places: dict[_Place, Occasion] = {}
    for occasion in occasions:
        place = (occasion.subject, occasion.activating)
        if place not in places or RESULTS.index(occasion.result) > RESULTS.index(places[place].result):
            places[place] = occasion
    return places


def _place(finding: Mapping[str, Any]) -> _Place:
    return finding["subject"], finding["activating"]


def _counts(occasions: Sequence[Occasion]) -> dict[str, int]:
    counts = Counter(occasion.result for occasion in occasions)
    return {
        "population": len(occasions) - counts["no evidence"],
        "exceptions": sum(counts[result] for result in EXCEPTIONS),
        "without_evidence": counts["no evidence"],
    }


def _performed(
    audit: str,
    controls: Sequence[Control],
    scope: Scope,
    position: int,
    by_control: Mapping[str, Sequence[Occasion]],
    results_digest: str,
) -> dict[str, Any]:
    occasions = [occasion for each in by_control.values() for occasion in each]
    counts = Counter(occasion.result for occasion in occasions)
    assert scope.known_at is not None
    return {
        "audit_id": audit,
        "controls": {control.id: control.digest for control in controls},
        "unit": scope.unit,
        "as_of": scope.as_of,
        "known_at": rfc3339(scope.known_at),
        "basis": scope.basis,
        "time_zone": str(scope.zone),
        "position": position,
        "population": len(occasions) - counts["no evidence"],
        "exceptions": sum(counts[result] for result in EXCEPTIONS),
        "without_evidence": counts["no evidence"],
        "incomplete": len({occasion.subject for occasion in occasions if occasion.incomplete}),
        "by_control": {control: _counts(found) for control, found in by_control.items()},
        "results_digest": results_digest,
    }


def _written(result: str) -> str:
    return result.replace(" ", "-")
