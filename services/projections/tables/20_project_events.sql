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
-- @view earned_value
-- Earned value and earned schedule of each project that is running or on hold, or ended no more than 35 days (or those of
-- the setting THRESHOLD.STALE-DAYS) before the as-of day, at {as_of_k} as known at {known_at}: two rows each, `against` the baseline "in force" at the report's data
-- date and against the "first" one set by then. `problem` says why there is none, `cost_problem` why its cost cannot be
-- compared; `es` and `at` are calendar days from the baseline's start, money is in `currency`, the baseline's. `forecast`
-- is (finish, cost, currency, version) as last told; `eac` means nothing where percent is 0. Params: as_of_k, known_at,
-- basis, as_of, tz.
WITH (
    SELECT ifNull(JSONExtract(argMax(ifNull(value, ''), k), 'value', 'Nullable(UInt16)'), 35)
    FROM {setting_events | setting = 'THRESHOLD.STALE-DAYS'}
) AS stale_days
SELECT
    stream, unit, label, standing, status, against, problem, cost_problem, ended_on, data_date, percent, currency, bac,
    ac, ev, forecast, versions, cost_versions,
    toDecimal128(round(toDecimal128(ac, 8) / if(percent = 0, toDecimal32(1, 8), percent), 4), 4) AS eac,
    toInt32(dateDiff('day', held.3, least(data_date, ended_on))) AS at,
    multiIf(
        at_point = 0 OR empty(curve), toDecimal128(0, 4),
        at_point = length(curve), toDecimal128(curve[-1].2, 4),
        toDecimal128(curve[at_point].2, 4)
            + toDecimal128(curve[at_point + 1].2 - curve[at_point].2, 4)
                * dateDiff('day', curve[at_point].1, data_date)
                / greatest(1, dateDiff('day', curve[at_point].1, curve[at_point + 1].1))) AS pv,
    multiIf(
        empty(curve), toDecimal128(0, 4),
        reached = 0, toDecimal128(dateDiff('day', held.3, curve[-1].1), 4),
        reached = 1, toDecimal128(dateDiff('day', held.3, curve[1].1), 4),
        toDecimal128(dateDiff('day', held.3, curve[reached - 1].1), 4)
            + (ev - curve[reached - 1].2) * dateDiff('day', curve[reached - 1].1, curve[reached].1)
                / if(curve[reached].2 = curve[reached - 1].2, toDecimal128(1, 4),
                    toDecimal128(curve[reached].2 - curve[reached - 1].2, 4))) AS es
