-- The settings that are in force, each with its value as JSON and the day since when; one with its default has no row.
SELECT setting, value, toDate32(held.2, {tz:String}) AS since
FROM settings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
ORDER BY setting
