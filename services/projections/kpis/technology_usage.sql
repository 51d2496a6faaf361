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
    unit,
    stream AS subject,
    concat(ifNull(name, standard), ' in ', unit) AS label,
    'governed' AS standing,
    multiIf(
        is_withdrawn, 'standard withdrawn',
        stance = 'abandoned', 'abandoned',
        usage.4 = 0 OR toDate32(usage.3, {tz:String}) NOT BETWEEN {period_from:Date32} AND {period_to:Date32},
            'not measured',
        ifNull(usage.2 = 0, true), 'nobody eligible',
        '') AS excluded,
    toDecimal128(ifNull(usage.1, 0), 4) AS numerator,
    toDecimal128(ifNull(usage.2, 0), 4) AS denominator,
    arrayFilter(v -> v > 0, [usage.4]) AS evidence,
    [concat('standard:', standard)] AS sources,
    standard
FROM adoptions(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE standard_kind = 'technology'
