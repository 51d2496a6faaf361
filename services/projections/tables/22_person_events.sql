-- What happened to people, one row per record, typed; no names.
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
    unit Nullable(String),
    role Nullable(String),
    weekly_hours Nullable(Decimal(7, 4)),
    career_level Nullable(UInt8),
    country Nullable(String),
    time_zone Nullable(String),
    work_mode Nullable(String),
    skills Array(String),
    first_day Nullable(Date32),
    last_day Nullable(Date32),
    share Nullable(Decimal(9, 8)),
    voluntary Nullable(Bool),
    tool Nullable(String),
    path Nullable(String),
    assessor Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill person
WITH JSONExtract(value, 'data', 'Tuple(
    unit Nullable(String), role Nullable(String), weekly_hours Nullable(Decimal(7, 4)), career_level Nullable(UInt8),
    country Nullable(String), time_zone Nullable(String), work_mode Nullable(String), skills Array(String),
    first_day Nullable(Date32), last_day Nullable(Date32), share Nullable(Decimal(9, 8)), voluntary Nullable(Bool),
    tool Nullable(String), path Nullable(String), assessor Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.person\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.unit AS unit, d.role AS role, d.weekly_hours AS weekly_hours, d.career_level AS career_level,
    d.country AS country, d.time_zone AS time_zone, d.work_mode AS work_mode, d.skills AS skills,
    d.first_day AS first_day, d.last_day AS last_day, d.share AS share, d.voluntary AS voluntary,
    d.tool AS tool, d.path AS path, d.assessor AS assessor
FROM {source}
WHERE kind = 'person' AND happened != 'voided'
-- @view person_log
-- Records of people that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {person_events}
-- @view people
-- Each person's state at {as_of_k} as known at {known_at}. `roles` are the steps of role and level in order, a
-- departure as the role ''; `contracts` those of the weekly hours, a departure as 0; so is what is said of the time after
-- it, or before the person joined. A person is gone from the moment of `left_at` (null: still here).
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 8) AS person,
    argMaxIf(tuple(log.unit), k, happened IN ('joined', 'moved')).1 AS unit,
    argMaxIf(tuple(log.role, log.career_level, occurred_at), k, happened IN ('joined', 'role-changed')) AS job,
    job.1 AS role,
    job.2 AS career_level,
    job.3 AS role_since,
    argMaxIf(tuple(log.weekly_hours), k, happened IN ('joined', 'hours-changed')).1 AS weekly_hours,
    argMaxIf(tuple(log.country), k, happened = 'joined').1 AS country,
    argMaxIf(tuple(log.work_mode), k, happened = 'joined').1 AS work_mode,
    argMaxIf(log.skills, k, happened IN ('joined', 'skills-changed')) AS skills,
    argMaxIf(tuple(occurred_at), k, happened = 'joined').1 AS joined_at,
    argMaxIf(tuple(happened, occurred_at, log.voluntary, version), k, happened IN ('joined', 'left')) AS presence,
    if(presence.1 = 'left', presence.2, NULL) AS left_at,
    if(presence.1 = 'left', presence.3, NULL) AS left_voluntarily,
    arraySort(groupUniqArrayIf((k, happened = 'joined'), happened IN ('joined', 'left'))) AS stays,
    arrayMap(s -> if(arrayLast(p -> p.1 <= s.1, stays).2, (s.2, s.3, s.4), (s.2, '', toUInt8(0))), arraySort(groupUniqArrayIf(
        (k, occurred_at, ifNull(log.role, ''), ifNull(log.career_level, 0)),
        happened IN ('joined', 'role-changed', 'left')))) AS roles,
    arrayMap(s -> (s.2, if(arrayLast(p -> p.1 <= s.1, stays).2, s.3, 0)), arraySort(groupUniqArrayIf(
        (k, occurred_at, ifNull(log.weekly_hours, 0)),
        happened IN ('joined', 'hours-changed', 'left')))) AS contracts,
    argMaxIf(version, k, happened IN ('joined', 'role-changed')) AS role_version
FROM {person_events | happened IN ('joined', 'moved', 'role-changed', 'skills-changed', 'hours-changed', 'left')} AS log
GROUP BY stream
HAVING countIf(happened = 'joined') > 0
-- @view absences
-- Absences that stand at {as_of_k} as known at {known_at}, both days included; `share` is the part of each working day.
-- Params: as_of_k, known_at, basis.
SELECT
    substring(stream, 8) AS person,
    item AS absence,
    argMaxIf(tuple(log.first_day, log.last_day, log.share), k, happened = 'absence-planned') AS plan,
    plan.1 AS first_day,
    plan.2 AS last_day,
    plan.3 AS share
FROM {person_events | happened IN ('absence-planned', 'absence-cancelled')} AS log
GROUP BY stream, item
HAVING argMax(happened, k) = 'absence-planned'
-- @view assessed_levels
-- The level that each person was last found to have at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    substring(stream, 8) AS person,
    argMax(tuple(log.path, log.career_level, occurred_at, version), k) AS assessment
FROM {person_events | happened = 'level-assessed'} AS log
GROUP BY stream
-- @view linked_people
-- Pseudonyms that stand for the same person at {as_of_k} as known at {known_at}: `other` is known as `person` too.
-- Params: as_of_k, known_at, basis.
SELECT item AS other, argMax(substring(stream, 8), (k, stream)) AS person
FROM {person_events | happened = 'linked'} AS log
GROUP BY item
