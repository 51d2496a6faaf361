-- name: success-at-least
-- title: Success rate, at least
-- family: success
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, Pulse of the Profession, for objectives met; the three-part rule is our own
-- definition: Of all projects completed in the period (and not reopened since): those in which objectives, quality
--   and satisfaction, each judged as success does, are known to be met. What is unknown counts as failed: the true rate
--   is at least this. Nothing is left out. Projects ended otherwise than by completion, observed and withdrawn ones
--   count nowhere.
WITH
    assessment.1 AS objectives,
    assessment.2 AS quality,
    if(answers.n >= 5, answers.satisfied * 4 >= answers.n * 3, NULL) AS satisfaction
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    '' AS excluded,
    toDecimal128(ifNull(objectives AND quality AND satisfaction, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayConcat(
        [concat(p.stream, '/', toString(p.completion.2))],
        arrayMap(v -> concat(answers.survey, '/', toString(v)), answers.versions)) AS evidence,
    arrayFilter(s -> s != '', [answers.survey]) AS sources
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN project_surveys(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS answers ON answers.subject = p.project
WHERE p.status = 'completed'
  AND toDate32(p.completion.1, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
