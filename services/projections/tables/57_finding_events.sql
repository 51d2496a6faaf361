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
-- @view own_decisions
-- Who frees of a rule, or finds it kept again, at {as_of_k} as known at {known_at}: waivers of standards, exemptions from
-- courses, nonconformities resolved, and findings dismissed, remediated or lived with. `number` is 1 where that is who
-- asked for it, has to take the course, or answers for it at that time; null where it is unknown who decided, who asked
-- for the waiver, or who answers for the nonconformity. A finding that nobody acknowledged has no owner.
-- Params: as_of_k, known_at, basis.
SELECT DISTINCT
    unit, label, stream, owner, k,
    if(is_unknown OR granted IS NULL, NULL, toFloat64(has(own, ifNull(granted, '')))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    multiIf(number IS NULL, concat(said, ', unknown ', if(granted IS NULL, 'by whom', who)), number = 1,
        concat(said, ' by ', who), '') AS detail
FROM (
    SELECT stream, stream AS owner, k, version, log.unit AS unit, log.standard AS label, 'granted' AS said,
        'who asked for it' AS who, log.decided_by AS granted, [ifNull(log.requested_by, '')] AS own,
        log.requested_by IS NULL AS is_unknown
    FROM {adoption_events | happened = 'waived'} AS log
    UNION ALL
    SELECT stream, concat('person:', log.person), k, version, ifNull(home.unit, ''), log.person, 'granted',
        'who asked for it', log.decided_by, [log.person], 0
    FROM {training_events | happened = 'exempted'} AS log
    LEFT JOIN (
        SELECT substring(stream, 8) AS person, argMax(tuple(joined.unit), k).1 AS unit
        FROM {person_events | happened IN ('joined', 'moved')} AS joined GROUP BY stream
    ) AS home ON home.person = log.person
    UNION ALL
    SELECT stream, stream, step.1, step.2, substringIndex(stream, '/', -1),
        concat(substringIndex(substring(stream, 10), '/', 1), ', ', item), 'resolved', 'who answers for it', step.4,
        [ifNull(arrayLast(s -> s.3 = 'nonconformity-raised' AND s.1 < step.1, steps).5, '') AS owns], owns = ''
    FROM (
        SELECT
            stream, item,
            arraySort(groupUniqArray((k, version, toString(happened), log.decided_by, log.owner))) AS steps,
            arrayJoin(arrayFilter(s -> s.3 = 'nonconformity-resolved', steps)) AS step
        FROM {adoption_events | happened IN ('nonconformity-raised', 'nonconformity-resolved')} AS log
        GROUP BY stream, item
    )
    UNION ALL
    SELECT stream, found.3, step.1, step.2, ifNull(found.1, ''), ifNull(found.2, ''),
        transform(step.3, ['risk-accepted'], ['risk accepted'], step.3), 'who answers for it', step.4,
        arrayMap(p -> ifNull(p, ''),
            [arrayLast(s -> s.3 = 'acknowledged' AND s.1 < step.1, steps).5, step.6]), 0
    FROM (
        SELECT
            stream,
            argMaxIf(tuple(log.unit, log.subject, ifNull(log.subject, '')), k, happened = 'raised') AS found,
            arraySort(groupUniqArray((k, version, toString(happened), log.decided_by, log.owner, log.requested_by)))
                AS steps,
            arrayJoin(arrayFilter(s -> s.3 IN ('dismissed', 'risk-accepted', 'remediated'), steps)) AS step
        FROM {finding_events | happened IN ('raised', 'acknowledged', 'dismissed', 'risk-accepted', 'remediated')} AS log
        GROUP BY stream
    )
)
-- @view own_approvals
-- Allocations confirmed, timesheets approved and rights granted at {as_of_k} as known at {known_at}: `number` is 1 where
-- by the very person whom it is about. Params: as_of_k, known_at, basis.
SELECT DISTINCT
    stream, concat('person:', person) AS owner, k,
    toFloat64(granted = person) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    concat(said, if(number = 1, ' by that very person', '')) AS detail
FROM (
    SELECT stream, substring(stream, 10) AS person, k, version, log.confirmed_by AS granted,
        concat('allocation ', item, ' confirmed') AS said
    FROM {workload_events | happened = 'allocation-confirmed'} AS log
    UNION ALL
    SELECT stream, substringIndex(substring(stream, 11), '/', 1), k, version, log.decided_by,
        concat('timesheet of ', substringIndex(stream, '/', -1), ' approved')
    FROM {timesheet_events | happened = 'approved'} AS log
    UNION ALL
    SELECT stream, substring(stream, 8), k, version, log.decided_by, concat('right of a ', ifNull(log.role, '?'), ' granted')
    FROM {access_events | happened = 'granted'} AS log
)
