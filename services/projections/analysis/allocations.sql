-- Who is planned on which project, from when until when, for how many hours a week; hard is committed, soft is meant.
SELECT
    person, allocation, ifNull(project, '') AS project, first_day, last_day, weekly_hours,
    if(hard, 'hard', 'soft') AS firmness, confirmed = 1 AS confirmed, ifNull(confirmed_by, '') AS confirmed_by
FROM allocations({times})
