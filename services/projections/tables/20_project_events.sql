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
    category Nullable(String),
    owner Nullable(String),
    effect Nullable(String),
    probability Nullable(Decimal(9, 8)),
    impact Nullable(Decimal(18, 4)),
    severity Nullable(String),
    cost Nullable(Decimal(18, 4)),
    days Nullable(Int32),
    on_project Nullable(String),
    model Nullable(String),
    model_version Nullable(UInt16),
    score Nullable(Decimal(7, 4)),
    ranking Nullable(String),
    rank Nullable(UInt32),
    within Nullable(Bool),
    cut_by Nullable(String),
    role Nullable(String),
    current Nullable(String),
    desired Nullable(String),
    from_project Nullable(String),
    size Nullable(String),
    value Nullable(Decimal(18, 4)),
    risk Nullable(Decimal(9, 8)),
    contributions Map(String, UInt8),
    gate_route Nullable(String),
    until Nullable(Date32)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill project
-- Read in parts: the engine plans a tuple of all sixty fields four times as long, which is most of a small batch's time.
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.project\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at, naming.name AS name, naming.unit AS unit, naming.sponsor AS sponsor,
    naming.manager AS manager, naming.proposed_by AS proposed_by, naming.requested_by AS requested_by,
    naming.decided_by AS decided_by, naming.currency AS currency, ifNull(plan.start, plan.planned_start) AS start,
    ifNull(plan.finish, plan.planned_finish) AS finish, plan.budget AS budget, plan.curve AS curve,
    plan.change_id AS change_id, plan.unauthorised AS unauthorised, plan.due AS due,
    toUInt16(length(outcome.evidence)) AS evidence, outcome.at_risk.id AS at_risk,
    outcome.objectives_met AS objectives_met, outcome.quality_met AS quality_met, outcome.cause AS cause,
    outcome.final_cost AS final_cost, report.data_date AS data_date, report.percent_complete AS percent_complete,
    report.method AS method, report.actual_cost AS actual_cost, report.amount AS amount,
    report.forecast_finish AS forecast_finish, report.forecast_cost AS forecast_cost, report.rag AS rag,
    report.status AS status, report.category AS category, exposure.owner AS owner, exposure.effect AS effect,
    exposure.probability AS probability, exposure.impact AS impact, exposure.severity AS severity,
    exposure.cost AS cost, exposure.days AS days, exposure.on_project AS on_project, priority.model AS model,
    priority.model_version AS model_version, priority.score AS score, priority.ranking AS ranking,
    priority.rank AS rank, priority.within AS within, priority.cut_by AS cut_by, part.role AS role,
    part.current AS current, part.desired AS desired, part.from_project AS from_project, part.size AS size,
    part.value AS value, part.risk AS risk, part.contributions AS contributions, part.gate_route AS gate_route,
    part.until AS until
FROM (
    SELECT *,
        JSONExtract(value, 'data', 'Tuple(
            name Nullable(String), unit Nullable(String), sponsor Nullable(String), manager Nullable(String),
            proposed_by Nullable(String), requested_by Nullable(String), decided_by Nullable(String),
            currency Nullable(String))') AS naming,
        JSONExtract(value, 'data', 'Tuple(
            planned_start Nullable(Date32), planned_finish Nullable(Date32), start Nullable(Date32),
            finish Nullable(Date32), budget Nullable(Decimal(18, 4)),
            curve Array(Tuple(day Date32, value Decimal(18, 4))), change_id Nullable(String),
            unauthorised Nullable(Bool), due Nullable(Date32))') AS plan,
        JSONExtract(value, 'data', 'Tuple(
            evidence Array(Tuple(uri String)), at_risk Tuple(id Nullable(String)), objectives_met Nullable(Bool),
            quality_met Nullable(Bool), cause Nullable(String), final_cost Nullable(Decimal(18, 4)))') AS outcome,
        JSONExtract(value, 'data', 'Tuple(
            data_date Nullable(Date32), percent_complete Nullable(Decimal(9, 8)), method Nullable(String),
            actual_cost Nullable(Decimal(18, 4)), amount Nullable(Decimal(18, 4)), forecast_finish Nullable(Date32),
            forecast_cost Nullable(Decimal(18, 4)), rag Nullable(String), status Nullable(String),
            category Nullable(String))') AS report,
        JSONExtract(value, 'data', 'Tuple(
            owner Nullable(String), effect Nullable(String), probability Nullable(Decimal(9, 8)),
            impact Nullable(Decimal(18, 4)), severity Nullable(String), cost Nullable(Decimal(18, 4)),
            days Nullable(Int32), on_project Nullable(String))') AS exposure,
        JSONExtract(value, 'data', 'Tuple(
            model Nullable(String), model_version Nullable(UInt16), score Nullable(Decimal(7, 4)),
            ranking Nullable(String), rank Nullable(UInt32), within Nullable(Bool), cut_by Nullable(String))') AS priority,
        JSONExtract(value, 'data', 'Tuple(
            role Nullable(String), current Nullable(String), desired Nullable(String), from_project Nullable(String),
            size Nullable(String), value Nullable(Decimal(18, 4)), risk Nullable(Decimal(9, 8)),
            contributions Map(String, UInt8), gate_route Nullable(String), until Nullable(Date32))') AS part
    FROM {source}
)
WHERE kind = 'project' AND happened != 'voided'
-- @view project_log
-- Project records that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are merged:
-- fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {project_events}
-- @state projects
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
-- @state project_reports
-- What was last reported and forecast of each project at {as_of_k} as known at {known_at}. Params: as_of_k, known_at,
-- basis.
SELECT
    stream,
    argMaxIf(tuple(data_date, percent_complete, actual_cost, forecast_finish, forecast_cost, rag, version, currency, k),
        k, happened = 'progress-reported') AS report,
    argMax(tuple(forecast_finish, forecast_cost, currency, version, occurred_at), k) AS forecast
FROM {project_events | happened IN ('progress-reported', 'reforecast')} AS log
GROUP BY stream
-- @state baselines
-- Each project's baselines at {as_of_k} as known at {known_at}, in the order of setting: `sets` holds (k, number, start,
-- finish, budget, currency, curve, version, moment); a plan without a curve has the straight line from start to finish.
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    arraySort(b -> b.1, groupUniqArray((
        k, item, assumeNotNull(log.start) AS first_day, assumeNotNull(log.finish) AS last_day,
        assumeNotNull(log.budget) AS planned_cost, assumeNotNull(log.currency),
        if(empty(log.curve),
            [(first_day, toDecimal64(0, 4)), (last_day, planned_cost)],
            arraySort(arrayMap(p -> (p.1, p.2), log.curve))),
        version, occurred_at))) AS sets
FROM {project_events | happened = 'baseline-set'} AS log
GROUP BY stream
-- @view proposals
-- What each project was proposed with, and how it was last scored and ranked, at {as_of_k} as known at {known_at}.
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    argMaxIf(tuple(log.contributions, log.size, log.value, log.risk, start, finish, budget, currency, version, occurred_at,
        gate_route), k, happened = 'proposed') AS proposal,
    argMaxIf(tuple(log.model, log.model_version, log.score, occurred_at, version), k, happened = 'scored') AS scoring,
    argMaxIf(tuple(log.ranking, log.rank, log.within, log.cut_by, occurred_at), k, happened = 'ranked') AS ranking,
    argMaxIf(tuple(log.until), k, happened = 'deferred').1 AS deferred_until
FROM {project_events | happened IN ('proposed', 'scored', 'ranked', 'deferred')} AS log
GROUP BY stream
