-- name: over-allocated
-- title: Over-allocated person-weeks
-- family: resources
-- measure: share
-- better: lower
-- aggregator: ratio-of-sums
-- version: 2
-- by: role, week
-- source: our own, after PMI, Practice Standard for Scheduling, resource loading
-- definition: Of the person-weeks with a plan, hard or soft: those in which more is planned than the person's net
--   capacity; the numerator is their count. Net capacity is that of utilization, over all weeks of the period (a week
--   lies where its Thursday lies), future ones too: without --to the period ends with the as-of day. A week's planned
--   hours are the allocation's weekly hours, pro rata by the days from Monday to Friday that it covers; public
--   holidays and absence do not lessen them. Hours planned for after the day on which the project ended (completed,
--   cancelled, merged, split, descoped, rejected) are no load, nor are any for a withdrawn one. Left out and counted
--   beside: weeks with such hours, and weeks planned for somebody who is not here. A person counts for the unit and
--   role of the as-of day.
WITH
    -- a row for what counts, and one beside it for what is planned for after the project's end
    arrayJoin(if(notEmpty(plan.versions_after), ['', 'project ended'], [''])) AS part
SELECT
    capacity.unit AS unit,
    concat('person:', if(capacity.person != '', capacity.person, plan.person)) AS subject,
    substring(subject, 8) AS label,
    'governed' AS standing,
    multiIf(part != '', part, capacity.person = '', 'not here that week', '') AS excluded,
    toDecimal128(plan.hard + plan.soft > capacity.hours, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayConcat(
        if(capacity.person = '', [], [concat(subject, '/', toString(capacity.version))]),
        arrayMap(v -> concat(plan.stream, '/', toString(v)), if(part = '', plan.versions, plan.versions_after))) AS evidence,
    arrayFilter(s -> s != '', [plan.stream]) AS sources,
    capacity.role AS role,
    toString(if(capacity.person != '', capacity.monday, plan.monday)) AS week
FROM (
    SELECT person, unit, role, skills, version, monday, hours
    FROM capacity(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
        tz = {tz:String}, period_from = {period_from:Date32}, period_to = {period_to:Date32}
    )
) AS capacity
RIGHT JOIN (
    SELECT *
    FROM planned_weeks(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
        tz = {tz:String}, period_from = {period_from:Date32}, period_to = {period_to:Date32}
    )
) AS plan ON sipHash64(plan.person) = sipHash64(capacity.person) AND plan.monday = capacity.monday
WHERE part != '' OR notEmpty(plan.versions)
