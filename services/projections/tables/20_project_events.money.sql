-- Plans, cost and forecasts of projects, held against each other.
-- @view earned_value
-- Earned value and earned schedule of each project that is running or on hold, or ended no more than 35 days (or those of
-- the setting THRESHOLD.STALE-DAYS) before the as-of day, at {as_of_k} as known at {known_at}: two rows each, `against` the baseline "in force" at the report's data
-- date and against the "first" one set by then. `problem` says why there is none, `cost_problem` why its cost cannot be
-- compared; `es` and `at` are calendar days from the baseline's start, money is in `currency`, the baseline's. `forecast`
-- is (finish, cost, currency, version) as last told; `eac` means nothing where percent is 0. Params: as_of_k, known_at,
-- basis, as_of, tz.
WITH (
    SELECT ifNull(JSONExtract(argMax(ifNull(value, ''), k), 'value', 'Nullable(UInt16)'), 35)
    FROM {setting_events | setting = 'THRESHOLD.STALE-DAYS'}
) AS stale_days
SELECT
    stream, unit, label, standing, status, against, problem, cost_problem, ended_on, data_date, percent, currency, bac,
    ac, ev, forecast, versions, cost_versions,
    toDecimal128(round(toDecimal128(ac, 8) / if(percent = 0, toDecimal32(1, 8), percent), 4), 4) AS eac,
    toInt32(dateDiff('day', held.3, least(data_date, ended_on))) AS at,
    multiIf(
        at_point = 0 OR empty(curve), toDecimal128(0, 4),
        at_point = length(curve), toDecimal128(curve[-1].2, 4),
        toDecimal128(curve[at_point].2, 4)
            + toDecimal128(curve[at_point + 1].2 - curve[at_point].2, 4)
                * dateDiff('day', curve[at_point].1, data_date)
                / greatest(1, dateDiff('day', curve[at_point].1, curve[at_point + 1].1))) AS pv,
    multiIf(
        empty(curve), toDecimal128(0, 4),
        reached = 0, toDecimal128(dateDiff('day', held.3, curve[-1].1), 4),
        reached = 1, toDecimal128(dateDiff('day', held.3, curve[1].1), 4),
        toDecimal128(dateDiff('day', held.3, curve[reached - 1].1), 4)
            + (ev - curve[reached - 1].2) * dateDiff('day', curve[reached - 1].1, curve[reached].1)
                / if(curve[reached].2 = curve[reached - 1].2, toDecimal128(1, 4),
                    toDecimal128(curve[reached].2 - curve[reached - 1].2, 4))) AS es
