-- name: attrition
-- title: Attrition
-- family: people
-- measure: share
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- by: role
-- source: ISO 30414:2018, Human capital reporting, turnover rate: voluntary
-- definition: People who left voluntarily in the period (and have not come back), over the average headcount of the
--   period: the days on which each person was here, over the days of the period. The period begins no earlier than the
--   day on which the first person joined and ends no later than the as-of day; it is not made a year: a month's
--   attrition is that of the month. The day of leaving counts no more as here. Who left by decision of others, or for
--   reasons that nobody recorded, does not count as having left voluntarily. A person counts for the unit and role that
--   they last had.
WITH
    (
        SELECT min(toDate32(joined_at, {tz:String}))
        FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    ) AS first_day,
    greatest({period_from:Date32}, ifNull(first_day, {period_from:Date32})) AS opening,
    least({period_to:Date32}, {as_of:Date32}) AS closing,
    arrayMap(r -> (toDate32(r.1, {tz:String}), r.2), roles) AS steps
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    person AS label,
    'governed' AS standing,
    '' AS excluded,
    toDecimal128(
        ifNull(left_voluntarily, false) AND ifNull(toDate32(left_at, {tz:String}) BETWEEN opening AND closing, false),
        4) AS numerator,
    -- in decimals: what a double rounds to may lie below it
    round(
        toDecimal128(arraySum(
            (s, until) -> if(s.2 = '', 0, greatest(0,
                toInt32(least(until, closing + 1)) - toInt32(greatest(s.1, opening)))),
            steps, arrayPushBack(arrayPopFront(steps.1), closing + 1)), 8)
            / toDecimal128(toInt32(closing) - toInt32(opening) + 1, 0),
        4) AS denominator,
    arrayFilter(v -> v > 0, [role_version, if(numerator > 0, presence.4, 0)]) AS evidence,
    ifNull(role, '') AS role
FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE closing >= opening AND (numerator > 0 OR denominator > 0)
