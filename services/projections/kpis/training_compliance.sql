-- name: training-compliance
-- title: Training compliance
-- family: improvement
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own
-- definition: Of the courses that people must hold for their role and career level on the as-of day, by person: those
--   that they hold (completed, not expired, not revoked) or are exempted from on that day. A course is due the grace
--   days after the later of two days: the one since which the person has held the role at that level without a break,
--   and the one on which the requirement was last stated. What several requirements ask for counts once, due at the
--   earliest. Left out and counted beside: what is not due yet, retired courses, people who left. It is a state at the
--   as-of day: the period does not matter.
WITH
    min(greatest(
        toDate32(roles[1 + arrayLastIndex(
            s -> NOT (s.2 = requirement.role AND (requirement.career_level IS NULL OR s.3 >= requirement.career_level)),
            roles)].1, {tz:String}),
        toDate32(requirement.required_at, {tz:String})) + requirement.grace_days) AS due,
    any(valid_from) <= {as_of:Date32} AND (any(valid_until) IS NULL OR any(valid_until) >= {as_of:Date32}) AS holds,
    any(exempt_until) >= {as_of:Date32} AS exempted
SELECT
    ifNull(any(people.unit), '') AS unit,
    concat('training:', people.person, '/', requirement.course) AS subject,
    concat(people.person, ' ', requirement.course) AS label,
    'governed' AS standing,
    multiIf(
        any(left_at) IS NOT NULL, 'left',
        any(courses.is_retired), 'course retired',
        due > {as_of:Date32}, 'not due yet',
        '') AS excluded,
    toDecimal128(ifNull(holds, false) OR ifNull(exempted, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayConcat(
        [concat('person:', people.person, '/', toString(any(role_version)))],
        arrayMap(v -> concat('course:', requirement.course, '/', toString(v)), groupUniqArray(requirement.version)),
        arrayMap(v -> concat(subject, '/', toString(v)), any(trainings.versions))) AS evidence,
    [concat('person:', people.person), concat('course:', requirement.course)] AS sources
FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS people
INNER JOIN course_requirements(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS requirement ON requirement.role = people.role
INNER JOIN courses(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS courses ON courses.course = requirement.course
LEFT JOIN trainings(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS trainings ON trainings.person = people.person AND trainings.course = requirement.course
WHERE requirement.career_level IS NULL OR people.career_level >= requirement.career_level
GROUP BY people.person, requirement.course
