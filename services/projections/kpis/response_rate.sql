-- name: response-rate
-- title: Response rate
-- family: satisfaction
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 2
-- by: stakeholder_role
-- source: AAPOR, Standard Definitions (2023), response rate 1: answers over all who were asked
-- definition: Answers over the people invited, of the surveys whose latest invitation or answer lies in the period.
--   Left out and counted beside: answers of a role of which nobody is known to have been invited. A survey of a project
--   counts for the project's unit, one of the PMO itself for none; withdrawn projects were recorded in error and count
--   nowhere.
WITH
    arrayDistinct(arrayConcat(mapKeys(told.invited), answers.1)) AS roles
SELECT
    ifNull(p.unit, '') AS unit,
    told.stream AS subject,
    concat(if(p.project = '', told.about, ifNull(p.name, p.project)), ' ', stakeholder_role) AS label,
    if(p.standing = '', 'governed', p.standing) AS standing,
    if(told.invited[stakeholder_role] = 0, 'nobody invited', '') AS excluded,
    toDecimal128(arrayCount(a -> a.1 = stakeholder_role, answers), 4) AS numerator,
    toDecimal128(told.invited[stakeholder_role], 4) AS denominator,
    arrayFilter(v -> v > 0, arrayConcat(
        [told.version], arrayMap(a -> a.2, arrayFilter(a -> a.1 = stakeholder_role, answers))))
        AS evidence,
    arrayJoin(roles) AS stakeholder_role
FROM (
    SELECT
        stream,
        any(log.subject) AS about,
        max(log.occurred_at) AS last,
        argMaxIf(log.invited, k, happened = 'invited') AS invited,
        argMaxIf(log.version, k, happened = 'invited') AS version,
        groupUniqArrayIf((item, k, ifNull(log.stakeholder_role, ''), log.version), happened = 'response-recorded')
            AS said,
        -- an answer that was recorded twice counts as it was last
        arrayMap(s -> (s.3, s.4), arrayFilter(
            (s, next) -> s.1 != next.1, arraySort(said),
            -- pushed before it is popped: a survey that nobody has answered yet has nothing to pop
            arrayPopFront(arrayPushBack(arraySort(said), ('\0', toInt64(0), '', toUInt32(0)))))) AS answers
    FROM survey_log(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS log
    GROUP BY stream
) AS told
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = told.about
WHERE toDate32(last, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
  AND p.status != 'withdrawn'
  AND (numerator > 0 OR denominator > 0)
