"""ClickHouse against the store: the same events byte by byte, and every table what a fresh fold of them gives.

Pages of streams are compared by one digest each, of the leaf hashes that the Merkle tree is made of; only where those
differ are the single events looked at.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.commands.store import Store
from services.projections.calendars import COUNTRIES, calendar, library_version
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.kept import Kept, kept_states
from services.projections.parallel import each as of_each
from services.projections.projector import wait_for_batches
from services.verify.findings import Part
from services.verify.log import LEAF_BYTES, Log, as_bytes, as_text, stored

_PAGE = 50_000
_MAX_VERSION = 2**63 - 1
# in hex, since a FixedString put together with others loses the zeros at its end
_LEAVES = "arrayMap(e -> hex(e.2), arraySort(groupUniqArray((version, SHA256(concat('\\0', value))))))"
_STREAMS = f"SELECT stream, hex(SHA256(concat(stream, ' ', arrayStringConcat({_LEAVES})))) AS digest"
_PAGE_DIGEST = "hex(SHA256(arrayStringConcat(arrayMap(s -> s.2, arraySort(groupArray((stream, digest)))))))"
_BUCKET = 300_000
_DIRECTORY_PAGE = 50_000
_SUBJECTS_AT_ONCE = 200
_LANDING_S = 30.0

Progress = Callable[[int, int], None]


class Bucket(NamedTuple):
    """Some of all streams: a condition, and its parameters."""

    chosen: str
    params: dict[str, str]


def compare_events(store: Store, clickhouse: ClickHouse, landed: int, log: Log, part: Part, progress: Progress) -> None:
    """Holds the bytes in ClickHouse against those in the store, up to the position `landed`."""
    for page in _pages(log):
        streams = f"{_STREAMS} {page.events} GROUP BY stream"
        found = str(clickhouse.scalar(f"SELECT {_PAGE_DIGEST} FROM ({streams})", page.params))
        if found == page.digest:
            part.looked_at += page.size
        else:
            _compare_page(store, clickhouse, page, landed, part)
        progress(part.looked_at, log.size)


class _Page(NamedTuple):
    """Streams that stand one after the other: which events are theirs, how many there should be, and their digest."""

    after: str
    until: str | None
    size: int
    digest: str

    @property
    def events(self) -> str:
        """The events between the bounds, without one where there is none: nothing may stand outside of all pages."""
        bounds = ["stream > {after:String}"] if self.after else []
        bounds += ["stream <= {until:String}"] if self.until is not None else []
        return f"FROM {table('events').physical} WHERE {' AND '.join(bounds) or '1'}"

    @property
    def params(self) -> dict[str, str]:
        """The bounds."""
        return {"after": self.after} | ({} if self.until is None else {"until": self.until})


def _pages(log: Log) -> Iterator[_Page]:
    after, size, digests, is_sound = "", 0, list[str](), True
    for stream in sorted(name for name in log.leaves if isinstance(name, str)):
        leaves = log.leaves[stream]
        size += len(leaves) // LEAF_BYTES
        digests.append(_hex(f"{stream} {leaves.hex().upper()}".encode()))
        # events whose versions are in disorder are looked at one by one
        is_sound = is_sound and stream not in log.skewed
        if size >= _PAGE:
            yield _Page(after, stream, size, _hex("".join(digests).encode()) if is_sound else "")
            after, size, digests, is_sound = stream, 0, [], True
    yield _Page(after, None, size, _hex("".join(digests).encode()) if is_sound else "")


def _hex(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest().upper()


def _compare_page(store: Store, clickhouse: ClickHouse, page: _Page, landed: int, part: Part) -> None:
    rows = clickhouse.rows(
        f"SELECT stream, version, groupUniqArray(hex(SHA256(value))) AS digests {page.events} GROUP BY stream, version",
        page.params,
    )
    found: dict[tuple[str, int], set[str]] = {(row["stream"], row["version"]): set(row["digests"]) for row in rows}
    for stream, version, value in _stored_in(store, page, landed):
        part.looked_at += 1
        held = found.pop((stream, version), set())
        if not held:
            part.differs(f"{stream}/{version}", "is missing")
        elif held != {_hex(value)}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")
    for (stream, version), held in sorted(found.items()):
        # landed since the store was read, or never recorded at all
        there = stored(store, stream, version)
        if there is None:
            part.differs(f"{stream}/{version}", "is not in the store")
        elif held != {_hex(there)}:
            part.differs(f"{stream}/{version}", "has other bytes than in the store")


def _stored_in(store: Store, page: _Page, landed: int) -> Iterator[tuple[str, int, bytes]]:
    """The events of these streams up to the position `landed`."""
    # after every version of the bound
    key = (page.after, _MAX_VERSION) if page.after else ("", 0)
    while rows := store.stored_by_key(*key, _PAGE):
        for at, stream, version, value in rows:
            if page.until is not None and stream > page.until:
                return
            if at <= landed:
                yield stream, version, as_bytes(value)
        key = rows[-1][1:3]


def compare_tables(clickhouse: ClickHouse, progress: Progress) -> list[Part]:
    """Holds every table against a fresh fold of the events that have landed."""
    buckets = _buckets(clickhouse)
    filled = [t for t in tables() if t.fill is not None]
    total, done = len(filled) + len(kept_states()), 0

    def compare(session: ClickHouse, each: Table | Kept) -> Part:
        nonlocal done
        part = (
            _compare_states(session, each, buckets)
            if isinstance(each, Kept)
            else _compare_table(session, each, buckets)
        )
        done += 1
        progress(done, total)
        return part

    wanted: list[Table | Kept] = [*filled, *kept_states()]
    return of_each(clickhouse, compare, wanted)


def _compare_states(clickhouse: ClickHouse, kept: Kept, buckets: Sequence[Bucket]) -> Part:
    part = Part(f"states of {kept.view.name}", unit="streams")
    for chosen, params in buckets:
        held = f"SELECT * FROM {kept.physical} FINAL WHERE {chosen}"
        for row in _differing(clickhouse, kept.fresh(f"({chosen})"), held, "stream", params):
            part.differs(str(row["stream"]), _how(row))
        part.looked_at += int(clickhouse.scalar(f"SELECT count() FROM ({held})", params))
    return part


def _buckets(clickhouse: ClickHouse) -> list[Bucket]:
    """Ranges of streams with about as many events each as fit into memory, in the order in which they are stored.

    The first and the last have no bound: nothing may stand outside of all ranges.
    """
    physical, found = table("events").physical, [Bucket("1", {})]
    while True:
        last = found[-1]
        # from the last bound on: what is passed over is not read again
        rows = clickhouse.rows(
            f"SELECT stream FROM {physical} WHERE {last.chosen} ORDER BY stream LIMIT 1 OFFSET {_BUCKET}", last.params
        )
        if not rows:
            return found
        bound = str(rows[0]["stream"])
        found[-1] = Bucket(f"{last.chosen} AND stream <= {{until:String}}", {**last.params, "until": bound})
        found.append(Bucket("stream > {after:String}", {"after": bound}))


def _compare_table(clickhouse: ClickHouse, each: Table, buckets: Sequence[Bucket]) -> Part:
    part = Part(f"table {each.name}", unit="rows")
    events, physical = table("events").physical, each.physical
    # the events' own columns are read out of their bytes, and nothing but the bytes, which were compared, is trusted
    columns, given = ("value", " EXCEPT (value)") if each.name == "events" else ("*", "")
    for chosen, params in buckets:
        source = f"(SELECT {columns} FROM {events} WHERE {chosen})"
        fresh = f"SELECT *{given} FROM ({each.select_from(source)})"
        held = f"SELECT *{given} FROM {physical} WHERE {chosen}"
        for row in _differing(clickhouse, fresh, held, "stream, version", params):
            part.differs(f"{row['stream']}/{row['version']}", _how(row))
        wrong = f"SELECT stream, version FROM {physical} WHERE ({chosen}) AND record != sipHash64(stream, version)"
        for row in clickhouse.rows(wrong, params):
            part.differs(f"{row['stream']}/{row['version']}", "has another number than its own")
        counted = f"SELECT uniqExact(stream, version) FROM {physical} WHERE {chosen}"
        part.looked_at += int(clickhouse.scalar(counted, params))
    return part


def _differing(
    clickhouse: ClickHouse, fresh: str, held: str, key: str, given: Mapping[str, str]
) -> list[dict[str, Any]]:
    # hashed after the union, which gives both sides the same types, under a key that nobody could know before; as one
    # text of bytes, since each column for itself takes five times as long
    row = "formatRowNoNewline('RowBinary', * EXCEPT (is_fresh))"
    hashed = f"""
        SELECT {key}, is_fresh, sipHash128Keyed(({{one:UInt64}}, {{two:UInt64}}), {row}) AS content
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
    query = f"""
        SELECT {key}, countIf(is_fresh) AS fresh_rows, countIf(NOT is_fresh) AS held_rows
        FROM ({hashed})
        GROUP BY {key}
        HAVING arraySort(groupUniqArrayIf(content, is_fresh)) != arraySort(groupUniqArrayIf(content, NOT is_fresh))
        ORDER BY {key}"""
    found = clickhouse.rows(query, params)
    if not found:
        return []
    # what is being landed stands in `events` before it stands in the others
    wait_for_batches(clickhouse, _LANDING_S)
    names = key.split(", ")
    before = {tuple(row[name] for name in names) for row in found}
    return [row for row in clickhouse.rows(query, params) if tuple(row[name] for name in names) in before]


