-- Findings that are still open, with who promised to see to them.
SELECT
    stream AS finding,
    ifNull(control, '') AS control,
    ifNull(subject, '') AS subject,
    ifNull(unit, '') AS unit,
    ifNull(severity, '') AS severity,
    state,
    ifNull(promise.1, '') AS owner,
    coalesce(promise.2, found.7) AS due,
    dateDiff('day', toDate32(raised_at, {tz:String}), {as_of:Date32}) AS age
FROM findings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE state IN ('open', 'acknowledged')
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(unit, '')))
ORDER BY transform(severity, ['critical', 'high', 'medium', 'low'], [1, 2, 3, 4], 5), age DESC, finding
