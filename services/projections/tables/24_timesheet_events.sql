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
-- @view plans_known_before
-- Hours that each person was planned for in each week of the period that has a submitted timesheet, by what was known at
-- the end of the day 28 days before that week's Monday: pro rata by the days from Monday to Friday; a week without a plan
-- has no row. A record that was withdrawn since counts as never made. Params: as_of_k, known_at, basis, tz, period_from,
-- period_to.
SELECT
    stream,
    person,
    monday,
    sum(hours) AS hours,
    arraySort(groupArray(version)) AS versions
FROM (
    SELECT
        log.stream AS stream,
        week.person AS person,
        week.monday AS monday,
        argMaxIf(tuple(log.first_day, log.last_day, log.weekly_hours, k, log.version), k,
            happened IN ('allocation-planned', 'allocation-revised')) AS plan,
        argMaxIf(tuple(k, log.last_day), k, happened = 'allocation-released') AS release,
        plan.5 AS version,
        if(release.1 > plan.4, least(ifNull(release.2, toDate32('1900-01-01')), plan.2), plan.2) AS last,
        least(toInt32(assumeNotNull(last)), toInt32(monday) + 4)
            - greatest(toInt32(assumeNotNull(plan.1)), toInt32(monday)) + 1 AS days,
        toDecimal64(assumeNotNull(plan.3), 4) * toDecimal64(days, 0) / toDecimal64(5, 0) AS hours
    FROM (
        SELECT person, log.monday AS monday
        FROM {timesheet_events | happened = 'submitted'} AS log
        WHERE log.monday BETWEEN {period_from:Date32} - 3 AND {period_to:Date32} - 3
        GROUP BY person, monday
    ) AS week
    INNER JOIN (
        SELECT *, substring(stream, 10) AS of_person,
            toDate32(if({basis:String} = 'reported', reported_at, recorded_at), {tz:String}) AS known_on
        FROM workload_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
        WHERE happened IN ('allocation-planned', 'allocation-revised', 'allocation-released')
    ) AS log ON log.of_person = week.person
    WHERE known_on <= week.monday - 28
    GROUP BY log.stream, week.person, week.monday, log.item
    HAVING plan.5 > 0
)
WHERE days > 0
GROUP BY stream, person, monday
