"""Erasure in ClickHouse, where a newer row only hides an older one: its bytes go from the disk too.

A mutation writes the parts anew without the old rows. What it leaves behind, the engine would keep for eight minutes,
and an embedded one, which nobody keeps running, for ever.
"""

import time
from collections.abc import Mapping

from services.projections.clickhouse import ClickHouse

_TABLES = "startsWith(name, 'directory__')"
_OLD_PARTS = """SELECT count() FROM system.parts
WHERE database = currentDatabase() AND startsWith(table, 'directory__') AND NOT active"""
_PARTS_FROM_BEFORE = """SELECT count() FROM system.parts AS part
INNER JOIN (
    SELECT table, max(arrayMax(block_numbers.number)) AS erased FROM system.mutations
    WHERE database = currentDatabase() AND startsWith(table, 'directory__') AND is_done GROUP BY table
) AS last ON last.table = part.table
WHERE part.database = currentDatabase() AND NOT part.active AND part.data_version < last.erased"""
# the older rows of these keys, by the number of the row that erased each
_OLDER = """value != '' AND seq < transform(concat(subject, ' ', field),
    {keys:Array(String)}, {seqs:Array(UInt64)}, toUInt64(0))"""
_WAIT_S = 5.0
_PAUSE_S = 0.25


def erase(clickhouse: ClickHouse, erased: Mapping[tuple[str, str], int]) -> None:
    """Removes what the directory's tables, also those of other versions of the program, said before these rows."""
    given = {
        "keys": [f"{subject} {field}" for subject, field in erased],
        "seqs": list(erased.values()),
    }
    query = f"SELECT name FROM system.tables WHERE database = currentDatabase() AND {_TABLES}"
    for row in clickhouse.rows(query):
        name = row["name"]
        clickhouse.command(f"ALTER TABLE {name} MODIFY SETTING old_parts_lifetime = 1")
        if clickhouse.scalar(f"SELECT count() FROM {name} WHERE {_OLDER}", given):
            clickhouse.command(f"ALTER TABLE {name} DELETE WHERE {_OLDER} SETTINGS mutations_sync = 2", given)
        _drop_old_parts(clickhouse, name)


def copies(clickhouse: ClickHouse, subjects: list[str]) -> int:
    """How much still stands there of these subjects: rows, and files of parts from before the last erasure."""
    rows = clickhouse.scalar(
        "SELECT count() FROM directory WHERE has({subjects:Array(String)}, subject) AND value != ''",
        {"subjects": subjects},
    )
    return int(rows) + int(clickhouse.scalar(_PARTS_FROM_BEFORE))


def _drop_old_parts(clickhouse: ClickHouse, name: str) -> None:
    deadline = time.monotonic() + _WAIT_S
    while clickhouse.scalar(f"{_OLD_PARTS} AND table = {{name:String}}", {"name": name}):
        # there is no such partition: the statement's use is that old parts are cleared away after it, which an idle
        # embedded engine never does by itself
        clickhouse.command(f"ALTER TABLE {name} DROP PARTITION ID 'none'")
        if time.monotonic() > deadline:
            # a long query reads them; a server clears them away when that has ended
            return
        time.sleep(_PAUSE_S)
