-- name: cycle-time
-- title: Cycle time
-- family: flow
-- measure: days
-- better: lower
-- aggregator: median
-- version: 1
-- beside: p85
-- source: Vacanti, Actionable Agile Metrics for Predictability (2015)
-- definition: Days, with fractions, from the first moment in an active status to the one since which the item is done,
--   of the items done in the period and not reopened since; half take no longer than this, and beside stands what 85 %
--   do not exceed. Left out and counted beside: items that were never active, and removed ones. An item counts for its
--   project's unit.
SELECT
    ifNull(p.unit, '') AS unit,
    w.stream AS subject,
    concat(w.project, ' ', w.item_key) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    multiIf(w.is_removed, 'removed', w.started_at IS NULL, 'never active', '') AS excluded,
    toDecimal128(ifNull(dateDiff('second', w.started_at, w.done_at), 0), 4) / toDecimal128(86400, 0) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [w.version] AS evidence,
    [concat('project:', w.project)] AS sources
FROM work_spans(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS w
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = w.project
WHERE toDate32(w.done_at, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