FROM (
    SELECT
        stream, unit, label, standing, status, against, forecast, held, data_date, percent, ended_on,
        held.6 AS currency,
        held.7 AS curve,
        toDecimal128(held.5, 4) AS bac,
        toDecimal128(round(toDecimal128(held.5, 4) * percent, 4), 4) AS ev,
        toDecimal128(ifNull(report.3, 0), 4)
            + arraySum(arrayMap(c -> toDecimal128(ifNull(c.3, 0), 4), corrections)) AS ac,
        arrayFirstIndex(p -> p.2 >= ev, curve) AS reached,
        arrayCount(p -> p.1 <= data_date, curve) AS at_point,
        multiIf(
            status IN ('cancelled', 'merged', 'split', 'descoped'), status,
            NOT has_plan, 'no baseline',
            report.7 = 0, 'no report',
            dateDiff('day', data_date, {as_of:Date32}) > stale_days, 'stale report',
            held.8 = 0, 'no baseline at the data date',
            held.5 = 0, 'budget of 0',
            '') AS problem,
        multiIf(
            ifNull(report.8 != held.6, true) OR arrayExists(c -> ifNull(c.4 != held.6, true), corrections),
                'cost in another currency',
            ac <= 0, 'no actual cost',
            '') AS cost_problem,
        arrayFilter(v -> v > 0, [held.8, report.7]) AS versions,
        arrayConcat(versions, arrayMap(c -> c.5, corrections)) AS cost_versions
    FROM (
        SELECT
            p.stream AS stream,
            ifNull(p.unit, '') AS unit,
            ifNull(p.name, p.project) AS label,
            p.standing AS standing,
            p.status AS status,
            if(p.status IN ('running', 'on-hold'), toDate32('2299-12-31'), toDate32(p.status_since, {tz:String}))
                AS ended_on,
            arrayJoin(['in force', 'first']) AS against,
            r.report AS report,
            ifNull(r.report.1, toDate32('1970-01-01')) AS data_date,
            ifNull(r.report.2, toDecimal32(0, 8)) AS percent,
            r.forecast AS forecast,
            arrayExists(s -> against = 'in force' OR s.2 = '1', b.sets) AS has_plan,
            arrayFilter(s -> (against = 'in force' OR s.2 = '1') AND toDate32(s.9, {tz:String}) <= data_date,
                b.sets)[-1] AS held,
            arrayFilter(
                c -> c.1 > r.report.9
                    AND toDate32(fromUnixTimestamp64Milli(bitShiftRight(c.1, 20), 'UTC'), {tz:String}) <= data_date,
                p.cost_corrections) AS since,
            arrayFilter(c -> c.1 = arrayMax(o -> if(o.2 = c.2, o.1, 0), since), since) AS corrections
        FROM projects(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS p
        LEFT JOIN project_reports(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS r ON r.stream = p.stream
        LEFT JOIN baselines(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS b ON b.stream = p.stream
        WHERE p.status IN ('running', 'on-hold')
            OR (p.status IN ('completed', 'cancelled', 'merged', 'split', 'descoped')
                AND dateDiff('day', toDate32(p.status_since, {tz:String}), {as_of:Date32}) <= stale_days)
    )
)
-- @view forecasts
-- Each forecast of a finish at {as_of_k} as known at {known_at}, in a report or between two; while there is none, each
-- baseline's finish: `number` is the days on which it lay in the past, with no other forecast, while the project was
-- running. Where a project runs only by its source, there is no number. Params: as_of_k, known_at, basis, as_of, tz.
SELECT
    stream,
    stream AS owner,
    forecast.1.1 AS k,
    forecast.2 AS following,
    if(forecast.3, NULL, toFloat64(arraySum(arrayMap(
        s -> greatest(0, least(s.2, following.2) - greatest(s.1, forecast.1.2, forecast.1.3)), spans)))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    following.1 = 0 AND last_step.3 != 2 AS is_open,
    if(forecast.3, NULL, toDate32('1970-01-01') + forecast.1.3) AS from_day,
    multiIf(following.1 != 0, following.1, last_step.3 = 2, last_step.1, 0) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, cure])) AS evidence,
    if(forecast.3, '', concat('finish expected by ', toString(assumeNotNull(from_day)), ', in the past for ',
        toString(number), if(number = 1, ' day', ' days'))) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, finish, 1 if it is a forecast)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String})),
                toInt32(assumeNotNull(if(happened = 'baseline-set', log.finish, log.forecast_finish))),
                toUInt8(happened != 'baseline-set')),
            happened = 'baseline-set'
                OR (happened IN ('progress-reported', 'reforecast') AND log.forecast_finish IS NOT NULL))) AS told,
        arrayFirst(t -> t.4 = 1, told).1 AS since,
        arrayFilter(t -> t.4 = 1 OR since = 0 OR t.1 < since, told) AS finishes,
        -- (k, day, 1 runs, 2 has ended, 3 rests)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String})),
                multiIf(happened IN ('started', 'resumed', 'reopened'), 1, happened = 'put-on-hold', 3, 2)),
            happened NOT IN ('baseline-set', 'progress-reported', 'reforecast', 'recorded'))) AS steps,
        steps[-1] AS last_step,
        arrayFilter(s -> s.3 = 1, arrayMap((s, until) -> (s.2, until, s.3), steps,
            arrayPopFront(arrayPushBack(steps.2, toInt32({as_of:Date32}))))) AS spans,
        arraySort(groupUniqArrayIf(k,
            happened = 'recorded' AND (log.status IS NULL OR log.status IN ('running', 'on-hold', 'completed'))))
            AS shown,
        arrayJoin(arrayConcat(
            arrayFilter(f -> arrayExists(s -> s.1 < f.2.2 AND s.2 > f.1.2, spans),
                arrayMap((t, n) -> (t, n, false), finishes, arrayPopFront(arrayPushBack(finishes,
                    (toInt64(0), toInt32({as_of:Date32}), toInt32(0), toUInt8(0)))))),
            arrayMap(s -> ((s, toInt32(0), toInt32(0), toUInt8(0)), (s, toInt32(0), toInt32(0), toUInt8(0)), true),
                arraySlice(shown, 1, toUInt8(empty(steps)))))) AS forecast
    FROM {project_events | happened IN ('baseline-set', 'progress-reported', 'reforecast', 'recorded', 'started',
        'resumed', 'reopened', 'put-on-hold', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view rebaselines
-- Each baseline after the first at {as_of_k} as known at {known_at}: `number` is 0 where it rests on a change of its own
-- that was approved by then, else 1; a later approval is `cured_at`. Of what has only a day, what may have come in time
-- did. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    plan.1 AS k,
    toFloat64(wrong != '') AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(later.1 = 0 OR wrong NOT LIKE '%was not approved', NULL, fromUnixTimestamp64Milli(bitShiftRight(later.1, 20), 'UTC'))
        AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0,
        [plan.5, if(own, approval.5, 0), if(own, 0, other.5), if(isNull(cured_at), 0, later.5)])) AS evidence,
    if(wrong = '', '', concat('baseline ', plan.6, ' ', wrong)) AS detail
