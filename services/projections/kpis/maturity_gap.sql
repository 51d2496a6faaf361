-- name: maturity-gap
-- title: Maturity gap
-- family: maturity
-- measure: level
-- better: lower
-- aggregator: mean
-- version: 1
-- by: model
-- beside: range
-- source: AXELOS, Portfolio, Programme and Project Management Maturity Model (P3M3), version 3
-- definition: The mean over units of the level that the unit aims at less the one that its latest assessment found;
--   below 0 where it is above its target. Units without a target are left out. It is a state at the as-of day: the
--   period does not matter, and an assessment counts however old it is. Over several models the mean is that of all
--   assessments; by model each stands alone. Left out and counted beside: units that were retired or merged into
--   another.
SELECT
    m.unit AS unit,
    concat('business-unit:', m.unit) AS subject,
    concat(m.unit, ' ', m.model) AS label,
    'governed' AS standing,
    multiIf(
        u.is_retired, 'unit retired',
        u.merged_into IS NOT NULL, 'unit merged',
        m.held.2 IS NULL, 'no target',
        '') AS excluded,
    toDecimal128(toInt16(ifNull(m.held.2, 0)) - toInt16(ifNull(m.held.1, 0)), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    [m.held.7] AS evidence,
    m.model AS model
FROM maturity(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS m
INNER JOIN units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS u
    ON u.unit = m.unit
