-- Budget, cost and estimate at completion of open projects against the baseline in force; money in its currency.
SELECT
    substring(stream, 9) AS project,
    label AS name,
    unit,
    percent,
    currency,
    bac AS budget,
    ac AS actual,
    ev AS earned,
    if(problem = '' AND cost_problem = '' AND ev > 0, toDecimal128(round(bac * ac / ev, 2), 2), NULL) AS eac,
    forecast.2 AS managers_forecast,
    if(problem != '', problem, cost_problem) AS left_out
FROM earned_value(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}
)
WHERE against = 'in force' AND status IN ('running', 'on-hold')
  AND (empty({units:Array(String)}) OR has({units:Array(String)}, unit))
ORDER BY unit, project
