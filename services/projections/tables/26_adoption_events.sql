-- How units adopt standards, one row per record, typed; `evidence` is the number of documents.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    happened LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    standard String,
    unit String,
    due Nullable(Date32),
    decided_by Nullable(String),
    requested_by Nullable(String),
    edition Nullable(String),
    results Array(Tuple(requirement String, result String)),
    assessor Nullable(String),
    evidence UInt16,
    active Nullable(UInt32),
    eligible Nullable(UInt32),
    until Nullable(Date32),
    severity Nullable(String),
    owner Nullable(String),
    raised_by Nullable(String),
    requirement Nullable(String),
    level Nullable(UInt8),
    people Nullable(UInt32)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill adoption
WITH JSONExtract(value, 'data', 'Tuple(
    due Nullable(Date32), decided_by Nullable(String), requested_by Nullable(String), edition Nullable(String),
    results Array(Tuple(requirement String, result String)), assessor Nullable(String), active Nullable(UInt32),
    eligible Nullable(UInt32), until Nullable(Date32), evidence Array(Tuple(uri String)),
    severity Nullable(String), owner Nullable(String), raised_by Nullable(String), requirement Nullable(String),
    level Nullable(UInt8), people Nullable(UInt32))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.adoption\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substringIndex(substring(stream, 10), '/', 1) AS standard, substringIndex(stream, '/', -1) AS unit, d.due AS due,
    d.decided_by AS decided_by, d.requested_by AS requested_by, d.edition AS edition, d.results AS results,
    d.assessor AS assessor, toUInt16(length(d.evidence)) AS evidence, d.active AS active, d.eligible AS eligible,
    d.until AS until, d.severity AS severity, d.owner AS owner, d.raised_by AS raised_by,
    d.requirement AS requirement, d.level AS level, d.people AS people
FROM {source}
WHERE kind = 'adoption' AND happened != 'voided'
-- @view adoption_log
-- Records of adoptions that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {adoption_events}
-- @view adoptions
-- Each unit's adoption of a standard at {as_of_k} as known at {known_at}. `due` is null where it is not mandated;
-- `edition` is the standard's in force (null: none), `results` the unit's last assessment under it; `waived_until` is
-- the last day of the waiver that was last given and not ended; `stance` is '', 'adopted' or 'abandoned', whichever was
-- said last; `usage` holds active, eligible and when. Versions are 0 where there is none. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.standard) AS standard,
    any(log.unit) AS unit,
    any(s.name) AS name,
    any(s.standard_kind) AS standard_kind,
    any(s.edition) AS edition,
    any(s.requirements) AS requirements,
    any(s.edition_version) AS edition_version,
    any(s.is_withdrawn) AS is_withdrawn,
    argMaxIf(tuple(log.due, occurred_at, version), k, happened = 'mandated') AS mandate,
    mandate.1 AS due,
    argMaxIf(tuple(happened, version), k, happened IN ('mandated', 'not-applicable')).1 = 'not-applicable' AS not_applicable,
    argMaxIf(tuple(log.results, version, occurred_at, k, log.assessor, log.evidence), k,
        happened = 'assessed' AND log.edition = s.edition) AS assessment,
    assessment.1 AS results,
    argMaxIf(tuple(happened, log.until, version, log.requested_by, log.decided_by), k,
        happened IN ('waived', 'waiver-ended')) AS waiver,
    if(waiver.1 = 'waived', waiver.2, NULL) AS waived_until,
    argMaxIf(tuple(happened, k, version), k, happened IN ('adopted', 'abandoned')) AS declaration,
    declaration.1 AS stance,
    argMaxIf(tuple(log.active, log.eligible, occurred_at, version), k, happened = 'usage-measured') AS usage
FROM {adoption_events} AS log
LEFT JOIN (
    SELECT standard, name, standard_kind, edition, requirements, edition_version, is_withdrawn
    FROM standards(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
) AS s ON s.standard = log.standard
GROUP BY stream
-- @view nonconformities
-- Each nonconformity at {as_of_k} as known at {known_at}; `resolved_at` is null while it is open, also where it was raised
-- again. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.standard) AS standard,
    any(log.unit) AS unit,
    item AS nonconformity,
    argMaxIf(tuple(log.severity, log.due, log.owner, log.raised_by, occurred_at, version), k,
        happened = 'nonconformity-raised') AS raised,
    argMax(tuple(happened, occurred_at, version), k) AS step,
    if(step.1 = 'nonconformity-resolved', step.2, NULL) AS resolved_at,
    if(step.1 = 'nonconformity-resolved', step.3, 0) AS resolved_version
