-- name: success
-- title: Success rate
-- family: success
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, Pulse of the Profession, for objectives met; the three-part rule is our own
-- definition: Of the projects completed in the period (and not reopened since) of which objectives, quality and
--   satisfaction are all assessed: those in which all three are met. Objectives and quality as the completion says.
--   Satisfaction is met if at least three quarters of the answers to the project's last survey (the one with the latest
--   answer) are 4 or 5 of 5; with fewer than 5 answers it is unknown. Unknown ones are left out and counted beside, so
--   that the rate lies between all of them failing and all succeeding; so are projects cancelled in the period, by
--   cause, and those merged, split and descoped. Of observed projects nobody here has judged anything.
WITH
    toDate32(if(status = 'completed', completion.1, status_since), {tz:String}) AS ended_on,
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
        if(completion.2 > 0, [concat(state.stream, '/', toString(completion.2))], []),
        arrayMap(v -> concat(answers.survey, '/', toString(v)), answers.versions)) AS evidence,
    arrayFilter(s -> s != '', [answers.survey]) AS sources
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
LEFT JOIN project_surveys(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS answers ON answers.subject = state.project
WHERE (status IN ('completed', 'cancelled', 'merged', 'split', 'descoped')
       AND ended_on BETWEEN {period_from:Date32} AND {period_to:Date32})
   OR (status = 'observed' AND ifNull(observed.1 = 'completed', false))
