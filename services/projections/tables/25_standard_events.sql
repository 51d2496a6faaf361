-- Standards of work and technology, one row per record, typed.
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
    standard_kind Nullable(String),
    edition Nullable(String),
    requirements Array(Tuple(id String, weight UInt8)),
    data_class Nullable(String),
    security_review Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill standard
WITH JSONExtract(value, 'data', 'Tuple(
    name Nullable(String), standard_kind Nullable(String), edition Nullable(String),
    requirements Array(Tuple(id String, weight UInt8)), data_class Nullable(String),
    security_review Tuple(uri Nullable(String)))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.standard\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.name AS name, d.standard_kind AS standard_kind, d.edition AS edition, d.requirements AS requirements,
    d.data_class AS data_class, d.security_review.uri AS security_review
FROM {source}
WHERE kind = 'standard' AND happened != 'voided'
-- @view standard_log
-- Records of standards that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {standard_events}
-- @view standards
-- Each standard at {as_of_k} as known at {known_at}: the edition in force and what it asks for. Params: as_of_k,
-- known_at, basis.
SELECT
    stream,
    substring(stream, 10) AS standard,
    argMaxIf(tuple(log.name, log.standard_kind, log.edition, log.requirements, log.data_class,
        log.security_review, version), k, happened IN ('published', 'revised')) AS latest,
    latest.1 AS name,
    latest.2 AS standard_kind,
    latest.3 AS edition,
    latest.4 AS requirements,
    latest.5 AS data_class,
    latest.6 AS security_review,
    latest.7 AS edition_version,
    argMaxIf(happened, k, happened IN ('published', 'revised', 'withdrawn')) = 'withdrawn' AS is_withdrawn
FROM {standard_events} AS log
GROUP BY stream
HAVING edition_version > 0
