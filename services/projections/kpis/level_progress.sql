-- name: level-progress
-- title: Level progress
-- family: people
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: role
-- source: our own
-- definition: Of the people who were assessed and whose role has a career path: those whose last assessed level is at
--   least the one that the path expects on the as-of day. Expected is the highest level that can be reached by then:
--   the path's lowest level from the day on that the person took the role, each further one after its usual months on
--   the level before; beyond a level without usual months nothing is expected. The path is the one that the assessment
--   names if that is still followed, else the role's (of several the first by name). It is a state at the as-of day:
--   the period does not matter. Left out and counted beside: people who left, who were not assessed since they took the
--   role, or whose role has no path.
WITH
    toDate32(roles[1 + arrayLastIndex(r -> r.2 != p.role, roles)].1, {tz:String}) AS since,
    if(named.path != '', named.levels, own.levels) AS levels,
    arraySort(l -> l.1, levels) AS ordered,
    -- a level without usual months is never expected, nor is what lies beyond it
    arrayCumSum(arrayMap(
        (l, n) -> if(n = 1, 0, ifNull(toInt32(l.4), 100000)), ordered, arrayEnumerate(ordered))) AS months,
    arrayMax(arrayMap(
        (l, m) -> if(m < 100000 AND addMonths(since, if(m < 100000, m, 0)) <= {as_of:Date32}, l.1, 0),
        ordered, months)) AS expected
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    p.person AS label,
    'governed' AS standing,
    multiIf(
        p.left_at IS NOT NULL, 'left',
        empty(levels), 'no path',
        assessed.assessment.4 = 0 OR toDate32(assessed.assessment.3, {tz:String}) < since, 'not assessed',
        '') AS excluded,
    toDecimal128(ifNull(assessed.assessment.2 >= expected, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [p.role_version, assessed.assessment.4]) AS evidence,
    ifNull(p.role, '') AS role
FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
LEFT JOIN assessed_levels(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS assessed ON assessed.person = p.person
LEFT JOIN paths(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS named ON named.path = assessed.assessment.1
LEFT JOIN (
    SELECT role, argMin(levels, path) AS levels
    FROM paths(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    GROUP BY role
) AS own ON own.role = p.role
