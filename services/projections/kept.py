"""States kept for every moment at which they changed: what answers at once when all that is known now counts.

A view that is marked ``-- @state`` folds the records of each stream. Here the same fold runs as a window over the
stream's records, so that its result after each of them stands in one row a stream: `moments` are their keys, and each
column of the view is an array beside it. A row is made anew for each stream of a batch that lands, from all that stands
in the tables by then; of several rows the one that has seen most records counts. At an earlier known-at the view folds.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial

from schemas.catalogue import KINDS
from services.projections.beside import being_filled, beside, insert_beside, put
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import NOTHING, Table, View, digest, flat, of_kinds, table, tables
from services.projections.inlining import closing
from services.projections.parallel import each
from services.projections.scope import Scope
from services.projections.told import Told

_AGGREGATE = re.compile(r"\b(?:argMax|argMin|min|max|count|groupArray|groupUniqArray)(?:If)?\(")
_SOURCE = re.compile(r"\nFROM \{(\w+) \| (happened (?:= '[a-z-]+'|IN \([^(){}]+\)))\} AS log\nGROUP BY stream$")
_NAME = re.compile(r"'([a-z-]+)'")
_DEAD = """SELECT sipHash64(stream, version)
    FROM superseded(known_at = toDateTime64('2299-12-31', 3, 'UTC'), basis = 'recorded')"""
_RECORDS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A state view, and the table of its rows at every moment."""

    view: View
    source: Table

    @property
    def physical(self) -> str:
        """The table's name, with the hash of its definition."""
        return f"{self.view.name}_kept__{digest(self.fresh(), self.source.physical)}"

    def create(self, name: str = "") -> str:
        """The statement that makes it, empty, under `name`, by default its physical one."""
        return (
            f"CREATE TABLE IF NOT EXISTS {name or self.physical} ENGINE = ReplacingMergeTree(seen) ORDER BY stream"
            f" EMPTY AS {self.fresh()}"
        )

    def fill(self, streams: str = "1", name: str = "", *, corrected: bool = True) -> str:
        """The statement that makes the rows of the streams for which this condition holds.

        Not `corrected` says that no record of theirs was ever corrected: then they cost a third.
        """
        rows = self.fresh(streams) if corrected else self._rows_uncorrected(streams)
        return f"INSERT INTO {name or self.physical} {rows}"

    def fresh(self, streams: str = "1") -> str:
        """The query for the rows of the streams for which this condition holds, made anew."""
        return flat(f"""
            SELECT stream, seen, {self._arrays}
            FROM ({self._seen(streams)}) AS told
            LEFT JOIN (
                SELECT stream, {self._states}
                FROM ({self._windows(streams, f"WHERE record NOT IN ({_DEAD} WHERE {streams})")})
                GROUP BY stream
            ) AS folded ON folded.stream = told.stream
        """)

    def rests_on(self, happened: Collection[str]) -> bool:
        """Whether records of what happened here are folded."""
        return not set(_NAME.findall(self._folded)).isdisjoint(happened)

    def behind(self, name: str = "") -> str:
        """The condition for the streams of which more records stand than their row has seen."""
        return f"""stream IN (
            SELECT told.stream FROM ({self._seen("1")}) AS told
            LEFT JOIN (SELECT stream, seen FROM {name or self.physical} FINAL) AS held ON held.stream = told.stream
            WHERE told.seen != held.seen)"""

    @property
    def select(self) -> str:
        """What takes the view's place where all that is known now counts; it takes ``as_of_k``."""
        columns = ", ".join(f"{name}[place] AS {name}" for name in self.columns)
        return (
            f"SELECT stream, {columns} FROM (SELECT *, arrayCount(m -> m <= {{as_of_k:Int64}}, moments) AS place"
            f" FROM {self.physical} FINAL) WHERE place > 0"
        )

    def at_points(self, sql: str) -> str:
        """What takes the view's place in `sql` where the states at several points are asked for, in one go.

        Each row has its `point`, numbered from 1, with the point's as-of day and period. Only columns that `sql` names
        are there.
        """
        names = [name for name in self.columns if re.search(rf"\b{name}\b", sql)]
        columns = ", ".join(names)
        return f"""
            SELECT stream, {columns}, point, {{point_as_of:Array(Date32)}}[point] AS point_as_of,
                {{point_from:Array(Date32)}}[point] AS point_from, {{point_to:Array(Date32)}}[point] AS point_to
            FROM (
                SELECT stream, {columns},
                    arrayFirstIndex(p -> p >= moment, {{point_k:Array(Int64)}}) AS first_point,
                    arrayFirstIndex(p -> p >= until, {{point_k:Array(Int64)}}) AS next_point,
                    length({{point_k:Array(Int64)}}) + 1 AS beyond,
                    range(if(first_point = 0, beyond, first_point), if(next_point = 0, beyond, next_point)) AS points
                FROM (
                    SELECT *, arrayPushBack(arraySlice(moments, 2), toInt64(9223372036854775807)) AS untils
                    FROM {self.physical} FINAL
                    WHERE notEmpty(moments)
                )
                ARRAY JOIN moments AS moment, untils AS until, {columns}
            )
            ARRAY JOIN points AS point"""

    @property
    def columns(self) -> list[str]:
        """The view's columns beside `stream`."""
        return [item.rpartition(" AS ")[2] for item in self._items]

    @property
    def _items(self) -> list[str]:
        return [item for item in _items(self.view.text) if item != "stream"]

    @property
    def _folded(self) -> str:
        """The condition for the records that are folded."""
        found = _SOURCE.search(self.view.text)
        if found is None or found[1] != self.source.name:
            raise ValueError(f"the state {self.view.name} is no fold of {self.source.name} by stream")
        return found[2]

    def _seen(self, streams: str) -> str:
        chosen = f"{of_kinds(self.source.kinds)} AND {streams}"
        return f"""
            SELECT stream, uniqExact(version) AS seen
            FROM (
                SELECT stream, version FROM {self.source.physical} WHERE {chosen} AND {self._folded}
                UNION ALL
                SELECT stream, version FROM {table("corrections").physical} WHERE {chosen}
            )
            GROUP BY stream"""

    def _rows_uncorrected(self, streams: str) -> str:
        return flat(f"""
            SELECT stream, seen, {self._arrays}
            FROM (SELECT stream, count() AS seen, {self._states} FROM ({self._windows(streams)}) GROUP BY stream)
        """)

    @property
    def _arrays(self) -> str:
        columns = ", ".join(f"states.{n} AS {name}" for n, name in enumerate(self.columns, 2))
        return f"states.1 AS moments, {columns}"

    @property
    def _states(self) -> str:
        return f"arraySort(s -> s.1, groupArray((k, {', '.join(self.columns)}))) AS states"

    def _windows(self, streams: str, which: str = "") -> str:
        windows = ", ".join(_as_window(item) for item in self._items)
        return f"""
            SELECT stream, k, {windows}
            FROM (
                SELECT * FROM {self.source.physical} PREWHERE {streams} AND {self._folded}
                {which} LIMIT 1 BY stream, k
            ) AS log
            WINDOW till AS (PARTITION BY stream ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"""


