-- name: training-hours
-- title: Training hours
-- family: improvement
-- measure: hours
-- better: higher
-- aggregator: sum
-- version: 1
-- by: course, role
-- source: ISO 30414:2018, Human capital reporting, skills and capabilities
-- definition: Hours of the courses that people completed in the period, by the day of completion and the hours that the
--   course is described with on the as-of day; a course that was taken twice counts twice, and one revoked later was
--   still taken. Left out and counted beside: courses whose hours nobody stated.
SELECT
    ifNull(p.unit, '') AS unit,
    t.stream AS subject,
    concat(t.person, ' ', t.course) AS label,
    'governed' AS standing,
    if(c.hours IS NULL, 'hours not stated', '') AS excluded,
    toDecimal128(ifNull(c.hours, 0), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [t.version] AS evidence,
    [p.stream, concat('course:', t.course)] AS sources,
    t.course AS course,
    ifNull(p.role, '') AS role
FROM (
    SELECT stream, version, any(log.person) AS person, any(log.course) AS course, any(log.completed_on) AS day
    FROM training_log(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS log
    WHERE happened = 'completed'
    GROUP BY stream, version
) AS t
INNER JOIN people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.person = t.person
LEFT JOIN courses(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS c
    ON c.course = t.course
WHERE t.day BETWEEN {period_from:Date32} AND least({period_to:Date32}, {as_of:Date32})
