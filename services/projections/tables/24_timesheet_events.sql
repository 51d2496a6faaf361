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
    decided_by Nullable(String),
    imported Bool
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
    d.project AS project, d.day AS day, d.hours AS hours, d.decided_by AS decided_by,
    actor = 'system:importer' AS imported
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
-- has no row. A record that was corrected or withdrawn only later counts as it stood then. Params: as_of_k, known_at, basis,
-- tz, period_from, period_to.
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
        FROM workload_events
        WHERE k <= {as_of_k:Int64}
            AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}
            AND happened IN ('allocation-planned', 'allocation-revised', 'allocation-released')
    ) AS log ON log.of_person = week.person
    LEFT JOIN (
        SELECT
            stream,
            groupUniqArray((version, supersedes, voids,
                toDate32(if({basis:String} = 'reported', reported_at, recorded_at), {tz:String}))) AS told
        FROM corrections
        WHERE startsWith(stream, 'workload:')
            AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY stream
    ) AS corrected ON corrected.stream = log.stream
    WHERE known_on <= week.monday - 28
        -- as in the view superseded, with the corrections that were known by then
        AND NOT has(arrayFold(
            (found, c) -> if(has(found.2, c.1), found, (
                arrayPushBack(found.1, c.2),
                if(c.3 AND NOT has(found.1, c.1), arrayPushBack(found.2, c.2), found.2))),
            arrayReverseSort(arrayFilter(c -> c.4 <= week.monday - 28, corrected.told)),
            CAST(([], []), 'Tuple(Array(UInt32), Array(UInt32))')).1, log.version)
    GROUP BY log.stream, week.person, week.monday, log.item
    HAVING plan.5 > 0
)
WHERE days > 0
GROUP BY stream, person, monday
-- @view logged_days
-- Hours by person, project and day at {as_of_k} as known at {known_at}: `number` is those that no allocation of the
-- person to the project covers. What counts is any plan that stood on that day or until the hours were logged, up to
-- its release; one that came only later cures. Hours that only a source shows, and no plan covers, have no number: they
-- may be planned where they come from. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    concat('person:', log.person) AS owner,
    log.first.1 AS k,
    arrayFilter(s -> s.1 <= log.on_day AND s.2 >= log.on_day, plan.spans) AS covering,
    arrayExists(s -> s.3 <= log.first.2 AND s.4 > log.begins, covering) AS is_covered,
    multiIf(is_covered, toNullable(toFloat64(0)), log.imported, NULL, toFloat64(log.hours)) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    arraySort(s -> s.3, arrayFilter(s -> s.3 > log.first.2, covering))[1].3 AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayDistinct(arrayPushFront(arrayMap(s -> s.5, covering),
        concat(stream, '/', toString(bitAnd(k, 1048575))))) AS evidence,
    concat(toString(log.hours), ' h for ', log.project, ' on ', toString(log.day),
        if(is_covered, '', ', not allocated')) AS detail
