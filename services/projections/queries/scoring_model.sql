-- What the setting says of the built-in scoring model's name.
SELECT value
FROM settings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
WHERE setting = 'SCORING.DEFAULT'
