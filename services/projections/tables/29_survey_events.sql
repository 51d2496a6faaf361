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
-- @view surveys
-- Each survey at {as_of_k} as known at {known_at}: how many were asked, by role. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.subject) AS subject,
    any(log.period) AS period,
    argMaxIf(log.invited, k, happened = 'invited') AS invited
FROM {survey_events} AS log
GROUP BY stream
