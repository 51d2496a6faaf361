-- name: opportunity-exposure
-- title: Opportunity exposure
-- family: portfolio
-- measure: money
-- better: higher
-- aggregator: sum
-- version: 1
-- source: PMI, The Standard for Risk Management in Portfolios, Programs, and Projects (2019), expected monetary value
-- definition: Probability times impact, as last assessed and so what is left after what was done about them, of the
--   open opportunities of projects that are running or on hold at the as-of day, added up; threats and opportunities
--   are never set off against each other. Amounts in the reporting currency stand as they are; others must be in the
--   plan's currency, and are converted at the rate of the first baseline's day: without one it is an error that names
--   it. Left out and counted beside: no probability or impact assessed; another currency. What is closed or has
--   materialised counts nowhere, nor do observed and withdrawn projects.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    excluded,
    amount AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [version]) AS evidence
FROM exposures(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
)
WHERE effect = 'opportunity'
