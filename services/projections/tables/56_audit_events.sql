-- Audits that were performed, one row per record, typed.
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
    audit String,
    unit Nullable(String),
    as_of Nullable(Date32),
    known_at Nullable(String),
    basis Nullable(String),
    position Nullable(UInt64),
    population Nullable(UInt64),
    exceptions Nullable(UInt64),
    without_evidence Nullable(UInt64),
    incomplete Nullable(UInt64),
    results_digest Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill audit
WITH JSONExtract(value, 'data', 'Tuple(
    unit Nullable(String), as_of Nullable(Date32), known_at Nullable(String), basis Nullable(String),
    position Nullable(UInt64), population Nullable(UInt64), exceptions Nullable(UInt64),
    without_evidence Nullable(UInt64), incomplete Nullable(UInt64), results_digest Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.audit\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 7) AS audit, d.unit AS unit, d.as_of AS as_of, d.known_at AS known_at, d.basis AS basis,
    d.position AS position, d.population AS population, d.exceptions AS exceptions,
    d.without_evidence AS without_evidence, d.incomplete AS incomplete, d.results_digest AS results_digest
FROM {source}
WHERE kind = 'audit' AND happened != 'voided'
-- @view audit_log
-- Records of audits that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {audit_events}
-- @view audits
-- Each audit at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.audit) AS audit,
    argMaxIf(tuple(log.unit, log.as_of, log.known_at, log.basis, log.position, log.population, log.exceptions,
        log.without_evidence, log.incomplete, log.results_digest, occurred_at), k, happened = 'performed') AS performed
FROM {audit_events} AS log
GROUP BY stream
