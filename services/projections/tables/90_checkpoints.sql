-- How far each transport has landed: the store's notification id, or a partition's next offset. Written after the rows.
-- `position` is the highest notification id among the landed records of that partition.
-- @create
CREATE TABLE {table} (
    transport String,
    partition UInt32,
    next UInt64,
    position UInt64,
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree(next) ORDER BY (transport, partition)
