-- name: time-to-remediate
-- title: Time to remediate
-- family: improvement
-- measure: days
-- better: lower
-- aggregator: kaplan-meier
-- version: 1
-- by: severity
-- source: Kaplan and Meier, Nonparametric Estimation from Incomplete Observations (1958)
-- definition: Days from the day on which a nonconformity was raised to the one on which it was resolved, of those
--   raised in the period; the median by Kaplan and Meier, where open ones count as lasting at least until the as-of
--   day. One raised again after it was resolved is open again, and counts from the day on which it was raised last.
SELECT
    unit,
    stream AS subject,
    concat(standard, ' in ', unit, ' ', nonconformity) AS label,
    'governed' AS standing,
    '' AS excluded,
    toDecimal128(greatest(0, dateDiff('day', raised_on, if(ended, toDate32(assumeNotNull(resolved_at), {tz:String}),
        {as_of:Date32}))), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    resolved_at IS NOT NULL AS ended,
    arrayFilter(v -> v > 0, [raised.6, resolved_version]) AS evidence,
    ifNull(raised.1, '') AS severity,
    toDate32(raised.5, {tz:String}) AS raised_on
FROM nonconformities(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE raised_on BETWEEN {period_from:Date32} AND {period_to:Date32}
