-- How projects end, and what is recorded about them in time.
-- @view recordings
-- Decisions, steps and progress at {as_of_k} as known at {known_at}, one row per record: `number` is the days from the day on which
-- it happened to the one on which it was recorded, or reported where the source says that. Params: as_of_k, known_at,
-- basis, tz.
SELECT
    stream,
    stream AS owner,
    k,
    toFloat64(dateDiff('day', occurred_at, reported_at, {tz:String})) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    toNullable(toDate32(occurred_at, {tz:String})) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    concat(happened, ', ', toString(number), ' days late') AS detail
FROM {project_events | happened IN ('approved', 'rejected', 'baseline-set', 'gate-passed', 'gate-passed-with-conditions',
    'gate-failed', 'gate-decision-revoked', 'condition-met', 'change-approved', 'change-rejected', 'progress-reported',
    'milestone-reached', 'started', 'put-on-hold', 'resumed', 'completed', 'cancelled', 'financially-closed')} AS log
-- a record may stand twice until parts are merged
LIMIT 1 BY stream, k
-- @view risk_reviews
-- Each assessment that leaves a threat at {threshold} or more (probability times impact, in the risk's own currency) at
-- {as_of_k} as known at {known_at}: `number` is the days to its next assessment, its end or the project's, or to the
-- as-of day. Without an owner it is over its own limit of -1, until it has one. After the project's end nothing is asked.
-- Params: as_of_k, known_at, basis, as_of, tz, threshold.
SELECT
    stream,
    stream AS owner,
    review.1.1 AS k,
    review.1.2 AS since,
    review.2 AS following,
    review.3 AS settled,
    toFloat64(if(following.1 = 0, toInt32({as_of:Date32}), following.2) - since) AS number,
    NOT review.1.6 AND NOT (settled.1 != 0 AND settled.2 = since) AS unowned,
    if(unowned, toNullable(toFloat64(-1)), NULL) AS own_limit,
    following.1 = 0 AS is_open,
    if(unowned, NULL, toDate32('1970-01-01') + since) AS from_day,
    if(unowned, settled.1, following.1) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, cure])) AS evidence,
    concat('risk ', review.1.3, if(unowned, ', no owner',
        concat(if(following.1 = 0, ', not assessed for ', ', assessed after '), toString(number), ' days'))) AS detail
