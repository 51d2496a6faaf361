-- How projects passed through their gates.
-- @view gate_order
-- Each pass of a gate at {as_of_k} as known at {known_at} on a project that follows a route: `number` is how many gates
-- that come before it on the route had not been passed, or no longer; 1 where the gate is not on the route, null where
-- nothing says what the route is. The route is what it was at the pass, or as first set if that was later. Of what has
-- only a day, what may have come in time did. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    stream AS owner,
    act.1 AS k,
    if(way.1 = 0, NULL, toFloat64(if(place = 0, 1, length(missing)))) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(empty(missing) OR has(later, 0), NULL, fromUnixTimestamp64Milli(bitShiftRight(arrayMax(later), 20), 'UTC')) AS cured_at,
    arrayConcat(
        [concat(stream, '/', toString(act.5))],
        arrayMap(c -> concat(stream, '/', toString(bitAnd(c, 1048575))), arrayFilter(c -> c != 0, later)),
        if(way.1 = 0, [], [concat(route_stream, '/', toString(way.4))])) AS evidence,
    multiIf(
        way.1 = 0, concat('the route ', route, ' is not set'),
        place = 0, concat(act.3, ' is not on the route ', route),
        empty(missing), '',
        concat(act.3, ' without ', arrayStringConcat(missing, ', '))) AS detail
FROM (
    SELECT
        stream, steps, assumeNotNull(its_route) AS route, route_stream, act,
        if(act.1 = 0 OR empty(ways), (toInt64(0), CAST([], 'Array(String)'), CAST([], 'Array(UInt32)'), toUInt32(0)),
            if(ways[1].1 > act.2, ways[1], arrayLast(w -> w.1 <= act.2, ways))) AS said,
        if(empty(said.2), (toInt64(0), said.2, said.3, said.4), said) AS way,
        indexOf(way.2, act.3) AS place,
        arrayFilter(
            g -> NOT arrayExists(
                p -> p.4 = 1 AND p.3 = g AND p.1 <= act.2
                    AND NOT arrayExists(c -> c.4 = 0 AND c.3 = g AND c.1 > p.1 AND c.2 < act.1, steps), steps),
            arraySlice(way.2, 1, greatest(place, 1) - 1)) AS missing,
        arrayMap(g -> arrayFirst(p -> p.4 = 1 AND p.3 = g AND p.1 > act.1, steps).1, missing) AS later
    FROM (
        SELECT
            stream,
            argMaxIf(tuple(log.gate_route), k, happened = 'proposed').1 AS its_route,
            arraySort(groupUniqArrayIf((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                item,
                toUInt8(happened IN ('gate-passed', 'gate-passed-with-conditions')),
                version), happened != 'proposed')) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 1, steps)) AS act
        FROM {project_events | happened IN ('proposed', 'gate-passed', 'gate-passed-with-conditions', 'gate-failed',
            'gate-decision-revoked')} AS log
        GROUP BY stream
        HAVING its_route != ''
    ) AS passes
    LEFT JOIN gate_routes(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS routes ON routes.held_route = passes.its_route
)
-- @view gate_waits
-- Each request of a gate at {as_of_k} as known at {known_at}: `number` is the days to its first decision, or so far;
-- `own_limit` those that the route in force at the request allows for this gate, null where it says nothing. An end of
-- the project stops the wait, unless the decision comes in its days all the same. A decision of the same day that tells no time of day answers the request, unless an earlier
-- one waited for it. Params: as_of_k, known_at, basis, as_of,
-- tz, limit.
SELECT
    stream,
    stream AS owner,
    ask.1 AS k,
    if(place = 0, NULL, toFloat64(way.3[place])) AS own_limit,
    over.1 != 0 AND (answer.1 = 0 OR (over.6 <= answer.6 AND answer.6 - ask.6 > ifNull(own_limit, {limit:Float64})))
        AS is_stopped,
    toFloat64(multiIf(is_stopped, over.6, answer.1 != 0, answer.6, toInt32({as_of:Date32})) - ask.6) AS number,
    is_stopped OR answer.1 = 0 AS is_open,
    toNullable(toDate32(ask.6)) AS from_day,
    if(answer.1 = 0, NULL, fromUnixTimestamp64Milli(bitShiftRight(answer.1, 20), 'UTC')) AS cured_at,
    arrayConcat(
        arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0, [ask.5, answer.5])),
        if(place = 0, [], [concat(route_stream, '/', toString(way.4))])) AS evidence,
    concat(ask.3, if(answer.1 = 0, ', not decided after ', ', decided after '), toString(number), ' days') AS detail
FROM (
    SELECT
        stream, route_stream, ask,
        arrayFirst(d -> d.4 = 2 AND d.3 = ask.3 AND (d.1 > ask.1
            OR d.2 > ask.1 AND NOT arrayExists(e -> e.4 = 1 AND e.3 = ask.3 AND e.1 < d.1
                AND NOT arrayExists(o -> o.4 = 2 AND o.3 = ask.3 AND o.1 > e.1 AND o.1 < d.1, steps), steps)), steps) AS answer,
        arrayFirst(e -> e.4 = 3 AND e.2 >= ask.1, steps) AS over,
        if(empty(ways), (toInt64(0), CAST([], 'Array(String)'), CAST([], 'Array(UInt32)'), toUInt32(0)),
            if(ways[1].1 > ask.2, ways[1], arrayLast(w -> w.1 <= ask.2, ways))) AS way,
        indexOf(way.2, ask.3) AS place
    FROM (
        SELECT
            stream,
            ifNull(argMaxIf(tuple(log.gate_route), k, happened = 'proposed').1, '') AS its_route,
            arraySort(groupUniqArrayIf((
                k,
                if(toDateTime64(toDate32(occurred_at, {tz:String}), 3, {tz:String}) = occurred_at,
                    toUnixTimestamp64Milli(toDateTime64(toDate32(occurred_at, {tz:String}) + 1, 3, {tz:String})) * 1048576 - 1,
                    k),
                item,
                toUInt8(multiIf(happened = 'gate-requested', 1, startsWith(happened, 'gate-'), 2, 3)),
                version,
                toInt32(toDate32(occurred_at, {tz:String}))), happened != 'proposed')) AS steps,
            arrayJoin(arrayFilter(s -> s.4 = 1, steps)) AS ask
        FROM {project_events | happened IN ('proposed', 'gate-requested', 'gate-passed', 'gate-passed-with-conditions',
            'gate-failed', 'rejected', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped')} AS log
        GROUP BY stream
    ) AS requests
    LEFT JOIN gate_routes(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
    ) AS routes ON routes.held_route = requests.its_route
)
