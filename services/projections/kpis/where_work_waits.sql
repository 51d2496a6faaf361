-- name: where-work-waits
-- title: Where work waits
-- family: flow
-- measure: days
-- better: lower
-- aggregator: sum
-- version: 1
-- by: status
-- source: Vacanti, Actionable Agile Metrics for Predictability (2015)
-- definition: Days, with fractions, that items spent in the period, up to the end of the as-of day, in statuses of the
--   category queue, or blocked in an active one, added up; by status it shows the bottlenecks. Left out and counted
--   beside: removed items. An item counts for its project's unit.
WITH
    parseDateTime64BestEffort(toString({period_from:Date32}), 3, {tz:String}) AS opening,
    parseDateTime64BestEffort(toString({period_to:Date32} + 1), 3, {tz:String}) AS closing,
    -- whole seconds: doubles add up to a little less, and decimals cut that off
    arrayMap(
        s -> (s.3, s.4, s.5, greatest(0, dateDiff('second', greatest(s.1, opening), least(s.2, closing)))),
        w.spans) AS clipped
SELECT
    ifNull(p.unit, '') AS unit,
    w.stream AS subject,
    concat(w.project, ' ', w.item_key) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    if(w.is_removed, 'removed', '') AS excluded,
    toDecimal128(arraySum(
        s -> if(s.1 = status AND (s.2 = 'queue' OR s.2 = 'active' AND s.3), s.4, 0), clipped), 4)
        / toDecimal128(86400, 0) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [w.version] AS evidence,
    [concat('project:', w.project)] AS sources,
    arrayJoin(arrayDistinct(arrayMap(s -> s.3, w.spans))) AS status
FROM work_spans(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS w
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = w.project
WHERE numerator > 0
