"""The long form: ``make chaos``, or ``python -m tests.chaos --kills 100 --seed 1``."""

import tempfile
from pathlib import Path

import click

from tests.chaos.harness import run
from tests.postgres import started


@click.command()
@click.option("--kills", default=100, show_default=True, help="How many times something happens to the path.")
@click.option("--seed", default=1, show_default=True, help="Of what happens when.")
def main(kills: int, seed: int) -> None:
    """Kill, freeze and stop parts of the path at work, then verify everything; ends with 1 if anything differs."""
    with tempfile.TemporaryDirectory(prefix="pmo-chaos-") as folder, started() as postgres:
        outcome = run(Path(folder), postgres, kills, seed, lambda text: click.echo(text, err=True))
    for what, times in sorted(outcome.done.items()):
        click.echo(f"{times:5} {what}")
    click.echo(f"{outcome.acknowledged:,} events acknowledged to writers, {len(outcome.lost)} of them lost")
    for part in outcome.parts:
        click.echo(f"{part.name}: {part.looked_at:,} {part.unit}, {part.differing} differ {part.note}")
    click.echo(f"{outcome.seconds:.0f} s")
    if outcome.lost or outcome.differences:
        for difference in outcome.differences:
            click.echo(" ".join(difference), err=True)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
