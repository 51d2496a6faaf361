-- What stakeholders said, one row per record, typed; `item` is the answer's number, `subject` a project or PMO.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    happened LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    subject String,
    period String,
    stakeholder_role Nullable(String),
    satisfaction Nullable(UInt8),
    scores Map(String, UInt8),
    recommend Nullable(UInt8),
    invited Map(String, UInt32)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill survey
WITH JSONExtract(value, 'data', 'Tuple(
    stakeholder_role Nullable(String), satisfaction Nullable(UInt8), scores Map(String, UInt8),
    recommend Nullable(UInt8), invited Map(String, UInt32))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.survey\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substringIndex(substring(stream, 8), '/', 1) AS subject, substringIndex(stream, '/', -1) AS period,
    d.stakeholder_role AS stakeholder_role, d.satisfaction AS satisfaction, d.scores AS scores,
    d.recommend AS recommend, d.invited AS invited
FROM {source}
WHERE kind = 'survey' AND happened != 'voided'
-- @view survey_log
-- Records of surveys that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {survey_events}
-- @view survey_responses
-- Answers at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.subject) AS subject,
    any(log.period) AS period,
    item AS response,
    argMax(tuple(log.stakeholder_role, log.satisfaction, log.scores, log.recommend, occurred_at, log.version), k) AS answer,
    answer.1 AS stakeholder_role,
    answer.2 AS satisfaction,
    answer.3 AS scores,
    answer.4 AS recommend,
    answer.5 AS answered_at,
    answer.6 AS version
FROM {survey_events | happened = 'response-recorded'} AS log
GROUP BY stream, item
-- @view project_surveys
-- The last survey of each subject, the one with the latest answer, at {as_of_k} as known at {known_at}: how many answers
-- it has, `satisfied` those of 4 or 5, and their versions. Params: as_of_k, known_at, basis.
SELECT
    subject,
    argMax(each.stream, last) AS survey,
    argMax(n, last) AS n,
    argMax(satisfied, last) AS satisfied,
    argMax(versions, last) AS versions
FROM (
    SELECT
        stream,
        any(subject) AS subject,
        max(answered_at) AS last,
        count() AS n,
        countIf(satisfaction >= 4) AS satisfied,
        arraySort(groupArray(version)) AS versions
    FROM survey_responses(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    )
    GROUP BY stream
    ORDER BY stream
) AS each
GROUP BY subject
-- @view survey_groups
-- The answers to one question of each project's last survey of the period, of all of them (`stakeholder_role` '') and of
-- each role, at {as_of_k} as known at {known_at}. {asked} is 'satisfaction' or 'recommend'. `excluded` tells why a group is
-- left out so that nobody's answer can be told: `n` is how many answered, `shown` their (role, satisfaction, recommend,
-- version), empty where it is left out. Withdrawn projects were recorded in error and have none. Params: as_of_k, known_at,
-- basis, tz, period_from, period_to, asked.
WITH
    arrayFilter(a -> if({asked:String} = 'recommend', a.3, a.2) IS NOT NULL, answers) AS said,
    arrayFilter(a -> stakeholder_role = '' OR a.1 = stakeholder_role, said) AS of_these,
    arraySort(arrayMap(r -> (arrayCount(a -> a.1 = r, said), ifNull(r, '')), arrayDistinct(said.1))) AS sizes,
    arraySum(s -> if(s.1 < 5, s.1, 0), sizes) AS hidden,
    -- what the project's figure less those of the other roles would tell
    if(hidden BETWEEN 1 AND 4, arrayFirst(s -> s.1 >= 5, sizes).2, '') AS hidden_too
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS stream,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        length(of_these) < 5, 'fewer than 5 answers',
        stakeholder_role != '' AND stakeholder_role = hidden_too, 'would tell fewer than 5 answers',
        '') AS excluded,
    if(excluded = '', of_these, []) AS shown,
    toUInt32(length(of_these)) AS n,
    survey,
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
WHERE p.status != 'withdrawn'
-- @view surveys
-- Each survey at {as_of_k} as known at {known_at}: how many were asked, by role. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.subject) AS subject,
    any(log.period) AS period,
    argMaxIf(log.invited, k, happened = 'invited') AS invited
FROM {survey_events} AS log
GROUP BY stream
-- @view closure_surveys
-- Each completion of a project at {as_of_k} as known at {known_at}: `number` is the days to the first answer of the
-- project's stakeholders, 0 for one from the {limit} days before, or to the as-of day. Reopened in time without an
-- answer, it is no completion; where only a source shows it, there is no number.
-- Params: as_of_k, known_at, basis, as_of, tz, limit.
SELECT
    stream,
    stream AS owner,
    completion.1 AS k,
    completion.2 AS since,
    arrayFirst(a -> a.2 >= since - {limit:Float64}, survey.answers) AS answer,
    if(completion.3, NULL,
        toFloat64(greatest(0, if(answer.3 = '', toInt32({as_of:Date32}), answer.2) - since))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    answer.3 = '' AS is_open,
    if(completion.3, NULL, toDate32('1970-01-01') + since) AS from_day,
    if(answer.3 = '', NULL, fromUnixTimestamp64Milli(bitShiftRight(answer.1, 20), 'UTC')) AS cured_at,
    arrayFilter(e -> e != '', [concat(stream, '/', toString(bitAnd(k, 1048575))), answer.3]) AS evidence,
    multiIf(completion.3, '', answer.3 = '', 'no answer',
        concat('first answer after ', toString(number), ' days')) AS detail
FROM (
    SELECT
        stream,
        arraySort(groupUniqArrayIf((k, toInt32(toDate32(occurred_at, {tz:String})), false), happened = 'completed'))
            AS told,
        arraySort(groupUniqArrayIf((k, toInt32(toDate32(occurred_at, {tz:String}))), happened = 'reopened'))
            AS reopenings,
        arraySort(groupUniqArrayIf(k, happened = 'recorded' AND ifNull(log.status = 'completed', false))) AS shown,
        arrayJoin(arrayConcat(told,
            arrayMap(s -> (s, toInt32(0), true), arraySlice(shown, 1, toUInt8(empty(told)))))) AS completion,
        arrayFirst(r -> r.1 > completion.1, reopenings).2 AS reopened_on
    FROM {project_events | happened IN ('completed', 'reopened', 'recorded')} AS log
    GROUP BY stream
) AS project
LEFT JOIN (
    SELECT
        log.subject AS subject,
        arraySort(groupUniqArray((
            k, toInt32(toDate32(occurred_at, {tz:String})), concat(stream, '/', toString(version))))) AS answers
    FROM {survey_events | happened = 'response-recorded'} AS log
    GROUP BY subject
) AS survey ON survey.subject = substring(project.stream, 9)
WHERE completion.3 OR reopened_on = 0 OR reopened_on - since > {limit:Float64}
    OR (answer.3 != '' AND answer.2 - since <= {limit:Float64})
