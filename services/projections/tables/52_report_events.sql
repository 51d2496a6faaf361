-- Reports that were issued, one row per record, typed.
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
    report String,
    title Nullable(String),
    audience Nullable(String),
    unit Nullable(String),
    as_of Nullable(Date32),
    known_at Nullable(String),
    basis Nullable(String),
    figures_digest Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill report
WITH JSONExtract(value, 'data', 'Tuple(
    title Nullable(String), audience Nullable(String), unit Nullable(String), as_of Nullable(Date32),
    known_at Nullable(String), basis Nullable(String), figures_digest Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.report\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 8) AS report, d.title AS title, d.audience AS audience, d.unit AS unit, d.as_of AS as_of,
    d.known_at AS known_at, d.basis AS basis, d.figures_digest AS figures_digest
FROM {source}
WHERE kind = 'report' AND happened != 'voided'
-- @view report_log
-- Records of reports that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {report_events}
-- @view reports
-- Each report's last issue at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.report) AS report,
    argMaxIf(tuple(log.title, log.audience, log.unit, log.as_of, log.known_at, log.basis, log.figures_digest, occurred_at), k,
        happened = 'issued') AS issued
FROM {report_events} AS log
GROUP BY stream
