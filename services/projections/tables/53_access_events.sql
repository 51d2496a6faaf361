-- Rights that people were given, one row per record, typed; `item` is the unit, or ALL.
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
    person String,
    role Nullable(String),
    decided_by Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill access
WITH JSONExtract(value, 'data', 'Tuple(
    role Nullable(String), decided_by Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.access\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 8) AS person, d.role AS role, d.decided_by AS decided_by
FROM {source}
WHERE kind = 'access' AND happened != 'voided'
-- @view access_log
-- Records of rights that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {access_events}
-- @view rights
-- Rights that stand at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    any(log.person) AS person,
    item AS unit,
    argMaxIf(tuple(log.role, log.decided_by, occurred_at), k, happened = 'granted') AS granted
FROM {access_events} AS log
GROUP BY stream, item
HAVING argMax(happened, k) != 'revoked'
