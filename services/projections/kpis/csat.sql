-- name: csat
-- title: Customer satisfaction
-- family: satisfaction
-- measure: share
-- better: higher
-- aggregator: mean
-- version: 1
-- by: stakeholder_role
-- source: our own, after the usual top-two-box share of a five-point scale
-- definition: The mean over projects of each project's share of answers 4 or 5 of 5 in its last survey: a project
--   counts as much as another, however many answered. The last survey of a project is, of those whose latest answer
--   lies in the period, the one answered last. Projects with fewer than 5 such answers are left out and counted beside,
--   so that nobody's answer can be told; by stakeholder role the same holds for each role's answers, and where roles
--   with fewer than 5 together would be told by what the others leave, the smallest of the others is left out too. A
--   survey of the PMO itself is none of a project.
WITH
    arrayFilter(a -> stakeholder_role = '' OR a.1 = stakeholder_role, answers) AS of_these,
    arraySort(arrayMap(r -> (arrayCount(a -> a.1 = r, answers), ifNull(r, '')), arrayDistinct(answers.1))) AS sizes,
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
    toDecimal128(if(excluded = '', arrayCount(a -> ifNull(a.2 >= 4, false), of_these), 0), 4) AS numerator,
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
