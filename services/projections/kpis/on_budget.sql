-- name: on-budget
-- title: On-budget rate
-- family: budget
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019) for the baseline; cohort rule of our own
-- definition: Of the projects financially closed in the period (and not reopened since), whatever ended them, with a
--   first baseline whose budget is over 0: those whose final cost is at most that budget, however often they were
--   rebaselined. Credit notes and cost corrections that come after the closure change the final cost. Beside: closed
--   without a baseline, with one set after the closure, with a budget of 0, or with costs in another currency; started
--   and not closed. A withdrawn project counts nowhere. Of observed projects no closure is known, so nothing can be said of them here; what open and
--   observed ones are forecast to cost is another question: forecast-within-budget.
WITH
    arrayFilter(
        c -> c.1 > closure.5 AND c.1 = arrayMax(o -> if(o.2 = c.2, o.1, 0), cost_corrections),
        cost_corrections) AS later,
    toDate32(closure.3, {tz:String}) AS closed_on,
    closure.1 + arraySum(c -> ifNull(c.3, 0), later) AS final_cost,
    baseline1.3 AS budget
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        standing = 'observed', 'closure is not observed',
        NOT is_closed, 'not closed',
        baseline1.5 = 0, 'no baseline',
        baseline1.6 > closure.3, 'baseline set after the closure',
        ifNull(budget = 0, true), 'budget of 0',
        ifNull(closure.2 != baseline1.4, true) OR arrayExists(c -> ifNull(c.4 != baseline1.4, true), later),
            'cost in another currency',
        '') AS excluded,
    toDecimal128(ifNull(final_cost <= budget, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, arrayConcat(
        [baseline1.5, if(is_closed, closure.4, 0)], if(is_closed, arrayMap(c -> c.5, later), []))) AS evidence
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE status IN ('running', 'on-hold', 'completed', 'cancelled', 'merged', 'split', 'descoped', 'observed')
  AND (standing = 'governed' OR observed.8 > 0)
  AND (NOT is_closed OR closed_on BETWEEN {period_from:Date32} AND {period_to:Date32})
