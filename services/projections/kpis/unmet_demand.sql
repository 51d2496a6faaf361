-- name: unmet-demand
-- title: Unmet demand
-- family: resources
-- measure: hours
-- better: lower
-- aggregator: sum
-- version: 1
-- by: role, skill, week
-- source: our own
-- definition: Hours of the placeholders that are open on the as-of day, neither filled nor withdrawn, in the weeks of
--   the period (a week lies where its Thursday lies), future ones too: without --to the period ends with the as-of day.
--   A week's hours are the placeholder's weekly hours, pro rata by the days from Monday to Friday that it covers. Of
--   placeholders of one option group, which are alternatives, only the one with the most hours in that week counts
--   (with as many, the first by name); the others are left out and counted beside, and so are placeholders of projects
--   that ended.
SELECT
    unit,
    stream AS subject,
    project AS label,
    'governed' AS standing,
    left_out AS excluded,
    toDecimal128(hours, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [plan_version] AS evidence,
    role,
    if(demand.skill = '', [], [demand.skill]) AS skill,
    toString(monday) AS week
FROM demand_weeks(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    period_from = {period_from:Date32}, period_to = {period_to:Date32}
) AS demand
