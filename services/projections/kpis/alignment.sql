-- name: alignment
-- title: Alignment with the goals
-- family: portfolio
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own weighted scoring, after Cooper, Edgett and Kleinschmidt, Portfolio Management for New Products
--   (2001)
-- definition: Of the projects that are approved, running or on hold at the as-of day: the sum of budget times
--   alignment over the sum of budgets. A project's alignment is the sum over the goals of the goal's share of all
--   weights times the contribution (0 to 5) that it was proposed with, over 5; goals that are retired or unknown
--   contribute 0. The budget is that of the baseline in force, else the proposal's. Amounts in the reporting currency
--   stand as they are; others must be in the plan's currency, and are converted at the rate of the first baseline's
--   day: without one it is an error that names it. Left out and counted beside: without contributions (unscored); no
--   goals have a weight; no budget; a budget of 0; another currency. Observed and withdrawn projects count nowhere.
WITH
    if(p.baseline.5 > 0, p.baseline.3, o.proposal.7) AS planned,
    ifNull(if(p.baseline.5 > 0, p.baseline.4, o.proposal.8), '') AS planned_in,
    arrayFilter(each -> mapContains(o.proposal.1, each.1), g.each) AS served,
    arraySum(arrayMap(each -> each.2 * o.proposal.1[each.1], served)) AS score,
    if(planned_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        empty(o.proposal.1), 'unscored',
        g.total = 0, 'no goals',
        planned IS NULL, 'no budget',
        ifNull(planned = 0, true), 'budget of 0',
        planned_in != {currency:String} AND planned_in != rates.currency, 'another currency',
        planned_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    toDecimal128(round(denominator * (score / (if(g.total = 0, toDecimal128(1, 8), g.total) * 5)), 4), 4) AS numerator,
    toDecimal128(round(toDecimal128(ifNull(planned, 0), 4) * rate, 4), 4) AS denominator,
    arrayConcat(
        arrayMap(v -> concat(p.stream, '/', toString(v)),
            arrayFilter(v -> v > 0, [o.proposal.9, if(p.baseline.5 > 0, p.baseline.5, 0)])),
        arrayMap(each -> concat('goal:', each.1, '/', toString(each.3)), served)) AS evidence,
    arrayMap(each -> concat('goal:', each.1), g.each) AS sources
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN proposals(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS o ON o.stream = p.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = p.stream
CROSS JOIN (
    SELECT arraySort(groupArray((goal, toDecimal128(ifNull(weight, 0), 8), weight_version))) AS each,
        sum(toDecimal128(ifNull(weight, 0), 8)) AS total
    FROM goals(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE NOT is_retired AND ifNull(weight, 0) > 0
) AS g
WHERE p.status IN ('approved', 'running', 'on-hold')
