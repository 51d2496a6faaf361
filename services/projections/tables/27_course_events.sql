-- Courses and who must have taken them, one row per record, typed; `item` is the requirement. The first version of
-- "defined" knows validities of months only, which end on the day.
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
    validity_length Nullable(UInt16),
    validity_unit Nullable(String),
    validity_until Nullable(String),
    role Nullable(String),
    career_level Nullable(UInt8),
    grace_days Nullable(UInt16)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill course
WITH JSONExtract(value, 'data', 'Tuple(
    title Nullable(String), provider Nullable(String), hours Nullable(Decimal(7, 4)), valid_months Nullable(UInt16),
    validity Tuple(length Nullable(UInt16), unit Nullable(String), until Nullable(String)),
    role Nullable(String), career_level Nullable(UInt8), grace_days Nullable(UInt16))') AS d,
    d.valid_months IS NOT NULL AS of_months
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.course\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.title AS title, d.provider AS provider, d.hours AS hours,
    if(of_months, d.valid_months, d.validity.length) AS validity_length,
    if(of_months, 'months', d.validity.unit) AS validity_unit,
    if(of_months, 'day', d.validity.until) AS validity_until,
    d.role AS role, d.career_level AS career_level, d.grace_days AS grace_days
FROM {source}
WHERE kind = 'course' AND happened != 'voided'
-- @view course_log
-- Records of courses that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {course_events}
-- @view courses
-- Each course at {as_of_k} as known at {known_at}: a completion counts for `validity_length` `validity_unit` ("days",
-- "months"; null: for ever), up to that very "day", or the "end-of-month" or "end-of-year" of it: `validity_until`. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 8) AS course,
    argMaxIf(tuple(log.title, log.provider, log.hours, log.validity_length, log.validity_unit, log.validity_until), k, happened = 'defined') AS latest,
    latest.1 AS title,
    latest.2 AS provider,
    latest.3 AS hours,
    latest.4 AS validity_length,
    latest.5 AS validity_unit,
    latest.6 AS validity_until,
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