def _items(select: str) -> Iterator[str]:
    """What the outermost SELECT of a query lists: commas inside of parentheses do not part it."""
    depth, at = 0, len("SELECT")
    for token in re.finditer(r"'[^']*'|[()\[\],]|\nFROM ", select):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token[0], 0)
        if depth == 0 and (token[0] == "," or token[0] == "\nFROM "):
            yield " ".join(select[at : token.start()].split())
            at = token.end()
        if token[0] == "\nFROM " and depth == 0:
            return


def _as_window(item: str) -> str:
    """An item with each of its aggregates over the stream's records so far."""
    parts, at = [], 0
    while found := _AGGREGATE.search(item, at):
        end = closing(item, found.end())
        parts.append(f"{item[at : found.start()]}({item[found.start() : end + 1]} OVER till)")
        at = end + 1
    return "".join((*parts, item[at:]))


@cache
def kept_states() -> tuple[Kept, ...]:
    """All state views, with what keeps them."""
    return tuple(Kept(view, t) for t in tables() for view in t.views if view.is_state)


def flat_at(sql: str, scope: Scope) -> str:
    """A query over views as one over tables; where all that is known now counts, states are read as kept."""
    return _flat(sql, scope.known_at is None)


@lru_cache(256)
def _flat(sql: str, now: bool) -> str:
    return flat(sql, {kept.view.name: kept.select for kept in kept_states()} if now else NOTHING)


def keep(clickhouse: ClickHouse, batch: str, kinds: set[str], told: Told) -> None:
    """Makes the kept states of the streams in a batch that has landed in all tables.

    A state rests on few types: where the batch has none of them and corrects nothing, it is as it was.
    """
    concerned = [
        kept
        for kept in kept_states()
        if kept.source.takes(kinds) and (told.corrects or told.happened is None or kept.rests_on(told.happened))
    ]
    if not concerned:
        return
    its_own = f"SELECT stream FROM {batch}"
    corrections = table("corrections").physical
    corrected = told.corrects or bool(
        clickhouse.scalar(f"SELECT count() FROM {corrections} WHERE stream IN ({its_own})")
    )
    chosen = {kept: f"stream IN ({its_own} WHERE {of_kinds(kept.source.kinds)})" for kept in concerned}
    _fill(clickhouse, chosen, corrected=corrected)


def keep_anew(clickhouse: ClickHouse, kept: Kept, done: Callable[[int], None] = lambda _: None) -> None:
    """Makes the kept states of all streams beside those that stand, in portions, and puts them in their place.

    `done` is told of how many records states have been made.
    """
    with beside(clickhouse, kept.physical, kept.create) as fresh:
        records = int(clickhouse.scalar(f"SELECT count() FROM {kept.source.physical}"))
        portions = records // _RECORDS_AT_ONCE + 1
        for portion in range(portions):
            clickhouse.command(kept.fill(f"sipHash64(stream) % {portions} = {portion}", fresh))
            done(records * (portion + 1) // portions - records * portion // portions)
        if clickhouse.scalar(f"EXISTS TABLE {kept.physical}"):
            # what landed meanwhile by a worker that does not know of this table
            clickhouse.command(kept.fill(kept.behind(fresh), fresh))
            clickhouse.command(f"EXCHANGE TABLES {fresh} AND {kept.physical}")
        else:
            put(clickhouse, fresh, kept.physical)
    clickhouse.command(kept.fill(kept.behind()))


def keep_missed(clickhouse: ClickHouse, kinds: Collection[str] = KINDS) -> None:
    """Makes the kept states of streams of these kinds of which more has landed than they have seen."""
    _fill(clickhouse, {kept: kept.behind() for kept in kept_states() if kept.source.takes(set(kinds))})


def _fill(clickhouse: ClickHouse, chosen: Mapping[Kept, str], *, corrected: bool = True) -> None:
    """Makes rows of the streams that each condition chooses, first where others are to take the place of these."""
    fresh = being_filled(clickhouse) if chosen else {}

    def fill(session: ClickHouse, kept: Kept) -> None:
        for name in fresh.get(kept.physical, ()):
            into = kept.fill(chosen[kept], name, corrected=corrected)
            insert_beside(session, name, partial(session.command, into))
        session.command(kept.fill(chosen[kept], corrected=corrected))

    each(clickhouse, fill, chosen)
