-- name: risk-exposure
-- title: Risk exposure
-- family: portfolio
-- measure: money
-- better: lower
-- aggregator: sum
-- version: 1
-- source: PMI, The Standard for Risk Management in Portfolios, Programs, and Projects (2019), expected monetary value
-- definition: Probability times impact, as last assessed and so what is left after what was done about them, of the
--   open threats of projects that are running or on hold at the as-of day, added up; threats and opportunities are
--   never set off against each other. Amounts in the reporting currency stand as they are; others must be in the plan's
--   currency, and are converted at the rate of the first baseline's day: without one it is an error that names it. Left
--   out and counted beside: no probability or impact assessed; another currency. What is closed or has materialised
--   counts nowhere, nor do observed and withdrawn projects.
WITH
    ifNull(k.assessment.3, '') AS told_in,
    if(told_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    concat(ifNull(p.name, p.project), ' ', k.risk) AS label,
    p.standing AS standing,
    multiIf(
        k.assessment.1 IS NULL OR k.assessment.2 IS NULL, 'not assessed',
        told_in != {currency:String} AND told_in != rates.currency, 'another currency',
        told_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    toDecimal128(round(toDecimal128(round(
        toDecimal128(ifNull(k.assessment.2, 0), 4) * ifNull(k.assessment.1, 0), 4), 4) * rate, 4), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [k.assessment.6]) AS evidence
FROM risks(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS k
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = k.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = k.stream
WHERE p.status IN ('running', 'on-hold') AND k.state = 'open' AND ifNull(k.what.2 = 'threat', false)