FROM (
    SELECT
        stream,
        plan,
        plan.3 != '' AND plan.7 = 0 AS named,
        arrayFirst(p -> p.4 = 1 AND named AND p.3 = plan.3 AND p.1 <= plan.2
            AND NOT arrayExists(r -> r.4 = 2 AND r.3 = plan.3 AND r.1 > p.1 AND r.2 < plan.1, steps), steps) AS approval,
        arrayFirst(p -> p.4 = 1 AND named AND p.3 = plan.3 AND p.1 > plan.2, steps) AS later,
        arrayFirst(o -> o.4 = 3 AND o.7 = 0 AND named AND o.3 = plan.3 AND o.1 < plan.1, steps) AS other,
        other.1 = 0 AS own,
        multiIf(
            plan.7 = 1, 'is unauthorised',
            NOT named, 'names no change',
            NOT own, concat('rests on ', plan.3, ', as baseline ', other.6, ' does'),
            approval.1 = 0, concat('rests on ', plan.3, ', which was not approved'),
            '') AS wrong
    FROM (
        SELECT
            stream,
            arraySort(groupUniqArray((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                if(happened = 'baseline-set', ifNull(log.change_id, ''), item),
                toUInt8(transform(happened, ['change-approved', 'change-rejected'], [1, 2], 3)),
                version,
                item,
                toUInt8(happened = 'baseline-set' AND ifNull(log.unauthorised, false))))) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 3 AND s.6 != '1', steps)) AS plan
        FROM {project_events | happened IN ('baseline-set', 'change-approved', 'change-rejected')} AS log
        GROUP BY stream
    )
)
-- @view overspend
-- Each time that a project with a budget and cost passed the limit at {as_of_k} as known at {known_at}: `number` is the
-- share of the first baseline's budget plus the changes approved by then that was spent beyond it; `cured_at` is when it
-- came back under. Where the limit was never passed, there is one row with the highest share; where money is in more than
-- one currency, one without a number. What is spent is what was last reported, with later corrections of it, or the final
-- cost. Of what has only a day, what may have come in time did. Params: as_of_k, known_at, basis, tz, limit.
SELECT
    stream,
    stream AS owner,
    met.1 AS k,
    if(is_mixed, NULL, met.4) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(back.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(back.1, 20), 'UTC')) AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0, arrayDistinct(arrayConcat(
        [base.3, met.3], arrayMap(c -> c.5, arrayFilter(c -> c.1 <= met.2, granted)), [back.3])))) AS evidence,
    if(is_mixed, 'cost, budget and changes are in different currencies',
        concat('spent ', toString(met.5), ' of ', toString(met.6), ' ', base.2, ', ', toString(round(met.4 * 100, 1)), ' % over'))
        AS detail
