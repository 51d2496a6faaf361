-- name: on-time-current
-- title: On-time rate against the current baseline
-- family: delivery
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019) for the baseline; cohort rule of our own
-- definition: As on-time, but against the baseline in force, whose finish then makes the cohort: every rebaseline
--   forgives the slip before it, so this stands beside on-time and never in its place. Observed projects have no
--   baselines and are not in it; a baseline set after the completion is no plan either.
WITH
    toDate32(state.completion.1, {tz:String}) AS completed_on,
    if(standing = 'governed', baseline.2, CAST(NULL, 'Nullable(Date32)')) AS planned,
    observed.3 AS stated,
    toDate32(observed.7, {tz:String}) AS reported_on
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        standing = 'governed' AND status IN ('cancelled', 'merged', 'split', 'descoped', 'rejected'), status,
        standing = 'governed' AND status = 'completed' AND baseline.7 > state.completion.1, 'baseline set after the completion',
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
        [baseline.5, if(status = 'completed', state.completion.2, 0)], [observed1.5, observed.8])) AS evidence
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
WHERE status != 'withdrawn'
  AND planned BETWEEN {period_from:Date32} AND {period_to:Date32}
  AND planned <= {as_of:Date32}
