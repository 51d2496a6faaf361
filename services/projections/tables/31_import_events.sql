-- Files that were brought in, one row per record, typed.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    happened LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    source_kind Nullable(String),
    file_name Nullable(String),
    file_digest Nullable(String),
    mapping_digest Nullable(String),
    rows Nullable(UInt64),
    recorded Nullable(UInt64),
    unchanged Nullable(UInt64),
    rejected Nullable(UInt64),
    ignored Nullable(UInt64),
    events Nullable(UInt64)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill import
WITH JSONExtract(value, 'data', 'Tuple(
    source_kind Nullable(String), file_name Nullable(String), file_digest Nullable(String),
    mapping_digest Nullable(String), rows Nullable(UInt64), recorded Nullable(UInt64), unchanged Nullable(UInt64),
    rejected Nullable(UInt64), ignored Nullable(UInt64), events Nullable(UInt64))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.import\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.source_kind AS source_kind, d.file_name AS file_name, d.file_digest AS file_digest,
    d.mapping_digest AS mapping_digest, d.rows AS rows, d.recorded AS recorded, d.unchanged AS unchanged,
    d.rejected AS rejected, d.ignored AS ignored, d.events AS events
FROM {source}
WHERE kind = 'import' AND happened != 'voided'
-- @view import_log
-- Records of imports that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {import_events}
-- @view imports
-- Each import at {as_of_k} as known at {known_at}: rows = recorded + unchanged + rejected + ignored. Params: as_of_k,
-- known_at, basis.
SELECT
    stream,
    substring(stream, 8) AS import,
    argMax(tuple(occurred_at, log.source_kind, log.file_name, log.file_digest, log.mapping_digest, log.rows, log.recorded,
        log.unchanged, log.rejected, log.ignored, log.events), k) AS latest,
    latest.1 AS completed_at,
    latest.2 AS source_kind,
    latest.3 AS file_name,
    latest.4 AS file_digest,
    latest.5 AS mapping_digest,
    latest.6 AS rows,
    latest.7 AS recorded,
    latest.8 AS unchanged,
    latest.9 AS rejected,
    latest.10 AS ignored,
    latest.11 AS events
FROM {import_events | happened = 'completed'} AS log
GROUP BY stream
