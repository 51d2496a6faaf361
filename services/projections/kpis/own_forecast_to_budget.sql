-- name: own-forecast-to-budget
-- title: Managers' own forecast to the first budget
-- family: budget
-- measure: ratio
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own, after PMI, The Standard for Earned Value Management (2019)
-- definition: Of the projects that are running or on hold at the as-of day, or were completed no more than 35 days
--   before it: the sum of what their managers last said that they will cost, in a report or a forecast since, over
--   the sum of the budgets of the first baseline, however often it was replaced since; over 1 is over budget. The
--   formula's estimate stands beside it as eac-to-budget. Amounts in the reporting currency stand as they are;
--   others must be in the plan's currency, and are converted at the rate of the first baseline's day: without one it
--   is an error that names it. Left out and counted beside: cancelled, merged, split and descoped ones; no baseline;
--   no report; a report whose data date is more than 35 days before the as-of day (stale; the setting
--   THRESHOLD.STALE-DAYS says another number than 35); no baseline set by the data date; a budget of 0; no forecast
--   of the cost; a forecast in another currency than the baseline; another currency. Withdrawn and observed projects
--   count nowhere.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    multiIf(
        problem != '', problem,
        ev.forecast.2 IS NULL, 'no forecast',
        ifNull(ev.forecast.3 != ev.currency, true), 'forecast in another currency',
        unconvertible) AS excluded,
    toDecimal128(round(toDecimal128(ifNull(ev.forecast.2, 0), 4) * rate, 4), 4) AS numerator,
    toDecimal128(round(ev.bac * rate, 4), 4) AS denominator,
    arrayFilter(v -> v > 0, arrayDistinct([ev.versions[1], ev.forecast.4])) AS evidence
FROM earned_money(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}, currency = {currency:String}
) AS ev
WHERE against = 'first'