FROM {adoption_events | happened IN ('nonconformity-raised', 'nonconformity-resolved')} AS log
GROUP BY stream, item
HAVING countIf(happened = 'nonconformity-raised') > 0
-- @view change_readiness
-- How each unit stands towards the change that a standard means, at {as_of_k} as known at {known_at}: the last level of
-- impact, readiness and resistance, 1 to 5, null where it was never assessed. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.standard) AS standard,
    any(log.unit) AS unit,
    argMaxIf(tuple(log.level), k, happened = 'impact-assessed').1 AS impact,
    argMaxIf(tuple(log.level), k, happened = 'readiness-assessed').1 AS readiness,
    argMaxIf(tuple(log.level), k, happened = 'resistance-assessed').1 AS resistance
FROM {adoption_events | happened IN ('impact-assessed', 'readiness-assessed', 'resistance-assessed')} AS log
GROUP BY stream
-- @view technology_mandates
-- Each mandate of a technology at {as_of_k} as known at {known_at}: `number` is 1 unless the edition in force then had
-- a security review; an edition with one that came later cures. Params: as_of_k, known_at, basis, tz.
SELECT DISTINCT
    mandate.unit AS unit,
    mandate.standard AS label,
    mandate.stream AS stream,
    mandate.stream AS owner,
    mandate.k AS k,
    toDate32(mandate.occurred_at, {tz:String}) AS on_day,
    if(toDateTime64(on_day, 3, {tz:String}) = mandate.occurred_at,
        toUnixTimestamp64Milli(toDateTime64(on_day + 1, 3, {tz:String})) * 1048576 - 1, mandate.k) AS until,
    arrayLast(e -> e.1 <= until, standard.editions) AS held,
    toFloat64(held.5 = 0) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    arrayFirst(e -> e.1 > until AND e.5 = 1, standard.editions).1 AS cure,
    if(cure = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(cure, 20), 'UTC')) AS cured_at,
    arrayConcat(
        [concat(mandate.stream, '/', toString(mandate.version))],
        arrayMap(e -> concat('standard:', mandate.standard, '/', toString(bitAnd(e, 1048575))),
            arrayFilter(e -> e != 0, [held.1, if(number = 1, cure, 0)]))) AS evidence,
    if(held.1 = 0, 'no edition in force', concat('edition ', held.3, ', data ', held.4,
        if(number = 1, ', no security review', ''))) AS detail
FROM {adoption_events | happened = 'mandated'} AS mandate
INNER JOIN (
    SELECT
        substring(stream, 10) AS standard,
        arraySort(groupUniqArray((k, ifNull(log.standard_kind, ''), ifNull(log.edition, ''),
            ifNull(log.data_class, 'of no class'), toUInt8(log.security_review IS NOT NULL)))) AS editions
    FROM {standard_events | happened IN ('published', 'revised')} AS log
    GROUP BY stream
) AS standard ON standard.standard = mandate.standard
WHERE if(held.1 = 0, standard.editions[1].2, held.2) = 'technology'
-- @view expired_waivers
-- Each waiver of a mandated standard at {as_of_k} as known at {known_at}: `number` is 1 if its last day passed with
-- nothing in its place, plus 1 if it is one of more than {in_a_row}. In its place come another waiver, its end, a lifted
-- mandate, a withdrawn standard, or an assessment by which the unit meets the edition in force on that last day; later
-- ones are `cured_at`. A row of waivers ends with any of these but a waiver. Params: as_of_k, known_at, basis, as_of, tz,
-- in_a_row.
SELECT
    unit,
    standard AS label,
    stream,
    stream AS owner,
    given.1 AS k,
    toFloat64(is_expired) + toFloat64(place > {in_a_row:Float64}) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    first.1 = 0 AND NOT is_expired AS is_open,
    toNullable(toDate32(given.5)) AS from_day,
    if(first.1 <= final_k OR place > {in_a_row:Float64}, NULL, fromUnixTimestamp64Milli(bitShiftRight(first.1, 20), 'UTC'))
        AS cured_at,
    arrayMap(e -> e.8, arrayFilter(e -> e.1 != 0, [given, first])) AS evidence,
    arrayStringConcat(arrayFilter(s -> s != '', [
        if(is_expired, concat('expired on ', toString(toDate32(given.5))), ''),
        if(place > {in_a_row:Float64}, concat('waiver ', toString(place), ' in a row'), '')]), ', ') AS detail
