-- What belongs to projects: milestones, changes, gates, risks and the like, each as it stands.
-- @view milestones
-- Each milestone at {as_of_k} as known at {known_at}: `baseline` is the day first planned, `due` the day it was last moved
-- to; `reached_at` is null while it is open; one that was dropped from the plan is not there. Params: as_of_k, known_at, basis.
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
FROM {project_events | happened IN ('milestone-planned', 'milestone-moved', 'milestone-reached', 'milestone-dropped')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'milestone-planned') > 0 AND argMax(happened, k) != 'milestone-dropped'
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
-- Each gate of each project at {as_of_k} as known at {known_at}: `requests` and `decisions` are (k, moment) in order, a
-- decision with what it was and by whom; one that tells no time of day, and that no request waited for, has a k after the
-- requests of its day. `condition_due` is the day by which a condition of the last pass is owed (null: none),
-- `condition_met_at` when it was met. Params: as_of_k, known_at, basis, tz.
WITH
    arraySort(groupUniqArrayIf((k, occurred_at, toString(happened), ifNull(log.decided_by, ''), version),
        happened IN ('gate-passed', 'gate-passed-with-conditions', 'gate-failed'))) AS told
SELECT
    stream,
    item AS gate,
    arraySort(groupUniqArrayIf((k, occurred_at, version), happened = 'gate-requested')) AS requests,
    arraySort(arrayMap(
        d -> (
            if(toDateTime64(toDate32(d.2, {tz:String}), 3, {tz:String}) != d.2 OR arrayExists(
                    o -> o.1 < d.1 AND NOT arrayExists(e -> e.1 > o.1 AND e.1 < d.1, told), requests),
                d.1,
                greatest(d.1, 1 + arrayLast(
                    r -> toDate32(r.2, {tz:String}) = toDate32(d.2, {tz:String}), requests).1)),
            d.2, d.3, d.4, d.5),
        told)) AS decisions,
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
