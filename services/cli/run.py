"""What goes on running: all of it on one machine, or the relay and the worker alone; and the rebuild of all tables."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from services.cli import output
from services.errors import BadInput, Unavailable
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.rebuilding import Entries, Values

_metrics_option = click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Serve figures for Prometheus on the loopback interface at this port; 0 takes any. By default not at all.",
)


@click.command(
    epilog="""\b
Example:
  pmo up
  pmo up --embedded
  PMO_ENDPOINT_TOKEN=sixteen-or-more-characters pmo up --port 8123"""
)
@click.option("--embedded", is_flag=True, help="Without Kafka: events go straight from the store into ClickHouse.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where queries are answered; by default any.")
@click.option(
    "--host", default="127.0.0.1", help="At which address queries are answered; elsewhere than here by a token only."
)
@click.option(
    "--web-port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where the dashboard is served."
)
@click.option(
    "--web-host", default="127.0.0.1", help="At which address it is served; elsewhere only with PMO_WEB_TOKEN."
)
@click.option("--web/--no-web", default=True, help="With the dashboard or without; by default with it.")
@_metrics_option
def up(embedded: bool, port: int, host: str, web_port: int, web_host: str, web: bool, metrics_port: int | None) -> None:
    """Run everything on this machine until Ctrl-C: a broker, relay and worker, ClickHouse's endpoint, the dashboard.

    Without Java, or with --embedded, it runs without Kafka and says so. Other commands go on working meanwhile.
    """
    from services.up import Web
    from services.up import up as run_up

    settings = Settings.load()
    with output.progress("Catching up") as progress:
        run_up(
            settings,
            embedded=embedded,
            say=click.echo,
            progress=progress,
            endpoint_port=port,
            endpoint_host=host,
            metrics_port=metrics_port,
            web=Web(web_host, web_port) if web else None,
        )


@click.command(
    epilog="""\b
Example:
  pmo web
  PMO_CLICKHOUSE=http://default@clickhouse:8123/pmo pmo web --port 8090
  PMO_WEB_TOKEN=sixteen-or-more-characters pmo web --host 0.0.0.0"""
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where it is served.")
@click.option("--host", default="127.0.0.1", help="At which address; elsewhere than on this machine only with a token.")
def web(port: int, host: str) -> None:
    """Serve the dashboard alone, until Ctrl-C: on a ClickHouse server, or beside a running 'pmo up'.

    Where neither is, it follows the store by itself, as 'pmo up --embedded' does.
    """
    from services.up import Web, run_web

    settings = Settings.load()
    with output.progress("Catching up") as progress:
        run_web(settings, Web(host, port), say=click.echo, progress=progress)


@click.command(
    epilog="""\b
Example:
  PMO_KAFKA=broker:9092 pmo relay --metrics-port 9101"""
)
@click.option("--once", is_flag=True, help="Send what is there now, and end.")
@_metrics_option
def relay(once: bool, metrics_port: int | None) -> None:
    """Send recorded events to Kafka, in order, until Ctrl-C; a second relay waits and takes over."""
    from services.up import run_relay

    settings = Settings.load()
    with output.progress("Sending") as progress:
        sent = run_relay(settings, once=once, say=click.echo, progress=progress, metrics_port=metrics_port)
    if once:
        click.echo(f"{output.counted(sent, 'event')} sent to {settings.kafka}")


@click.command(
    epilog="""\b
Example:
  PMO_KAFKA=broker:9092 PMO_CLICKHOUSE=http://default@clickhouse:8123/pmo pmo worker"""
)
@_metrics_option
def worker(metrics_port: int | None) -> None:
    """Land Kafka's events in ClickHouse until Ctrl-C; there may be as many workers as partitions."""
    from services.up import run_worker

    settings = Settings.load()
    with output.progress("Catching up") as progress:
        run_worker(settings, say=click.echo, progress=progress, metrics_port=metrics_port)


@click.command(
    epilog="""\b
Example:
  pmo rebuild
  pmo rebuild --from store
  pmo rebuild project_events unit_events"""
)
@click.argument("tables", metavar="[TABLE]...", nargs=-1)
@click.option(
    "--from",
    "source",
    type=click.Choice(("events", "store", "kafka")),
    default="events",
    show_default=True,
    help="Out of what: the events that have landed, or those too anew from the event store or from Kafka.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rebuild(tables: tuple[str, ...], source: str, as_json: bool) -> None:
    """Fill every table anew, or these, while queries and workers go on: the old one answers until the new one is whole.

    An embedded ClickHouse is held by a running 'pmo up': stop that first, and start it again afterwards.
    """
    from services.projections import rebuilding, schema
    from services.runtime import endpoint_url

    settings = Settings.load()
    if not settings.clickhouse and endpoint_url(settings):
        raise Unavailable("'pmo up' holds the embedded ClickHouse: stop it, run 'pmo rebuild', and start it again.")
    if tables and source != "events":
        raise BadInput(f"--from {source} fills all tables anew: leave {tables[0]} out.")
    rebuilding.rebuilt(tables)
    say = _unsaid if as_json else lambda doing: click.echo(doing, err=True)
    with schema.connect(settings) as clickhouse:
        began = time.perf_counter()
        if source != "events":
            with output.progress("Reading") as progress, _reading(settings, source, progress) as (values, entries):
                say(f"filling events from {source}")
                rebuilding.rebuild_events(clickhouse, values)
                say(f"filling directory from {source}")
                rebuilding.rebuild_directory(clickhouse, entries)
        events = rebuilding.rebuild(clickhouse, tables, say)
        seconds = time.perf_counter() - began
    if as_json:
        output.as_json({"events": events, "seconds": round(seconds, 3), "from": source})
        return
    which = output.counted(len(tables), "table") + " filled" if tables else "All tables are filled"
    click.echo(f"{which} anew from {output.counted(events, 'event')} in {seconds:.1f} s")


def _unsaid(_: str) -> None:
    pass


@contextmanager
def _reading(
    settings: Settings, source: str, progress: Callable[[int, int], None]
) -> Iterator[tuple["Values", "Entries"]]:
    """What gives the events and the directory of this source."""
    if source == "kafka":
        from services.projections.bulk import entries_from_kafka, values_from_kafka

        if not settings.kafka:
            raise Unavailable("'pmo rebuild --from kafka' needs a Kafka: set PMO_KAFKA to host:port.")
        at = settings.kafka, settings.topic_prefix
        yield values_from_kafka(*at, progress), entries_from_kafka(*at)
        return
    from services.catch_up import entries_from_store, values_from_store
    from services.runtime import open_app

    with open_app(settings) as app:
        yield values_from_store(app, progress), entries_from_store(app)
