-- Every project with its state, plan, last report and forecast. `ends` is the finish if it is completed, else the last
-- forecast but not before the as-of day. Amounts are in each project's own currency.
WITH
    p.status IN ('running', 'on-hold') AS is_open,
    toDate32(p.completion.1, {tz:String}) AS completed_on,
    coalesce(r.forecast.1, p.observed.3) AS forecast_finish,
    multiIf(
        p.status = 'completed', toNullable(completed_on),
        is_open AND forecast_finish IS NOT NULL, toNullable(greatest(assumeNotNull(forecast_finish), {as_of:Date32})),
        is_open AND p.baseline.2 IS NOT NULL, toNullable(greatest(assumeNotNull(p.baseline.2), {as_of:Date32})),
        NULL) AS ends,
    coalesce(r.report.1, if(p.observed.8 = 0, NULL, toDate32(p.observed.7, {tz:String}))) AS told_on
SELECT
    p.stream AS stream,
    p.project AS project,
    ifNull(p.name, p.project) AS name,
    ifNull(p.unit, '') AS unit,
    p.status AS status,
    p.standing AS standing,
    ifNull(p.manager, '') AS manager,
    p.baseline1.2 AS first_finish,
    p.baseline.2 AS current_finish,
    if(ends IS NULL OR p.baseline1.2 IS NULL, NULL, dateDiff('day', assumeNotNull(p.baseline1.2), assumeNotNull(ends)))
        AS slip,
    if(ends IS NULL OR p.baseline.2 IS NULL, NULL, dateDiff('day', assumeNotNull(p.baseline.2), assumeNotNull(ends)))
        AS slip_current,
    ends,
    ifNull(coalesce(r.report.6, p.observed.6), '') AS rag,
    r.report.2 AS percent,
    if(told_on IS NULL, NULL, dateDiff('day', assumeNotNull(told_on), {as_of:Date32})) AS report_age,
    coalesce(p.baseline.3, o.proposal.7, p.observed.4) AS budget,
    ifNull(coalesce(p.baseline.4, o.proposal.8, p.observed_budget1.2), '') AS currency
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
LEFT JOIN project_reports(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS r ON r.stream = p.stream
LEFT JOIN proposals(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS o ON o.stream = p.stream
WHERE p.status != 'withdrawn'
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(p.unit, '')))
ORDER BY unit, project
