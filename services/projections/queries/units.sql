-- Every business unit with the one above it; those that are retired or merged too.
SELECT
    unit,
    ifNull(name, unit) AS name,
    ifNull(parent, '') AS parent,
    ifNull(country, '') AS country,
    multiIf(is_retired, 'retired', merged_into != '', 'merged', 'active') AS state,
    ifNull(merged_into, '') AS merged_into
FROM units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE empty({units:Array(String)}) OR has({units:Array(String)}, unit)
ORDER BY unit