FROM (
    SELECT
        stream, unit, label, standing, status, against, forecast, held, data_date, percent, ended_on,
        held.6 AS currency,
        held.7 AS curve,
        toDecimal128(held.5, 4) AS bac,
        toDecimal128(round(toDecimal128(held.5, 4) * percent, 4), 4) AS ev,
        toDecimal128(ifNull(report.3, 0), 4)
            + arraySum(arrayMap(c -> toDecimal128(ifNull(c.3, 0), 4), corrections)) AS ac,
        arrayFirstIndex(p -> p.2 >= ev, curve) AS reached,
        arrayCount(p -> p.1 <= data_date, curve) AS at_point,
        multiIf(
            status IN ('cancelled', 'merged', 'split', 'descoped'), status,
            NOT has_plan, 'no baseline',
            report.7 = 0, 'no report',
            dateDiff('day', data_date, {as_of:Date32}) > stale_days, 'stale report',
            held.8 = 0, 'no baseline at the data date',
            held.5 = 0, 'budget of 0',
            '') AS problem,
        multiIf(
            ifNull(report.8 != held.6, true) OR arrayExists(c -> ifNull(c.4 != held.6, true), corrections),
                'cost in another currency',
            ac <= 0, 'no actual cost',
            '') AS cost_problem,
        arrayFilter(v -> v > 0, [held.8, report.7]) AS versions,
        arrayConcat(versions, arrayMap(c -> c.5, corrections)) AS cost_versions
    FROM (
        SELECT
            p.stream AS stream,
            ifNull(p.unit, '') AS unit,
            ifNull(p.name, p.project) AS label,
            p.standing AS standing,
            p.status AS status,
            if(p.status IN ('running', 'on-hold'), toDate32('2299-12-31'), toDate32(p.status_since, {tz:String}))
                AS ended_on,
            arrayJoin(['in force', 'first']) AS against,
            r.report AS report,
            ifNull(r.report.1, toDate32('1970-01-01')) AS data_date,
            ifNull(r.report.2, toDecimal32(0, 8)) AS percent,
            r.forecast AS forecast,
            arrayExists(s -> against = 'in force' OR s.2 = '1', b.sets) AS has_plan,
            arrayFilter(s -> (against = 'in force' OR s.2 = '1') AND toDate32(s.9, {tz:String}) <= data_date,
                b.sets)[-1] AS held,
            arrayFilter(
                c -> c.1 > r.report.9
                    AND toDate32(fromUnixTimestamp64Milli(bitShiftRight(c.1, 20), 'UTC'), {tz:String}) <= data_date,
                p.cost_corrections) AS since,
            arrayFilter(c -> c.1 = arrayMax(o -> if(o.2 = c.2, o.1, 0), since), since) AS corrections
        FROM projects(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS p
        LEFT JOIN project_reports(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS r ON r.stream = p.stream
        LEFT JOIN baselines(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS b ON b.stream = p.stream
        WHERE p.status IN ('running', 'on-hold')
            OR (p.status IN ('completed', 'cancelled', 'merged', 'split', 'descoped')
                AND dateDiff('day', toDate32(p.status_since, {tz:String}), {as_of:Date32}) <= stale_days)
    )
)
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
    argMaxIf(tuple(log.due, version), k, happened IN ('milestone-planned', 'milestone-moved')) AS expected,
    expected.1 AS due,
    expected.2 AS due_version,
    argMaxIf(tuple(toNullable(occurred_at), version), k, happened = 'milestone-reached') AS reaching,
    reaching.1 AS reached_at,
    reaching.2 AS reached_version,
    uniqExactIf(version, happened = 'milestone-moved') AS moves
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
-- Decisions, steps and progress at {as_of_k} as known at {known_at}, one row per record: `number` is the days from the day on which
-- it happened to the one on which it was recorded, or reported where the source says that. Params: as_of_k, known_at,
-- basis, tz.
SELECT
    stream,
    stream AS owner,
    k,
    toFloat64(dateDiff('day', occurred_at, reported_at, {tz:String})) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    toNullable(toDate32(occurred_at, {tz:String})) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    concat(happened, ', ', toString(number), ' days late') AS detail
FROM {project_events | happened IN ('approved', 'rejected', 'baseline-set', 'gate-passed', 'gate-passed-with-conditions',
    'gate-failed', 'gate-decision-revoked', 'condition-met', 'change-approved', 'change-rejected', 'progress-reported',
    'milestone-reached', 'started', 'put-on-hold', 'resumed', 'completed', 'cancelled', 'financially-closed')} AS log
-- a record may stand twice until parts are merged
LIMIT 1 BY stream, k
-- @view gate_order
-- Each pass of a gate at {as_of_k} as known at {known_at} on a project that follows a route: `number` is how many gates
-- that come before it on the route had not been passed, or no longer; 1 where the gate is not on the route, null where
-- nothing says what the route is. The route is what it was at the pass, or as first set if that was later. Of what has
-- only a day, what may have come in time did. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    act.1 AS k,
    if(way.1 = 0, NULL, toFloat64(if(place = 0, 1, length(missing)))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(empty(missing) OR has(later, 0), NULL, fromUnixTimestamp64Milli(bitShiftRight(arrayMax(later), 20), 'UTC')) AS cured_at,
    arrayConcat(
        [concat(stream, '/', toString(act.5))],
        arrayMap(c -> concat(stream, '/', toString(bitAnd(c, 1048575))), arrayFilter(c -> c != 0, later)),
        if(way.1 = 0, [], [concat(route_stream, '/', toString(way.4))])) AS evidence,
    multiIf(
        way.1 = 0, concat('the route ', route, ' is not set'),
        place = 0, concat(act.3, ' is not on the route ', route),
        empty(missing), '',
        concat(act.3, ' without ', arrayStringConcat(missing, ', '))) AS detail
FROM (
    SELECT
        stream, steps, assumeNotNull(its_route) AS route, route_stream, act,
        if(act.1 = 0 OR empty(ways), (toInt64(0), CAST([], 'Array(String)'), CAST([], 'Array(UInt32)'), toUInt32(0)),
            if(ways[1].1 > act.2, ways[1], arrayLast(w -> w.1 <= act.2, ways))) AS said,
        if(empty(said.2), (toInt64(0), said.2, said.3, said.4), said) AS way,
        indexOf(way.2, act.3) AS place,
        arrayFilter(
            g -> NOT arrayExists(
                p -> p.4 = 1 AND p.3 = g AND p.1 <= act.2
                    AND NOT arrayExists(c -> c.4 = 0 AND c.3 = g AND c.1 > p.1 AND c.2 < act.1, steps), steps),
            arraySlice(way.2, 1, greatest(place, 1) - 1)) AS missing,
        arrayMap(g -> arrayFirst(p -> p.4 = 1 AND p.3 = g AND p.1 > act.1, steps).1, missing) AS later
    FROM (
        SELECT
            stream,
            argMaxIf(tuple(log.gate_route), k, happened = 'proposed').1 AS its_route,
            arraySort(groupUniqArrayIf((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                item,
                toUInt8(happened IN ('gate-passed', 'gate-passed-with-conditions')),
                version), happened != 'proposed')) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 1, steps)) AS act
        FROM {project_events | happened IN ('proposed', 'gate-passed', 'gate-passed-with-conditions', 'gate-failed',
            'gate-decision-revoked')} AS log
        GROUP BY stream
        HAVING its_route != ''
    ) AS passes
    LEFT JOIN gate_routes(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS routes ON routes.held_route = passes.its_route
)
-- @view red_stretches
-- What stretches of red reports ask for at {as_of_k} as known at {known_at}: an answer within {limit} days of the first
-- one, and within each further {limit} days in which the project is reported red again. `number` is the days from
-- there to what was done (a change, a decision, a gate's decision) or to the end of the stretch (a report that is not
-- red, a hold, the project's end); to the as-of day while there is neither. A report without a colour says nothing;
-- where only a source shows red, there is no number. Params: as_of_k, known_at, basis, as_of, tz, limit.
SELECT
    stream,
    stream AS owner,
    red.1 AS k,
    red.2 AS answer,
    if(red.4, NULL, toFloat64(if(answer.1 = 0, toInt32({as_of:Date32}), answer.2) - toInt32(red.3))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    answer.1 = 0 AS is_open,
    if(red.4, NULL, red.3) AS from_day,
    if(answer.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(answer.1, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))),
        arrayFilter(e -> e != 0, [k, answer.1])) AS evidence,
    multiIf(red.4, '', answer.1 = 0, 'red, and nothing done', concat('red for ', toString(number), ' days')) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, whether of no hour of that day, 1 red, 2 of another colour, 3 rests or ends, 4 something done)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String}) AS on_day),
                toDateTime64(on_day, 3, {tz:String}) = occurred_at,
                multiIf(happened = 'progress-reported', if(log.rag = 'red', 1, 2), happened IN ('put-on-hold',
                    'completed', 'cancelled', 'merged-into', 'split-into', 'descoped'), 3, 4)),
            happened != 'recorded' AND (happened != 'progress-reported' OR log.rag IS NOT NULL))) AS steps,
        arrayFilter(s -> s.4 < 4, steps) AS colours,
        arrayFilter((s, before) -> s.4 = 1 AND before != 1, colours,
            arrayPopBack(arrayPushFront(colours.4, 2))) AS firsts,
        -- (the report, its stretch's first one, how many whole limits after it)
        arrayMap(
            (r, f) -> (r, f, toInt32(if(r.1 = f.1, 0, intDiv(greatest(r.2 - f.2 - 1, 0), toInt32({limit:Float64}))))),
            arrayFilter(s -> s.4 = 1, colours) AS told, arrayMap(r -> arrayLast(f -> f.1 <= r.1, firsts), told)) AS reds,
        arrayFilter((r, before) -> r.2 != before.2 OR r.3 != before.3, reds,
            arrayPopBack(arrayPushFront(reds, ((toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)),
                (toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)), toInt32(0))))) AS asks,
        arraySort(groupUniqArrayIf(k, happened = 'recorded' AND ifNull(log.rag = 'red', false))) AS shown,
        arrayJoin(arrayConcat(
            arrayMap(
                (r, since) -> (r.1.1,
                    arrayFirst(
                        s -> s.4 != 1 AND if(r.3 = 0,
                            s.1 > r.1.1 OR (s.4 > 2 AND s.2 = since AND (s.3 OR r.1.3)), s.2 > since), steps),
                    toDate32('1970-01-01') + since, false),
                asks, arrayMap(r -> r.2.2 + r.3 * toInt32({limit:Float64}), asks)),
            arrayMap(s -> (s, (toInt64(0), toInt32(0), toUInt8(0), toUInt8(0)), toDate32('1970-01-01'), true),
                arraySlice(shown, 1, toUInt8(empty(reds)))))) AS red
    FROM {project_events | happened IN ('progress-reported', 'recorded', 'change-requested', 'change-approved',
        'decision-recorded', 'gate-passed', 'gate-passed-with-conditions', 'gate-failed', 'put-on-hold', 'completed',
        'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view risk_reviews
-- Each assessment that leaves a threat at {threshold} or more (probability times impact, in the risk's own currency) at
-- {as_of_k} as known at {known_at}: `number` is the days to its next assessment, its end or the project's, or to the
-- as-of day. Without an owner it is over its own limit of -1, until it has one. After the project's end nothing is asked.
-- Params: as_of_k, known_at, basis, as_of, tz, threshold.
SELECT
    stream,
    stream AS owner,
    review.1.1 AS k,
    review.1.2 AS since,
    review.2 AS following,
    review.3 AS settled,
    toFloat64(if(following.1 = 0, toInt32({as_of:Date32}), following.2) - since) AS number,
    NOT review.1.6 AND NOT (settled.1 != 0 AND settled.2 = since) AS unowned,
    if(unowned, toNullable(toFloat64(-1)), NULL) AS own_limit,
    following.1 = 0 AS is_open,
    if(unowned, NULL, toDate32('1970-01-01') + since) AS from_day,
    if(unowned, settled.1, following.1) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, cure])) AS evidence,
    concat('risk ', review.1.3, if(unowned, ', no owner',
        concat(if(following.1 = 0, ', not assessed for ', ', assessed after '), toString(number), ' days'))) AS detail
