-- name: training-expiring
-- title: Training that expires within 90 days
-- family: improvement
-- measure: count
-- better: lower
-- aggregator: sum
-- version: 1
-- by: course, role
-- source: our own
-- definition: How many of the courses that people hold on the as-of day will no longer count 90 days later, by their
--   last day; n is how many are held. It is a state at the as-of day: the period does not matter. Left out and counted
--   beside: people who left, and retired courses, which nobody can take again.
SELECT
    ifNull(p.unit, '') AS unit,
    t.stream AS subject,
    concat(t.person, ' ', t.course) AS label,
    'governed' AS standing,
    multiIf(p.left_at IS NOT NULL, 'left', c.is_retired, 'course retired', '') AS excluded,
    toDecimal128(ifNull(t.valid_until < {as_of:Date32} + 90, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    t.versions AS evidence,
    [p.stream, concat('course:', t.course)] AS sources,
    t.course AS course,
    ifNull(p.role, '') AS role
FROM trainings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS t
INNER JOIN people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.person = t.person
LEFT JOIN courses(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS c
    ON c.course = t.course
WHERE ifNull(t.valid_from <= {as_of:Date32}, false)
  AND ifNull(t.valid_until >= {as_of:Date32}, true)
