-- Records that supersede another one of their stream: few, so that every fold can look them up.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    supersedes UInt32,
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill *
SELECT stream, version, supersedes, recorded_at, reported_at FROM {source} WHERE supersedes > 0
-- @view superseded
-- Versions that do not count, as known at {known_at}: superseded by a record that itself counts. Later versions are
-- settled first, so a voided correction revives what it had replaced. Params: known_at, basis.
SELECT stream, arrayJoin(dead) AS version
FROM (
    SELECT
        stream,
        arrayFold(
            (found, pair) -> if(has(found, pair.1), found, arrayPushBack(found, pair.2)),
            arrayReverseSort(groupUniqArray((version, supersedes))),
            CAST([], 'Array(UInt32)')
        ) AS dead
    FROM corrections
    WHERE if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY stream
)
