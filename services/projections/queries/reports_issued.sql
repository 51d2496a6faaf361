-- Reports that were issued: each one's last issue.
SELECT
    report,
    ifNull(issued.1, '') AS title,
    ifNull(issued.2, '') AS audience,
    ifNull(issued.3, '') AS unit,
    issued.4 AS as_of,
    ifNull(issued.5, '') AS known_at,
    ifNull(issued.7, '') AS digest,
    issued.8 AS issued_at
FROM reports(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
ORDER BY issued_at DESC, report
