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
SELECT *
FROM training_events
WHERE k <= {as_of_k:Int64}
  AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}
  AND (stream, version) NOT IN (
      SELECT stream, version FROM superseded(known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}))
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
FROM training_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS log
GROUP BY stream
