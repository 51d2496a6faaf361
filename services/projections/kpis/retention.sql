-- name: retention
-- title: Retention
-- family: people
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: role
-- source: our own, after the usual definition: who was here at the start and still is at the end
-- definition: Of the people who were here on the first day of the period: those who are here at the end of its last
--   day, or of the as-of day if that comes first, whatever made the others leave; one who left and came back is here.
--   It is not 1 less attrition, which divides by the average headcount and asks who left of their own will. Without
--   --from there is no first day on which anybody was here, and so no data. A person counts for the unit and role that
--   they last had.
WITH
    least({period_to:Date32}, {as_of:Date32}) AS closing,
    arrayMap(r -> (toDate32(r.1, {tz:String}), r.2), roles) AS steps
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    person AS label,
    'governed' AS standing,
    '' AS excluded,
    toDecimal128(arrayLast(s -> s.1 <= closing, steps).2 != '', 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [role_version, if(numerator = 0, presence.4, 0)]) AS evidence,
    ifNull(role, '') AS role
FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE closing >= {period_from:Date32} AND arrayLast(s -> s.1 <= {period_from:Date32}, steps).2 != ''
