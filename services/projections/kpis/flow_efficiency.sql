-- name: flow-efficiency
-- title: Flow efficiency
-- family: flow
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: Modig and Ahlstrom, This Is Lean (2012): value-adding time over throughput time
-- definition: Of the time between the first moment in an active status and the one since which the item is done: the
--   part spent in active statuses and not blocked. Time in a queue and blocked time is waiting; time in a done status
--   before a reopening counts as neither. Over the items done in the period and not reopened since. Left out and
--   counted beside: items that were never active, and removed ones. An item counts for its project's unit.
WITH
    arrayFilter(s -> ifNull(s.1 >= w.started_at AND s.2 <= w.done_at, false), w.spans) AS inside
SELECT
    ifNull(p.unit, '') AS unit,
    w.stream AS subject,
    concat(w.project, ' ', w.item_key) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    multiIf(w.is_removed, 'removed', w.started_at IS NULL, 'never active', '') AS excluded,
    toDecimal128(arraySum(s -> if(s.4 = 'active' AND NOT s.5, dateDiff('millisecond', s.1, s.2), 0), inside), 4)
        / toDecimal128(86400000, 0) AS numerator,
    toDecimal128(arraySum(s -> if(s.4 = 'done', 0, dateDiff('millisecond', s.1, s.2)), inside), 4)
        / toDecimal128(86400000, 0) AS denominator,
    [w.version] AS evidence,
    [concat('project:', w.project)] AS sources
FROM work_spans(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS w
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = w.project
WHERE toDate32(w.done_at, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