FROM (
    SELECT
        stream,
        any(log.person) AS person,
        argMax(tuple(log.project, log.day, log.hours), k) AS entry,
        min(log.imported) AS imported,
        ifNull(entry.1, '') AS project,
        assumeNotNull(entry.2) AS day,
        toInt32(day) AS on_day,
        assumeNotNull(entry.3) AS hours,
        toUnixTimestamp64Milli(toDateTime64(day, 3, {tz:String})) * 1048576 AS begins,
        minIf((k, if(toDateTime64(toDate32(occurred_at, {tz:String}) AS told_on, 3, {tz:String}) = occurred_at,
                toUnixTimestamp64Milli(toDateTime64(told_on + 1, 3, {tz:String})) * 1048576 - 1, k)),
            ifNull(log.hours > 0, false)) AS first
    FROM {timesheet_events | happened IN ('hours-logged', 'hours-corrected')} AS log
    GROUP BY monday, stream, item
    HAVING hours > 0
) AS log
LEFT JOIN (
    SELECT person, span.1 AS project, groupArray((span.2, span.3, span.4, span.5, span.6)) AS spans
    FROM (
        SELECT
            substring(stream, 10) AS person,
            arraySort(groupUniqArray((k, happened = 'allocation-released', ifNull(log.project, ''),
                toInt32(ifNull(log.first_day, toDate32('1900-01-01'))),
                toInt32(ifNull(log.last_day, toDate32('1900-01-01')))))) AS steps,
            arrayMap(s -> if(s.2, arrayLast(p -> NOT p.2 AND p.1 < s.1, steps), s), steps) AS plans,
            -- (project, first day, last day, from when it stands and until when, event)
            arrayJoin(arrayMap((s, p, until) -> (p.3, p.4, least(p.5, s.5), s.1, until,
                    concat(stream, '/', toString(bitAnd(s.1, 1048575)))),
                steps, plans, arrayPopFront(arrayPushBack(steps.1, 9223372036854775807)))) AS span
        FROM {workload_events | happened IN ('allocation-planned', 'allocation-revised', 'allocation-released')} AS log
        GROUP BY stream, item
    )
    GROUP BY person, project
) AS plan ON plan.person = log.person AND plan.project = log.project
-- @view owed_timesheets
-- Each person's weeks with hours, or with a firm plan and any net capacity, from the first week on that anybody has a
-- timesheet for here, at {as_of_k} as known at {known_at}: `number` is the days from the week's Sunday to the first
-- submission, or so far; none for hours that only a source shows, since they may be submitted there. `k` is the week's Monday with the version of the first hours, else of the submission, else of the plan, which
-- is then the stream. Params: as_of_k, known_at, basis, as_of, tz.
SELECT
    if(greatest(sheet.4, sheet.5) = 0, plan.1, sheet.1) AS stream,
    concat('person:', person) AS owner,
    toUnixTimestamp64Milli(toDateTime64(monday, 3, {tz:String})) * 1048576
        + toInt64(multiIf(sheet.5 != 0, sheet.5, sheet.4 != 0, sheet.4, plan.2)) AS k,
    if(sheet.6, NULL, toFloat64(
        if(sheet.4 = 0, toInt32({as_of:Date32}), toInt32(toDate32(sheet.3, {tz:String}))) - toInt32(monday) - 6)) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    sheet.4 = 0 AS is_open,
    toNullable(monday + 6) AS from_day,
    if(sheet.4 = 0, NULL, sheet.3) AS cured_at,
    arrayConcat(
        arrayMap(v -> concat(sheet.1, '/', toString(v)), arrayFilter(v -> v != 0, [sheet.5, sheet.4])),
        if(plan.2 = 0, [], [concat(plan.1, '/', toString(plan.2))])) AS evidence,
    concat(toString(toISOYear(monday)), '-W', leftPad(toString(toISOWeek(monday)), 2, '0'),
        multiIf(sheet.6, ', shown by a source only', sheet.4 = 0, ', not submitted',
            concat(', submitted ', toString(number), ' days after it')))
        AS detail
FROM (
    SELECT person, monday, max(sheets) AS sheet, max(plans) AS plan
    FROM (
        SELECT
            any(log.person) AS person,
            log.monday AS monday,
            minIf(tuple(k, occurred_at, version), happened = 'submitted') AS first,
            arraySort(groupArrayIf((log.item, k, ifNull(log.hours, 0)), happened IN ('hours-logged', 'hours-corrected')))
                AS entries,
            arrayFilter((e, next) -> e.1 != next, entries, arrayShiftLeft(entries.1, 1)) AS standing,
            toUInt8(arraySum(standing.3) > 0) AS has_hours,
            (stream, has_hours, first.2, first.3, minIf(version, happened IN ('hours-logged', 'hours-corrected')),
                min(log.imported)) AS sheets,
            ('', toUInt32(0)) AS plans
        FROM {timesheet_events} AS log
        GROUP BY monday, stream
        UNION ALL
        SELECT
            booked.person, booked.monday, tuple(toInt64(0), toDateTime64(0, 3, 'UTC'), toUInt32(0)), [], [], 0,
            ('', toUInt8(0), toDateTime64(0, 3, 'UTC'), toUInt32(0), toUInt32(0), false),
            (booked.stream, toUInt32(arrayMax(booked.firm)))
        FROM planned_weeks(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
            tz = {tz:String}, period_from = '1970-01-01', period_to = {as_of:Date32}
        ) AS booked
        INNER JOIN (
            SELECT person, monday
            FROM capacity(
                as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
                tz = {tz:String}, period_from = '1970-01-01', period_to = {as_of:Date32}
            )
            WHERE hours > 0
        ) AS net ON sipHash64(net.person) = sipHash64(booked.person) AND net.monday = booked.monday
        WHERE booked.hard > 0
    )
    GROUP BY person, monday
    HAVING (sheet.2 = 1 OR plan.2 != 0)
        AND (sheet.6 OR monday >= (
            SELECT if(count() = 0, toDate32('2299-12-31'), min(held.monday))
            FROM {timesheet_events | NOT imported} AS held))
)
