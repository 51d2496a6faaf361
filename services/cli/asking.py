"""``pmo kpi`` with all its subcommands."""

import click

from services.cli.ask import show
from services.cli.groups import DefaultGroup
from services.cli.trend import trend


@click.group(
    cls=DefaultGroup,
    default="show",
    epilog="""\b
Example:
  pmo kpi
  pmo kpi on-time --by unit --as-of 2026-06-30 --known-at 2026-07-05
  pmo kpi --follow
  pmo kpi trend on-time --from 2025-01-01 --to 2025-12-31 --every quarter""",
)
def kpi() -> None:
    """Figures, each with its numerator and denominator, and what it leaves out and why.

    Without a name all KPIs are shown. 'pmo kpi NAME' is short for 'pmo kpi show NAME'.
    """


kpi.add_command(show)
kpi.add_command(trend)
