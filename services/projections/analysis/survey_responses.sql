-- Answers to surveys: satisfaction from 1 to 5, recommendation from 0 to 10 or empty.
SELECT subject, period, response, ifNull(stakeholder_role, '') AS stakeholder_role, satisfaction, recommend, answered_at
FROM survey_responses({times})
