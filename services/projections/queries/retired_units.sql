-- Units that are retired by the as-of day, each with the day on which it was.
SELECT u.unit AS unit, ifNull(u.merged_into, '') AS merged_into, toDate32(r.at, {tz:String}) AS retired_on
FROM units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS u
INNER JOIN (
    SELECT stream, argMax(occurred_at, k) AS at
    FROM unit_log(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE happened = 'retired'
    GROUP BY stream
) AS r ON r.stream = u.stream
WHERE u.is_retired
ORDER BY unit
