-- name: adoption
-- title: Adoption rate
-- family: improvement
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- by: standard
-- source: our own, after the assessment scale of ISO/IEC 33020 reduced to met, partly and not met
-- definition: Of the requirements of each mandated standard's edition in force, each counted by its weight: those that
--   the unit's last assessment under that edition found met. Partly met, not met and unassessed ones count as not met,
--   and a new edition leaves all of them unassessed; so does abandoning the standard after the assessment. It is a
--   state at the as-of day: the mandate's due day and the period do not matter. Left out and counted beside: standards waived
--   on the as-of day, not applicable to the unit, not mandated, withdrawn, or without an edition. A unit without a
--   mandate has no rate. A unit and all below it together: --unit CODE --by portfolio.
SELECT
    unit,
    stream AS subject,
    concat(ifNull(name, standard), ' in ', unit) AS label,
    'governed' AS standing,
    multiIf(
        not_applicable, 'not applicable',
        due IS NULL, 'not mandated',
        edition IS NULL, 'no edition in force',
        is_withdrawn, 'standard withdrawn',
        ifNull(waived_until >= {as_of:Date32}, false), 'waived',
        '') AS excluded,
    if(declaration.1 = 'abandoned' AND declaration.2 > assessment.4, [], results) AS standing_results,
    arrayMap(r -> r.1, arrayFilter(r -> r.2 = 'met', standing_results)) AS met,
    toDecimal128(arraySum(r -> if(has(met, r.1), r.2, 0), requirements), 4) AS numerator,
    toDecimal128(arraySum(r -> r.2, requirements), 4) AS denominator,
    arrayConcat(
        arrayMap(
            v -> concat(stream, '/', toString(v)),
            arrayFilter(v -> v > 0, [mandate.3, assessment.2, waiver.3, declaration.3])),
        if(edition_version > 0, [concat('standard:', standard, '/', toString(edition_version))], [])) AS evidence,
    [concat('standard:', standard)] AS sources,
    standard
FROM adoptions(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