def _how(row: dict[str, Any]) -> str:
    if not row["held_rows"]:
        return "is missing"
    return "follows from what was recorded otherwise" if row["fresh_rows"] else "follows from nothing that was recorded"


def compare_directory(store: Store, clickhouse: ClickHouse, landed: int, part: Part) -> None:
    """Holds the names and notes in ClickHouse against the directory, up to the row `landed`.

    It shows whose they are, never what they say.
    """
    physical, seq = table("directory").physical, 0
    known: set[tuple[str, str]] = set()
    while entries := [
        (at, as_text(subject), as_text(name), value and as_text(value), salt)
        for at, subject, name, value, salt in store.entries_after(seq, _DIRECTORY_PAGE)
    ]:
        rows = clickhouse.rows(
            f"SELECT seq, subject, field, hex(SHA256(value)) AS digest FROM {physical} FINAL"
            " WHERE seq > {after:UInt64} AND seq <= {last:UInt64}",
            {"after": seq, "last": entries[-1][0]},
        )
        held = {row["seq"]: (row["subject"], row["field"], row["digest"]) for row in rows}
        known.update((subject, name) for _, subject, name, *_ in entries)
        other = [e for e in entries if e[0] <= landed and held.get(e[0]) != (e[1], e[2], _hex((e[3] or "").encode()))]
        for start in range(0, len(other), _SUBJECTS_AT_ONCE):
            _compare_entries(clickhouse, other[start : start + _SUBJECTS_AT_ONCE], part)
        part.looked_at += len(entries)
        seq = entries[-1][0]
    for row in clickhouse.rows(f"SELECT DISTINCT subject, field FROM {physical} ORDER BY ALL"):
        # one that came after the store was read stands there by now
        if (row["subject"], row["field"]) not in known and not store.has_entry(row["subject"], row["field"]):
            part.differs(f"{row['field']} of {row['subject']}", "is not in the store")


