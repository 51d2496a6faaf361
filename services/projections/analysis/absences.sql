-- Planned absences, both days included; `share` is the part of each working day.
SELECT person, absence, first_day, last_day, share FROM absences({times})
