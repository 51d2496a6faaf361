-- name: compliance
-- title: Compliance rate
-- family: improvement
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: severity, control
-- shown: alone
-- source: our own, after the conformance checking of process mining
-- definition: Of the occasions on which a control was activated in the period: those without violation. One that was
--   cured late counts as violated, and so does one whose finding was accepted or dismissed; what was never activated
--   counts nowhere. The controls are those of 'pmo audit', in their present words and with the thresholds that are set,
--   the workspace's own among them; an occasion counts in the period in which it began. Left out and counted beside:
--   occasions without evidence, of which only a source's states are known. As it runs every control, it stands in no
--   list of all KPIs.
SELECT
    unit,
    subject,
    label,
    standing,
    if(result = 'no evidence', result, '') AS excluded,
    toDecimal128(result = 'satisfied', 4) AS numerator,
    toDecimal128(1, 4) AS denominator,
    arrayDistinct(arrayPushFront(evidence, activating)) AS evidence,
    severity,
    control
FROM ({occasions})
WHERE toDate32(since, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
