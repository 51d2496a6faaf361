-- Units that are retired by the as-of day.
SELECT unit, ifNull(merged_into, '') AS merged_into
FROM units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE is_retired
ORDER BY unit
