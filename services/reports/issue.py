"""Issuing a report, and computing it again: the same digest, or which definitions and which figures are others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.governance import ReportIssued
from schemas.streams import stream_id
from services.audit.publishing import KPIS, Scribe, out_of_use, published, retired
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.assurance import IssueReport
from services.commands.intake import Intake, Prepared
from services.errors import NotFound, Unavailable, did_you_mean
from services.projections.kpi import Kpi
from services.projections.scope import Scope
from services.reports.gather import scope_of_pack
from services.reports.pack import Difference, Pack, canonical, differences, digest_of
from services.settings import Settings

FOLDER = "reports"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What computing a report again shows; `figures` is None where those issued are not kept any more."""

    report: str
    issued: ReportIssued
    digest: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    figures: tuple[Difference, ...] | None

    @property
    def same(self) -> bool:
        """Whether the figures are those that were issued."""
        return self.digest == self.issued.figures_digest


@dataclass(frozen=True, slots=True)
class Published:
    """What an issue did to the log's KPI definitions: how many have other words than before, and which are retired."""

    kpis: int
    retired: tuple[str, ...]


def issue(
    app: Governance, pack: Pack, kpis: Mapping[str, Kpi], report: str, title: str, audience: str, meta: Meta
) -> Published:
    """Records that the report was given to somebody, and keeps its figures in the workspace.

    The definitions that it names by their digests are published with it where the log does not have these words.
    Raises Rejected if it was issued with other figures for the same question.
    """
    prepared = _prepared(app.settings, pack.scope, report, title, audience, pack.digest, pack.definitions, meta)
    gone = out_of_use(app, KPIS, kpis)

    def recorded(unit: UnitOfWork) -> Published:
        scribe = Scribe(app, unit, meta.actor, report)
        new_words = sum(published(scribe, KPIS, kpi.name, kpi) for kpi in kpis.values())
        no_more = tuple(name for name in gone if retired(scribe, KPIS, name))
        unit.handle(prepared, replace(meta, correlation_id=report))
        return Published(new_words, no_more)

    found = app.transact(recorded)
    _keep(app.settings.home, report, pack)
    return found


def check_words(settings: Settings, scope: Scope, report: str, title: str, audience: str) -> None:
    """Raises BadInput for an id, a title or an audience that can't be recorded, before anything is gathered."""
    _prepared(settings, scope_of_pack(scope), report, title, audience, "0" * 64, {}, Meta(actor="system:report"))


def _prepared(
    settings: Settings,
    scope: Mapping[str, object],
    report: str,
    title: str,
    audience: str,
    digest: str,
    definitions: Mapping[str, str],
    meta: Meta,
) -> Prepared:
    fields = {
        "report_id": report,
        "title": title,
        "audience": audience,
        **{name: scope[name] for name in ("unit", "as_of", "known_at", "basis", "currency", "time_zone")},
        "figures_digest": digest,
        "definitions": dict(definitions),
    }
    return Intake(settings.secret.get_secret_value()).prepare(IssueReport, fields, meta.said())


def default_id(pack: Pack) -> str:
    """``2026-06-30-3F2A91C0``: the day, and what tells it from others of that day."""
    return f"{pack.scope['as_of']}-{pack.digest[:8].upper()}"


def issued(app: Governance, report: str) -> ReportIssued:
    """The last issue of a report. Raises NotFound with the nearest ids."""
    import difflib

    code = report.upper()
    found = UnitOfWork(app).state(stream_id("report", code)).last(ReportIssued)
    if found is None:
        near = difflib.get_close_matches(code, app.store.keys("report"), n=3, cutoff=0.4)
        hint = did_you_mean(near, "'pmo report list' shows those that were issued.")
        raise NotFound(f"There is no report {report}; {hint}")
    return found


def scope_of_issue(app: Governance, report: ReportIssued) -> Scope:
    """The question that the report answered."""
    return Scope(
        # a stored event's fields are as they stand in its JSON
        as_of=date.fromisoformat(str(report.as_of)),
        zone=ZoneInfo(report.time_zone),
        known_at=datetime.fromisoformat(str(report.known_at)),
        basis=report.basis,
        unit=report.unit,
        currency=report.currency,
    )


def verdict(app: Governance, code: str, report: ReportIssued, pack: Pack) -> Verdict:
    """Compares what was issued with what was computed again."""
    then, now = dict(report.definitions), dict(pack.definitions)
    kept = _kept(app.settings.home, code, report.figures_digest)
    return Verdict(
        report=code.upper(),
        issued=report,
        digest=pack.digest,
        changed=tuple(sorted(name for name in then if name in now and then[name] != now[name])),
        added=tuple(sorted(set(now) - set(then))),
        gone=tuple(sorted(set(then) - set(now))),
        figures=None if kept is None else tuple(differences(kept, pack.figures(), pack.keys())),
    )


def _file(home: Path, report: str) -> Path:
    return home / FOLDER / f"{report.upper()}.json"


def _keep(home: Path, report: str, pack: Pack) -> None:
    file = _file(home, report)
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        # written beside and renamed, so that no half of it ever stands there
        beside = file.with_suffix(".part")
        beside.write_text(pack.text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written ({error.strerror}); correct the folder's rights.") from None


def _kept(home: Path, report: str, digest: str) -> Mapping[str, Any] | None:
    """The figures as issued; None if the file is gone, or is not what was issued."""
    try:
        text = _file(home, report).read_text(encoding="utf-8")
        kept = json.loads(text)
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and digest_of(canonical(kept)) == digest else None
