-- Public holidays and weekends of a country or subdivision (ISO 3166), from 1990 to 2060, as the `holidays` library of
-- that version knows them; `weekend` numbers days from Monday 1. One row for each country that a person or a unit names.
-- @create
CREATE TABLE {table} (
    country String,
    library String,
    weekend Array(UInt8),
    days Array(Date32),
    filled_at DateTime64(6) DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(filled_at) ORDER BY country
-- @view unit_countries
-- The country whose calendar holds in each unit at {as_of_k} as known at {known_at}: its own, else that of the nearest unit
-- above it that has one, else ''. Params: as_of_k, known_at, basis.
WITH (
    SELECT (groupArray(unit), groupArray(ifNull(parent, '')), groupArray(ifNull(country, '')))
    FROM units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
) AS known
SELECT
    arrayJoin(known.1) AS unit,
    -- a chain that runs in a circle ends after as many steps as no organisation has levels
    arrayFold(
        (found, _) -> if(found.1 = 0 OR known.3[found.1] != '', found, (indexOf(known.1, known.2[found.1]), toUInt8(0))),
        range(20), (indexOf(known.1, unit), toUInt8(0))).1 AS place,
    if(place = 0, '', known.3[place]) AS country
-- @view capacity
-- Net capacity of each person in each week of the period (a week lies where its Thursday lies, as ISO 8601 has it), from
-- the first week that any timesheet or allocation speaks of, at least that of the as-of day, if the person is here on a day
-- of it: the contracted hours of
-- the day, spread evenly over the country's working days, less public holidays and planned absence. The country is the
-- person's own, else the unit's or that of the nearest unit above; of an unknown one only Saturday and Sunday are off. A
-- setting CALENDAR.<COUNTRY> takes further days off, or works on some; that of a country holds in its subdivisions. The
-- day of leaving counts no more. `role` and `skills` are those of the as-of day, `version` says the role.
-- Params: as_of_k, known_at, basis, tz, period_from, period_to.
WITH
    least(
        (SELECT if(count() = 0, toDate32('2299-12-31'), min(monday)) FROM timesheet_events WHERE k <= {as_of_k:Int64}
        AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}),
        (SELECT ifNull(min(first_day), toDate32('2299-12-31')) FROM workload_events WHERE k <= {as_of_k:Int64}
        AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}),
        toDate32(fromUnixTimestamp64Milli(bitShiftRight({as_of_k:Int64}, 20), 'UTC'), {tz:String})
    ) AS spoken_of,
    -- days are numbered from 1970 on, a Thursday: the Monday of a day d is d - (d + 3) % 7
    toInt32({period_from:Date32}) - 3 AS opening,
    assumeNotNull(greatest(
        opening + (7 - positiveModulo(opening + 3, 7)) % 7, toInt32(spoken_of) - positiveModulo(toInt32(spoken_of) + 3, 7)))
        AS first_monday,
    toInt32({period_to:Date32}) - 3 AS final_day,
    toUInt32(greatest(0, 1 + intDiv(final_day - first_monday, 7)) * (final_day >= first_monday)) AS all_weeks,
    (SELECT groupArray(country) FROM calendars) AS known_countries
SELECT
    person,
    unit,
    role,
    skills,
    version,
    toDate32(week.1) AS monday,
    toDecimal64(week.2, 4) AS hours
