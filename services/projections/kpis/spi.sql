-- name: spi
-- title: SPI, schedule performance in money
-- family: delivery
-- measure: ratio
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, The Standard for Earned Value Management (2019)
-- definition: Of the projects that are running or on hold at the as-of day, or were completed no more than 35 days
--   before it: the sum of earned value over the sum of planned value at each data date, the curve linear between its
--   points. It returns to 1 on late projects as they end, so read it beside spi-t. Earned value is the reported
--   percent complete times the budget of the baseline in force at the data date. Amounts in the reporting currency
--   stand as they are; others must be in the plan's currency, and are converted at the rate of the first baseline's
--   day: without one it is an error that names it. Left out and counted beside: cancelled, merged, split and
--   descoped ones; no baseline; no report; a report whose data date is more than 35 days before the as-of day
--   (stale; the setting THRESHOLD.STALE-DAYS says another number than 35); no baseline set by the data date; a
--   budget of 0; nothing planned yet at the data date; another currency. Withdrawn and observed projects count
--   nowhere.
SELECT
    unit,
    stream AS subject,
    label,
    standing,
    multiIf(
        problem != '', problem,
        ev.pv <= 0, 'nothing planned yet',
        unconvertible) AS excluded,
    toDecimal128(round(ev.ev * rate, 4), 4) AS numerator,
    toDecimal128(round(ev.pv * rate, 4), 4) AS denominator,
    versions AS evidence
FROM earned_money(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}, currency = {currency:String}
) AS ev
WHERE against = 'in force'
