-- name: forecast-slip
-- title: Forecast slip
-- family: delivery
-- measure: days
-- better: lower
-- aggregator: median
-- version: 1
-- beside: p80
-- source: our own; PMI, Practice Standard for Scheduling, for the baseline's finish; half and 80 % after Vacanti,
--   Actionable Agile Metrics
-- definition: Of the projects that are running or on hold at the as-of day: calendar days from the finish of the
--   first baseline, however often it was replaced to the finish that was last forecast, in a report or since, or to the
--   as-of day if that is later: what is overdue slips on. Below 0 is early. Half of them slip by no more than this;
--   what 80 % do not exceed stands beside. It is a state at the as-of day: the period does not matter. Left out and
--   counted beside: no baseline; no forecast of the finish. Observed projects: the finish last stated less the one
--   first stated. Beside: the source says completed or cancelled; left the source; only one report of a finish; a
--   finish no longer stated, or one that has passed. Withdrawn ones count nowhere.
WITH
    if(p.standing = 'governed', p.baseline1.2, p.observed1.2) AS planned,
    if(p.standing = 'governed', r.forecast.1, p.observed.3) AS forecast
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        p.standing = 'observed' AND ifNull(p.observed.1 IN ('completed', 'cancelled'), false),
            assumeNotNull(p.observed.1),
        p.standing = 'observed' AND p.left_source, 'left the source',
        p.standing = 'observed' AND p.observed.8 = p.observed1.5, 'only one report of a finish',
        p.standing = 'observed' AND p.observed.3 IS NULL, 'finish no longer stated',
        p.standing = 'observed' AND ifNull(p.observed.3 < {as_of:Date32}, false), 'stated finish has passed',
        p.standing = 'governed' AND p.baseline1.5 = 0, 'no baseline',
        p.standing = 'governed' AND forecast IS NULL, 'no forecast',
        '') AS excluded,
    toDecimal128(ifNull(dateDiff('day', planned, greatest(ifNull(forecast, {as_of:Date32}), {as_of:Date32})), 0), 4)
        AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(
        v -> v > 0,
        if(p.standing = 'governed', [p.baseline1.5, r.forecast.4], [p.observed1.5, p.observed.8])) AS evidence
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN project_reports(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS r ON r.stream = p.stream
WHERE p.status IN ('running', 'on-hold') OR (p.status = 'observed' AND p.observed1.5 > 0)
