-- name: milestone-slip
-- title: Milestone slip
-- family: delivery
-- measure: days
-- better: lower
-- aggregator: median
-- version: 1
-- beside: p80
-- source: our own; PMI, Practice Standard for Scheduling, for the baseline's finish; half and 80 % after Vacanti,
--   Actionable Agile Metrics
-- definition: Of the milestones whose baseline, the day first planned, lies in the period: calendar days from that
--   day to the day they were reached on, or, of open ones, to the day they are expected on now, or to the as-of day if
--   that is later; moves forgive nothing. Below 0 is early. Half slip by no more than this; what 80 % do not exceed
--   stands beside. Left out and counted beside, under the project's status: open milestones of projects that ended.
--   Milestones of withdrawn projects count nowhere.
WITH
    if(m.reached_at IS NULL,
        greatest(ifNull(m.due, {as_of:Date32}), {as_of:Date32}),
        toDate32(m.reached_at, {tz:String})) AS until
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    concat(ifNull(p.name, p.project), ' ', m.milestone) AS label,
    p.standing AS standing,
    if(m.reached_at IS NULL AND p.status IN ('completed', 'cancelled', 'merged', 'split', 'descoped', 'rejected'),
        p.status, '') AS excluded,
    toDecimal128(ifNull(dateDiff('day', m.baseline, until), 0), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayDistinct([m.plan.3, if(m.reached_at IS NULL, m.due_version, m.reached_version)]) AS evidence
FROM milestones(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS m
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = m.stream
WHERE p.status != 'withdrawn' AND m.baseline BETWEEN {period_from:Date32} AND {period_to:Date32}
