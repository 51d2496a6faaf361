-- Baselines after the first that were set in the period, and what they rest on.
SELECT
    p.project AS project,
    ifNull(p.name, p.project) AS name,
    ifNull(p.unit, '') AS unit,
    b.number AS number,
    b.set_on AS set_on,
    b.finish AS finish,
    b.budget AS budget,
    b.currency AS currency,
    b.rests_on AS rests_on
FROM (
    SELECT
        stream,
        version,
        any(item) AS number,
        any(toDate32(occurred_at, {tz:String})) AS set_on,
        any(log.finish) AS finish,
        any(log.budget) AS budget,
        any(ifNull(log.currency, '')) AS currency,
        any(multiIf(log.change_id IS NOT NULL, concat('change ', log.change_id), ifNull(log.unauthorised, false),
            'unauthorised', 'nothing')) AS rests_on
    FROM project_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS log
    WHERE happened = 'baseline-set' AND item != '1'
    GROUP BY stream, version
) AS b
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = b.stream
WHERE b.set_on BETWEEN {period_from:Date32} AND {period_to:Date32}
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(p.unit, '')))
ORDER BY set_on DESC, project, number
