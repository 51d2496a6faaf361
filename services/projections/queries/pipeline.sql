-- Projects that somebody asked for and nobody has begun, with what was proposed, how it was scored and last ranked, what
-- it costs in the reporting currency, and the hours that its open placeholders ask for. The budget is that of the
-- baseline in force where there is one, else the proposal's.
WITH
    ifNull(p.baseline.3, o.proposal.7) AS asked,
    if(p.baseline.3 IS NULL, o.proposal.8, p.baseline.4) AS money
SELECT
    p.stream AS stream,
    p.project AS project,
    ifNull(p.name, p.project) AS name,
    ifNull(p.unit, '') AS unit,
    p.status AS status,
    ifNull(p.sponsor, '') AS sponsor,
    o.proposal.1 AS contributions,
    o.proposal.3 AS value,
    o.proposal.4 AS risk,
    o.proposal.7 AS proposed_budget,
    ifNull(o.proposal.8, '') AS proposed_currency,
    asked AS budget,
    ifNull(money, '') AS currency,
    if(money = {currency:String}, toDecimal64(1, 8), if(money = r.currency, r.rate, NULL)) AS rate,
    if(r.missing != '', r.missing, concat(ifNull(money, ''), ' ', toString({as_of:Date32}))) AS missing,
    ifNull(o.scoring.1, '') AS model,
    ifNull(o.scoring.2, 0) AS model_version,
    if(o.scoring.5 = 0, NULL, o.scoring.3) AS score,
    ifNull(o.ranking.1, '') AS last_ranking,
    ifNull(o.ranking.2, 0) AS last_rank,
    ifNull(o.ranking.4, '') AS last_cut,
    d.hours AS hours
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
LEFT JOIN proposals(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS o ON o.stream = p.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}, tz = {tz:String},
    currency = {currency:String}
) AS r ON r.stream = p.stream
LEFT JOIN (
    SELECT project, sum(hours) AS hours
    FROM demand_weeks(
        as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
        period_from = toDate32('1970-01-01'), period_to = toDate32('2299-12-01')
    )
    WHERE left_out = ''
    GROUP BY project
) AS d ON d.project = p.project
WHERE p.status IN ('proposed', 'deferred', 'approved')
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, ifNull(p.unit, '')))
ORDER BY p.project