FROM (
    SELECT
        stream,
        groupUniqArrayIf(item, happened = 'risk-raised' AND ifNull(log.effect = 'threat', false)) AS threats,
        -- (k, day, risk, 1 assessed, 2 over, 3 the project's end, 4 it goes on, whether over the threshold, whether somebody owns it)
        arraySort(groupUniqArray((
            k, toInt32(toDate32(occurred_at, {tz:String})), item,
            multiIf(happened IN ('risk-raised', 'risk-reassessed'), 1,
                happened IN ('risk-closed', 'risk-materialised'), 2,
                happened IN ('started', 'resumed', 'reopened'), 4, 3),
            toUInt8(ifNull(round(toFloat64(log.probability) * toFloat64(log.impact), 4) >= {threshold:Float64}, false)),
            toUInt8(ifNull(log.owner, '') != '')))) AS steps,
        arrayJoin(arrayMap(a -> (
                a,
                arrayFirst(s -> s.1 > a.1 AND (s.3 = a.3 OR s.4 = 3), steps),
                arrayFirst(s -> s.1 > a.1 AND (s.4 = 3 OR (s.3 = a.3 AND (s.4 = 2 OR s.6 OR NOT s.5))), steps)),
            arrayFilter(
                s -> s.4 = 1 AND s.5 AND has(threats, s.3) AND arrayLast(e -> e.4 > 2 AND e.1 < s.1, steps).4 != 3,
                steps))) AS review
    FROM {project_events | happened IN ('risk-raised', 'risk-reassessed', 'risk-closed', 'risk-materialised',
        'started', 'resumed', 'reopened', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view completions
-- Each completion at {as_of_k} as known at {known_at}: `number` is how many risks, undecided changes and unmet
-- conditions of gates were open then; what was settled on the completion's own day counts as settled unless hours say
-- otherwise. Where only a source shows the project completed, there is no number. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    completion.1 AS k,
    -- (opened by, settled by, name)
    arrayFilter(o -> o.1 != 0 AND (o.2 = 0 OR o.2 > completion.2), arrayMap(
        t -> (
            arrayLast(s -> s.2 = t AND s.1 <= completion.1, steps).3,
            arrayFirst(s -> s.2 = t AND s.1 > completion.1 AND s.3 = 0, steps).1,
            t),
        things)) AS left_open,
    if(completion.3, NULL, toFloat64(length(left_open))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(empty(left_open) OR has(left_open.2, 0), 0, arrayMax(left_open.2)) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))),
        arrayFilter(e -> e != 0, arrayConcat([k], left_open.1, left_open.2))) AS evidence,
    if(empty(left_open), '', concat('open: ', arrayStringConcat(left_open.3, ', '))) AS detail
FROM (
    SELECT
        stream,
        -- (k, of what, the same k if that opens it, else 0)
        arraySort(groupUniqArrayIf((
                k,
                concat(multiIf(happened LIKE 'risk-%', 'risk ', happened LIKE 'change-%', 'change ', 'condition of '),
                    item),
                if(happened IN ('risk-raised', 'risk-reassessed', 'change-requested', 'gate-passed-with-conditions'),
                    k, 0)),
            happened NOT IN ('completed', 'recorded'))) AS steps,
        arraySort(arrayDistinct(steps.2)) AS things,
        groupUniqArrayIf((k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}) AS on_day, 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(on_day + 1, 3, {tz:String})) * 1048576 - 1, k), false),
            happened = 'completed') AS told,
        arraySort(groupUniqArrayIf(k, happened = 'recorded' AND ifNull(log.status = 'completed', false))) AS shown,
        arrayJoin(arrayConcat(told,
            arrayMap(s -> (s, s, true), arraySlice(shown, 1, toUInt8(empty(told)))))) AS completion
    FROM {project_events | happened IN ('completed', 'recorded', 'risk-raised', 'risk-reassessed', 'risk-closed',
        'risk-materialised', 'change-requested', 'change-approved', 'change-rejected', 'gate-passed',
        'gate-passed-with-conditions', 'gate-failed', 'gate-decision-revoked', 'condition-met')} AS log
    GROUP BY stream
)
-- @view closings
-- Each time that a project was closed financially, at {as_of_k} as known at {known_at}: `number` is what was recorded of
-- later days until it was reopened, beside what may follow: corrections of cost, benefits measured, lessons, what a
-- source shows, and that the whole was recorded in error. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    closing.1 AS k,
    toFloat64(length(follow)) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    arrayMap(s -> concat(stream, '/', toString(s.2)), arrayPushFront(follow, closing)) AS evidence,
    if(empty(follow), '', concat('followed by ', arrayStringConcat(arrayDistinct(follow.3), ', '))) AS detail
FROM (
    SELECT
        stream,
        arraySort(groupUniqArray((k, version, toString(happened), toDate32(occurred_at, {tz:String})))) AS steps,
        arrayJoin(arrayFilter(s -> s.3 = 'financially-closed', steps)) AS closing,
        arrayFirst(s -> s.3 = 'reopened' AND s.1 > closing.1, steps) AS reopening,
        arrayFilter(
            s -> s.4 > closing.4 AND (reopening.1 = 0 OR s.1 < reopening.1)
                AND s.3 NOT IN ('actual-cost-corrected', 'benefit-measured', 'lesson-recorded', 'lesson-applied',
                    'recorded', 'left-source', 'withdrawn', 'reopened'),
            steps) AS follow
    FROM {project_events}
    WHERE stream IN (SELECT stream FROM {project_events | happened = 'financially-closed'})
    GROUP BY stream
)
