-- Files that were brought in, with what became of their rows: rows = recorded + unchanged + rejected + ignored.
SELECT
    import, completed_at, ifNull(source_kind, '') AS source, ifNull(file_name, '') AS file_name, ifNull(file_digest, '') AS file_digest,
    rows, recorded, unchanged, rejected, ignored, events
FROM imports({times})
