-- Who took which course, one row per record, typed.
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
    person String,
    course String,
    due Nullable(Date32),
    completed_on Nullable(Date32),
    score Nullable(Decimal(9, 8)),
    expires Nullable(Date32),
    failed_on Nullable(Date32),
    until Nullable(Date32),
    decided_by Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill training
WITH JSONExtract(value, 'data', 'Tuple(
    due Nullable(Date32), completed_on Nullable(Date32), score Nullable(Decimal(9, 8)), expires Nullable(Date32),
    failed_on Nullable(Date32), until Nullable(Date32), decided_by Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.training\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substringIndex(substring(stream, 10), '/', 1) AS person, substringIndex(stream, '/', -1) AS course, d.due AS due,
    d.completed_on AS completed_on, d.score AS score, d.expires AS expires, d.failed_on AS failed_on,
    d.until AS until, d.decided_by AS decided_by
FROM {source}
WHERE kind = 'training' AND happened != 'voided'
-- @view training_log
-- Records of trainings that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {training_events}
-- @view trainings
-- What each person holds of each course at {as_of_k} as known at {known_at}: the last completion and the last
-- exemption, each null where there is none or it was revoked since. `valid_until` is null for ever if `valid_from` is
-- not. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.person) AS person,
    any(log.course) AS course,
    argMaxIf(tuple(k, version, log.completed_on, log.expires), k, happened = 'completed') AS completion,
    argMaxIf(tuple(k, version, log.until), k, happened = 'exempted') AS exemption,
    argMaxIf(tuple(k, version), k, happened = 'revoked') AS revocation,
    completion.2 > 0 AND (revocation.2 = 0 OR revocation.1 < completion.1) AS completed,
    exemption.2 > 0 AND (revocation.2 = 0 OR revocation.1 < exemption.1) AS exempted,
    if(completed, completion.3, NULL) AS valid_from,
    if(completed, completion.4, NULL) AS valid_until,
    if(exempted, exemption.3, NULL) AS exempt_until,
    revocation.2 > 0 AND NOT completed AND NOT exempted AS revoked,
    arrayFilter(v -> v > 0, [completion.2, exemption.2, revocation.2]) AS versions
FROM {training_events} AS log
GROUP BY stream
-- @view training_held
-- The days on which a person holds a course at {as_of_k} as known at {known_at}: one row per completion and exemption,
-- up to its last day (null: for ever) or the day before its revocation. Params: as_of_k, known_at, basis, tz.
SELECT
    owner AS person,
    subject AS course,
    given.3 AS from_day,
    if(given.5 = 0, given.4, least(ifNull(given.4, revoked[given.5].2 - 1), revoked[given.5].2 - 1)) AS to_day,
    concat(stream, '/', toString(given.2)) AS event
FROM (
    SELECT
        stream,
        any(log.person) AS owner,
        any(log.course) AS subject,
        arraySort(groupUniqArrayIf((k, toDate32(occurred_at, {tz:String})), happened = 'revoked')) AS revoked,
        groupUniqArrayIf(
            (k, version, ifNull(log.completed_on, toDate32(occurred_at, {tz:String})), ifNull(log.expires, log.until)),
            happened IN ('completed', 'exempted')) AS all_given,
        arrayJoin(arrayMap(g -> (g.1, g.2, g.3, g.4, arrayFirstIndex(r -> r.1 > g.1, revoked)), all_given)) AS given
    FROM {training_events} AS log
    GROUP BY stream
)
-- @view training_needed
-- The days on which an allocated person has to hold a course at {as_of_k} as known at {known_at}: while allocated, in a
-- role that requires it, from the end of the grace days on (they begin with the role, or with the requirement if that is
-- later). One row per allocation, stretch of the role and statement of the requirement. Params: as_of_k, known_at, basis, tz.
SELECT
    ifNull(member.unit, '') AS unit,
    allocation.stream AS stream,
    allocation.person AS label,
    allocation.person AS person,
    rule.course AS course,
    allocation.plan.7 AS k,
    concat(rule.course, ' for ', ifNull(allocation.project, '')) AS detail,
    [concat(allocation.stream, '/', toString(allocation.plan.8)), rule.event] AS evidence,
    greatest(assumeNotNull(allocation.first_day), greatest(member.since_day, rule.since_day) + rule.grace) AS from_day,
    least(assumeNotNull(allocation.last_day), member.last_day, rule.last_day) AS to_day
FROM allocations(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS allocation
INNER JOIN (
    SELECT person, unit, turn.1 AS role, turn.2 AS career_level, turn.3 AS since_day, turn.4 AS last_day
    FROM (
        SELECT
            person,
            unit,
            arrayMap(r -> toDate32(r.1, {tz:String}), roles) AS days,
            arrayJoin(arrayMap((r, d, n) -> (r.2, r.3, d, n - 1), roles, days,
                arraySlice(arrayPushBack(days, toDate32('2299-12-31')), 2))) AS turn
        FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    )
    WHERE role != ''
) AS member ON member.person = allocation.person
INNER JOIN (
    SELECT
        course, role, career_level, toInt32(ifNull(stated.6, 0)) AS grace, stated.2 AS since_day, stated.7 AS last_day,
        concat('course:', course, '/', toString(stated.8)) AS event
    FROM (
        SELECT
            substring(stream, 8) AS course,
            arraySort(groupUniqArray((k, toDate32(occurred_at, {tz:String}), happened, log.role, log.career_level,
                log.grace_days, version))) AS said,
            arrayJoin(arrayMap((s, n) -> (s.1, s.2, s.3, s.4, s.5, s.6, n - 1, s.7), said,
                arraySlice(arrayPushBack(said.2, toDate32('2299-12-31')), 2))) AS stated,
            stated.4 AS role,
            ifNull(stated.5, 0) AS career_level
        FROM {course_events | happened IN ('required', 'not-required')} AS log
        GROUP BY stream, item
    )
    WHERE stated.3 = 'required'
) AS rule ON rule.role = member.role
WHERE member.career_level >= rule.career_level AND from_day <= to_day
