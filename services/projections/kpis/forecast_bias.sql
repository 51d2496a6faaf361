-- name: forecast-bias
-- title: Forecast bias
-- family: resources
-- measure: share
-- better: neither
-- aggregator: ratio-of-sums
-- version: 2
-- by: role, week
-- source: our own, after the mean error relative to the plan
-- definition: The sum of worked less planned hours over the sum of planned hours: over 0 where more was worked than
--   planned. The plan of a week is what the person's allocations said, hard and soft, by what was known at the end of
--   the day 28 days before that week's Monday, pro rata by the days from Monday to Friday that they cover; a record
--   withdrawn or corrected since counts as it stood then, one not yet known not at all. Over the person-weeks whose
--   timesheet is submitted, of the period in which the week's Thursday lies and ended by the as-of day; hours on any
--   project count. Left out and counted beside: weeks of people who never joined. Without any plan there is no figure.
SELECT
    ifNull(p.unit, '') AS unit,
    concat('person:', sheet.person) AS subject,
    sheet.person AS label,
    'governed' AS standing,
    if(p.person = '', 'never joined', '') AS excluded,
    toDecimal128(sheet.hours - denominator, 4) AS numerator,
    toDecimal128(ifNull(plan.hours, 0), 4) AS denominator,
    arrayConcat(
        arrayMap(v -> concat(sheet.stream, '/', toString(v)), arrayPushBack(sheet.versions, sheet.submitted_version)),
        arrayMap(v -> concat(plan.stream, '/', toString(v)), plan.versions)) AS evidence,
    arrayFilter(s -> s != '', [sheet.stream, plan.stream]) AS sources,
    ifNull(p.role, '') AS role,
    toString(sheet.monday) AS week
FROM (
    SELECT stream, person, monday, submitted_version, hours, versions
    FROM timesheets(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE submitted_version > 0
      AND monday BETWEEN {period_from:Date32} - 3 AND least({period_to:Date32} - 3, {as_of:Date32} - 6)
) AS sheet
LEFT JOIN plans_known_before(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, period_from = {period_from:Date32}, period_to = {period_to:Date32}
) AS plan ON plan.person = sheet.person AND plan.monday = sheet.monday
LEFT JOIN people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.person = sheet.person
