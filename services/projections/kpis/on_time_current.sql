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
    baseline.2 AS planned
SELECT
    ifNull(unit, '') AS unit,
    stream AS subject,
    ifNull(name, project) AS label,
    standing,
    multiIf(
        status IN ('cancelled', 'merged', 'split', 'descoped', 'rejected'), status,
        status = 'completed' AND baseline.7 > state.completion.1, 'baseline set after the completion',
        '') AS excluded,
    toDecimal128(status = 'completed' AND completed_on <= planned, 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayFilter(v -> v > 0, [baseline.5, if(status = 'completed', state.completion.2, 0)]) AS evidence
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS state
WHERE status != 'withdrawn'
  AND standing = 'governed'
  AND planned BETWEEN {period_from:Date32} AND {period_to:Date32}
  AND planned <= {as_of:Date32}
