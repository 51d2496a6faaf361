"""The only wiring: from settings to the application, the projector and what answers queries."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.app import Governance
    from services.projections.clickhouse import ClickHouse

Progress = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """Takes progress that nobody wants to see."""


@contextmanager
def open_app(settings: Settings) -> "Iterator[Governance]":
    """The application that records commands."""
    from services.commands.app import Governance

    app = Governance(settings)
    try:
        yield app
    finally:
        app.close()


@contextmanager
def open_reader(settings: Settings, progress: Progress = quiet) -> "Iterator[ClickHouse]":
    """What answers queries: the server, the endpoint of a running ``pmo up``, or the embedded engine caught up."""
    from services.projections.clickhouse import ClickHouse

    running = None if settings.clickhouse else endpoint_url(settings)
    if settings.clickhouse or running:
        with ClickHouse.server(settings.clickhouse or str(running), create=False) as clickhouse:
            yield clickhouse
        return
    from services.catch_up import catch_up
    from services.projections.schema import connect

    with connect(settings) as clickhouse, open_app(settings) as app:
        catch_up(app, clickhouse, progress)
        yield clickhouse


def endpoint_url(settings: Settings) -> str | None:
    """Where a running ``pmo up`` answers queries; None if none is running."""
    import os

    try:
        said = json.loads(settings.endpoint_file.read_text())
        os.kill(int(said["pid"]), 0)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        # left behind by one that was killed; its number may by now be somebody else's
        return None
    return str(said["url"])
