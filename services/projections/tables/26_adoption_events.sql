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
-- Each nonconformity at {as_of_k} as known at {known_at}; `resolved_at` is null while it is open. Params: as_of_k, known_at,
-- basis.
SELECT
    stream,
    any(log.standard) AS standard,
    any(log.unit) AS unit,
    item AS nonconformity,
    argMaxIf(tuple(log.severity, log.due, log.owner, log.raised_by, occurred_at, version), k,
        happened = 'nonconformity-raised') AS raised,
    argMaxIf(tuple(toNullable(occurred_at)), k, happened = 'nonconformity-resolved').1 AS resolved_at
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
