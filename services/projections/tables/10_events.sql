-- Every record, as it stands in the log: `value` holds its bytes, the other columns are read out of them.
-- k orders a stream by meaning: milliseconds of occurred_at << 20 | version. supersedes is 0 where there is none;
-- reported_at is recorded_at where the source does not say when it was reported.
-- @create
CREATE TABLE {table} (
    stream String,
    kind LowCardinality(String),
    version UInt32,
    type LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    supersedes UInt32,
    actor String,
    command_id String,
    value String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill *
WITH JSONExtract(value, 'Tuple(subject String, id String, type String, time String, recordedtime String,
    reportedtime Nullable(String), supersedes UInt32, actor String, commandid String, data Tuple(item String))') AS e
SELECT
    e.subject AS stream,
    substringIndex(stream, ':', 1) AS kind,
    toUInt32(substring(e.id, length(stream) + 2)) AS version,
    e.type AS type,
    e.data.item AS item,
    toUnixTimestamp64Milli(occurred_at) * 1048576 + version AS k,
    parseDateTime64BestEffort(e.time, 3, 'UTC') AS occurred_at,
    parseDateTime64BestEffort(e.recordedtime, 3, 'UTC') AS recorded_at,
    ifNull(parseDateTime64BestEffortOrNull(e.reportedtime, 3, 'UTC'), recorded_at) AS reported_at,
    e.supersedes AS supersedes,
    e.actor AS actor,
    e.commandid AS command_id,
    value
FROM {source}