FROM (
    SELECT
        stream,
        groupUniqArrayIf(item, happened = 'risk-raised' AND ifNull(log.effect = 'threat', false)) AS threats,
        -- (k, day, risk, 1 assessed, 2 over, 3 the project's end, 4 it goes on, whether over the threshold, whether somebody owns it)
        arraySort(groupUniqArray((
            k, toInt32(toDate32(occurred_at, {tz:String})), item,
            multiIf(happened IN ('risk-raised', 'risk-reassessed'), 1,
                happened IN ('risk-closed', 'risk-materialised'), 2,
                happened IN ('started', 'resumed', 'reopened'), 4, 3),
            toUInt8(ifNull(round(toFloat64(log.probability) * toFloat64(log.impact), 4) >= {threshold:Float64}, false)),
            toUInt8(ifNull(log.owner, '') != '')))) AS steps,
        arrayJoin(arrayMap(a -> (
                a,
                arrayFirst(s -> s.1 > a.1 AND (s.3 = a.3 OR s.4 = 3), steps),
                arrayFirst(s -> s.1 > a.1 AND (s.4 = 3 OR (s.3 = a.3 AND (s.4 = 2 OR s.6 OR NOT s.5))), steps)),
            arrayFilter(
                s -> s.4 = 1 AND s.5 AND has(threats, s.3) AND arrayLast(e -> e.4 > 2 AND e.1 < s.1, steps).4 != 3,
                steps))) AS review
    FROM {project_events | happened IN ('risk-raised', 'risk-reassessed', 'risk-closed', 'risk-materialised',
        'started', 'resumed', 'reopened', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view completions
-- Each completion at {as_of_k} as known at {known_at}: `number` is how many risks, undecided changes and unmet
-- conditions of gates were open then; what was settled on the completion's own day counts as settled unless hours say
-- otherwise. Where only a source shows the project completed, there is no number. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    completion.1 AS k,
    -- (opened by, settled by, name)
    arrayFilter(o -> o.1 != 0 AND (o.2 = 0 OR o.2 > completion.2), arrayMap(
        t -> (
            arrayLast(s -> s.2 = t AND s.1 <= completion.1, steps).3,
            arrayFirst(s -> s.2 = t AND s.1 > completion.1 AND s.3 = 0, steps).1,
            t),
        things)) AS left_open,
    if(completion.3, NULL, toFloat64(length(left_open))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(empty(left_open) OR has(left_open.2, 0), 0, arrayMax(left_open.2)) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))),
        arrayFilter(e -> e != 0, arrayConcat([k], left_open.1, left_open.2))) AS evidence,
    if(empty(left_open), '', concat('open: ', arrayStringConcat(left_open.3, ', '))) AS detail
FROM (
    SELECT
        stream,
        -- (k, of what, the same k if that opens it, else 0)
        arraySort(groupUniqArrayIf((
                k,
                concat(multiIf(happened LIKE 'risk-%', 'risk ', happened LIKE 'change-%', 'change ', 'condition of '),
                    item),
                if(happened IN ('risk-raised', 'risk-reassessed', 'change-requested', 'gate-passed-with-conditions'),
                    k, 0)),
            happened NOT IN ('completed', 'recorded'))) AS steps,
        arraySort(arrayDistinct(steps.2)) AS things,
        groupUniqArrayIf((k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}) AS on_day, 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(on_day + 1, 3, {tz:String})) * 1048576 - 1, k), false),
            happened = 'completed') AS told,
        arraySort(groupUniqArrayIf(k, happened = 'recorded' AND ifNull(log.status = 'completed', false))) AS shown,
        arrayJoin(arrayConcat(told,
            arrayMap(s -> (s, s, true), arraySlice(shown, 1, toUInt8(empty(told)))))) AS completion
    FROM {project_events | happened IN ('completed', 'recorded', 'risk-raised', 'risk-reassessed', 'risk-closed',
        'risk-materialised', 'change-requested', 'change-approved', 'change-rejected', 'gate-passed',
        'gate-passed-with-conditions', 'gate-failed', 'gate-decision-revoked', 'condition-met')} AS log
    GROUP BY stream
)
-- @view rag_claims
-- Each report with a colour and a forecast at {as_of_k} as known at {known_at}, against the baseline in force at its
-- data date: `number` is 1 if it says green although the finish slips by more than {slip_share} of the first baseline's
-- length, or the cost exceeds the budget by more than {cost_share} of it; null where neither can be told.
-- Params: as_of_k, known_at, basis, tz, slip_share, cost_share.
SELECT
    stream,
    stream AS owner,
    claim.1.1 AS k,
    claim.2 AS held,
    claim.3 AS first,
    if(first.1 = 0, held, first) AS long,
    greatest(1, dateDiff('day', long.3, long.4)) AS length,
    if(held.1 = 0, NULL, round(toFloat64(dateDiff('day', held.4, claim.1.3)) / length, 6)) AS slip,
    if(held.1 = 0 OR held.5 = 0 OR held.6 != claim.1.5, NULL,
        round(toFloat64(claim.1.4) / toFloat64(held.5) - 1, 6)) AS over,
    ifNull(slip > {slip_share:Float64}, false) OR ifNull(over > {cost_share:Float64}, false) AS is_red,
    if(slip IS NULL AND over IS NULL, NULL, toFloat64(is_red AND claim.1.6 = 'green')) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, held.1])) AS evidence,
    multiIf(held.1 = 0, 'no baseline at the data date', number IS NULL, 'cost in another currency',
        concat('says ', claim.1.6,
            if(slip IS NULL, '', concat(', finish off by ', toString(round(slip * 100, 2)), ' %')),
            if(over IS NULL, '', concat(', cost off by ', toString(round(over * 100, 2)), ' %')))) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, start, finish, budget, currency, number)
        arraySort(groupUniqArrayIf((
            k, toDate32(occurred_at, {tz:String}), assumeNotNull(log.start), assumeNotNull(log.finish),
            assumeNotNull(log.budget), assumeNotNull(log.currency), item), happened = 'baseline-set')) AS plans,
        groupUniqArrayIf((
                k, assumeNotNull(log.data_date), log.forecast_finish, log.forecast_cost, assumeNotNull(log.currency),
                assumeNotNull(log.rag)),
            happened = 'progress-reported' AND log.rag IS NOT NULL
                AND (log.forecast_finish IS NOT NULL OR log.forecast_cost IS NOT NULL)) AS reports,
        arrayJoin(arrayMap(r -> (
                r, arrayLast(p -> p.2 <= r.2, plans), arrayLast(p -> p.2 <= r.2 AND p.7 = '1', plans)),
            reports)) AS claim
    FROM {project_events | happened IN ('baseline-set', 'progress-reported')} AS log
    GROUP BY stream
)
-- @view forecasts
-- Each forecast of a finish at {as_of_k} as known at {known_at}, in a report or between two; while there is none, each
-- baseline's finish: `number` is the days on which it lay in the past, with no other forecast, while the project was
-- running. Where a project runs only by its source, there is no number. Params: as_of_k, known_at, basis, as_of, tz.
SELECT
    stream,
    stream AS owner,
    forecast.1.1 AS k,
    forecast.2 AS following,
    if(forecast.3, NULL, toFloat64(arraySum(arrayMap(
        s -> greatest(0, least(s.2, following.2) - greatest(s.1, forecast.1.2, forecast.1.3)), spans)))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    following.1 = 0 AND last_step.3 != 2 AS is_open,
    if(forecast.3, NULL, toDate32('1970-01-01') + forecast.1.3) AS from_day,
    multiIf(following.1 != 0, following.1, last_step.3 = 2, last_step.1, 0) AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayMap(e -> concat(stream, '/', toString(bitAnd(e, 1048575))), arrayFilter(e -> e != 0, [k, cure])) AS evidence,
    if(forecast.3, '', concat('finish expected by ', toString(assumeNotNull(from_day)), ', in the past for ',
        toString(number), if(number = 1, ' day', ' days'))) AS detail
FROM (
    SELECT
        stream,
        -- (k, day, finish, 1 if it is a forecast)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String})),
                toInt32(assumeNotNull(if(happened = 'baseline-set', log.finish, log.forecast_finish))),
                toUInt8(happened != 'baseline-set')),
            happened = 'baseline-set'
                OR (happened IN ('progress-reported', 'reforecast') AND log.forecast_finish IS NOT NULL))) AS told,
        arrayFirst(t -> t.4 = 1, told).1 AS since,
        arrayFilter(t -> t.4 = 1 OR since = 0 OR t.1 < since, told) AS finishes,
        -- (k, day, 1 runs, 2 has ended, 3 rests)
        arraySort(groupUniqArrayIf((
                k, toInt32(toDate32(occurred_at, {tz:String})),
                multiIf(happened IN ('started', 'resumed', 'reopened'), 1, happened = 'put-on-hold', 3, 2)),
            happened NOT IN ('baseline-set', 'progress-reported', 'reforecast', 'recorded'))) AS steps,
        steps[-1] AS last_step,
        arrayFilter(s -> s.3 = 1, arrayMap((s, until) -> (s.2, until, s.3), steps,
            arrayPopFront(arrayPushBack(steps.2, toInt32({as_of:Date32}))))) AS spans,
        arraySort(groupUniqArrayIf(k,
            happened = 'recorded' AND (log.status IS NULL OR log.status IN ('running', 'on-hold', 'completed'))))
            AS shown,
        arrayJoin(arrayConcat(
            arrayFilter(f -> arrayExists(s -> s.1 < f.2.2 AND s.2 > f.1.2, spans),
                arrayMap((t, n) -> (t, n, false), finishes, arrayPopFront(arrayPushBack(finishes,
                    (toInt64(0), toInt32({as_of:Date32}), toInt32(0), toUInt8(0)))))),
            arrayMap(s -> ((s, toInt32(0), toInt32(0), toUInt8(0)), (s, toInt32(0), toInt32(0), toUInt8(0)), true),
                arraySlice(shown, 1, toUInt8(empty(steps)))))) AS forecast
    FROM {project_events | happened IN ('baseline-set', 'progress-reported', 'reforecast', 'recorded', 'started',
        'resumed', 'reopened', 'put-on-hold', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
    GROUP BY stream
)
-- @view gate_waits
-- Each request of a gate at {as_of_k} as known at {known_at}: `number` is the days to its first decision, or so far;
-- `own_limit` those that the route in force at the request allows for this gate, null where it says nothing. An end of
-- the project stops the wait, unless the decision comes in its days all the same. A decision of the same day that tells no time of day answers the request, unless an earlier
-- one waited for it. Params: as_of_k, known_at, basis, as_of,
-- tz, limit.
SELECT
    stream,
    stream AS owner,
    ask.1 AS k,
    if(place = 0, NULL, toFloat64(way.3[place])) AS own_limit,
    over.1 != 0 AND (answer.1 = 0 OR (over.6 <= answer.6 AND answer.6 - ask.6 > ifNull(own_limit, {limit:Float64})))
        AS is_stopped,
    toFloat64(multiIf(is_stopped, over.6, answer.1 != 0, answer.6, toInt32({as_of:Date32})) - ask.6) AS number,
    is_stopped OR answer.1 = 0 AS is_open,
    toNullable(toDate32(ask.6)) AS from_day,
    if(answer.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(answer.1, 20), 'UTC')) AS cured_at,
    arrayConcat(
        arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0, [ask.5, answer.5])),
        if(place = 0, [], [concat(route_stream, '/', toString(way.4))])) AS evidence,
    concat(ask.3, if(answer.1 = 0, ', not decided after ', ', decided after '), toString(number), ' days') AS detail
