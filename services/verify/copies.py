"""ClickHouse against the store: the same events byte by byte, and every table what a fresh fold of them gives.

Pages are compared by one digest each; only where those differ are the single events looked at.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from services.commands.store import Recorder
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.kept import kept_states
from services.verify.findings import Part
from services.verify.log import PAGE

_BUCKET = 300_000
_DIRECTORY_PAGE = 50_000
_LAST = chr(0x10FFFF)

Key = tuple[str, int]
Progress = Callable[[int, int], None]


def compare_events(
    store: Recorder, clickhouse: ClickHouse, landed: int, total: int, part: Part, progress: Progress
) -> None:
    """Holds the bytes in ClickHouse against those in the store, up to the position `landed`."""
    after: Key = ("", 0)
    while True:
        rows = store.stored_by_key(*after, PAGE)
        until: Key = (rows[-1][1], rows[-1][2]) if len(rows) == PAGE else (_LAST, 0)
        due = [(stream, version, hashlib.sha256(value).digest()) for at, stream, version, value in rows if at <= landed]
        page = hashlib.sha256(b"".join(digest for *_, digest in due)).digest()
        if page != _page_digest(clickhouse, after, until):
            _compare_page(store, clickhouse, after, until, due, part)
        part.looked_at += len(due)
        progress(part.looked_at, total)
        if len(rows) < PAGE:
            return
        after = until


_IN_PAGE = """
    FROM {events} WHERE stream BETWEEN {{first:String}} AND {{last:String}}
    AND (stream, version) > ({{first:String}}, {{after:UInt32}})
    AND (stream, version) <= ({{last:String}}, {{until:UInt32}})"""


def _in_page(after: Key, until: Key) -> tuple[str, dict[str, Any]]:
    bounds = {"first": after[0], "after": after[1], "last": until[0], "until": until[1]}
    return _IN_PAGE.format(events=table("events").physical), bounds


def _page_digest(clickhouse: ClickHouse, after: Key, until: Key) -> bytes:
    where, params = _in_page(after, until)
    found = clickhouse.scalar(
        "SELECT hex(SHA256(arrayStringConcat(arrayMap(e -> e.3,"
        f" arraySort(groupUniqArray((stream, version, SHA256(value)))))))) {where}",
        params,
    )
    return bytes.fromhex(str(found))


def _compare_page(
    store: Recorder, clickhouse: ClickHouse, after: Key, until: Key, due: Sequence[tuple[str, int, bytes]], part: Part
) -> None:
    where, params = _in_page(after, until)
    rows = clickhouse.rows(
        f"SELECT stream, version, groupUniqArray(hex(SHA256(value))) AS digests {where} GROUP BY stream, version",
        params,
    )
    found: dict[Key, set[str]] = {(row["stream"], row["version"]): set(row["digests"]) for row in rows}
    for stream, version, digest in due:
        held = found.pop((stream, version), set())
        if not held:
            part.differs(f"{stream}/{version}", "is missing")
        elif held != {digest.hex().upper()}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")
    for (stream, version), held in sorted(found.items()):
        # landed since the store was read, or never recorded at all
        states = store.states_after(stream, version - 1)[:1]
        if not states:
            part.differs(f"{stream}/{version}", "was never recorded")
        elif held != {hashlib.sha256(states[0]).hexdigest().upper()}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")


def compare_tables(clickhouse: ClickHouse, progress: Progress) -> list[Part]:
    """Holds every table against a fresh fold of the events that have landed."""
    filled = [t for t in tables() if t.fill is not None]
    events = int(clickhouse.scalar(f"SELECT count() FROM {table('events').physical}"))
    buckets = max(1, -(-events // _BUCKET))
    parts = []
    for number, each in enumerate(filled, 1):
        part = Part(f"table {each.name}", unit="rows")
        for bucket in range(buckets):
            _compare_table(clickhouse, each, f"sipHash64(stream) % {buckets} = {bucket}", part)
        parts.append(part)
        progress(number, len(filled) + len(kept_states()))
    for number, kept in enumerate(kept_states(), len(filled) + 1):
        part = Part(f"states of {kept.view.name}", unit="streams")
        fresh, held = kept.fresh, f"SELECT * FROM {kept.physical} FINAL"
        for row in _differing(clickhouse, fresh, held, "stream"):
            part.differs(str(row["stream"]), _how(row))
        part.looked_at = int(clickhouse.scalar(f"SELECT count() FROM {kept.physical} FINAL"))
        parts.append(part)
        progress(number, len(filled) + len(kept_states()))
    return parts


def _compare_table(clickhouse: ClickHouse, each: Table, bucket: str, part: Part) -> None:
    events = table("events").physical
    # the events' own columns are read out of their bytes, and nothing but the bytes is trusted
    columns = "value" if each.name == "events" else "*"
    fresh = each.select_from(f"(SELECT {columns} FROM {events} WHERE {bucket})")
    held = f"SELECT * FROM {each.physical} WHERE {bucket}"
    for row in _differing(clickhouse, fresh, held, "stream, version"):
        part.differs(f"{row['stream']}/{row['version']}", _how(row))
    wrong = f"SELECT stream, version FROM {each.physical} WHERE {bucket} AND record != sipHash64(stream, version)"
    for row in clickhouse.rows(wrong):
        part.differs(f"{row['stream']}/{row['version']}", "has another number than its own")
    part.looked_at += int(clickhouse.scalar(f"SELECT uniqExact(stream, version) FROM {each.physical} WHERE {bucket}"))


def _differing(clickhouse: ClickHouse, fresh: str, held: str, key: str) -> list[dict[str, Any]]:
    # hashed after the union, which gives both sides the same types
    return clickhouse.rows(f"""
        SELECT {key}, countIf(is_fresh) AS fresh_rows, countIf(NOT is_fresh) AS held_rows
        FROM (
            SELECT {key}, is_fresh, sipHash128(tuple(* EXCEPT (is_fresh))) AS content
            FROM (SELECT *, true AS is_fresh FROM ({fresh}) UNION ALL SELECT *, false FROM ({held}))
        )
        GROUP BY {key}
        HAVING arraySort(groupUniqArrayIf(content, is_fresh)) != arraySort(groupUniqArrayIf(content, NOT is_fresh))
        ORDER BY {key}""")


def _how(row: dict[str, Any]) -> str:
    if not row["held_rows"]:
        return "is missing"
    return "follows from what was recorded otherwise" if row["fresh_rows"] else "follows from nothing that was recorded"


def compare_directory(store: Recorder, clickhouse: ClickHouse, end: int, part: Part) -> None:
    """Holds the names and notes in ClickHouse against the directory; shows whose they are, never what they say."""
    physical, seq = table("directory").physical, 0
    while True:
        entries = [e for e in store.entries_after(seq, _DIRECTORY_PAGE) if e[0] <= end]
        last = entries[-1][0] if len(entries) == _DIRECTORY_PAGE else end
        rows = clickhouse.rows(
            f"SELECT seq, subject, field, hex(SHA256(value)) AS digest FROM {physical} FINAL"
            " WHERE seq > {after:UInt64} AND seq <= {last:UInt64}",
            {"after": seq, "last": last},
        )
        found = {row["seq"]: (row["subject"], row["field"], row["digest"]) for row in rows}
        for number, subject, name, value, _ in entries:
            digest = hashlib.sha256((value or "").encode()).hexdigest().upper()
            held = found.pop(number, None)
            if held != (subject, name, digest):
                part.differs(f"{name} of {subject}", "is missing" if held is None else "is another than in the store")
        for subject, name, _ in found.values():
            # renamed or erased meanwhile: the newer row is not here yet
            part.differs(f"{name} of {subject}", "is no longer what the store holds")
        part.looked_at += len(entries)
        if len(entries) < _DIRECTORY_PAGE:
            return
        seq = last
