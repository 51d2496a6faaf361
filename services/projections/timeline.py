"""Events themselves: those of one stream in the order of their meaning, and the last ones that were recorded."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope

_KNOWN = "if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}"
_STREAM = f"""
    SELECT stream, version, type, item, occurred_at, recorded_at, reported_at, supersedes, actor,
        JSONExtractString(value, 'precision') AS precision,
        JSONExtractString(value, 'actorauth') = 'authenticated' AS authenticated,
        JSONExtractRaw(value, 'data') AS data,
        (stream, version) IN (
            SELECT stream, version
            FROM superseded(known_at = {{known_at:DateTime64(3, 'UTC')}}, basis = {{basis:String}})
        ) AS dead
    FROM events
    WHERE stream = {{stream:String}} AND k <= {{as_of_k:Int64}} AND {_KNOWN}
    ORDER BY k
    LIMIT 1 BY stream, version
"""
_LATEST = f"""
    SELECT stream, version, type, occurred_at, recorded_at, actor
    FROM events
    WHERE recorded_at >= {{after:DateTime64(3, 'UTC')}} AND k <= {{as_of_k:Int64}} AND {_KNOWN}
    ORDER BY recorded_at DESC, stream DESC, version DESC
    LIMIT 1 BY stream, version
    LIMIT {{most:UInt32}}
"""
_SPAN = """
    SELECT toDate32(min(occurred_at), {tz:String}) AS first, toDate32(min(recorded_at), {tz:String}) AS known
    FROM events WHERE kind = {kind:String} OR empty({kind:String})
"""
_NOTES = "SELECT note, text FROM notes WHERE note IN {notes:Array(String)}"


def events_of(clickhouse: ClickHouse, scope: Scope, stream: str) -> list[dict[str, Any]]:
    """All events of a stream at the scope's two times, oldest first; `dead` are those that no longer count."""
    return clickhouse.rows(_STREAM, {**scope.params(), "stream": stream})


def latest(clickhouse: ClickHouse, scope: Scope, most: int) -> list[dict[str, Any]]:
    """The events recorded last, latest first."""
    params = {**scope.params(), "most": most}
    # most often the last weeks have enough of them, and the others need not be read
    recent = clickhouse.scalar("SELECT max(recorded_at) - INTERVAL 14 DAY FROM events")
    after = recent.strftime("%Y-%m-%d %H:%M:%S") if recent is not None and scope.known_at is None else "1970-01-01"
    found = clickhouse.rows(_LATEST, {**params, "after": after})
    if len(found) < most and after != "1970-01-01":
        found = clickhouse.rows(_LATEST, {**params, "after": "1970-01-01 00:00:00"})
    return found


def span(clickhouse: ClickHouse, scope: Scope) -> tuple[date, date]:
    """The first day on which anything happened to a project (else to anybody), and on which anything was recorded."""
    for kind in ("project", ""):
        [row] = clickhouse.rows(_SPAN, {"tz": str(scope.zone), "kind": kind})
        if row["first"] is not None and row["first"].year > 1970:
            return row["first"], row["known"]
    return scope.as_of, scope.as_of


def notes(clickhouse: ClickHouse, ids: list[str]) -> Mapping[str, str]:
    """The texts of notes that are not erased."""
    if not ids:
        return {}
    return {str(row["note"]): str(row["text"]) for row in clickhouse.rows(_NOTES, {"notes": sorted(set(ids))})}
