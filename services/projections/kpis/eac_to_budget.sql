-- name: eac-to-budget
-- title: EAC to the first budget
-- family: budget
-- measure: ratio
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019)
-- definition: Of the projects that are running or on hold at the as-of day, or were completed no more than 35 days
--   before it: the sum of the estimates at completion over the sum of the budgets of the first baseline, however
--   often it was replaced since; over 1 is over budget. The estimate at completion (EAC) is actual cost over the
--   reported percent complete, which is budget over CPI. Actual cost is the reported cost to date with corrections
--   that came after the report and not after its data date. Amounts in the reporting currency stand as they are;
--   others must be in the plan's currency, and are converted at the rate of the first baseline's day: without one it
--   is an error that names it. Left out and counted beside: cancelled, merged, split and descoped ones; no baseline;
--   no report; a report whose data date is more than 35 days before the as-of day (stale; the setting
--   THRESHOLD.STALE-DAYS says another number than 35); no baseline set by the data date; a budget of 0; cost in
--   another currency than the baseline; no actual cost; nothing earned yet; another currency. Withdrawn and observed
--   projects count nowhere.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    multiIf(
        problem != '', problem,
        cost_problem != '', cost_problem,
        ev.percent = 0, 'nothing earned yet',
        unconvertible) AS excluded,
    toDecimal128(round(ev.eac * rate, 4), 4) AS numerator,
    toDecimal128(round(ev.bac * rate, 4), 4) AS denominator,
    cost_versions AS evidence
FROM earned_money(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}, currency = {currency:String}
) AS ev
WHERE against = 'first'
