-- Changes asked for or decided in the period.
SELECT
    p.project AS project,
    ifNull(p.name, p.project) AS name,
    ifNull(p.unit, '') AS unit,
    c.change AS change,
    c.request.1 AS cost,
    ifNull(c.request.2, '') AS currency,
    c.request.3 AS days,
    if(c.verdict = '', 'open', c.verdict) AS verdict,
    ifNull(c.decision.2, '') AS decided_by,
    toDate32(c.request.5, {tz:String}) AS asked_on
FROM changes(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS c
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = c.stream
WHERE (asked_on BETWEEN {period_from:Date32} AND {period_to:Date32}
        OR (c.verdict != '' AND toDate32(c.decision.3, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}))
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(p.unit, '')))
ORDER BY asked_on DESC, project, change
