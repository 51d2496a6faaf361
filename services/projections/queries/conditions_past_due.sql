-- Conditions of gates that are past due and not met.
SELECT
    p.project AS project,
    ifNull(p.name, p.project) AS name,
    ifNull(p.unit, '') AS unit,
    g.gate AS gate,
    ifNull(p.manager, '') AS owner,
    g.condition_due AS due,
    dateDiff('day', assumeNotNull(g.condition_due), {as_of:Date32}) AS age
FROM gates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}, tz = {tz:String}
) AS g
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = g.stream
WHERE g.condition_due < {as_of:Date32} AND g.condition_met_at IS NULL AND p.status IN ('running', 'on-hold')
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(p.unit, '')))
ORDER BY age DESC, project, gate
