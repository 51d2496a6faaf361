-- name: spi-t
-- title: SPI(t), schedule performance in time
-- family: delivery
-- measure: ratio
-- better: higher
-- aggregator: median
-- version: 1
-- beside: range
-- source: Lipke, Schedule is Different (The Measurable News, 2003) and Earned Schedule (2009)
-- definition: Of the projects that are running or on hold at the as-of day, or were completed no more than 35 days
--   before it: ES over AT, in calendar days since the plan's start. ES is the time after which the planned-value
--   curve first reaches the earned value, linear between its points (without a curve: from start to finish), the
--   curve's last day where it never does. AT is the time until the data date, or until the project's end if that
--   came first. Earned value is the reported percent complete times the budget of the baseline in force at the data
--   date. Half of the projects have at least this, and the lowest and highest stand beside. Left out and counted
--   beside: cancelled, merged, split and descoped ones; no baseline; no report; a report whose data date is more
--   than 35 days before the as-of day (stale; the setting THRESHOLD.STALE-DAYS says another number than 35); no
--   baseline set by the data date; a budget of 0; a plan that begins on the data date or later (just begun).
--   Withdrawn and observed projects count nowhere.
SELECT
    ev.unit AS unit,
    ev.stream AS subject,
    ev.label AS label,
    ev.standing AS standing,
    multiIf(
        problem != '', problem,
        ev.at <= 0, 'just begun',
        '') AS excluded,
    ev.es AS numerator,
    toDecimal128(greatest(ev.at, 1), 4) AS denominator,
    versions AS evidence
FROM earned_value(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}
) AS ev
WHERE against = 'in force'
