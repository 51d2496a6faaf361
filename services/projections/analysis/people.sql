-- People who joined, by pseudonym and, where the directory has one, name; `left_at` is empty while they are here.
SELECT
    p.person AS person, ifNull(n.name, p.person) AS name, ifNull(p.unit, '') AS unit, ifNull(p.role, '') AS role,
    p.career_level AS career_level, p.weekly_hours AS weekly_hours, ifNull(p.country, '') AS country,
    ifNull(p.work_mode, '') AS work_mode, arrayStringConcat(p.skills, ', ') AS skills, p.joined_at AS joined_at,
    p.left_at AS left_at
FROM people({times}) AS p
LEFT JOIN (SELECT subject, toNullable(name) AS name FROM names) AS n ON n.subject = concat('person:', p.person)
