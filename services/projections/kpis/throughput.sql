-- name: throughput
-- title: Throughput
-- family: flow
-- measure: count
-- better: higher
-- aggregator: sum
-- version: 1
-- source: Vacanti, Actionable Agile Metrics for Predictability (2015)
-- definition: How many items were done in the period and not reopened since, by the moment since which each is done.
--   Removed items are left out and counted beside. An item counts for its project's unit.
SELECT
    ifNull(p.unit, '') AS unit,
    w.stream AS subject,
    concat(w.project, ' ', w.item_key) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    if(w.is_removed, 'removed', '') AS excluded,
    toDecimal128(1, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [w.version] AS evidence,
    [concat('project:', w.project)] AS sources
FROM work_spans(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS w
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = w.project
WHERE toDate32(w.done_at, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
