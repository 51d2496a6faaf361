-- What became of findings, one row per record, typed.
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
    control Nullable(String),
    control_digest Nullable(String),
    subject Nullable(String),
    activating Nullable(String),
    unit Nullable(String),
    severity Nullable(String),
    result Nullable(String),
    due Nullable(Date32),
    detail Nullable(String),
    audit Nullable(String),
    owner Nullable(String),
    until Nullable(Date32),
    requested_by Nullable(String),
    decided_by Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill finding
WITH JSONExtract(value, 'data', 'Tuple(
    control Nullable(String), control_digest Nullable(String), subject Nullable(String), activating Nullable(String),
    unit Nullable(String), severity Nullable(String), result Nullable(String), due Nullable(Date32),
    detail Nullable(String), audit Nullable(String), owner Nullable(String), until Nullable(Date32),
    requested_by Nullable(String), decided_by Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.finding\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.control AS control, d.control_digest AS control_digest, d.subject AS subject, d.activating AS activating,
    d.unit AS unit, d.severity AS severity, d.result AS result, d.due AS due, d.detail AS detail, d.audit AS audit,
    d.owner AS owner, d.until AS until, d.requested_by AS requested_by, d.decided_by AS decided_by
FROM {source}
WHERE kind = 'finding' AND happened != 'voided'
-- @view finding_log
-- Records of findings that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {finding_events}
-- @view findings
-- Each finding at {as_of_k} as known at {known_at}. `state` is "open", "acknowledged", "dismissed", "risk-accepted",
-- "remediated" or "cured", by the last step; `found` is what the audit saw first. Params: as_of_k, known_at, basis.
SELECT
    stream,
    argMaxIf(tuple(log.control, log.subject, log.activating, log.unit, log.severity, log.result, log.due, log.detail,
        occurred_at, log.audit), k, happened = 'raised') AS found,
    found.1 AS control,
    found.2 AS subject,
    found.3 AS activating,
    found.4 AS unit,
    found.5 AS severity,
    found.9 AS raised_at,
    argMax(tuple(happened, occurred_at, version), k) AS step,
    transform(step.1, ['raised', 'reopened'], ['open', 'open'], step.1) AS state,
    argMaxIf(tuple(log.owner, log.due), k, happened = 'acknowledged') AS promise,
    argMaxIf(tuple(log.until, log.requested_by, log.decided_by), k, happened = 'risk-accepted') AS acceptance,
    argMaxIf(tuple(occurred_at), k, happened IN ('cured', 'remediated', 'dismissed')).1 AS closed_at
FROM {finding_events} AS log
GROUP BY stream
HAVING countIf(happened = 'raised') > 0
