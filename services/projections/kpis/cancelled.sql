-- name: cancelled
-- title: Projects cancelled
-- family: success
-- measure: count
-- better: neither
-- aggregator: sum
-- version: 1
-- by: cause
-- source: our own; the causes are those that a cancellation may give
-- definition: How many projects were cancelled in the period and not reopened since, by cause: strategy, funding,
--   feasibility, performance, duplicate, other, or unknown. Cancelling what no longer serves is good governance, so
--   neither more nor less is better. Nothing is left out and counted beside: merged, split and descoped projects, those
--   rejected before they began, observed and withdrawn ones count nowhere.
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    '' AS excluded,
    toDecimal128(1, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [told.version] AS evidence,
    ifNull(p.cancel_cause, 'unknown') AS cause
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
INNER JOIN (
    SELECT stream, argMax(version, k) AS version
    FROM project_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE happened = 'cancelled'
    GROUP BY stream
) AS told ON told.stream = p.stream
WHERE p.status = 'cancelled'
  AND toDate32(p.status_since, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
