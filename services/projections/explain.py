"""What stands behind a figure: its rows, and the events behind each row, with who recorded them and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.figures import Figure, measure, named, rows
from services.projections.kpi import Kpi
from services.projections.scope import Scope

_LOOKED_UP_AT_ONCE = 500  # a server takes them in the address of the request


@dataclass(frozen=True, slots=True)
class Trace:
    """An event behind a row. `actor` is a name where the directory has one; `authenticated` or only claimed."""

    event: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    authenticated: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One subject of a KPI, why it is left out if it is, and the events that it rests on."""

    unit: str
    subject: str
    label: str
    standing: str
    excluded: str
    numerator: Decimal | None
    denominator: Decimal | None
    events: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Figures of one KPI, and `rows` of them; `of` tells how many rows there are in all."""

    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    of: int


def explain(
    clickhouse: ClickHouse,
    kpi: Kpi,
    scope: Scope,
    subject: str | None = None,
    left_out: bool = False,
    most: int | None = None,
) -> Explanation:
    """The KPI's figures and the first `most` of its rows, those left out too if asked for.

    Both of one `subject` only, where it is given.
    """
    found = [
        row for row in rows(clickhouse, kpi, scope, subject) if left_out or subject is not None or not row["excluded"]
    ]
    shown = found if most is None else found[:most]
    ids = [_event_ids(row) for row in shown]
    known = traces(clickhouse, (event for each in ids for event in each))
    return Explanation(
        figures=tuple(measure(clickhouse, kpi, scope, "project" if subject else "portfolio", subject)),
        rows=tuple(
            Row(
                unit=str(row["unit"]),
                subject=str(row["subject"]),
                label=str(row["label"]),
                standing=str(row["standing"]),
                excluded=str(row["excluded"]),
                numerator=row["numerator"],
                denominator=row["denominator"],
                events=tuple(known[event] for event in each if event in known),
            )
            for row, each in zip(shown, ids, strict=True)
        ),
        of=len(found),
    )


def _event_ids(row: dict[str, Any]) -> list[str]:
    """Evidence is a version of the subject's own stream, or a whole event id."""
    return [each if isinstance(each, str) else f"{row['subject']}/{each}" for each in row["evidence"]]


def traces(clickhouse: ClickHouse, ids: Iterable[str]) -> dict[str, Trace]:
    """The events of these ids that have landed, by id."""
    wanted = sorted(set(ids))
    found = [
        row
        for start in range(0, len(wanted), _LOOKED_UP_AT_ONCE)
        for row in _events(clickhouse, wanted[start : start + _LOOKED_UP_AT_ONCE])
    ]
    actors = named(clickhouse, [str(row["actor"]).removeprefix("person:") for row in found])
    return {
        row["event"]: Trace(
            event=row["event"],
            type=str(row["type"]),
            occurred_at=row["occurred_at"].replace(tzinfo=UTC),
            recorded_at=row["recorded_at"].replace(tzinfo=UTC),
            actor=actor,
            authenticated=row["actorauth"] == "authenticated",
        )
        for row, actor in zip(found, actors, strict=True)
    }


def _events(clickhouse: ClickHouse, ids: Sequence[str]) -> list[dict[str, Any]]:
    pairs = [event.rpartition("/") for event in ids]
    return clickhouse.rows(
        f"""
        SELECT concat(stream, '/', toString(version)) AS event, any(type) AS type, any(occurred_at) AS occurred_at,
            any(recorded_at) AS recorded_at, any(JSONExtractString(value, 'actor')) AS actor,
            any(JSONExtractString(value, 'actorauth')) AS actorauth
        FROM {table("events").physical}
        WHERE stream IN {{streams:Array(String)}} AND version IN {{versions:Array(UInt32)}}
            AND event IN {{events:Array(String)}}
        GROUP BY event
        """,
        {
            "events": list(ids),
            "streams": sorted({stream for stream, _, _ in pairs}),
            "versions": sorted({int(version) for _, _, version in pairs}),
        },
    )
