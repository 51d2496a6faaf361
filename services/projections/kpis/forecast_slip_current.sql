-- name: forecast-slip-current
-- title: Forecast slip against the current baseline
-- family: delivery
-- measure: days
-- better: lower
-- aggregator: median
-- version: 1
-- beside: p80
-- source: our own; PMI, Practice Standard for Scheduling, for the baseline's finish; half and 80 % after Vacanti,
--   Actionable Agile Metrics
-- definition: Of the projects that are running or on hold at the as-of day: calendar days from the finish of the
--   baseline in force to the finish that was last forecast, in a report or since, or to the as-of day if that is later:
--   what is overdue slips on. Below 0 is early. Half of them slip by no more than this; what 80 % do not exceed stands
--   beside. It is a state at the as-of day: the period does not matter. Left out and counted beside: no baseline; no
--   forecast of the finish. Observed projects count nowhere, since a source sets no baseline, nor do withdrawn ones.
WITH
    p.baseline.2 AS planned,
    r.forecast.1 AS forecast
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        p.baseline.5 = 0, 'no baseline',
        forecast IS NULL, 'no forecast',
        '') AS excluded,
    toDecimal128(ifNull(dateDiff('day', planned, greatest(ifNull(forecast, {as_of:Date32}), {as_of:Date32})), 0), 4)
        AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [p.baseline.5, r.forecast.4]) AS evidence
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN project_reports(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS r ON r.stream = p.stream
WHERE p.status IN ('running', 'on-hold')
