-- name: nps
-- title: Net promoter score
-- family: satisfaction
-- measure: points
-- better: higher
-- aggregator: ratio-of-sums
-- version: 2
-- by: stakeholder_role
-- source: Reichheld, The One Number You Need to Grow (2003)
-- definition: In points from -100 to 100: promoters (9 or 10 of 10) less detractors (0 to 6), times 100, over the
--   answers to the question whether one would recommend, of all projects' last surveys together. The last survey of a
--   project is, of those whose latest answer lies in the period, the one answered last. Projects with fewer than 5 such
--   answers are left out and counted beside, so that nobody's answer can be told; by stakeholder role the same holds
--   for each role's answers, and where roles with fewer than 5 together would be told by what the others leave, the
--   smallest of the others is left out too. A survey of the PMO itself is none of a project;
--   withdrawn projects were recorded in error and count nowhere.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    excluded,
    toDecimal128(100 * (toInt64(arrayCount(a -> ifNull(a.3 >= 9, false), shown))
        - toInt64(arrayCount(a -> ifNull(a.3 <= 6, false), shown))), 4) AS numerator,
    toDecimal128(n, 4) AS denominator,
    arrayMap(a -> concat(survey, '/', toString(a.4)), shown) AS evidence,
    [survey] AS sources,
    if(stakeholder_role = '', '', 'stakeholder_role') AS only_by,
    stakeholder_role
FROM survey_groups(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, period_from = {period_from:Date32}, period_to = {period_to:Date32}, asked = 'recommend'
)
