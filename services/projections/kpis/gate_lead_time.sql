-- name: gate-lead-time
-- title: Gate lead time
-- family: delivery
-- measure: days
-- better: lower
-- aggregator: kaplan-meier
-- version: 2
-- by: gate, approver
-- source: Kaplan and Meier, Nonparametric Estimation from Incomplete Observations (1958)
-- definition: Calendar days from the request to pass a gate to the decision on it (passed, with conditions, failed),
--   of the requests in the period; the median by Kaplan and Meier, where undecided ones count as lasting at least until
--   the as-of day, on an ended project until its end. A request repeated before the decision counts from the first one;
--   one made again after a decision is another. A decision of the request's own day answers it in 0 days, unless hours
--   say that it came before, or another request waited for it. By approver, undecided ones stand under nobody. A
--   revoked decision was one all the same. Requests of withdrawn projects count nowhere.
WITH
    toDate32(request.2, {tz:String}) AS requested_on,
    arrayFirst(d -> d.1 > request.1, decisions) AS decision,
    multiIf(
        decision.1 > 0, toDate32(decision.2, {tz:String}),
        p.status IN ('proposed', 'deferred', 'approved', 'running', 'on-hold', 'observed'), {as_of:Date32},
        toDate32(p.status_since, {tz:String})) AS until
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    concat(ifNull(p.name, p.project), ' ', g.gate) AS label,
    p.standing AS standing,
    '' AS excluded,
    toDecimal128(greatest(0, dateDiff('day', requested_on, until)), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    decision.1 > 0 AS ended,
    arrayFilter(v -> v > 0, [request.3, decision.5]) AS evidence,
    g.gate AS gate,
    decision.4 AS approver
FROM (
    SELECT
        stream,
        gate,
        g.decisions AS decisions,
        arrayJoin(arrayFilter(
            r -> NOT arrayExists(
                o -> o.1 < r.1 AND NOT arrayExists(d -> d.1 > o.1 AND d.1 < r.1, decisions), requests),
            requests)) AS request
    FROM gates(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}, tz = {tz:String}
    ) AS g
) AS g
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = g.stream
WHERE p.status != 'withdrawn' AND requested_on BETWEEN {period_from:Date32} AND {period_to:Date32}
