-- name: change-rate
-- title: Change rate
-- family: portfolio
-- measure: ratio
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own; PMI, PMBOK Guide, for integrated change control
-- definition: Of the projects that are running or on hold, and those completed, cancelled, merged, split or descoped
--   in the period: the net cost of all approved changes (savings count against it) over the budgets of their first
--   baselines. Amounts in the reporting currency stand as they are; others must be in the plan's currency, and are
--   converted at the rate of the first baseline's day: without one it is an error that names it. Left out and counted
--   beside: no baseline; a budget of 0; an approved change in another currency than the baseline; another currency.
--   Observed and withdrawn projects count nowhere.
WITH
    arraySum(arrayMap(a -> a.2, c.approved)) AS net,
    if(ifNull(baseline1.4, '') = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        baseline1.5 = 0, 'no baseline',
        ifNull(baseline1.3 = 0, true), 'budget of 0',
        arrayExists(a -> a.3 != ifNull(baseline1.4, ''), c.approved), 'change in another currency',
        ifNull(baseline1.4, '') != {currency:String} AND ifNull(baseline1.4, '') != rates.currency, 'another currency',
        ifNull(baseline1.4, '') != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    toDecimal128(round(net * rate, 4), 4) AS numerator,
    toDecimal128(round(toDecimal128(ifNull(baseline1.3, 0), 4) * rate, 4), 4) AS denominator,
    arrayFilter(v -> v > 0, arrayConcat(
        [baseline1.5], arrayMap(a -> a.4, c.approved), arrayMap(a -> a.5, c.approved))) AS evidence
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
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = p.stream
WHERE p.status IN ('running', 'on-hold')
   OR (p.status IN ('completed', 'cancelled', 'merged', 'split', 'descoped')
       AND toDate32(p.status_since, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32})
