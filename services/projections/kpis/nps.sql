-- name: nps
-- title: Net promoter score
-- family: satisfaction
-- measure: points
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: stakeholder_role
-- source: Reichheld, The One Number You Need to Grow (2003)
-- definition: In points from -100 to 100: promoters (9 or 10 of 10) less detractors (0 to 6), times 100, over the
--   answers to the question whether one would recommend, of all projects' last surveys together. The last survey of a
--   project is, of those whose latest answer lies in the period, the one answered last. Projects with fewer than 5 such
--   answers are left out and counted beside, so that nobody's answer can be told; by stakeholder role the same holds
--   for each role's answers, and where roles with fewer than 5 together would be told by what the others leave, the
--   smallest of the others is left out too. A survey of the PMO itself is none of a project.
WITH
    arrayFilter(a -> a.3 IS NOT NULL, answers) AS said,
    arrayFilter(a -> stakeholder_role = '' OR a.1 = stakeholder_role, said) AS of_these,
    arraySort(arrayMap(r -> (arrayCount(a -> a.1 = r, said), ifNull(r, '')), arrayDistinct(said.1))) AS sizes,
    arraySum(s -> if(s.1 < 5, s.1, 0), sizes) AS hidden,
    -- what the project's figure less those of the other roles would tell
    if(hidden BETWEEN 1 AND 4, arrayFirst(s -> s.1 >= 5, sizes).2, '') AS hidden_too
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        length(of_these) < 5, 'fewer than 5 answers',
        stakeholder_role != '' AND stakeholder_role = hidden_too, 'would tell fewer than 5 answers',
        '') AS excluded,
    toDecimal128(if(excluded = '', 100 * (toInt64(arrayCount(a -> ifNull(a.3 >= 9, false), of_these))
        - toInt64(arrayCount(a -> ifNull(a.3 <= 6, false), of_these))), 0), 4) AS numerator,
    toDecimal128(length(of_these), 4) AS denominator,
    arrayMap(a -> concat(survey, '/', toString(a.4)), if(excluded = '', of_these, [])) AS evidence,
    [survey] AS sources,
    if(stakeholder_role = '', '', 'stakeholder_role') AS only_by,
    -- the project as a whole, and each role's part of it
    arrayJoin(arrayPushFront(arraySort(arrayDistinct(arrayMap(a -> ifNull(a.1, ''), answers))), ''))
        AS stakeholder_role
FROM (
    SELECT
        subject AS about,
        argMax(each.stream, last) AS survey,
        argMax(each.answers, last) AS answers,
        max(last) AS answered_at
    FROM (
        SELECT stream, any(log.subject) AS subject, max(answered_at) AS last,
            groupArray((log.stakeholder_role, log.satisfaction, log.recommend, version)) AS answers
        FROM survey_responses(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS log
        GROUP BY stream
        ORDER BY stream
    ) AS each
    WHERE toDate32(last, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
    GROUP BY about
) AS told
INNER JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = told.about
