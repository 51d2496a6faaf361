-- name: on-budget-approved
-- title: On-budget rate against approved changes
-- family: budget
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019), for the baseline; cohort rule of our own
-- definition: Of the projects financially closed in the period (and not reopened since), whatever ended them: those
--   whose final cost is at most the budget of the first baseline plus the cost of all changes approved up to the
--   closure. Credit notes and cost corrections after the closure change the final cost. Forgives what on-budget does
--   not. Beside: closed without a baseline, with one set after the closure, with a first budget of 0; costs or an
--   approved change in another currency than the baseline. Projects that are not closed, observed and withdrawn ones
--   count nowhere.
WITH
    arrayFilter(
        c -> c.1 > closure.5 AND c.1 = arrayMax(o -> if(o.2 = c.2, o.1, 0), cost_corrections),
        cost_corrections) AS later,
    arrayFilter(a -> a.1 <= closure.3, c.approved) AS changes,
    toDecimal128(ifNull(closure.1, 0), 4)
        + arraySum(arrayMap(c -> toDecimal128(ifNull(c.3, 0), 4), later)) AS final_cost,
    toDecimal128(ifNull(baseline1.3, 0), 4) + arraySum(arrayMap(a -> a.2, changes)) AS budget
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        baseline1.5 = 0, 'no baseline',
        baseline1.6 > closure.3, 'baseline set after the closure',
        ifNull(baseline1.3 = 0, true), 'budget of 0',
        ifNull(closure.2 != baseline1.4, true) OR arrayExists(c -> ifNull(c.4 != baseline1.4, true), later),
            'cost in another currency',
        arrayExists(a -> ifNull(a.3 != baseline1.4, true), changes), 'change in another currency',
        '') AS excluded,
    toDecimal128(final_cost <= budget, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, arrayConcat(
        [baseline1.5, closure.4], arrayMap(c -> c.5, later), arrayMap(a -> a.4, changes), arrayMap(a -> a.5, changes)))
        AS evidence
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN (
    SELECT
        stream,
        groupArray((
            decision.3, toDecimal128(ifNull(request.1, 0), 4), ifNull(request.2, ''), request.6, decision.4)) AS approved
    FROM changes(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE verdict = 'approved'
    GROUP BY stream
) AS c ON c.stream = p.stream
WHERE p.status NOT IN ('withdrawn', 'observed') AND is_closed
  AND toDate32(closure.3, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
