"""``pmo audit`` with all its subcommands."""

import click

from services.cli.audit import show
from services.cli.audit_run import run
from services.cli.audit_time import backtest, trend
from services.cli.groups import DefaultGroup


@click.group(
    cls=DefaultGroup,
    default="show",
    epilog="""\b
Example:
  pmo audit
  pmo audit 1 --unit OPS --as-of 2026-06-30 --findings
  pmo audit run
  pmo audit backtest 4 --from 2025-01-01 --to 2025-12-31""",
)
def audit() -> None:
    """Whether units follow the process: for each control, how its occasions went.

    'pmo audit CONTROL' is short for 'pmo audit show CONTROL', and records nothing; 'pmo audit run' leaves evidence.
    """


for command in (show, run, trend, backtest):
    audit.add_command(command)
