-- name: csat
-- title: Customer satisfaction
-- family: satisfaction
-- measure: share
-- better: higher
-- aggregator: mean
-- version: 2
-- by: stakeholder_role
-- source: our own, after the usual top-two-box share of a five-point scale
-- definition: The mean over projects of each project's share of answers 4 or 5 of 5 in its last survey: a project
--   counts as much as another, however many answered. The last survey of a project is, of those whose latest answer
--   lies in the period, the one answered last. Projects with fewer than 5 such answers are left out and counted beside,
--   so that nobody's answer can be told; by stakeholder role the same holds for each role's answers, and where roles
--   with fewer than 5 together would be told by what the others leave, the smallest of the others is left out too. A
--   survey of the PMO itself is none of a project; withdrawn projects were recorded in error and count nowhere.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    excluded,
    toDecimal128(arrayCount(a -> ifNull(a.2 >= 4, false), shown), 4) AS numerator,
    toDecimal128(n, 4) AS denominator,
    arrayMap(a -> concat(survey, '/', toString(a.4)), shown) AS evidence,
    [survey] AS sources,
    if(stakeholder_role = '', '', 'stakeholder_role') AS only_by,
    stakeholder_role
FROM survey_groups(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, period_from = {period_from:Date32}, period_to = {period_to:Date32}, asked = 'satisfaction'
)
