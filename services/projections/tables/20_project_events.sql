-- What happened to projects, one row per record, typed; `happened` is the event's type without kind and version. A null
-- is a cleared or absent field. `voided` says nothing beyond what it withdraws, so no table of events holds it.
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
    name Nullable(String),
    unit Nullable(String),
    sponsor Nullable(String),
    manager Nullable(String),
    proposed_by Nullable(String),
    requested_by Nullable(String),
    decided_by Nullable(String),
    currency Nullable(String),
    start Nullable(Date32),
    finish Nullable(Date32),
    budget Nullable(Decimal(18, 4)),
    curve Array(Tuple(day Date32, value Decimal(18, 4))),
    change_id Nullable(String),
    unauthorised Nullable(Bool),
    due Nullable(Date32),
    evidence UInt16,
    at_risk Nullable(String),
    objectives_met Nullable(Bool),
    quality_met Nullable(Bool),
    cause Nullable(String),
    final_cost Nullable(Decimal(18, 4)),
    data_date Nullable(Date32),
    percent_complete Nullable(Decimal(9, 8)),
    method Nullable(String),
    actual_cost Nullable(Decimal(18, 4)),
    amount Nullable(Decimal(18, 4)),
    forecast_finish Nullable(Date32),
    forecast_cost Nullable(Decimal(18, 4)),
    rag Nullable(String),
    status Nullable(String),
    category Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill project
WITH JSONExtract(value, 'data', 'Tuple(
    name Nullable(String), unit Nullable(String), sponsor Nullable(String), manager Nullable(String),
    proposed_by Nullable(String), requested_by Nullable(String), decided_by Nullable(String),
    currency Nullable(String), planned_start Nullable(Date32), planned_finish Nullable(Date32),
    start Nullable(Date32), finish Nullable(Date32), budget Nullable(Decimal(18, 4)),
    curve Array(Tuple(day Date32, value Decimal(18, 4))), change_id Nullable(String), unauthorised Nullable(Bool),
    due Nullable(Date32), evidence Array(Tuple(uri String)), at_risk Tuple(id Nullable(String)),
    objectives_met Nullable(Bool), quality_met Nullable(Bool), cause Nullable(String),
    final_cost Nullable(Decimal(18, 4)), data_date Nullable(Date32), percent_complete Nullable(Decimal(9, 8)),
    method Nullable(String), actual_cost Nullable(Decimal(18, 4)), amount Nullable(Decimal(18, 4)),
    forecast_finish Nullable(Date32), forecast_cost Nullable(Decimal(18, 4)), rag Nullable(String),
    status Nullable(String), category Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.project\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.name AS name, d.unit AS unit, d.sponsor AS sponsor, d.manager AS manager,
    d.proposed_by AS proposed_by, d.requested_by AS requested_by, d.decided_by AS decided_by, d.currency AS currency,
    ifNull(d.start, d.planned_start) AS start, ifNull(d.finish, d.planned_finish) AS finish, d.budget AS budget,
    d.curve AS curve, d.change_id AS change_id, d.unauthorised AS unauthorised, d.due AS due,
    toUInt16(length(d.evidence)) AS evidence, d.at_risk.id AS at_risk,
    d.objectives_met AS objectives_met, d.quality_met AS quality_met, d.cause AS cause, d.final_cost AS final_cost,
    d.data_date AS data_date, d.percent_complete AS percent_complete, d.method AS method,
    d.actual_cost AS actual_cost, d.amount AS amount, d.forecast_finish AS forecast_finish,
    d.forecast_cost AS forecast_cost, d.rag AS rag, d.status AS status, d.category AS category
FROM {source}
WHERE kind = 'project' AND happened != 'voided'
-- @view project_log
-- Project records that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are merged:
-- fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {project_events}
-- @view projects
-- Each project's state at {as_of_k} as known at {known_at}. `standing` is "governed" where decisions are recorded and
-- "observed" where only a source's states are. Reports, gates and costs are elsewhere: they are most of the records, and
-- few questions ask for them. Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 9) AS project,
    argMaxIf(tuple(log.name), k, happened IN ('proposed', 'recorded')).1 AS name,
    argMaxIf(tuple(log.unit), k, happened IN ('proposed', 'recorded', 'transferred')).1 AS unit,
    argMaxIf(tuple(log.manager), k, happened IN ('proposed', 'manager-changed')).1 AS manager,
    argMaxIf(tuple(log.sponsor), k, happened = 'proposed').1 AS sponsor,
    argMaxIf(tuple(happened, occurred_at), k, happened IN ('proposed', 'deferred', 'approved', 'rejected', 'started',
        'put-on-hold', 'resumed', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped', 'reopened',
        'withdrawn')) AS step,
    transform(step.1,
        ['started', 'resumed', 'reopened', 'put-on-hold', 'merged-into', 'split-into', ''],
        ['running', 'running', 'running', 'on-hold', 'merged', 'split', 'observed'], step.1) AS status,
    step.2 AS status_since,
    if(step.1 = '', 'observed', 'governed') AS standing,
    minIf(tuple(k, version), happened = 'started') AS first_start,
    argMaxIf(tuple(occurred_at, version), k, happened = 'completed') AS completion,
    argMaxIf(tuple(objectives_met, quality_met), k, happened = 'completed') AS assessment,
    argMaxIf(tuple(cause), k, happened = 'cancelled').1 AS cancel_cause,
    argMaxIf(happened, k, happened IN ('financially-closed', 'reopened')) = 'financially-closed' AS is_closed,
    argMaxIf(tuple(final_cost, currency, occurred_at, version, k), k, happened = 'financially-closed') AS closure,
    arraySort(groupUniqArrayIf((k, item, amount, currency, version), happened = 'actual-cost-corrected')) AS cost_corrections,
    argMaxIf(tuple(start, finish, budget, currency, version, occurred_at), k, happened = 'baseline-set' AND item = '1') AS baseline1,
    argMaxIf(tuple(start, finish, budget, currency, version, item, occurred_at), k, happened = 'baseline-set') AS baseline,
    argMinIf(tuple(start, finish, budget, currency, version), k, happened = 'recorded' AND finish IS NOT NULL) AS observed1,
    argMinIf(tuple(budget, currency, version), k, happened = 'recorded' AND budget IS NOT NULL) AS observed_budget1,
    argMaxIf(tuple(ifNull(forecast_cost, budget), currency, version, occurred_at), k, happened = 'recorded') AS observed_cost,
    argMaxIf(tuple(log.status, log.start, finish, budget, forecast_cost, rag, occurred_at, version), k,
        happened = 'recorded') AS observed,
    argMaxIf(happened, k, happened IN ('recorded', 'left-source')) = 'left-source' AS left_source
FROM {project_events | happened IN ('proposed', 'deferred', 'approved', 'rejected', 'baseline-set', 'started',
    'put-on-hold', 'resumed', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped', 'reopened', 'withdrawn',
    'financially-closed', 'transferred', 'manager-changed', 'actual-cost-corrected', 'recorded', 'left-source')} AS log
GROUP BY stream
-- @view project_reports
-- What was last reported and forecast of each project at {as_of_k} as known at {known_at}. Params: as_of_k, known_at,
-- basis.
SELECT
    stream,
    argMaxIf(tuple(data_date, percent_complete, actual_cost, forecast_finish, forecast_cost, rag, version), k,
        happened = 'progress-reported') AS report,
    argMax(tuple(forecast_finish, forecast_cost, currency, version, occurred_at), k) AS forecast
FROM {project_events | happened IN ('progress-reported', 'reforecast')} AS log
GROUP BY stream