FROM (
    SELECT stream, base, granted, is_mixed, course[place] AS met,
        arrayFirst(m -> m.4 <= {limit:Float64}, arraySlice(course, place)) AS back
    FROM (
        SELECT stream, base, granted, is_mixed, course,
            arrayJoin(if(is_mixed OR empty(passings), [arrayLastIndex(m -> m.4 = arrayMax(course.4), course)], passings))
                AS place
        FROM (
            SELECT stream, base, granted, is_mixed, course,
                arrayFilter(
                    (n, m, before) -> m.4 > {limit:Float64} AND (n = 1 OR before.4 <= {limit:Float64}),
                    arrayEnumerate(course), course, arrayPushFront(arrayPopBack(course), course[1])) AS passings
            FROM (
                SELECT stream, base, granted, is_mixed,
                    arrayMap(
                        (p, allowed) -> (p.1, p.2, p.3,
                            if(allowed > 0, round(toFloat64(p.4) / toFloat64(allowed) - 1, 6), if(p.4 > 0, 1000000., -1.)),
                            p.4, allowed),
                        points, allowances) AS course
                FROM (
                    SELECT stream, base, granted, is_mixed, points,
                        arrayMap(
                            p -> base.1 + arraySum(arrayMap(c -> if(c.1 <= p.2, c.3, toDecimal128(0, 4)), granted)), points)
                            AS allowances
                    FROM (
                        SELECT stream, base, granted,
                            arrayExists(s -> s.5 != base.2, spends) OR arrayExists(c -> c.4 != base.2, granted) AS is_mixed,
                            arraySort(arrayConcat(
                                arrayMap(s -> (s.1, s.2, s.4, s.3), spends),
                                arrayMap(c -> (c.1, c.2, c.5, arrayLast(s -> s.1 <= c.1, spends).3), granted))) AS points
                        FROM (
                            SELECT stream, base,
                                arrayMap(
                                    d -> (d.1, d.2, arrayLast(r -> r.3 = d.3, requests).4,
                                        arrayLast(r -> r.3 = d.3, requests).5, d.7),
                                    arrayFilter(
                                        d -> d.6 AND d.1 = arrayFirst(o -> o.6 AND o.3 = d.3, decisions).1
                                            AND arrayLast(o -> o.3 = d.3, decisions).6
                                            AND arrayExists(r -> r.3 = d.3, requests), decisions)) AS granted,
                                arraySort(arrayConcat(
                                    arrayMap(r -> (r.1, r.2, r.4, r.7, r.5), reports),
                                    arrayMap(
                                        (c, since) -> (c.1, c.2,
                                            arrayLast(r -> r.1 = since, reports).4
                                                + arraySum(arrayMap(o -> o.4 * toUInt8(o.1 > since AND o.1 <= c.1
                                                    AND o.1 = arrayMax(arrayMap(
                                                        e -> e.1 * toInt64(e.3 = o.3 AND e.1 <= c.1), corrections))),
                                                    corrections)),
                                            c.7, c.5),
                                        corrections, arrayMap(c -> arrayLast(r -> r.1 < c.1, reports).1, corrections))))
                                    AS spends
                            FROM (
                                SELECT stream, base,
                                    arrayFilter(s -> s.8 = 1, steps) AS reports,
                                    arrayFilter(s -> s.8 = 2, steps) AS corrections,
                                    arrayFilter(s -> s.8 = 3, steps) AS requests,
                                    arrayFilter(s -> s.8 = 4, steps) AS decisions
                                FROM (
                                    SELECT
                                        stream,
                                        argMaxIf(tuple(toDecimal128(ifNull(log.budget, 0), 4), ifNull(log.currency, ''), version),
                                            k, happened = 'baseline-set' AND item = '1') AS base,
                                        arraySort(groupUniqArray((
                                            k,
                                            if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                                                toUnixTimestamp64Milli(
                                                    toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String}))
                                                    * 1048576 - 1,
                                                k),
                                            item,
                                            toDecimal128(ifNull(multiIf(happened = 'change-requested', log.cost,
                                                happened = 'actual-cost-corrected', log.amount,
                                                happened = 'financially-closed', log.final_cost, log.actual_cost), 0), 4),
                                            ifNull(log.currency, ''),
                                            happened = 'change-approved',
                                            version,
                                            transform(happened, ['progress-reported', 'financially-closed',
                                                'actual-cost-corrected', 'change-requested', 'baseline-set'],
                                                [1, 1, 2, 3, 0], 4)))) AS steps
                                    FROM {project_events | happened IN ('baseline-set', 'progress-reported',
                                        'financially-closed', 'actual-cost-corrected', 'change-requested', 'change-approved',
                                        'change-rejected')} AS log
                                    GROUP BY stream
                                    HAVING base.1 > 0
                                )
                            )
                            WHERE notEmpty(reports)
                        )
                        WHERE arrayExists(s -> s.3 > 0, spends)
                    )
                )
            )
        )
    )
)
