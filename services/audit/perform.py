"""An audit performed: the controls are run, and that they were is recorded, also where nothing was found.

One that looks at the present raises a finding for each event that activated an occasion against its control, and cures
those whose occasions are all in order again. All of it is written in one transaction.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from schemas import assurance as events
from schemas import governance
from schemas.event import in_milliseconds, rfc3339
from schemas.streams import stream_id
from services.audit.places import DETAIL, Place, by_place
from services.audit.publishing import CONTROLS, Scribe, out_of_use, published, retired
from services.audit.run import EXCEPTIONS, Occasion, checks
from services.commands.app import Governance, Outcome, UnitOfWork
from services.commands.assurance import CureFinding, PerformAudit, RaiseFinding
from services.errors import BadInput
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.findings import STANDING, findings
from services.projections.scope import Scope

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """An audit that was recorded in the stream `audit`; `scope` says as of when and known at when it looked.

    `published` counts the definitions that were new or had other words, `retired` names the controls that are no longer
    in force, `changes` what became of each control's findings: how many were raised, reopened, cured, closed with it.
    """

    audit: str
    scope: Scope
    position: int
    occasions: Mapping[str, Sequence[Occasion]]
    results_digest: str
    published: int
    retired: tuple[str, ...]
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

    @property
    def closed(self) -> int:
        """Findings whose control is no longer in force."""
        return self._sum("closed")

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
    in_force: Collection[str] | None = None,
) -> Run:
    """Runs the controls and records the audit; everything up to `position` must be projected before.

    `also` is called in the transaction with the audit's own outcome. Published controls that are not among those
    `in_force` are retired; None retires none. Raises BadInput for a time that has not come.
    """
    now = in_milliseconds(app.clock())
    if scope.as_of > now.astimezone(scope.zone).date() or (scope.known_at is not None and scope.known_at > now):
        raise BadInput("An audit cannot look at a time that has not come; give an earlier day or time.")
    present = is_present(scope, now)
    # fixed, so that the same question can be asked again later
    scope = replace(scope, known_at=in_milliseconds(scope.known_at or now))
    gone = [] if in_force is None else out_of_use(app, CONTROLS, in_force)
    seen = _look(clickhouse, controls, gone, scope, progress, present=present)
    results_digest = digest_of(occasion for occasions in seen.occasions.values() for occasion in occasions)
    unique = hashlib.sha256(f"{results_digest} {app.clock().isoformat()}".encode()).hexdigest()[:8].upper()
    audit = f"{now.astimezone(scope.zone).date()}-{unique}"

    def recorded(unit: UnitOfWork) -> Run:
        scribe = Scribe(app, unit, actor, audit)
        new_words = sum(published(scribe, CONTROLS, control.id, control) for control in controls)
        no_more = tuple(control for control in gone if retired(scribe, CONTROLS, control))
        changes = {control.id: _followed_up(scribe, control, seen) if present else Counter() for control in controls}
        changes |= {control: _closed(scribe, control, seen) for control in gone}
        fields = _performed(audit, controls, scope, position, seen.occasions, results_digest)
        outcome = scribe.issue(PerformAudit, fields, audit)
        also(unit, outcome)
        return Run(outcome.stream, scope, position, seen.occasions, results_digest, new_words, no_more, changes)

    return app.transact(recorded)


def digest_of(occasions: Iterable[Occasion]) -> str:
    """SHA-256 of all occasions as sorted JSON: the same results, the same digest."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
    lines = sorted(orjson.dumps(occasion, option=options) for occasion in occasions)
    return hashlib.sha256(b"[" + b",".join(lines) + b"]").hexdigest()


def _look(
    clickhouse: ClickHouse,
    controls: Sequence[Control],
    gone: Sequence[str],
    scope: Scope,
    progress: Progress,
    *,
    present: bool,
) -> _Seen:
    occasions = checks(clickhouse, controls, scope, progress=progress)
    if not present:
        return _Seen(occasions, {}, [])
    standing = findings(clickhouse, scope, STANDING, [*occasions, *gone])
    elsewhere: dict[str, list[Occasion]] = {}
    if scope.unit is not None:
        # a project that moved to another unit has its occasions there now: they are not gone
        places = {control: by_place(found) for control, found in occasions.items()}
        moved = {f["control"] for f in standing if _place(f) not in places.get(f["control"], {_place(f)})}
        whole = replace(scope, unit=None)
        elsewhere = checks(clickhouse, [control for control in controls if control.id in moved], whole)
    return _Seen(occasions, elsewhere, standing)


def _closed(scribe: Scribe, control: str, seen: _Seen) -> Counter[str]:
    """Closes what stands of a retired control; the evidence is the event that retired it, which says why."""
    state = scribe.unit.state(stream_id("control", control))
    words, retirement = state.record(*CONTROLS.words), state.record(governance.ControlRetired)
    assert (
        words is not None
        and isinstance(words.event, governance.ControlPublished | governance.ControlRevised)
        and retirement is not None
    )
    done: Counter[str] = Counter()
    for finding in seen.standing:
        if finding["control"] == control:
            fields = {
                **_about(scribe, control, words.event.digest, *_place(finding)),
                "evidence": (retirement.event_id,),
                "result": "not-activated",
            }
            done["closed"] += len(scribe.step(CureFinding, fields, retirement.event_id, *_place(finding)).records)
    return done


def _followed_up(scribe: Scribe, control: Control, seen: _Seen) -> Counter[str]:
    """Raises, reopens and cures the control's findings; gives how many of each."""
    done: Counter[str] = Counter()
    occasions = by_place(seen.occasions[control.id])
    for occasion in occasions.values():
        if occasion.result in EXCEPTIONS:
            done += _raised(scribe, control, occasion)
        if occasion.result == "cured late":
            # on record, and open to nobody: there is nothing left to do about it
            done += _cured(scribe, control, {"subject": occasion.subject, "activating": occasion.activating}, occasion)
    known = {**by_place(seen.elsewhere.get(control.id, [])), **occasions}
    for finding in seen.standing:
        if finding["control"] == control.id:
            done += _cured(scribe, control, finding, known.get(_place(finding)))
    return done


def _raised(scribe: Scribe, control: Control, occasion: Occasion) -> Counter[str]:
    fields = {
        **_about(scribe, control.id, control.digest, occasion.subject, occasion.activating),
        "evidence": occasion.evidence,
        "unit": occasion.unit or None,
        "severity": control.severity,
        "result": _written(occasion.result),
        "due": occasion.due,
        "detail": occasion.detail[:DETAIL] or None,
    }
    outcome = scribe.step(RaiseFinding, fields, control.digest, occasion.subject, occasion.activating)
    again = any(isinstance(record.event, events.FindingReopened) for record in outcome.records)
    return Counter({"reopened" if again else "raised": len(outcome.records)})


def _cured(scribe: Scribe, control: Control, finding: Mapping[str, Any], occasion: Occasion | None) -> Counter[str]:
    result = occasion.result if occasion else "not activated"
    place = _place(finding)
    if result == "violated":
        return Counter()
    fields = {
        **_about(scribe, control.id, control.digest, *place),
        "evidence": occasion.evidence if occasion else (),
        "result": _written(result),
    }
    return Counter({"cured": len(scribe.step(CureFinding, fields, control.digest, *place).records)})


def _about(scribe: Scribe, control: str, digest: str, subject: str, activating: str) -> dict[str, Any]:
    return {
        "control": control,
        "subject": subject,
        "activating": activating,
        "control_digest": digest,
        "audit": scribe.cause,
    }


def _place(finding: Mapping[str, Any]) -> Place:
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
