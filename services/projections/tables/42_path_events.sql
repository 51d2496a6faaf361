-- Career paths of roles, one row per record, typed.
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
    path String,
    role Nullable(String),
    levels Array(Tuple(level UInt8, title String, courses Array(String), months Nullable(UInt16)))
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill path
WITH JSONExtract(value, 'data', 'Tuple(
    role Nullable(String),
    levels Array(Tuple(level UInt8, title String, courses Array(String), months Nullable(UInt16))))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.path\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 6) AS path, d.role AS role, d.levels AS levels
FROM {source}
WHERE kind = 'path' AND happened != 'voided'
-- @view path_log
-- Records of paths that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {path_events}
-- @view paths
-- Each career path in force at {as_of_k} as known at {known_at}; a retired one has no row. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.path) AS path,
    argMaxIf(tuple(log.role), k, happened = 'defined').1 AS role,
    argMaxIf(log.levels, k, happened = 'defined') AS levels
FROM {path_events} AS log
GROUP BY stream
HAVING argMax(happened, k) != 'retired'
