-- name: gate-waiting
-- title: Gates waiting for a decision
-- family: delivery
-- measure: days
-- better: lower
-- aggregator: median
-- version: 2
-- by: gate
-- beside: p80
-- source: our own, after Vacanti, Actionable Agile Metrics for Predictability (2015), on age
-- definition: Calendar days from the request to the as-of day, of the gates that wait for a decision then: the age of
--   the earliest request after the last decision. Only of open projects (proposed, deferred, approved, running, on
--   hold). Half are no older than this; what 80 % do not exceed stands beside. It is a state at the as-of day: the
--   period does not matter. A gate reopened by a revoked decision waits only once it is requested again. A decision of
--   the request's own day answers it, unless hours say that it came before, or another request waited for it. Gates of
--   ended and withdrawn projects count nowhere.
WITH
    arrayFirst(r -> r.1 > if(empty(g.decisions), 0, g.decisions[-1].1), g.requests) AS request
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    concat(ifNull(p.name, p.project), ' ', g.gate) AS label,
    p.standing AS standing,
    '' AS excluded,
    toDecimal128(dateDiff('day', toDate32(request.2, {tz:String}), {as_of:Date32}), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [request.3] AS evidence,
    g.gate AS gate
FROM gates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}, tz = {tz:String}
) AS g
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = g.stream
WHERE p.status IN ('proposed', 'deferred', 'approved', 'running', 'on-hold') AND request.1 > 0