FROM (
    SELECT
        stream, route_stream, ask,
        arrayFirst(d -> d.4 = 2 AND d.3 = ask.3 AND (d.1 > ask.1
            OR d.2 > ask.1 AND NOT arrayExists(e -> e.4 = 1 AND e.3 = ask.3 AND e.1 < d.1
                AND NOT arrayExists(o -> o.4 = 2 AND o.3 = ask.3 AND o.1 > e.1 AND o.1 < d.1, steps), steps)), steps) AS answer,
        arrayFirst(e -> e.4 = 3 AND e.2 >= ask.1, steps) AS over,
        if(empty(ways), (toInt64(0), CAST([], 'Array(String)'), CAST([], 'Array(UInt32)'), toUInt32(0)),
            if(ways[1].1 > ask.2, ways[1], arrayLast(w -> w.1 <= ask.2, ways))) AS way,
        indexOf(way.2, ask.3) AS place
    FROM (
        SELECT
            stream,
            ifNull(argMaxIf(tuple(log.gate_route), k, happened = 'proposed').1, '') AS its_route,
            arraySort(groupUniqArrayIf((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                item,
                toUInt8(multiIf(happened = 'gate-requested', 1, startsWith(happened, 'gate-'), 2, 3)),
                version,
                toInt32(toDate32(occurred_at, {tz:String}))), happened != 'proposed')) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 1, steps)) AS ask
        FROM {project_events | happened IN ('proposed', 'gate-requested', 'gate-passed', 'gate-passed-with-conditions',
            'gate-failed', 'rejected', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
        GROUP BY stream
    ) AS requests
    LEFT JOIN gate_routes(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS routes ON routes.held_route = requests.its_route
)
-- @view rebaselines
-- Each baseline after the first at {as_of_k} as known at {known_at}: `number` is 0 where it rests on a change of its own
-- that was approved by then, else 1; a later approval is `cured_at`. Of what has only a day, what may have come in time
-- did. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    plan.1 AS k,
    toFloat64(wrong != '') AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(later.1 = 0 OR wrong NOT LIKE '%was not approved', NULL, fromUnixTimestamp64Milli(bitShiftRight(later.1, 20), 'UTC'))
        AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0,
        [plan.5, if(own, approval.5, 0), if(own, 0, other.5), if(isNull(cured_at), 0, later.5)])) AS evidence,
    if(wrong = '', '', concat('baseline ', plan.6, ' ', wrong)) AS detail
