"""Tables that are filled beside those in use, and take their name when they are full.

Several processes may do that at once, as workers that are started together do: each fills its own, the first wins.
"""

import uuid

from services.projections.clickhouse import ClickHouse, QueryFailed

FRESH = "_fresh_"


def fresh_name(physical: str) -> str:
    """A name that no other process uses."""
    return f"{physical}{FRESH}{uuid.uuid4().hex}"


def put(clickhouse: ClickHouse, fresh: str, physical: str) -> None:
    """Gives a filled table its name, last, so that a table that stands is a table that is filled."""
    try:
        clickhouse.command(f"RENAME TABLE {fresh} TO {physical}")
    except QueryFailed:
        if not clickhouse.scalar(f"EXISTS TABLE {physical}"):
            raise
        clickhouse.command(f"DROP TABLE {fresh} SYNC")
