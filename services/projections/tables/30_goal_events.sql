-- Strategic goals, one row per record, typed.
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
    statement Nullable(String),
    weight Nullable(Decimal(9, 8)),
    owner_unit Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill goal
WITH JSONExtract(value, 'data', 'Tuple(
    statement Nullable(String), weight Nullable(Decimal(9, 8)), owner_unit Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.goal\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.statement AS statement, d.weight AS weight, d.owner_unit AS owner_unit
FROM {source}
WHERE kind = 'goal' AND happened != 'voided'
-- @view goal_log
-- Records of goals that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {goal_events}
-- @view goals
-- Each goal at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 6) AS goal,
    argMaxIf(tuple(log.statement), k, happened = 'declared').1 AS statement,
    argMaxIf(tuple(log.weight, version), k, happened IN ('declared', 'reweighted')) AS weighting,
    weighting.1 AS weight,
    weighting.2 AS weight_version,
    argMaxIf(tuple(log.owner_unit), k, happened = 'declared').1 AS owner_unit,
    argMaxIf(happened, k, happened IN ('declared', 'retired')) = 'retired' AS is_retired
FROM {goal_events} AS log
GROUP BY stream
