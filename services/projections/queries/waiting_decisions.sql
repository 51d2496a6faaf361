-- Decisions that somebody waits for: gates requested, changes asked for, proposals handed in, each undecided.
SELECT what, project, name, unit, item, owner, since, dateDiff('day', since, {as_of:Date32}) AS age
FROM (
    SELECT
        w.what AS what,
        p.project AS project,
        ifNull(p.name, p.project) AS name,
        ifNull(p.unit, '') AS unit,
        w.item AS item,
        if(p.sponsor IS NULL, ifNull(p.manager, ''), p.sponsor) AS owner,
        toDate32(w.at, {tz:String}) AS since
    FROM (
        SELECT stream, 'gate' AS what, gate AS item,
            arrayFirst(r -> r.1 > if(empty(decisions), 0, decisions[-1].1), requests).2 AS at
        FROM gates(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
            tz = {tz:String}
        )
        WHERE notEmpty(requests) AND (empty(decisions) OR decisions[-1].1 < requests[-1].1)
        UNION ALL
        SELECT stream, 'change', change, request.5
        FROM changes(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
        WHERE verdict = ''
        UNION ALL
        SELECT stream, 'proposal', '', status_since
        FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
        WHERE status = 'proposed'
    ) AS w
    INNER JOIN projects(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS p ON p.stream = w.stream
    WHERE p.status IN ('proposed', 'deferred', 'approved', 'running', 'on-hold')
)
WHERE empty({units:Array(String)}) OR has({units:Array(String)}, unit)
ORDER BY age DESC, project, what, item