def _compare_entries(
    clickhouse: ClickHouse, entries: Sequence[tuple[int, str, str, str | None, str]], part: Part
) -> None:
    """Those that do not stand there under their own number: perhaps under another one."""
    rows = clickhouse.rows(
        f"SELECT subject, field, hex(SHA256(value)) AS digest FROM {table('directory').physical} FINAL"
        " WHERE subject IN {subjects:Array(String)}",
        {"subjects": sorted({subject for _, subject, *_ in entries})},
    )
    found = {(row["subject"], row["field"]): row["digest"] for row in rows}
    for _, subject, name, value, _ in entries:
        if found.get((subject, name)) != _hex((value or "").encode()):
            how = "is another than in the store" if (subject, name) in found else "is missing"
            part.differs(f"{name} of {subject}", how)


def compare_calendars(clickhouse: ClickHouse, part: Part) -> None:
    """Holds the calendars that are reckoned with against the library that they come from."""
    rows = clickhouse.rows(
        "SELECT country, argMax(c.library, filled_at) AS version, argMax(c.weekend, filled_at) AS weekend,"
        f" argMax(c.days, filled_at) AS days FROM {table('calendars').physical} AS c GROUP BY country ORDER BY country"
    )
    own = library_version()
    for row in rows:
        weekend, days = calendar(str(row["country"]))
        if (list(weekend), days) != (list(row["weekend"]), list(row["days"])):
            other = "" if row["version"] == own else f" {own} here, and said to be of {row['version']}"
            part.differs(str(row["country"]), f"is another than the library's{other}")
    part.looked_at = len(rows)
    for row in clickhouse.rows(
        f"SELECT country FROM ({COUNTRIES}) WHERE country NOT IN (SELECT country FROM {table('calendars').physical})"
        " ORDER BY country"
    ):
        part.differs(str(row["country"]), "is missing")