FROM (
    SELECT
        person,
        unit,
        role,
        skills,
        version,
        -- most weeks have one contract and no absence: only the others are gone through day by day. Arrays stand beside
        -- each other, element by element: one that a lambda takes whole is copied for every week
        arrayDistinct(arrayConcat(
            arrayFilter(m -> m >= 0, arrayMap(
                s -> if(positiveModulo(s.1 + 3, 7) = 0, -1, intDiv(s.1 - first_monday - positiveModulo(s.1 + 3, 7), 7)),
                arrayFilter(s -> s.1 >= first_monday, steps))),
            arrayFlatten(arrayMap(
                a -> range(toUInt32(intDiv(greatest(a.1, first_monday) - first_monday, 7)),
                    toUInt32(greatest(0, 1 + intDiv(least(a.2, final_day + 6) - first_monday, 7)))),
                arrayFilter(a -> a.2 >= first_monday AND a.1 <= final_day + 6, absences))))) AS touched,
        range(from_week, to_week) AS weeks,
        arraySlice(masks, from_week + 1, length(weeks)) AS held,
        arrayMap(i -> has(touched, i), weeks) AS is_touched,
        -- the weeks that begin before the first contract, under the first one, the second one...
        arrayMap(s -> least(all_weeks, toUInt32(greatest(0, intDiv(s.1 - first_monday + 6, 7)))), steps) AS begins,
        arraySlice(
            arrayConcat(
                arrayWithConstant(if(empty(begins), all_weeks, begins[1]), 0.),
                arrayFlatten(arrayMap((s, i, j) -> arrayWithConstant(j - i, s.2),
                    steps, begins, arrayShiftLeft(begins, 1, all_weeks)))),
            from_week + 1, length(weeks)) AS contracted,
        arrayConcat(
            arrayFilter((w, t) -> NOT t,
                arrayMap((i, mask, h) -> (first_monday + 7 * toInt32(i), round(h * bitCount(mask) / working_days, 4)),
                    weeks, held, contracted), is_touched),
            arrayMap((i, mask) -> (
                first_monday + 7 * toInt32(i),
                round(arraySum(
                    d -> bitTest(mask, d)
                        * arrayLast(s -> s.1 <= first_monday + 7 * toInt32(i) + d, steps).2 / working_days
                        * (1 - least(1, arraySum(
                            a -> if(first_monday + 7 * toInt32(i) + d BETWEEN a.1 AND a.2, a.3, 0), absences))),
                    range(7)), 4)),
                arrayFilter((i, t) -> t, weeks, is_touched),
                arrayFilter((mask, t) -> t, held, is_touched))) AS every_week,
        arrayJoin(if(
            was_away,
            arrayFilter(
                w -> arrayLast(s -> s.1 <= w.1, stays).2 OR arrayExists(s -> s.2 AND s.1 BETWEEN w.1 AND w.1 + 6, stays),
                every_week),
            every_week)) AS week
    FROM (
        SELECT
            p.person AS person,
            ifNull(p.unit, '') AS unit,
            ifNull(p.role, '') AS role,
            p.skills AS skills,
            p.role_version AS version,
            arrayMap(s -> (toInt32(toDate32(s.1, {tz:String})), toFloat64(s.2)), p.contracts) AS steps,
            arrayMap(r -> (toInt32(toDate32(r.1, {tz:String})), r.2 != ''), p.roles) AS said,
            -- of several on one day the last counts
            arrayFilter((s, next) -> s.1 != next, said, arrayShiftLeft(said.1, 1, toInt32(-1000000))) AS stays,
            arrayExists(s -> NOT s.2, stays) AS was_away,
            a.absences AS absences,
            c.working_days AS working_days,
            c.masks AS masks,
            toUInt32(greatest(0, intDiv(stays[1].1 - positiveModulo(stays[1].1 + 3, 7) - first_monday, 7))) AS from_week,
            least(
                if(p.left_at IS NULL, 120000, toInt32(toDate32(assumeNotNull(p.left_at), {tz:String}))), final_day) AS latest,
            toUInt32(if(latest < first_monday, 0, 1 + intDiv(latest - first_monday, 7))) AS to_week
        FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
        LEFT JOIN unit_countries(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS u ON u.unit = p.unit
        LEFT JOIN (
            SELECT
                country,
                7 - length(weekend) AS working_days,
                arrayMap(i -> toUInt8(arraySum(
                    d -> if(
                        has(worked, first_monday + 7 * i + d)
                            OR NOT has(weekend, d + 1) AND NOT has(off, first_monday + 7 * i + d),
                        bitShiftLeft(1, d), 0),
                    range(7))), range(all_weeks)) AS masks
            FROM (
                SELECT
                    country,
                    weekend,
                    arrayFilter(e -> e.1 = country OR e.1 = substringIndex(country, '-', 1), exceptions) AS own,
                    arrayFlatten(own.3) AS worked,
                    arrayFilter(d -> d BETWEEN first_monday AND final_day + 6, arrayConcat(days, arrayFlatten(own.2))) AS off
                FROM (
                    SELECT country, argMax(calendars.weekend, filled_at) AS weekend,
                        arrayMap(d -> toInt32(d), argMax(calendars.days, filled_at)) AS days
                    FROM calendars
                    GROUP BY country
                    UNION ALL
                    SELECT '', [6, 7], []
                ) AS library
                CROSS JOIN (
                    SELECT groupArray((country, days_off, working_days)) AS exceptions
                    FROM (
                        SELECT
                            substring(setting, 10) AS country,
                            argMax(ifNull(value, ''), k) AS said,
                            arrayMap(d -> toInt32(toDate32(d)), JSONExtract(said, 'days_off', 'Array(String)')) AS days_off,
                            arrayMap(d -> toInt32(toDate32(d)), JSONExtract(said, 'working_days', 'Array(String)'))
                                AS working_days
                        FROM {setting_events | startsWith(setting, 'CALENDAR.')}
                        GROUP BY setting
                    )
                ) AS told
            )
        ) AS c ON c.country = if(has(known_countries, coalesce(p.country, u.country, '')), coalesce(p.country, u.country, ''), '')
        LEFT JOIN (
            SELECT
                person,
                groupArray((toInt32(assumeNotNull(first_day)), toInt32(assumeNotNull(last_day)),
                    toFloat64(assumeNotNull(share)))) AS absences
            FROM absences(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
            GROUP BY person
        ) AS a ON a.person = p.person
    )
)
