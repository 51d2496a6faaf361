"""``pmo demo`` and ``pmo bench``: what the program shows of itself."""

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.shown import value_text

if TYPE_CHECKING:
    from services.demo.present import Overview
    from services.demo.run import Demo

_DEMO_SEED = 7


@click.command(
    epilog="""\b
Examples:
  pmo demo
  pmo demo --no-serve --embedded"""
)
@click.option("--embedded", is_flag=True, help="Without Kafka: events go straight from the store into ClickHouse.")
@click.option("--serve/--no-serve", default=True, help="Run on until Ctrl-C, or end after printing; by default run on.")
@click.option("--seed", type=int, default=_DEMO_SEED, show_default=True, help="Another seed, another company.")
@click.option(
    "--web-port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where the dashboard is served."
)
def demo(embedded: bool, serve: bool, seed: int, web_port: int) -> None:
    """Load a simulated company through Kafka and the worker, show its figures, and serve a dashboard that moves.

    It gets a workspace of its own: PMO_HOME, by default .pmo-demo in the current folder, in place of an earlier demo
    there. Without Java it says so and runs embedded.
    """
    from services.demo.run import demo as run_demo

    show = partial(_show, serve)
    with output.progress("Simulating") as progress:
        run_demo(
            None,
            embedded=embedded,
            serve=serve,
            seed=seed,
            say=click.echo,
            progress=progress,
            show=show,
            web_port=web_port,
        )


def _show(serve: bool, shown: "Demo") -> None:
    overview = shown.overview
    click.echo()
    output.table(
        f"KPIs by unit, as of {shown.summary.last_day}",
        _columns("KPI", overview),
        _kpi_rows(overview, shown.settings.currency),
    )
    click.echo()
    note = "Violated (cured late too) / occasions on which the control applied."
    output.table("Findings by unit", _columns("Control", overview), _control_rows(overview), [note])
    home = shown.settings.home
    click.echo(f"\nNext{', in another terminal' if serve else ''}:")
    click.echo(f"  export PMO_HOME={shlex.quote(str(home))}\n  pmo kpi\n  pmo audit run\n  pmo report -o report.html")


def _columns(first: str, overview: "Overview") -> list[output.Column]:
    return [output.Column(first, "name"), *(output.Column(unit, unit, True) for unit in overview.units)]


def _kpi_rows(overview: "Overview", currency: str) -> list[dict[str, Any]]:
    return [
        {
            "name": row.kpi.title,
            **{unit: value_text(row.kpi, row.values.get(unit), 0, currency) for unit in overview.units},
        }
        for row in overview.kpis
        if any(value is not None for value in row.values.values())
    ]


def _control_rows(overview: "Overview") -> list[dict[str, Any]]:
    return [
        {
            "name": f"{row.control.number:>2} {row.control.title}",
            **{
                unit: f"{row.violated.get(unit, 0)}/{row.activated[unit]}" if row.activated.get(unit) else "-"
                for unit in overview.units
            },
        }
        for row in overview.controls
    ]


@click.command(
    epilog="""\b
Examples:
  pmo bench --events 50000
  pmo bench --only commands --only kpis
  pmo bench --kafka --markdown > docs/bench.md"""
)
@click.option(
    "--events", type=click.IntRange(1_000), default=1_000_000, show_default=True, help="Events to measure on."
)
@click.option("--only", multiple=True, metavar="GROUP", help="Measure this group only; may be given again.")
@click.option("--kafka", is_flag=True, help="Also through a local broker.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print the page for the documentation.")
def bench(events: int, only: tuple[str, ...], kafka: bool, as_json: bool, markdown: bool) -> None:
    """Measure this machine: commands, landing, rebuild, each KPI and control, the program's own start."""
    from services.bench.run import bench as run_bench

    with output.progress("Measuring") as progress:
        measured = run_bench(events, only, kafka, lambda line: click.echo(line, err=True), progress)
    if as_json:
        output.as_json(measured.as_data())
    elif markdown:
        click.echo(measured.as_markdown(), nl=False)
    else:
        columns = [
            output.Column("What", "what"),
            output.Column("Measured", "value", True),
            output.Column("Aimed at", "target", True),
            output.Column("", "verdict"),
            output.Column("", "note"),
        ]
        machine = ", ".join(measured.machine.values())
        output.table(f"{measured.events:,} events on {machine}", columns, measured.as_rows())
