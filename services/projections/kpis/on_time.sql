-- name: on-time
-- title: On-time rate
-- family: delivery
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019) for the baseline; cohort rule of our own
-- definition: Of the projects whose first baseline's finish lies in the period and not after the as-of day, those
--   completed by that finish (tolerance 0 days). Open and overdue counts as late, on hold stays in, one reopened since
--   is open; cancelled, merged, split, descoped and rejected projects are left out and counted beside, and so are those
--   whose baseline was set after the completion, which is no plan; one that was withdrawn counts nowhere. Observed
--   projects (a source's states, no decisions): the first finish that the source stated is the plan; met if a later
--   report states a finish in its past that is no later than planned, late if a report after the plan's finish still
--   states a later one; else no outcome is known, which is said beside: one report alone proves nothing.
WITH
    toDate32(state.completion.1, {tz:String}) AS completed_on,
    if(standing = 'governed', baseline1.2, observed1.2) AS planned,
    observed.3 AS stated,
    toDate32(observed.7, {tz:String}) AS reported_on
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        standing = 'governed' AND status IN ('cancelled', 'merged', 'split', 'descoped', 'rejected'), status,
        standing = 'governed' AND status = 'completed' AND baseline1.6 > state.completion.1, 'baseline set after the completion',
        standing = 'governed', '',
        ifNull(observed.1 = 'cancelled', false), 'cancelled',
        observed.8 != observed1.5 AND ifNull(stated < reported_on, false), '',
        observed.8 = observed1.5 OR reported_on <= planned, multiIf(
            left_source, 'left the source',
            reported_on <= planned, 'no report after the finish',
            'only one report of a finish'),
        stated IS NULL, 'finish no longer stated',
        '') AS excluded,
    toDecimal128(
        if(standing = 'governed',
            status = 'completed' AND completed_on <= planned,
            ifNull(stated < reported_on AND stated <= planned, false)), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, if(standing = 'governed',
        [baseline1.5, if(status = 'completed', state.completion.2, 0)], [observed1.5, observed.8])) AS evidence
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
WHERE status != 'withdrawn'
  AND planned BETWEEN {period_from:Date32} AND {period_to:Date32}
  AND planned <= {as_of:Date32}
