-- name: objectives-met
-- title: Objectives met
-- family: success
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, Pulse of the Profession, projects that meet their original goals
-- definition: Of the projects completed in the period (and not reopened since) of which the completion says whether
--   the objectives were met: those in which they were. Left out and counted beside: objectives unknown. Projects ended
--   otherwise than by completion, observed and withdrawn ones count nowhere.
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    if(p.assessment.1 IS NULL, 'objectives unknown', '') AS excluded,
    toDecimal128(ifNull(p.assessment.1, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [p.completion.2] AS evidence
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
WHERE p.status = 'completed'
  AND toDate32(p.completion.1, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
