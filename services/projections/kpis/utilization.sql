-- name: utilization
-- title: Utilization
-- family: resources
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: role, week
-- source: our own, after the usual definition of billable hours over available hours
-- definition: Hours on projects over net capacity, both of the person-weeks whose timesheet is submitted. Net capacity:
--   the person's own contracted hours of each day, spread evenly over the working days of the person's country (else the
--   unit's), less its public holidays and planned absence, pro rata by day. A week belongs to the period in which its
--   Thursday lies, and counts from the day on which it has ended. Coverage: person-weeks with capacity and without a
--   submitted timesheet are left out and counted beside, from the first week of which any timesheet or allocation
--   speaks; so are weeks submitted while the person was not here. A person counts for the unit on the as-of day.
SELECT
    capacity.unit AS unit,
    concat('person:', if(capacity.person != '', capacity.person, sheet.person)) AS subject,
    substring(subject, 8) AS label,
    'governed' AS standing,
    multiIf(
        capacity.person = '', 'not here that week',
        sheet.submitted_version = 0, 'no timesheet submitted',
        '') AS excluded,
    toDecimal128(sheet.hours, 4) AS numerator,
    toDecimal128(capacity.hours, 4) AS denominator,
    if(sheet.stream = '', [], arrayMap(
        v -> concat(sheet.stream, '/', toString(v)), arrayPushBack(sheet.versions, sheet.submitted_version))) AS evidence,
    arrayFilter(s -> s != '', [sheet.stream]) AS sources,
    capacity.role AS role,
    toString(if(capacity.person != '', capacity.monday, sheet.monday)) AS week
FROM (
    SELECT person, unit, role, monday, hours
    FROM capacity(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
        tz = {tz:String}, period_from = {period_from:Date32}, period_to = least({period_to:Date32}, {as_of:Date32} - 3))
) AS capacity
FULL JOIN (
    SELECT stream, person, monday, submitted_version, hours, versions
    FROM timesheets(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE submitted_version > 0
      AND monday BETWEEN {period_from:Date32} - 3 AND least({period_to:Date32} - 3, {as_of:Date32} - 6)
) AS sheet ON sipHash64(sheet.person) = sipHash64(capacity.person) AND sheet.monday = capacity.monday
WHERE excluded != 'no timesheet submitted' OR capacity.hours > 0
