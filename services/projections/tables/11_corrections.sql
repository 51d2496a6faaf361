-- Records that supersede another one of their stream: few, so that every fold can look them up.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    supersedes UInt32,
    voids Bool,
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill *
SELECT stream, version, supersedes, match(type, '\\.voided\\.v[0-9]+$') AS voids, recorded_at, reported_at
FROM {source}
WHERE supersedes > 0
-- @view superseded
-- Versions that do not count, as known at {known_at}: replaced or voided. Later versions are settled first. What a
-- correction replaced stays dead when the correction is itself corrected, and revives only when it is voided: the fold
-- holds (dead, withdrawn by a void). Params: known_at, basis.
SELECT stream, arrayJoin(dead) AS version
FROM (
    SELECT
        stream,
        arrayFold(
            (found, c) -> if(has(found.2, c.1), found, (
                arrayPushBack(found.1, c.2),
                if(c.3 AND NOT has(found.1, c.1), arrayPushBack(found.2, c.2), found.2))),
            arrayReverseSort(groupUniqArray((version, supersedes, voids))),
            CAST(([], []), 'Tuple(Array(UInt32), Array(UInt32))')
        ).1 AS dead
    FROM corrections
    WHERE if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY stream
)
