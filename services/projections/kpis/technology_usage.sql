-- name: technology-usage
-- title: Technology usage
-- family: improvement
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: standard
-- source: our own, after the 30 days' active users that vendors report
-- definition: Of the people who could use a technology: those who did, by each unit's last measurement in the period,
--   over all standards of the kind technology. Left out and counted beside: technologies that were withdrawn or
--   abandoned, whose usage was not measured in the period, or that nobody could use.
SELECT
    a.unit AS unit,
    a.stream AS subject,
    concat(ifNull(a.name, a.standard), ' in ', a.unit) AS label,
    'governed' AS standing,
    multiIf(
        a.is_withdrawn, 'standard withdrawn',
        a.stance = 'abandoned', 'abandoned',
        measured.usage.3 = 0, 'not measured',
        ifNull(measured.usage.2 = 0, true), 'nobody eligible',
        '') AS excluded,
    toDecimal128(ifNull(measured.usage.1, 0), 4) AS numerator,
    toDecimal128(ifNull(measured.usage.2, 0), 4) AS denominator,
    arrayFilter(v -> v > 0, [measured.usage.3]) AS evidence,
    [concat('standard:', a.standard)] AS sources,
    a.standard AS standard
FROM adoptions(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS a
LEFT JOIN (
    -- the last in the period, whatever was measured after it
    SELECT stream AS owner, argMax(tuple(log.active, log.eligible, log.version), k) AS usage
    FROM adoption_log(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS log
    WHERE happened = 'usage-measured'
      AND toDate32(occurred_at, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
    GROUP BY stream
) AS measured ON measured.owner = a.stream
WHERE a.standard_kind = 'technology'