FROM (
    SELECT
        unit, standard, stream, given, final_k,
        -- an assessment serves if all that the edition asks for is met
        arrayFilter(
            e -> e.3 NOT IN ('mandated', 'published') AND (e.3 != 'assessed' OR hasAll(e.7, arrayLast(
                p -> p.3 = 'published' AND p.1 <= greatest(e.2, final_k), steps).7)
                AND e.6 = arrayLast(p -> p.3 = 'published' AND p.1 <= greatest(e.2, final_k), steps).6), steps) AS freeing,
        arrayFirst(e -> e.1 > given.1 OR e.3 = 'assessed', freeing) AS first,
        arrayLast(
            e -> e.1 <= given.2 AND e.1 != given.1 AND e.3 != 'waived' AND (e.3 != 'assessed' OR hasAll(e.7, arrayLast(
                p -> p.3 = 'published' AND p.1 <= e.2, steps).7)
                AND e.6 = arrayLast(p -> p.3 = 'published' AND p.1 <= e.2, steps).6),
            arrayFilter(e -> e.3 NOT IN ('mandated', 'published'), steps)).1 AS broken_at,
        greatest(1, arrayCount(e -> e.3 = 'waived' AND e.1 > broken_at AND e.1 <= given.1, steps)) AS place,
        arrayLast(e -> e.3 IN ('mandated', 'not-applicable') AND e.1 <= final_k, steps) AS mandate,
        arrayLast(e -> e.3 IN ('published', 'withdrawn') AND e.1 <= final_k, steps) AS edition,
        (first.1 = 0 OR first.1 > final_k) AND toInt32({as_of:Date32}) > given.5 AS is_expired
    FROM (
        SELECT
            unit, standard, stream,
            arraySort(arrayConcat(own, said)) AS steps,
            arrayJoin(arrayFilter(e -> e.3 = 'waived', own)) AS given,
            toUnixTimestamp64Milli(toDateTime64(toDate32(least(given.5, 120000)) + 1, 3, {tz:String})) * 1048576 - 1 AS final_k
        FROM (
            SELECT
                stream,
                any(log.unit) AS unit,
                any(log.standard) AS standard,
                arraySort(groupUniqArray((
                    k,
                    if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                    toString(happened),
                    toUInt8(0),
                    ifNull(toInt32(log.until), 0),
                    ifNull(log.edition, ''),
                    arrayMap(r -> r.1, arrayFilter(r -> r.2 = 'met', log.results)),
                    concat(stream, '/', toString(version))))) AS own
            FROM {adoption_events | happened IN ('mandated', 'not-applicable', 'waived', 'waiver-ended', 'assessed')} AS log
            GROUP BY stream
            HAVING arrayExists(e -> e.3 = 'waived', own)
        ) AS adoption
        LEFT JOIN (
            SELECT
                substring(stream, 10) AS of_standard,
                groupUniqArray((
                    k,
                    k,
                    if(happened = 'withdrawn', 'withdrawn', 'published'),
                    toUInt8(0),
                    toInt32(0),
                    ifNull(log.edition, ''),
                    arrayMap(r -> r.1, log.requirements),
                    concat(stream, '/', toString(version)))) AS said
            FROM {standard_events | happened IN ('published', 'revised', 'withdrawn')} AS log
            GROUP BY stream
        ) AS standards ON standards.of_standard = adoption.standard
    )
)
WHERE mandate.1 != 0
    AND (mandate.3 = 'mandated' OR mandate.1 > given.1)
    AND (edition.3 != 'withdrawn' OR edition.1 > given.1)
