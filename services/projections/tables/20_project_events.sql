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
    status Nullable(String), category Nullable(String),
    owner Nullable(String), effect Nullable(String), probability Nullable(Decimal(9, 8)), impact Nullable(Decimal(18, 4)),
    severity Nullable(String), cost Nullable(Decimal(18, 4)), days Nullable(Int32), on_project Nullable(String),
    model Nullable(String), model_version Nullable(UInt16), score Nullable(Decimal(7, 4)), ranking Nullable(String),
    rank Nullable(UInt32), within Nullable(Bool), cut_by Nullable(String), role Nullable(String),
    current Nullable(String), desired Nullable(String), from_project Nullable(String), size Nullable(String),
    value Nullable(Decimal(18, 4)), risk Nullable(Decimal(9, 8)), contributions Map(String, UInt8), gate_route Nullable(String),
    until Nullable(Date32))') AS d
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
    d.forecast_cost AS forecast_cost, d.rag AS rag, d.status AS status, d.category AS category,
    d.owner AS owner, d.effect AS effect, d.probability AS probability, d.impact AS impact, d.severity AS severity, d.cost AS cost,
    d.days AS days, d.on_project AS on_project, d.model AS model, d.model_version AS model_version, d.score AS score, d.ranking AS ranking,
    d.rank AS rank, d.within AS within, d.cut_by AS cut_by, d.role AS role, d.current AS current, d.desired AS desired,
    d.from_project AS from_project, d.size AS size, d.value AS value, d.risk AS risk, d.contributions AS contributions, d.gate_route AS gate_route,
    d.until AS until
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
-- @view milestones
-- Each milestone at {as_of_k} as known at {known_at}: `baseline` is the day first planned, `due` the day it was last moved
-- to; `reached_at` is null while it is open. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS milestone,
    argMaxIf(tuple(log.name, log.due, version), k, happened = 'milestone-planned') AS plan,
    plan.2 AS baseline,
    argMaxIf(tuple(log.due), k, happened IN ('milestone-planned', 'milestone-moved')).1 AS due,
    argMaxIf(tuple(toNullable(occurred_at)), k, happened = 'milestone-reached').1 AS reached_at,
    countIf(happened = 'milestone-moved') AS moves
FROM {project_events | happened IN ('milestone-planned', 'milestone-moved', 'milestone-reached')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'milestone-planned') > 0
-- @view changes
-- Each change at {as_of_k} as known at {known_at}: what was asked for, and `verdict` "approved", "rejected" or '' while it
-- is open. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS change,
    argMaxIf(tuple(cost, currency, days, requested_by, occurred_at, version), k, happened = 'change-requested') AS request,
    argMaxIf(tuple(happened, log.decided_by, occurred_at, version), k,
        happened IN ('change-approved', 'change-rejected')) AS decision,
    replaceOne(decision.1, 'change-', '') AS verdict
FROM {project_events | happened IN ('change-requested', 'change-approved', 'change-rejected')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'change-requested') > 0
-- @view gates
-- Each gate of each project at {as_of_k} as known at {known_at}: `requests` and `decisions` are (moment, k) in order, a
-- decision with what it was and by whom; `condition_due` is the day by which a condition of the last pass is owed (null:
-- none), `condition_met_at` when it was met. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS gate,
    arraySort(groupUniqArrayIf((k, occurred_at, version), happened = 'gate-requested')) AS requests,
    arraySort(groupUniqArrayIf((k, occurred_at, happened, ifNull(log.decided_by, ''), version),
        happened IN ('gate-passed', 'gate-passed-with-conditions', 'gate-failed'))) AS decisions,
    argMaxIf(tuple(log.due, k), k, happened IN ('gate-passed', 'gate-passed-with-conditions', 'gate-failed',
        'gate-decision-revoked')) AS pass,
    pass.1 AS condition_due,
    argMaxIf(tuple(toNullable(occurred_at), k), k, happened = 'condition-met') AS meeting,
    if(meeting.2 > pass.2, meeting.1, NULL) AS condition_met_at
FROM {project_events | happened IN ('gate-requested', 'gate-passed', 'gate-passed-with-conditions', 'gate-failed',
    'gate-decision-revoked', 'condition-met')} AS log
GROUP BY stream, item
-- @view risks
-- Each risk at {as_of_k} as known at {known_at}: `state` is "open", "closed" or "materialised"; probability and impact are
-- what is left of it by the last assessment. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS risk,
    argMaxIf(tuple(log.name, log.effect, log.category), k, happened = 'risk-raised') AS what,
    argMaxIf(tuple(log.probability, log.impact, log.currency, log.owner, occurred_at, version), k,
        happened IN ('risk-raised', 'risk-reassessed')) AS assessment,
    argMax(tuple(happened, occurred_at), k) AS step,
    transform(step.1, ['risk-closed', 'risk-materialised'], ['closed', 'materialised'], 'open') AS state
