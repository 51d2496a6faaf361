-- name: time-to-adopt
-- title: Time to adopt
-- family: improvement
-- measure: days
-- better: lower
-- aggregator: kaplan-meier
-- version: 1
-- by: standard
-- source: Kaplan and Meier, Nonparametric Estimation from Incomplete Observations (1958)
-- definition: Days from the first mandate to the unit's first declaration after it that it works by the standard, of
--   the standards first mandated in the period; the median by Kaplan and Meier, where those not declared yet count as
--   lasting at least until the as-of day. The declaration is what ends the time: whether assessments bear it out is
--   asked by adoption. One that the unit already worked by when it was mandated took 0 days; a declaration that it had
--   abandoned by then does not count. Left out and counted beside: standards that do
--   not apply to the unit, or were withdrawn before they were adopted.
SELECT
    a.unit AS unit,
    a.stream AS subject,
    concat(ifNull(a.name, a.standard), ' in ', a.unit) AS label,
    'governed' AS standing,
    multiIf(
        a.not_applicable, 'not applicable',
        a.is_withdrawn AND NOT ended, 'standard withdrawn',
        '') AS excluded,
    toDecimal128(greatest(0, dateDiff('day', mandated_on, if(ended, adopted_on, {as_of:Date32}))), 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    ended,
    arrayFilter(v -> v > 0, [mandate_version, if(ended, adopted_version, 0)]) AS evidence,
    [concat('standard:', a.standard)] AS sources,
    a.standard AS standard
FROM (
    SELECT
        stream,
        minIf(k, happened = 'mandated') AS since,
        toDate32(minIf(occurred_at, happened = 'mandated'), {tz:String}) AS mandated_on,
        argMinIf(version, k, happened = 'mandated') AS mandate_version,
        arraySort(groupUniqArrayIf((k, happened, occurred_at, version), happened IN ('adopted', 'abandoned')))
            AS stances,
        arrayLast(s -> s.1 < since, stances) AS before,
        if(before.2 = 'adopted', before, arrayFirst(s -> s.1 > since AND s.2 = 'adopted', stances)) AS declaration,
        declaration.4 > 0 AS ended,
        toDate32(declaration.3, {tz:String}) AS adopted_on,
        declaration.4 AS adopted_version
    FROM adoption_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    GROUP BY stream
    HAVING countIf(happened = 'mandated') > 0
) AS told
INNER JOIN adoptions(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS a
    ON a.stream = told.stream
WHERE mandated_on BETWEEN {period_from:Date32} AND {period_to:Date32}
