-- What happened to business units, one row per record, typed.
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
    name Nullable(String),
    parent Nullable(String),
    country Nullable(String),
    into Nullable(String),
    framework Nullable(String),
    level Nullable(UInt8),
    perspectives Map(String, UInt8),
    target Nullable(UInt8),
    assessor_type Nullable(String),
    due Nullable(Date32),
    owner Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill business-unit
WITH JSONExtract(value, 'data', 'Tuple(name Nullable(String), parent Nullable(String), country Nullable(String),
    into Nullable(String), framework Nullable(String), level Nullable(UInt8), perspectives Map(String, UInt8),
    target Nullable(UInt8), assessor_type Nullable(String), due Nullable(Date32), owner Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.business-unit\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at, d.name AS name, d.parent AS parent, d.country AS country, d.into AS into,
    d.framework AS framework, d.level AS level, d.perspectives AS perspectives, d.target AS target,
    d.assessor_type AS assessor_type, d.due AS due, d.owner AS owner
FROM {source}
WHERE kind = 'business-unit' AND happened != 'voided'
-- @view unit_log
-- Records of units that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {unit_events}
-- @view units
-- Each unit's state at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 15) AS unit,
    argMaxIf(tuple(log.name), k, happened IN ('registered', 'renamed')).1 AS name,
    argMaxIf(tuple(log.parent), k, happened = 'registered').1 AS parent,
    argMaxIf(tuple(log.country), k, happened = 'registered').1 AS country,
    argMaxIf(tuple(log.into), k, happened = 'merged-into').1 AS merged_into,
    argMaxIf(happened, k, happened IN ('registered', 'retired')) = 'retired' AS is_retired
FROM {unit_events} AS log
GROUP BY stream
-- @view maturity
-- Each unit's latest assessment in each maturity model at {as_of_k} as known at {known_at}: level, target, levels per
-- perspective, framework, by whom, when, version. Params: as_of_k, known_at, basis.
SELECT
    substring(stream, 15) AS unit,
    item AS model,
    argMax(tuple(log.level, log.target, log.perspectives, log.framework, log.assessor_type, occurred_at, version), k) AS held
FROM {unit_events | happened = 'maturity-assessed'} AS log
GROUP BY stream, item
-- @view improvements
-- Each improvement at {as_of_k} as known at {known_at}; `done_at` is null while it is open. Params: as_of_k, known_at, basis.
SELECT
    substring(stream, 15) AS unit,
    item AS improvement,
    argMaxIf(tuple(log.due, log.owner, occurred_at, version), k, happened = 'improvement-planned') AS plan,
    argMaxIf(tuple(toNullable(occurred_at), version), k, happened = 'improvement-done') AS completion,
    completion.1 AS done_at
FROM {unit_events | happened IN ('improvement-planned', 'improvement-done')} AS log
GROUP BY stream, item
