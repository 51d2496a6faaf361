"""ClickHouse against the store: the same events byte by byte, and every table what a fresh fold of them gives.

Pages are compared by one digest each; only where those differ are the single events looked at.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from services.commands.store import Store
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.kept import Kept, kept_states
from services.projections.parallel import each as of_each
from services.verify.findings import Part

_PAGE = 50_000
_BUCKET = 300_000
_DIRECTORY_PAGE = 50_000
_LAST = chr(0x10FFFF)

Key = tuple[str, int]
Progress = Callable[[int, int], None]


def compare_events(
    store: Store, clickhouse: ClickHouse, landed: int, total: int, part: Part, progress: Progress
) -> None:
    """Holds the bytes in ClickHouse against those in the store, up to the position `landed`."""
    after: Key = ("", 0)
    while True:
        rows = store.stored_by_key(*after, _PAGE)
        until: Key = (rows[-1][1], rows[-1][2]) if len(rows) == _PAGE else (_LAST, 0)
        due = [(stream, version, _hex(value)) for at, stream, version, value in rows if at <= landed]
        page = _hex("".join(digest for *_, digest in due).encode())
        if page != _page_digest(clickhouse, after, until):
            _compare_page(store, clickhouse, after, until, due, part)
        part.looked_at += len(due)
        progress(part.looked_at, total)
        if len(rows) < _PAGE:
            return
        after = until


_IN_PAGE = """
    FROM {events} WHERE stream BETWEEN {{first:String}} AND {{last:String}}
    AND (stream, version) > ({{first:String}}, {{after:UInt32}})
    AND (stream, version) <= ({{last:String}}, {{until:UInt32}})"""


def _in_page(after: Key, until: Key) -> tuple[str, dict[str, Any]]:
    bounds = {"first": after[0], "after": after[1], "last": until[0], "until": until[1]}
    return _IN_PAGE.format(events=table("events").physical), bounds


def _page_digest(clickhouse: ClickHouse, after: Key, until: Key) -> str:
    where, params = _in_page(after, until)
    events = "arraySort(groupUniqArray((stream, version, SHA256(value))))"
    # in hex, since a FixedString put together with others loses the zeros at its end
    return str(
        clickhouse.scalar(f"SELECT hex(SHA256(arrayStringConcat(arrayMap(e -> hex(e.3), {events})))) {where}", params)
    )


def _hex(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest().upper()


def _compare_page(
    store: Store, clickhouse: ClickHouse, after: Key, until: Key, due: Sequence[tuple[str, int, str]], part: Part
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
        elif held != {digest}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")
    for (stream, version), held in sorted(found.items()):
        # landed since the store was read, or never recorded at all
        states = store.states_after(stream, version - 1)[:1]
        if not states:
            part.differs(f"{stream}/{version}", "was never recorded")
        elif held != {_hex(states[0])}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")


def compare_tables(clickhouse: ClickHouse, progress: Progress) -> list[Part]:
    """Holds every table against a fresh fold of the events that have landed."""
    buckets = _buckets(clickhouse)
    filled = [t for t in tables() if t.fill is not None]
    total, done = len(filled) + len(kept_states()), 0

    def compare(session: ClickHouse, each: Table | Kept) -> Part:
        nonlocal done
        part = _compare_states(session, each) if isinstance(each, Kept) else _compare_table(session, each, buckets)
        done += 1
        progress(done, total)
        return part

    wanted: list[Table | Kept] = [*filled, *kept_states()]
    return of_each(clickhouse, compare, wanted)


def _compare_states(clickhouse: ClickHouse, kept: Kept) -> Part:
    part = Part(f"states of {kept.view.name}", unit="streams")
    held = f"SELECT * FROM {kept.physical} FINAL"
    for row in _differing(clickhouse, kept.fresh, held, "stream", {}):
        part.differs(str(row["stream"]), _how(row))
    part.looked_at = int(clickhouse.scalar(f"SELECT count() FROM ({held})"))
    return part


def _buckets(clickhouse: ClickHouse) -> list[dict[str, str]]:
    """Ranges of streams with about as many events each as fit into memory, in the order in which they are stored."""
    physical, bounds = table("events").physical, [""]
    while True:
        # from the last bound on: what is passed over is not read again
        found = clickhouse.rows(
            f"SELECT stream FROM {physical} WHERE stream > {{after:String}} ORDER BY stream LIMIT 1 OFFSET {_BUCKET}",
            {"after": bounds[-1]},
        )
        bounds.append(str(found[0]["stream"]) if found else _LAST)
        if not found:
            return [{"after": after, "until": until} for after, until in pairwise(bounds)]


def _compare_table(clickhouse: ClickHouse, each: Table, buckets: Sequence[dict[str, str]]) -> Part:
    part = Part(f"table {each.name}", unit="rows")
    events, chosen = table("events").physical, "stream > {after:String} AND stream <= {until:String}"
    # the events' own columns are read out of their bytes, and nothing but the bytes is trusted
    columns = "value" if each.name == "events" else "*"
    fresh = each.select_from(f"(SELECT {columns} FROM {events} WHERE {chosen})")
    held = f"SELECT * FROM {each.physical} WHERE {chosen}"
    wrong = f"SELECT stream, version FROM {each.physical} WHERE {chosen} AND record != sipHash64(stream, version)"
    counted = f"SELECT uniqExact(stream, version) FROM {each.physical} WHERE {chosen}"
    for bucket in buckets:
        for row in _differing(clickhouse, fresh, held, "stream, version", bucket):
            part.differs(f"{row['stream']}/{row['version']}", _how(row))
        for row in clickhouse.rows(wrong, bucket):
            part.differs(f"{row['stream']}/{row['version']}", "has another number than its own")
        part.looked_at += int(clickhouse.scalar(counted, bucket))
    return part


def _differing(
    clickhouse: ClickHouse, fresh: str, held: str, key: str, given: Mapping[str, str]
) -> list[dict[str, Any]]:
    # hashed after the union, which gives both sides the same types, under a key that nobody could know before
    hashed = f"""
        SELECT {key}, is_fresh, sipHash128Keyed(({{one:UInt64}}, {{two:UInt64}}), tuple(* EXCEPT (is_fresh))) AS content
        FROM (SELECT *, true AS is_fresh FROM ({fresh}) UNION ALL SELECT *, false FROM ({held}))"""
    params = {**given, "one": secrets.randbits(64), "two": secrets.randbits(64)}
    number = "reinterpretAsUInt128(content)"
    equal = clickhouse.scalar(
        f"SELECT sumIf({number}, is_fresh) = sumIf({number}, NOT is_fresh)"
        " AND countIf(is_fresh) = countIf(NOT is_fresh)"
        f" FROM ({hashed})",
        params,
    )
    if equal:
        return []
    # a row may stand twice until parts are merged, so only now the rows themselves
    return clickhouse.rows(
        f"""
        SELECT {key}, countIf(is_fresh) AS fresh_rows, countIf(NOT is_fresh) AS held_rows
        FROM ({hashed})
        GROUP BY {key}
        HAVING arraySort(groupUniqArrayIf(content, is_fresh)) != arraySort(groupUniqArrayIf(content, NOT is_fresh))
        ORDER BY {key}""",
        params,
    )


def _how(row: dict[str, Any]) -> str:
    if not row["held_rows"]:
        return "is missing"
    return "follows from what was recorded otherwise" if row["fresh_rows"] else "follows from nothing that was recorded"


def compare_directory(store: Store, clickhouse: ClickHouse, end: int, part: Part) -> None:
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
            digest = _hex((value or "").encode())
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
