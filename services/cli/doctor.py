"""Whether the workspace, and what it needs, is in order."""

import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from services.cli import output
from services.cli.output import Column
from services.errors import PmoError, Unavailable
from services.settings import WORKSPACE_FILE, Settings

_LOCK_WAIT_S = 1.0
_COLUMNS = (Column("", "state"), Column("", "what"), Column("", "finding"))


class Finding(NamedTuple):
    """One thing that was looked at: `state` is ok, warning or failed."""

    what: str
    state: str
    finding: str


@click.command(
    epilog="""\b
Example:
  pmo doctor --json"""
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check the workspace and what it needs; ends with 7 if something that it needs is missing."""
    settings = Settings.load()
    findings = [found for look in _LOOKS for found in _tried(look, settings)]
    if as_json:
        output.as_json([finding._asdict() for finding in findings])
    else:
        output.table("", _COLUMNS, [finding._asdict() for finding in findings])
    failed = [finding.what for finding in findings if finding.state == "failed"]
    if failed:
        raise Unavailable(f"{', '.join(failed)}: not in order, see above.")


def _tried(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except PmoError as error:
        yield Finding(look.__name__.strip("_").replace("_", " "), "failed", str(error))


def _workspace(settings: Settings) -> Iterator[Finding]:
    kind = ", simulated" if settings.simulated else ""
    yield Finding(
        "workspace",
        "ok",
        f"{settings.organisation} in {settings.home} ({settings.time_zone}, {settings.currency}{kind})",
    )
    mode = stat.S_IMODE((settings.home / WORKSPACE_FILE).stat().st_mode)
    if mode & 0o077:
        file = settings.home / WORKSPACE_FILE
        yield Finding("workspace", "warning", f"others can read the secret in {file}; run 'chmod 600 {file}'")


def _event_store(settings: Settings) -> Iterator[Finding]:
    from services.runtime import open_app

    with open_app(settings) as app:
        events, streams = app.store.counts()
    counts = f"{output.counted(events, 'event')} in {output.counted(streams, 'stream')}"
    yield Finding("event store", "ok", f"{counts}, {settings.store_place}")


def _clickhouse(settings: Settings) -> Iterator[Finding]:
    from services.projections.schema import connect
    from services.runtime import endpoint_url, open_app

    if running := endpoint_url(settings):
        # without the token that stands in the address
        yield Finding("clickhouse", "ok", f"'pmo up' answers at {urlsplit(running).netloc.rpartition('@')[2]}")
        return
    with connect(settings, wait=_LOCK_WAIT_S) as clickhouse:
        yield Finding("clickhouse", "ok", f"{clickhouse.where}, version {clickhouse.version}")
        from services.catch_up import landed_position
        from services.projections.projector import Projector

        with open_app(settings) as app:
            behind = (app.store.max_notification_id() or 0) - landed_position(app, Projector(clickhouse))
    if behind:
        yield Finding("clickhouse", "ok", f"{output.counted(behind, 'event')} behind; the next query catches up")


def _kafka(settings: Settings) -> Iterator[Finding]:
    from services import broker, bus
    from services.runtime import endpoint_url

    if settings.kafka:
        bus.check(settings.kafka)
        yield Finding("kafka", "ok", f"{settings.kafka} answers")
    elif endpoint_url(settings):
        yield _brokers_finding(settings)
    elif reason := broker.why_not():
        yield Finding("kafka", "warning", reason)
    else:
        yield Finding("kafka", "ok", "none set; 'pmo up' can start a local one")


def _brokers_finding(settings: Settings) -> Finding:
    """Of the broker that the running ``pmo up`` started, if it did."""
    from services import bus
    from services.runtime import brokers

    started = brokers(settings)
    if not started:
        return Finding("kafka", "ok", "none; what runs lands events without it")
    bus.check(started)
    return Finding("kafka", "ok", f"{started} answers, started by 'pmo up'")


def _transport(settings: Settings) -> Iterator[Finding]:
    from services.health import status

    for what, well, finding in status(settings):
        if what in ("relay", "worker"):
            yield Finding(what, "ok" if well else "warning", finding)


_LOOKS = (_workspace, _event_store, _clickhouse, _kafka, _transport)
