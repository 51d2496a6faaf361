-- Where each unit stands with each standard that it must adopt, or has adopted.
SELECT
    standard, unit, ifNull(name, '') AS name, ifNull(standard_kind, '') AS standard_kind, ifNull(edition, '') AS edition,
    due, waived_until, stance, not_applicable = 1 AS not_applicable, is_withdrawn = 1 AS withdrawn
FROM adoptions({times})
