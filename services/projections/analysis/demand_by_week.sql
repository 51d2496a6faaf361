-- Hours that projects ask for without a name yet, by role, skill and week; `left_out` says why a row does not count.
SELECT project, unit, placeholder, role, skill, monday, hours, left_out
FROM demand_weeks({times}, period_from = toDate32('1970-01-01'), period_to = toDate32('2199-12-01'))