FROM (
    SELECT
        stream,
        plan,
        plan.3 != '' AND plan.7 = 0 AS named,
        arrayFirst(p -> p.4 = 1 AND named AND p.3 = plan.3 AND p.1 <= plan.2
            AND NOT arrayExists(r -> r.4 = 2 AND r.3 = plan.3 AND r.1 > p.1 AND r.2 < plan.1, steps), steps) AS approval,
        arrayFirst(p -> p.4 = 1 AND named AND p.3 = plan.3 AND p.1 > plan.2, steps) AS later,
        arrayFirst(o -> o.4 = 3 AND o.7 = 0 AND named AND o.3 = plan.3 AND o.1 < plan.1, steps) AS other,
        other.1 = 0 AS own,
        multiIf(
            plan.7 = 1, 'is unauthorised',
            NOT named, 'names no change',
            NOT own, concat('rests on ', plan.3, ', as baseline ', other.6, ' does'),
            approval.1 = 0, concat('rests on ', plan.3, ', which was not approved'),
            '') AS wrong
    FROM (
        SELECT
            stream,
            arraySort(groupUniqArray((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                if(happened = 'baseline-set', ifNull(log.change_id, ''), item),
                toUInt8(transform(happened, ['change-approved', 'change-rejected'], [1, 2], 3)),
                version,
                item,
                toUInt8(happened = 'baseline-set' AND ifNull(log.unauthorised, false))))) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 3 AND s.6 != '1', steps)) AS plan
        FROM {project_events | happened IN ('baseline-set', 'change-approved', 'change-rejected')} AS log
        GROUP BY stream
    )
)
-- @view overspend
-- Each time that a project with a budget and cost passed the limit at {as_of_k} as known at {known_at}: `number` is the
-- share of the first baseline's budget plus the changes approved by then that was spent beyond it; `cured_at` is when it
-- came back under. Where the limit was never passed, there is one row with the highest share; where money is in more than
-- one currency, one without a number. What is spent is what was last reported, with later corrections of it, or the final
-- cost. Of what has only a day, what may have come in time did. Params: as_of_k, known_at, basis, tz, limit.
SELECT
    stream,
    stream AS owner,
    met.1 AS k,
    if(is_mixed, NULL, met.4) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(back.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(back.1, 20), 'UTC')) AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0, arrayDistinct(arrayConcat(
        [base.3, met.3], arrayMap(c -> c.5, arrayFilter(c -> c.1 <= met.2, granted)), [back.3])))) AS evidence,
    if(is_mixed, 'cost, budget and changes are in different currencies',
        concat('spent ', toString(met.5), ' of ', toString(met.6), ' ', base.2, ', ', toString(round(met.4 * 100, 1)), ' % over'))
        AS detail
