-- Courses and who must have taken them, one row per record, typed; `item` is the requirement.
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
    title Nullable(String),
    provider Nullable(String),
    hours Nullable(Decimal(7, 4)),
    valid_months Nullable(UInt16),
    role Nullable(String),
    career_level Nullable(UInt8),
    grace_days Nullable(UInt16)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill course
WITH JSONExtract(value, 'data', 'Tuple(
    title Nullable(String), provider Nullable(String), hours Nullable(Decimal(7, 4)), valid_months Nullable(UInt16),
    role Nullable(String), career_level Nullable(UInt8), grace_days Nullable(UInt16))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.course\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.title AS title, d.provider AS provider, d.hours AS hours, d.valid_months AS valid_months, d.role AS role,
    d.career_level AS career_level, d.grace_days AS grace_days
FROM {source}
WHERE kind = 'course' AND happened != 'voided'
-- @view course_log
-- Records of courses that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {course_events}
-- @view courses
-- Each course at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 8) AS course,
    argMaxIf(tuple(log.title, log.provider, log.hours, log.valid_months), k, happened = 'defined') AS latest,
    latest.1 AS title,
    latest.2 AS provider,
    latest.3 AS hours,
    latest.4 AS valid_months,
    argMaxIf(happened, k, happened IN ('defined', 'retired')) = 'retired' AS is_retired
FROM {course_events} AS log
GROUP BY stream
-- @view course_requirements
-- Which roles must hold which course at {as_of_k} as known at {known_at}: from `career_level` up (null: all), since
-- `required_at`, the moment that it was last stated. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 8) AS course,
    item AS requirement,
    argMaxIf(tuple(log.role, log.career_level, log.grace_days, occurred_at, log.version), k, happened = 'required') AS latest,
    latest.1 AS role,
    latest.2 AS career_level,
    latest.3 AS grace_days,
    latest.4 AS required_at,
    latest.5 AS version
FROM {course_events | happened IN ('required', 'not-required')} AS log
GROUP BY stream, item
HAVING argMax(happened, k) = 'required'
