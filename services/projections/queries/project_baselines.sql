-- A project's baselines in the order in which they were set, each with its planned-value curve.
SELECT
    substring(stream, 9) AS project,
    s.2 AS number,
    toDate32(s.9, {tz:String}) AS set_on,
    s.3 AS start,
    s.4 AS finish,
    s.5 AS budget,
    s.6 AS currency,
    s.7 AS curve,
    s.8 AS version
FROM (
    SELECT stream, arrayJoin(sets) AS s
    FROM baselines(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE stream = {stream:String}
)
WHERE empty({units:Array(String)})
ORDER BY s.1
