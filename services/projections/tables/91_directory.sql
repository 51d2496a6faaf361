-- Names and notes, so that readers see them; `seq` is the directory's own order, an erased value is empty.
-- @create
CREATE TABLE {table} (
    seq UInt64,
    subject String,
    field LowCardinality(String),
    value String
) ENGINE = ReplacingMergeTree(seq) ORDER BY (subject, field)
-- @view names
-- The name to show for a person, by the subject of the directory: ``person:ID``.
SELECT subject, if(given != '', given, login) AS name
FROM (
    SELECT subject, argMaxIf(value, seq, field = 'name') AS given, argMaxIf(value, seq, field = 'login') AS login
    FROM directory WHERE field IN ('name', 'login') GROUP BY subject
)
WHERE name != ''
-- @view notes
-- The text of a note, by the note's id, where it is not erased.
SELECT substring(subject, 6) AS note, argMax(value, seq) AS text
FROM directory WHERE field = 'text' GROUP BY subject HAVING text != ''
