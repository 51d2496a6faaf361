-- Courses, with their hours and for how many months a completion is valid.
SELECT
    course, ifNull(title, '') AS title, ifNull(provider, '') AS provider, hours, valid_months, is_retired = 1 AS retired
FROM courses({times})
