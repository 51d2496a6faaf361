-- Standards, methodologies and technologies of the catalogue.
SELECT
    standard, ifNull(name, '') AS name, ifNull(standard_kind, '') AS standard_kind, ifNull(edition, '') AS edition,
    ifNull(data_class, '') AS data_class, is_withdrawn = 1 AS withdrawn
FROM standards({times})
