-- Hours that people logged, by day; `item` is the timesheet's line.
SELECT person, week, monday, day, ifNull(project, '') AS project, hours, item FROM timesheet_hours({times})
