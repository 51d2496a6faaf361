-- Courses, with their hours and how long a completion is valid: so many days or months (none: for ever), up to that very
-- day, or the end of that month or year.
SELECT
    course, ifNull(title, '') AS title, ifNull(provider, '') AS provider, hours,
    validity_length, ifNull(validity_unit, '') AS validity_unit, ifNull(validity_until, '') AS validity_until, is_retired = 1 AS retired
FROM courses({times})
