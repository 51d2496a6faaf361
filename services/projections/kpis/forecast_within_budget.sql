-- name: forecast-within-budget
-- title: Forecast within the first budget
-- family: budget
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own; a forecast is no outcome, so never to be mixed with on-budget
-- definition: Of the open projects (running or on hold) whose last forecast of the cost at completion lies in the
--   period, those in which it is at most the first baseline's budget. Observed projects: of those with at least two
--   reports, the last of them in the period, those whose last stated cost for the whole life (the forecast, else the
--   budget) is at most the first budget for the whole life that the source stated, as stated, without adjustment for
--   prices. Beside: no forecast, no budget or one of 0, another currency, only one report, cancelled.
WITH
    if(standing = 'governed', baseline1.3, observed_budget1.1) AS budget,
    if(standing = 'governed', baseline1.4, observed_budget1.2) AS currency,
    if(standing = 'governed', baseline1.5, observed_budget1.3) AS budget_version,
    if(standing = 'governed', forecast.2, observed_cost.1) AS cost,
    if(standing = 'governed', forecast.3, observed_cost.2) AS cost_currency,
    if(standing = 'governed', forecast.4, observed_cost.3) AS cost_version,
    toDate32(if(standing = 'governed', forecast.5, observed_cost.4), {tz:String}) AS said_on
SELECT
    ifNull(unit, '') AS unit,
    state.stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        standing = 'observed' AND ifNull(observed.1 = 'cancelled', false), 'cancelled',
        cost IS NULL, 'no forecast',
        ifNull(budget = 0, true), 'no budget',
        standing = 'observed' AND cost_version = budget_version, 'only one report',
        isNull(currency) != isNull(cost_currency) OR ifNull(currency != cost_currency, false), 'another currency',
        '') AS excluded,
    toDecimal128(ifNull(cost <= budget, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [budget_version, cost_version]) AS evidence
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
LEFT JOIN project_reports(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS reports ON reports.stream = state.stream
WHERE (status IN ('running', 'on-hold') OR status = 'observed' AND observed.8 > 0)
  AND (cost_version = 0 OR said_on BETWEEN {period_from:Date32} AND {period_to:Date32})
