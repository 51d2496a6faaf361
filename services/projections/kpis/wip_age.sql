-- name: wip-age
-- title: Age of work in progress
-- family: flow
-- measure: days
-- better: lower
-- aggregator: median
-- version: 1
-- beside: p85
-- source: Vacanti, Actionable Agile Metrics for Predictability (2015)
-- definition: Days, with fractions, from the first moment in an active status to the end of the as-of day, of the items
--   that are in an active status then, blocked or not; half are no older than this, and beside stands what 85 % do not
--   exceed. It is a state at the as-of day: the period does not matter. Removed items are left out. An item counts for
--   its project's unit.
SELECT
    ifNull(p.unit, '') AS unit,
    w.stream AS subject,
    concat(w.project, ' ', w.item_key) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    '' AS excluded,
    toDecimal128(ifNull(dateDiff('second', w.started_at, w.until), 0), 4) / toDecimal128(86400, 0) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [w.version] AS evidence,
    [concat('project:', w.project)] AS sources
FROM work_spans(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS w
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = w.project
WHERE w.category = 'active' AND NOT w.is_removed
