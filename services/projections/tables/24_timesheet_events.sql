-- Hours that people worked, one row per record, typed; `week` is the ISO week, `monday` its first day.
-- In order of weeks, so that a period reads its own weeks only.
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
    week LowCardinality(String),
    monday Date32,
    project Nullable(String),
    day Nullable(Date32),
    hours Nullable(Decimal(6, 4)),
    decided_by Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (monday, stream, version)
-- @fill timesheet
WITH JSONExtract(value, 'data', 'Tuple(
    project Nullable(String), day Nullable(Date32), hours Nullable(Decimal(6, 4)), decided_by Nullable(String))') AS d,
    makeDate32(greatest(1900, least(2299, toInt32OrZero(substring(week, 1, 4)))), 1, 4) AS january -- in the first ISO week
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.timesheet\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substringIndex(substring(stream, 11), '/', 1) AS person, substringIndex(stream, '/', -1) AS week,
    january - toDayOfWeek(january) + 1 + 7 * (toInt32OrZero(substring(week, 7)) - 1) AS monday,
    d.project AS project, d.day AS day, d.hours AS hours, d.decided_by AS decided_by
FROM {source}
WHERE kind = 'timesheet' AND happened != 'voided'
-- @view timesheet_log
-- Records of timesheets that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {timesheet_events}
-- @view timesheet_hours
-- Hours by person, project and day at {as_of_k} as known at {known_at}, as corrected. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.person) AS person,
    any(log.week) AS week,
    log.monday AS monday,
    item,
    argMax(tuple(log.project, log.day, log.hours, log.version), k) AS entry,
    entry.1 AS project,
    entry.2 AS day,
    entry.3 AS hours,
    entry.4 AS version
FROM {timesheet_events | happened IN ('hours-logged', 'hours-corrected')} AS log
GROUP BY monday, stream, item
-- @view timesheets
-- Timesheets at {as_of_k} as known at {known_at}: when a week was last submitted and accepted (null: not), and the
-- version that says so (0: none); `hours` are the week's, as corrected, `versions` those that say so. Params: as_of_k,
-- known_at, basis.
SELECT
    stream,
    any(log.person) AS person,
    any(log.week) AS week,
    log.monday AS monday,
    argMaxIf(tuple(occurred_at, version), k, happened = 'submitted') AS submission,
    argMaxIf(tuple(occurred_at, version, log.decided_by), k, happened = 'approved') AS approval,
    if(submission.2 > 0, submission.1, NULL) AS submitted_at,
    if(approval.2 > 0, approval.1, NULL) AS approved_at,
    if(approval.2 > 0, approval.3, NULL) AS approved_by,
    submission.2 AS submitted_version,
    arraySort(groupArrayIf((log.item, k, ifNull(log.hours, 0), version), happened IN ('hours-logged', 'hours-corrected')))
        AS entries,
    arrayFilter((e, next) -> e.1 != next, entries, arrayShiftLeft(entries.1, 1)) AS standing,
    arraySum(standing.3) AS hours,
    standing.4 AS versions
FROM {timesheet_events} AS log
GROUP BY monday, stream
