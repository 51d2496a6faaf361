-- name: improvements-on-time
-- title: Improvements on time
-- family: improvement
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own
-- definition: Of the improvements that units planned and that are due in the period and by the as-of day, by the due
--   day that was last planned: those done by that day. One that is open and overdue counts as late.
SELECT
    unit,
    concat('business-unit:', unit) AS subject,
    concat(unit, ' ', improvement) AS label,
    'governed' AS standing,
    '' AS excluded,
    toDecimal128(ifNull(toDate32(done_at, {tz:String}) <= plan.1, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [plan.4, completion.2]) AS evidence
FROM improvements(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE plan.4 > 0
  AND plan.1 BETWEEN {period_from:Date32} AND least({period_to:Date32}, {as_of:Date32})