FROM (
    SELECT stream, base, granted, is_mixed, course[place] AS met,
        arrayFirst(m -> m.4 <= {limit:Float64}, arraySlice(course, place)) AS back
    FROM (
        SELECT stream, base, granted, is_mixed, course,
            arrayJoin(if(is_mixed OR empty(passings), [arrayLastIndex(m -> m.4 = arrayMax(course.4), course)], passings))
                AS place
        FROM (
            SELECT stream, base, granted, is_mixed, course,
                arrayFilter(
                    (n, m, before) -> m.4 > {limit:Float64} AND (n = 1 OR before.4 <= {limit:Float64}),
                    arrayEnumerate(course), course, arrayPushFront(arrayPopBack(course), course[1])) AS passings
            FROM (
                SELECT stream, base, granted, is_mixed,
                    arrayMap(
                        (p, allowed) -> (p.1, p.2, p.3,
                            if(allowed > 0, round(toFloat64(p.4) / toFloat64(allowed) - 1, 6), if(p.4 > 0, 1000000., -1.)),
                            p.4, allowed),
                        points, allowances) AS course
                FROM (
                    SELECT stream, base, granted, is_mixed, points,
                        arrayMap(
                            p -> base.1 + arraySum(arrayMap(c -> if(c.1 <= p.2, c.3, toDecimal128(0, 4)), granted)), points)
                            AS allowances
                    FROM (
                        SELECT stream, base, granted,
                            arrayExists(s -> s.5 != base.2, spends) OR arrayExists(c -> c.4 != base.2, granted) AS is_mixed,
                            arraySort(arrayConcat(
                                arrayMap(s -> (s.1, s.2, s.4, s.3), spends),
                                arrayMap(c -> (c.1, c.2, c.5, arrayLast(s -> s.1 <= c.1, spends).3), granted))) AS points
                        FROM (
                            SELECT stream, base,
                                arrayMap(
                                    d -> (d.1, d.2, arrayLast(r -> r.3 = d.3, requests).4,
                                        arrayLast(r -> r.3 = d.3, requests).5, d.7),
                                    arrayFilter(
                                        d -> d.6 AND d.1 = arrayFirst(o -> o.6 AND o.3 = d.3, decisions).1
                                            AND arrayLast(o -> o.3 = d.3, decisions).6
                                            AND arrayExists(r -> r.3 = d.3, requests), decisions)) AS granted,
                                arraySort(arrayConcat(
                                    arrayMap(r -> (r.1, r.2, r.4, r.7, r.5), reports),
                                    arrayMap(
                                        (c, since) -> (c.1, c.2,
                                            arrayLast(r -> r.1 = since, reports).4
                                                + arraySum(arrayMap(o -> o.4 * toUInt8(o.1 > since AND o.1 <= c.1
                                                    AND o.1 = arrayMax(arrayMap(
                                                        e -> e.1 * toInt64(e.3 = o.3 AND e.1 <= c.1), corrections))),
                                                    corrections)),
                                            c.7, c.5),
                                        corrections, arrayMap(c -> arrayLast(r -> r.1 < c.1, reports).1, corrections))))
                                    AS spends
                            FROM (
                                SELECT stream, base,
                                    arrayFilter(s -> s.8 = 1, steps) AS reports,
                                    arrayFilter(s -> s.8 = 2, steps) AS corrections,
                                    arrayFilter(s -> s.8 = 3, steps) AS requests,
                                    arrayFilter(s -> s.8 = 4, steps) AS decisions
                                FROM (
                                    SELECT
                                        stream,
                                        argMaxIf(tuple(toDecimal128(ifNull(log.budget, 0), 4), ifNull(log.currency, ''), version),
                                            k, happened = 'baseline-set' AND item = '1') AS base,
                                        arraySort(groupUniqArray((
                                            k,
                                            if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                                                toUnixTimestamp64Milli(
                                                    toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String}))
                                                    * 1048576 - 1,
                                                k),
                                            item,
                                            toDecimal128(ifNull(multiIf(happened = 'change-requested', log.cost,
                                                happened = 'actual-cost-corrected', log.amount,
                                                happened = 'financially-closed', log.final_cost, log.actual_cost), 0), 4),
                                            ifNull(log.currency, ''),
                                            happened = 'change-approved',
                                            version,
                                            transform(happened, ['progress-reported', 'financially-closed',
                                                'actual-cost-corrected', 'change-requested', 'baseline-set'],
                                                [1, 1, 2, 3, 0], 4)))) AS steps
                                    FROM {project_events | happened IN ('baseline-set', 'progress-reported',
                                        'financially-closed', 'actual-cost-corrected', 'change-requested', 'change-approved',
                                        'change-rejected')} AS log
                                    GROUP BY stream
                                    HAVING base.1 > 0
                                )
                            )
                            WHERE notEmpty(reports)
                        )
                        WHERE arrayExists(s -> s.3 > 0, spends)
                    )
                )
            )
        )
    )
)
-- @view closings
-- Each time that a project was closed financially, at {as_of_k} as known at {known_at}: `number` is what was recorded of
-- later days until it was reopened, beside what may follow: corrections of cost, benefits measured, lessons, what a
-- source shows, and that the whole was recorded in error. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    closing.1 AS k,
    toFloat64(length(follow)) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    arrayMap(s -> concat(stream, '/', toString(s.2)), arrayPushFront(follow, closing)) AS evidence,
    if(empty(follow), '', concat('followed by ', arrayStringConcat(arrayDistinct(follow.3), ', '))) AS detail
FROM (
    SELECT
        stream,
        arraySort(groupUniqArray((k, version, toString(happened), toDate32(occurred_at, {tz:String})))) AS steps,
        arrayJoin(arrayFilter(s -> s.3 = 'financially-closed', steps)) AS closing,
        arrayFirst(s -> s.3 = 'reopened' AND s.1 > closing.1, steps) AS reopening,
        arrayFilter(
            s -> s.4 > closing.4 AND (reopening.1 = 0 OR s.1 < reopening.1)
                AND s.3 NOT IN ('actual-cost-corrected', 'benefit-measured', 'lesson-recorded', 'lesson-applied',
                    'recorded', 'left-source', 'withdrawn', 'reopened'),
            steps) AS follow
    FROM {project_events}
    WHERE stream IN (SELECT stream FROM {project_events | happened = 'financially-closed'})
    GROUP BY stream
)