FROM {project_events | happened IN ('risk-raised', 'risk-reassessed', 'risk-closed', 'risk-materialised')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'risk-raised') > 0
-- @view issues
-- Each issue at {as_of_k} as known at {known_at}; `is_open` tells whether it still stands in the way. Params: as_of_k,
-- known_at, basis.
SELECT
    stream,
    item AS issue,
    argMaxIf(tuple(log.name), k, happened = 'issue-raised').1 AS name,
    argMaxIf(tuple(log.severity, log.owner, log.due, version), k, happened IN ('issue-raised', 'issue-reassessed')) AS held,
    minIf(occurred_at, happened = 'issue-raised') AS raised_at,
    argMax(happened, k) != 'issue-closed' AS is_open
FROM {project_events | happened IN ('issue-raised', 'issue-reassessed', 'issue-closed')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'issue-raised') > 0
-- @view dependencies
-- Dependencies between projects that stand at {as_of_k} as known at {known_at}. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS dependency,
    argMaxIf(tuple(log.on_project, log.due, version), k, happened = 'dependency-declared') AS declared,
    declared.1 AS on_project
FROM {project_events | happened IN ('dependency-declared', 'dependency-removed')} AS log
GROUP BY stream, item
HAVING argMax(happened, k) = 'dependency-declared'
-- @view actions
-- Decisions and actions at {as_of_k} as known at {known_at}: `what` is "decision" or "action"; `closed_at` is null while an
-- action is open. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS action,
    if(countIf(happened = 'decision-recorded') > 0, 'decision', 'action') AS what,
    argMaxIf(tuple(log.owner, log.due, log.decided_by, occurred_at, version), k,
        happened IN ('decision-recorded', 'action-opened')) AS held,
    argMaxIf(tuple(toNullable(occurred_at)), k, happened = 'action-closed').1 AS closed_at
FROM {project_events | happened IN ('decision-recorded', 'action-opened', 'action-closed')} AS log
GROUP BY stream, item
-- @view benefits
-- Each benefit at {as_of_k} as known at {known_at}: plan and last measurement, null where it was never measured.
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS benefit,
    argMaxIf(tuple(log.name, amount, currency, log.due, log.owner, version), k, happened = 'benefit-planned') AS plan,
    argMaxIf(tuple(amount, currency, toNullable(occurred_at), version), k, happened = 'benefit-measured') AS measured
FROM {project_events | happened IN ('benefit-planned', 'benefit-measured')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'benefit-planned') > 0
-- @view lessons
-- Lessons at {as_of_k} as known at {known_at}, recorded or applied. Params: as_of_k, known_at, basis.
SELECT
    stream,
    item AS lesson,
    argMaxIf(tuple(log.category, occurred_at), k, happened = 'lesson-recorded') AS recorded,
    argMaxIf(tuple(log.from_project, toNullable(occurred_at)), k, happened = 'lesson-applied') AS applied
FROM {project_events | happened IN ('lesson-recorded', 'lesson-applied')} AS log
GROUP BY stream, item
-- @view stakeholders
-- Each stakeholder of a project at {as_of_k} as known at {known_at}, and how they stand towards it. Params: as_of_k,
-- known_at, basis.
SELECT
    stream,
    item AS stakeholder,
    argMaxIf(tuple(log.role), k, happened = 'stakeholder-registered').1 AS role,
    argMax(tuple(log.current, log.desired, occurred_at), k) AS engagement
FROM {project_events | happened IN ('stakeholder-registered', 'engagement-assessed')} AS log
GROUP BY stream, item
-- @view recordings
-- Decisions and progress at {as_of_k} as known at {known_at}, one row per record: `number` is the days from the day on which
-- it happened to the one on which it was recorded, or reported where the source says that. Params: as_of_k, known_at,
-- basis, tz.
SELECT DISTINCT
    stream,
    stream AS owner,
    k,
    toFloat64(toDate32(reported_at, {tz:String}) - toDate32(occurred_at, {tz:String})) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    toNullable(toDate32(occurred_at, {tz:String})) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    concat(happened, ', ', toString(number), ' days late') AS detail
FROM {project_events | happened IN ('approved', 'rejected', 'baseline-set', 'gate-passed', 'gate-passed-with-conditions',
    'gate-failed', 'gate-decision-revoked', 'change-approved', 'change-rejected', 'progress-reported')} AS log
