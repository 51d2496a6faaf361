-- name: success
-- title: Success rate
-- family: success
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 2
-- source: PMI, Pulse of the Profession, for objectives met; the three-part rule is our own
-- definition: Of the projects completed in the period (and not reopened since) of which objectives, quality and
--   satisfaction are all assessed: those in which all three are met. Objectives and quality as the completion says.
--   Satisfaction is met if at least three quarters of the answers to the project's last survey (the one with the latest
--   answer) are 4 or 5 of 5; with fewer than 5 answers it is unknown. Unknown ones are left out and counted beside, so
--   that the rate lies between all of them failing and all succeeding; so are projects cancelled in the period, by
--   cause, and those merged, split and descoped. Of observed projects nobody here has judged anything: they are counted
--   beside in the period in which their source first showed them as completed, after whatever else it had shown.
WITH
    toDate32(multiIf(
        status = 'completed', completion.1,
        status = 'observed', toNullable(seen.shown.2),
        status_since), {tz:String}) AS ended_on,
    assessment.1 AS objectives,
    assessment.2 AS quality,
    if(answers.n >= 5, answers.satisfied * 4 >= answers.n * 3, NULL) AS satisfaction
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        standing = 'observed', 'not assessed here',
        status = 'cancelled', concat('cancelled: ', ifNull(cancel_cause, 'cause unknown')),
        status != 'completed', status,
        objectives IS NULL, 'objectives unknown',
        quality IS NULL, 'quality unknown',
        satisfaction IS NULL, 'fewer than 5 answers',
        '') AS excluded,
    toDecimal128(ifNull(objectives AND quality AND satisfaction, false), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayConcat(
        arrayMap(v -> concat(state.stream, '/', toString(v)), arrayFilter(v -> v > 0, [completion.2, seen.shown.4])),
        arrayMap(v -> concat(answers.survey, '/', toString(v)), answers.versions)) AS evidence,
    arrayFilter(s -> s != '', [answers.survey]) AS sources
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
LEFT JOIN project_surveys(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS answers ON answers.subject = state.project
LEFT JOIN (
    SELECT
        stream AS owner,
        arraySort(groupUniqArray((k, occurred_at, ifNull(log.status = 'completed', false), version))) AS told,
        -- the last spell of states in which the source shows it as completed
        arrayFirst(s -> s.1 > arrayLast(o -> NOT o.3, told).1, told) AS shown
    FROM project_log(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS log
    WHERE happened = 'recorded'
    GROUP BY stream
) AS seen ON seen.owner = state.stream
WHERE (status IN ('completed', 'cancelled', 'merged', 'split', 'descoped')
       OR (status = 'observed' AND ifNull(observed.1 = 'completed', false)))
  AND ended_on BETWEEN {period_from:Date32} AND {period_to:Date32}
