-- Risks of projects and whether they are open.
SELECT substring(stream, 9) AS project, risk, state FROM risks({times})
