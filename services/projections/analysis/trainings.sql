-- Who completed which course, or is exempted from it, and until when that is valid.
SELECT person, course, completed = 1 AS completed, valid_from, valid_until, exempt_until, revoked = 1 AS revoked
FROM trainings({times})
