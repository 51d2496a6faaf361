-- name: eac-over-budget
-- title: EAC over the first budget
-- family: budget
-- measure: share
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019)
-- definition: Of the projects that are running or on hold at the as-of day, or were completed no more than 35 days
--   before it: the share whose estimate at completion is over the budget of the first baseline, however often it was
--   replaced since. The estimate at completion (EAC) is actual cost over the reported percent complete, which is
--   budget over CPI. Actual cost is the reported cost to date with corrections that came after the report and not
--   after its data date. It is a forecast, no outcome: never to be mixed with on-budget. Left out and counted
--   beside: cancelled, merged, split and descoped ones; no baseline; no report; a report whose data date is more
--   than 35 days before the as-of day (stale; the setting THRESHOLD.STALE-DAYS says another number than 35); no
--   baseline set by the data date; a budget of 0; cost in another currency than the baseline; no actual cost;
--   nothing earned yet. Withdrawn and observed projects count nowhere.
SELECT
    ev.unit AS unit,
    ev.stream AS subject,
    ev.label AS label,
    ev.standing AS standing,
    multiIf(
        problem != '', problem,
        cost_problem != '', cost_problem,
        ev.percent = 0, 'nothing earned yet',
        '') AS excluded,
    toDecimal128(ev.eac > ev.bac, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    cost_versions AS evidence
FROM earned_value(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}
) AS ev
WHERE against = 'first'
