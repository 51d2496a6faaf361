-- KPI definitions that were published, one row per record, typed.
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
    kpi_key String,
    title Nullable(String),
    definition Nullable(String),
    definition_version Nullable(UInt32),
    digest Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill kpi
WITH JSONExtract(value, 'data', 'Tuple(
    title Nullable(String), definition Nullable(String), definition_version Nullable(UInt32), digest Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.kpi\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 5) AS kpi_key, d.title AS title, d.definition AS definition,
    d.definition_version AS definition_version, d.digest AS digest
FROM {source}
WHERE kind = 'kpi' AND happened != 'voided'
-- @view kpi_log
-- Records of KPI definitions that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {kpi_events}
-- @view published_kpis
-- Each KPI definition in force at {as_of_k} as known at {known_at}; a retired one has no row. Params: as_of_k, known_at,
-- basis.
SELECT
    stream,
    any(log.kpi_key) AS kpi_key,
    argMaxIf(tuple(log.title, log.definition, log.definition_version, log.digest, occurred_at, version), k,
        happened IN ('published', 'revised')) AS published,
    minIf(occurred_at, happened = 'published') AS first_published
FROM {kpi_events} AS log
GROUP BY stream
HAVING argMax(happened, k) != 'retired'
