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
-- @view public_holidays
-- Public holidays by country and week.
SELECT country, day - toDayOfWeek(day) + 1 AS monday, groupArray(day) AS days
FROM (SELECT country, arrayJoin(argMax(calendars.days, filled_at)) AS day FROM calendars GROUP BY country)
GROUP BY country, monday
-- @view capacity
-- Net capacity of each person in each week of the period (a week lies where its Thursday lies, as ISO 8601 has it), from
-- the first week that any timesheet or allocation speaks of, while the person is here: the contracted hours of the day,
-- spread evenly over the country's working days, less public holidays and planned absence. The country is the person's
-- own, else the unit's; of an unknown one only Saturday and Sunday are off. The day of leaving counts no more.
-- Params: as_of_k, known_at, basis, tz, period_from, period_to.
WITH
    least(
        (SELECT if(count() = 0, toDate32('2299-12-31'), min(monday)) FROM timesheet_events WHERE k <= {as_of_k:Int64}
        AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')}),
        (SELECT ifNull(min(first_day), toDate32('2299-12-31')) FROM workload_events WHERE k <= {as_of_k:Int64}
        AND if({basis:String} = 'reported', reported_at, recorded_at) <= {known_at:DateTime64(3, 'UTC')})
    ) AS spoken_of,
    {period_from:Date32} - 3 AS opening,
    opening + (8 - toDayOfWeek(opening)) % 7 AS first_monday
SELECT
    person,
    unit,
    week.monday AS monday,
    -- most weeks have no absence: sorting them out first saves asking about each day
    arrayFilter(a -> a.1 <= week.monday + 6 AND a.2 >= week.monday, absences) AS away,
    toDecimal64(round(arraySum(
        day -> arrayLast(step -> step.1 <= day, steps).2 / working_days
            * (1 - least(1, arraySum(a -> if(day BETWEEN a.1 AND a.2, a.3, 0), away))),
        arrayFilter(
            day -> NOT has(weekend, toDayOfWeek(day)) AND NOT has(holidays.days, day),
            arrayMap(i -> week.monday + i, range(7)))), 4), 4) AS hours
FROM (
    SELECT
        person,
        unit,
        country,
        weekend,
        7 - length(weekend) AS working_days,
        steps,
        absences,
        toUInt32(greatest(0, 1 + intDiv(dateDiff('day', first, last), 7))) AS weeks,
        arrayJoin(arrayMap(i -> first + 7 * i, range(weeks))) AS monday
    FROM (
        SELECT
            p.person AS person,
            ifNull(p.unit, '') AS unit,
            coalesce(p.country, u.country, '') AS country,
            if(c.country = '', [6, 7], c.weekend) AS weekend,
            arrayMap(s -> (toDate32(s.1, {tz:String}), toFloat64(s.2)), p.contracts) AS steps,
            a.absences AS absences,
            greatest(steps[1].1, spoken_of) AS earliest,
            least(if(p.left_at IS NULL, toDate32('2299-12-31'), toDate32(assumeNotNull(p.left_at), {tz:String})),
                {period_to:Date32} - 3) AS latest,
            greatest(first_monday, earliest - toDayOfWeek(earliest) + 1) AS first,
            latest - toDayOfWeek(latest) + 1 AS last
        FROM people(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
        LEFT JOIN units(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
        ) AS u ON u.unit = p.unit
        LEFT JOIN (
            SELECT country, argMax(calendars.weekend, filled_at) AS weekend FROM calendars GROUP BY country
        ) AS c ON c.country = coalesce(p.country, u.country, '')
        LEFT JOIN (
            SELECT
                person,
                groupArray((assumeNotNull(first_day), assumeNotNull(last_day), toFloat64(assumeNotNull(share)))) AS absences
            FROM absences(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
            GROUP BY person
        ) AS a ON a.person = p.person
    )
) AS week
LEFT JOIN public_holidays AS holidays ON holidays.country = week.country AND holidays.monday = week.monday
