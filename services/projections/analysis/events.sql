-- Every event that was recorded, superseded ones too: when it happened, when we recorded it, who, and its data as JSON.
SELECT
    stream, kind, version, type, occurred_at, recorded_at, reported_at, supersedes, actor,
    JSONExtractRaw(value, 'data') AS data
FROM events
LIMIT 1 BY stream, version
