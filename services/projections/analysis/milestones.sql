-- Milestones of projects: the baseline's day, the day now due, when it was reached, and how often it moved.
SELECT substring(stream, 9) AS project, milestone, baseline, due, reached_at, moves FROM milestones({times})
