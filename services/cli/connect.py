"""``pmo connect``: how other programs read the figures, and which views they find."""

from typing import Any
from urllib.parse import urlsplit

import click

from services.cli import output
from services.cli.output import Column
from services.errors import Unavailable
from services.settings import Settings

_VIEWS = (Column("view", "view", identifier=True), Column("what it shows", "meaning"))


@click.command(
    epilog="""\b
Examples:
  pmo connect
  pmo connect --views
  pmo connect --json"""
)
@click.option("--views", is_flag=True, help="List every view with what it shows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; the views are in it.")
def connect(views: bool, as_json: bool) -> None:
    """Say how Power BI, Tableau, Grafana, Excel or DBeaver reach the figures; on a server, make the views for them.

    Where PMO_CLICKHOUSE is set they connect to that server; otherwise to a running 'pmo up' that was started with
    PMO_ENDPOINT_TOKEN set. The token itself is never printed.
    """
    from services.projections.analysis import listed

    settings = Settings.load()
    place = _server(settings) if settings.clickhouse else _endpoint(settings)
    found = [{"view": name, "meaning": meaning} for name, meaning in listed(settings)]
    if as_json:
        output.as_json({**place, "views": found})
        return
    for name, value in place.items():
        click.echo(f"{name:9} {value}")
    if views:
        output.table("Views", _VIEWS, found)
    else:
        click.echo(f"{output.counted(len(found), 'view')} there, named in the view 'about'; --views lists them.")


def _server(settings: Settings) -> dict[str, Any]:
    from services.projections.analysis import database_of, offer
    from services.projections.clickhouse import ClickHouse
    from services.projections.schema import check_tables

    with ClickHouse.server(settings.clickhouse, create=False) as clickhouse:
        check_tables(clickhouse, settings.workspace_id)
        offer(clickhouse, settings)
        parts = urlsplit(settings.clickhouse)
        return _place(parts.hostname, parts.port, database_of(clickhouse), "one of your server's", "that user's")


def _endpoint(settings: Settings) -> dict[str, Any]:
    from services.projections.analysis import SUFFIX
    from services.projections.clickhouse import DATABASE
    from services.runtime import endpoint_url
    from services.web.endpoint import USER, is_open

    url = endpoint_url(settings)
    if url is None:
        raise Unavailable(
            "Nothing answers queries now: start 'pmo up --port 8123' with PMO_ENDPOINT_TOKEN set, "
            "or set PMO_CLICKHOUSE."
        )
    if not is_open(settings):
        raise Unavailable(
            "The running 'pmo up' answers only the pmo of this machine: start it with PMO_ENDPOINT_TOKEN set "
            "to 16 characters or more."
        )
    parts = urlsplit(url)
    return _place(parts.hostname, parts.port, f"{DATABASE}{SUFFIX}", USER, "that of PMO_ENDPOINT_TOKEN")


def _place(host: str | None, port: int | None, database: str, user: str, password: str) -> dict[str, Any]:
    return {
        "protocol": "ClickHouse over HTTP",
        "host": host,
        "port": port or 8123,
        "database": database,
        "user": user,
        "password": password,
    }
