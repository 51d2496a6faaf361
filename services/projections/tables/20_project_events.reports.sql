-- What project reports say, and what they ask for.
-- @view red_stretches
-- What stretches of red reports ask for at {as_of_k} as known at {known_at}: an answer within {limit} days of the first
-- one, and within each further {limit} days in which the project is reported red again. `number` is the days from
-- there to what was done (a change, a decision, a gate's decision) or to the end of the stretch (a report that is not
-- red, a hold, the project's end); to the as-of day while there is neither. A report without a colour says nothing;
-- where only a source shows red, there is no number. Params: as_of_k, known_at, basis, as_of, tz, limit.
SELECT
    stream,
    stream AS owner,
    red.1 AS k,
    red.2 AS answer,
    if(red.4, NULL, toFloat64(if(answer.1 = 0, toInt32({as_of:Date32}), answer.2) - toInt32(red.3))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    answer.1 = 0 AS is_open,
    if(red.4, NULL, red.3) AS from_day,
    if(answer.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(answer.1, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))),
        arrayFilter(e -> e != 0, [k, answer.1])) AS evidence,
    multiIf(red.4, '', answer.1 = 0, 'red, and nothing done', concat('red for ', toString(number), ' days')) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, whether of no hour of that day, 1 red, 2 of another colour, 3 rests or ends, 4 something done)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String}) AS on_day),
                toDateTime64(on_day, 3, {tz:String}) = occurred_at,
                multiIf(happened = 'progress-reported', if(log.rag = 'red', 1, 2), happened IN ('put-on-hold',
                    'completed', 'cancelled', 'merged-into', 'split-into', 'descoped'), 3, 4)),
            happened != 'recorded' AND (happened != 'progress-reported' OR log.rag IS NOT NULL))) AS steps,
        arrayFilter(s -> s.4 < 4, steps) AS colours,
        arrayFilter((s, before) -> s.4 = 1 AND before != 1, colours,
            arrayPopBack(arrayPushFront(colours.4, 2))) AS firsts,
        -- (the report, its stretch's first one, how many whole limits after it)
        arrayMap(
            (r, f) -> (r, f, toInt32(if(r.1 = f.1, 0, intDiv(greatest(r.2 - f.2 - 1, 0), toInt32({limit:Float64}))))),
            arrayFilter(s -> s.4 = 1, colours) AS told, arrayMap(r -> arrayLast(f -> f.1 <= r.1, firsts), told)) AS reds,
        arrayFilter((r, before) -> r.2 != before.2 OR r.3 != before.3, reds,
            arrayPopBack(arrayPushFront(reds, ((toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)),
                (toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)), toInt32(0))))) AS asks,
        arraySort(groupUniqArrayIf(k, happened = 'recorded' AND ifNull(log.rag = 'red', false))) AS shown,
        arrayJoin(arrayConcat(
            arrayMap(
                (r, since) -> (r.1.1,
                    arrayFirst(
                        s -> s.4 != 1 AND if(r.3 = 0,
                            s.1 > r.1.1 OR (s.4 > 2 AND s.2 = since AND (s.3 OR r.1.3)), s.2 > since), steps),
                    toDate32('1970-01-01') + since, false),
                asks, arrayMap(r -> r.2.2 + r.3 * toInt32({limit:Float64}), asks)),
            arrayMap(s -> (s, (toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)), toDate32('1970-01-01'), true),
                arraySlice(shown, 1, toUInt8(empty(reds)))))) AS red
    FROM {project_events | happened IN ('progress-reported', 'recorded', 'change-requested', 'change-approved',
        'decision-recorded', 'gate-passed', 'gate-passed-with-conditions', 'gate-failed', 'put-on-hold', 'completed',
        'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view rag_claims
-- Each report with a colour and a forecast at {as_of_k} as known at {known_at}, against the baseline in force at its
-- data date: `number` is 1 if it says green although the finish slips by more than {slip_share} of the first baseline's
-- length, or the cost exceeds the budget by more than {cost_share} of it; null where neither can be told.
-- Params: as_of_k, known_at, basis, tz, slip_share, cost_share.
SELECT
    stream,
    stream AS owner,
    claim.1.1 AS k,
    claim.2 AS held,
    claim.3 AS first,
    if(first.1 = 0, held, first) AS long,
    greatest(1, dateDiff('day', long.3, long.4)) AS length,
    if(held.1 = 0, NULL, round(toFloat64(dateDiff('day', held.4, claim.1.3)) / length, 6)) AS slip,
    if(held.1 = 0 OR held.5 = 0 OR held.6 != claim.1.5, NULL,
        round(toFloat64(claim.1.4) / toFloat64(held.5) - 1, 6)) AS over,
    ifNull(slip > {slip_share:Float64}, false) OR ifNull(over > {cost_share:Float64}, false) AS is_red,
    if(slip IS NULL AND over IS NULL, NULL, toFloat64(is_red AND claim.1.6 = 'green')) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, held.1])) AS evidence,
    multiIf(held.1 = 0, 'no baseline at the data date', number IS NULL, 'cost in another currency',
        concat('says ', claim.1.6,
            if(slip IS NULL, '', concat(', finish off by ', toString(round(slip * 100, 2)), ' %')),
            if(over IS NULL, '', concat(', cost off by ', toString(round(over * 100, 2)), ' %')))) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, start, finish, budget, currency, number)
        arraySort(groupUniqArrayIf((
            k, toDate32(occurred_at, {tz:String}), assumeNotNull(log.start), assumeNotNull(log.finish),
            assumeNotNull(log.budget), assumeNotNull(log.currency), item), happened = 'baseline-set')) AS plans,
        groupUniqArrayIf((
                k, assumeNotNull(log.data_date), log.forecast_finish, log.forecast_cost, assumeNotNull(log.currency),
                assumeNotNull(log.rag)),
            happened = 'progress-reported' AND log.rag IS NOT NULL
                AND (log.forecast_finish IS NOT NULL OR log.forecast_cost IS NOT NULL)) AS reports,
        arrayJoin(arrayMap(r -> (
                r, arrayLast(p -> p.2 <= r.2, plans), arrayLast(p -> p.2 <= r.2 AND p.7 = '1', plans)),
            reports)) AS claim
    FROM {project_events | happened IN ('baseline-set', 'progress-reported')} AS log
    GROUP BY stream
)
