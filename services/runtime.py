"""The only wiring: from settings to the application, the projector and what answers queries."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.errors import Unavailable
from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.app import Governance
    from services.projections.clickhouse import ClickHouse

Progress = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """Takes progress that nobody wants to see."""


@contextmanager
def open_app(settings: Settings) -> "Iterator[Governance]":
    """The application that records commands. Raises Unavailable, in its block too, if the store is damaged or away."""
    import sqlite3

    from eventsourcing.persistence import PersistenceError

    from services.commands.app import Governance
    from services.projections.names import KpiMeasures

    app = Governance(settings, kpis=KpiMeasures(settings.own_kpis))
    try:
        yield app
    except (PersistenceError, sqlite3.DatabaseError) as error:
        hint = "see whether the server is well" if settings.postgres else "restore it from a backup if it is damaged"
        raise Unavailable(
            f"The event store {settings.store_place} cannot be used: {_in_short(error)}; {hint}."
        ) from error
    finally:
        app.close()


def _in_short(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@contextmanager
def open_reader(settings: Settings, progress: Progress = quiet) -> "Iterator[ClickHouse]":
    """What answers queries: the server, the endpoint of a running ``pmo up``, or the embedded engine caught up."""
    from services.projections.clickhouse import ClickHouse

    url = settings.clickhouse or endpoint_url(settings)
    if url is None:
        from services.projections.schema import connect

        try:
            clickhouse = connect(settings)
        except Unavailable:
            # whoever held the folder may be a 'pmo up' that has come to answer meanwhile
            url = endpoint_url(settings)
            if url is None:
                raise
        else:
            from services.catch_up import catch_up

            with clickhouse, open_app(settings) as app:
                catch_up(app, clickhouse, progress)
                yield clickhouse
            return
    from services.projections.schema import check_tables

    with ClickHouse.server(url, create=False) as clickhouse:
        check_tables(clickhouse, settings.workspace_id)
        yield clickhouse


def brokers(settings: Settings) -> str:
    """Where Kafka answers: as set, else the broker that a running ``pmo up`` started; empty if there is none."""
    if settings.kafka or endpoint_url(settings) is None:
        return settings.kafka
    try:
        return str(json.loads(settings.endpoint_file.read_text()).get("kafka") or "")
    except (OSError, ValueError):
        # it has just ended
        return ""


def endpoint_url(settings: Settings) -> str | None:
    """Where a running ``pmo up`` answers queries; None if none is running."""
    import os

    from services.projections.clickhouse import is_held

    try:
        said = json.loads(settings.endpoint_file.read_text())
        pid, url = int(said["pid"]), str(said["url"])
        os.kill(pid, 0)
    except (OSError, OverflowError, ValueError, TypeError, KeyError):
        return None
    # left behind by one that was killed, its number may by now be somebody else's, but the folder is not
    return url if is_held(settings.clickhouse_path) else None
