-- Issues of projects and whether they are open.
SELECT substring(stream, 9) AS project, issue, ifNull(name, '') AS name, raised_at, is_open = 1 AS open
FROM issues({times})
