-- What happened to items of work inside projects, one row per record, typed; no titles.
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
    project String,
    item_key String,
    work_type Nullable(String),
    parent Nullable(String),
    status Nullable(String),
    category Nullable(String),
    from_status Nullable(String),
    from_category Nullable(String),
    assignee Nullable(String),
    estimate Nullable(Decimal(11, 4)),
    remaining_effort Nullable(Decimal(11, 4)),
    percent_complete Nullable(Decimal(9, 8)),
    planned_start Nullable(Date32),
    planned_finish Nullable(Date32),
    actual_effort Nullable(Decimal(11, 4)),
    cost Nullable(Decimal(18, 4)),
    actual_cost Nullable(Decimal(18, 4)),
    currency Nullable(String),
    deadline Nullable(Date32)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill work
WITH JSONExtract(value, 'data', 'Tuple(
    work_type Nullable(String), parent Nullable(String), status Nullable(String), category Nullable(String),
    from_status Nullable(String), from_category Nullable(String), assignee Nullable(String),
    estimate Nullable(Decimal(11, 4)), total_effort Nullable(Decimal(11, 4)),
    remaining_effort Nullable(Decimal(11, 4)), percent_complete Nullable(Decimal(9, 8)),
    planned_start Nullable(Date32), planned_finish Nullable(Date32), actual_effort Nullable(Decimal(11, 4)),
    cost Nullable(Decimal(18, 4)), actual_cost Nullable(Decimal(18, 4)), currency Nullable(String),
    deadline Nullable(Date32))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.work\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substringIndex(substring(stream, 6), '/', 1) AS project, substringIndex(stream, '/', -1) AS item_key,
    d.work_type AS work_type, d.parent AS parent, d.status AS status, d.category AS category,
    d.from_status AS from_status, d.from_category AS from_category, d.assignee AS assignee,
    -- re-estimated.v1 said estimate, v2 says total_effort
    coalesce(d.total_effort, d.estimate) AS estimate, d.remaining_effort AS remaining_effort,
    d.percent_complete AS percent_complete,
    d.planned_start AS planned_start, d.planned_finish AS planned_finish, d.actual_effort AS actual_effort,
    d.cost AS cost, d.actual_cost AS actual_cost, d.currency AS currency, d.deadline AS deadline
FROM {source}
WHERE kind = 'work' AND happened != 'voided'
-- @view work_log
-- Records of work that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {work_events}
-- @view work_items
-- Each item of work at {as_of_k} as known at {known_at}: `status` and its `category` ("queue", "active", "done") since
-- `status_since`; `steps` are (moment, status, category) in order and `blocks` (moment, blocked or not); a removed item
-- stays, marked, until it is created again. `plan` is (hours in all, first day, last day, hours left, part done);
-- `schedule` is (hours worked, cost, actual cost, currency, deadline, as of) as a schedule showed it last.
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.project) AS project,
    any(log.item_key) AS item_key,
    argMaxIf(tuple(log.work_type), k, happened IN ('created', 'described')).1 AS work_type,
    argMaxIf(tuple(log.parent), k, happened IN ('created', 'described')).1 AS parent,
    minIf(occurred_at, happened = 'created') AS created_at,
    argMaxIf(tuple(log.assignee), k, happened IN ('created', 'assigned')).1 AS assignee,
    argMaxIf(tuple(log.estimate, log.planned_start, log.planned_finish, log.remaining_effort, log.percent_complete), k,
        happened IN ('created', 're-estimated')) AS plan,
    argMaxIf(tuple(log.actual_effort, log.cost, log.actual_cost, log.currency, log.deadline, occurred_at), k,
        happened = 'scheduled') AS schedule,
    argMaxIf(tuple(log.status, log.category, occurred_at, version), k,
        happened IN ('created', 'moved', 'done', 'reopened')) AS step,
    step.1 AS status,
    step.2 AS category,
    step.3 AS status_since,
    arrayMap(s -> (s.2, s.3, s.4), arraySort(groupUniqArrayIf(
        (k, occurred_at, ifNull(log.status, ''), ifNull(log.category, '')),
        happened IN ('created', 'moved', 'done', 'reopened')))) AS steps,
    arrayMap(s -> (s.2, s.3), arraySort(groupUniqArrayIf(
        (k, occurred_at, happened = 'blocked'), happened IN ('blocked', 'unblocked')))) AS blocks,
    argMaxIf(toString(happened), k, happened IN ('created', 'removed')) = 'removed' AS is_removed
FROM {work_events} AS log
GROUP BY stream
HAVING countIf(happened = 'created') > 0
-- @view work_spans
-- Each item of work at {as_of_k} as known at {known_at}, with its time in order: `spans` are (from, to, status, category,
-- blocked or not, days with fractions) up to the moment {as_of_k}, which is `until`. `started_at` is the first moment in an
-- active status, `done_at` the one since which it is done without a break; null where there is none. Params: as_of_k,
-- known_at, basis.
WITH
    fromUnixTimestamp64Milli(bitShiftRight({as_of_k:Int64}, 20) + 1, 'UTC') AS now,
    arrayDistinct(arraySort(arrayPushBack(arrayConcat(steps.1, arrayFilter(b -> b >= steps[1].1, blocks.1)), now))) AS cuts
SELECT
    stream,
    project,
    item_key,
    category,
    is_removed,
    step.4 AS version,
    now AS until,
    if(arrayExists(s -> s.3 = 'active', steps), toNullable(arrayFirst(s -> s.3 = 'active', steps).1), NULL) AS started_at,
    if(category = 'done', toNullable(steps[1 + arrayLastIndex(s -> s.3 != 'done', steps)].1), NULL) AS done_at,
    arrayMap(
        (start, end) -> (
            start,
            end,
            arrayLast(s -> s.1 <= start, steps).2,
            arrayLast(s -> s.1 <= start, steps).3,
            arrayLast(b -> b.1 <= start, blocks).2 = 1,
            dateDiff('millisecond', start, end) / 86400000),
        arrayPopBack(cuts), arrayPopFront(cuts)) AS spans
FROM work_items(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
