-- The organisation's settings, one row per record, typed; `value` is JSON, null the default.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    happened LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    setting String,
    value Nullable(String),
    decided_by Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill setting
WITH JSONExtract(value, 'data', 'Tuple(
    value Nullable(String), decided_by Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.setting\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 9) AS setting, d.value AS value, d.decided_by AS decided_by
FROM {source}
WHERE kind = 'setting' AND happened != 'voided'
-- @view setting_log
-- Records of settings that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {setting_events}
-- @view settings
-- Each setting at {as_of_k} as known at {known_at}; one put back to its default has no row. Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.setting) AS setting,
    argMaxIf(tuple(log.value, occurred_at, version), k, happened = 'set') AS held,
    assumeNotNull(held.1) AS value
FROM {setting_events} AS log
GROUP BY stream
HAVING held.1 IS NOT NULL
-- @view gate_routes
-- Each route of gates as it was set over time, at {as_of_k} as known at {known_at}: `ways` are (k, gates in their order,
-- days by which each is to be decided, version); a route that was cleared has no gates. Params: as_of_k, known_at, basis.
SELECT
    stream AS route_stream,
    substring(any(log.setting), 12) AS held_route,
    arraySort(groupUniqArray((
        k,
        JSONExtract(ifNull(log.value, ''), 'gates', 'Array(Tuple(gate String, due_days UInt32))').1,
        JSONExtract(ifNull(log.value, ''), 'gates', 'Array(Tuple(gate String, due_days UInt32))').2,
        version))) AS ways
FROM {setting_events | startsWith(setting, 'GATE-ROUTE.')} AS log
GROUP BY stream
