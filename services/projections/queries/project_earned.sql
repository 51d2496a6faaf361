-- Planned and earned value and actual cost of one project at its report's data date, against the baseline in force.
SELECT data_date, percent, bac, pv, ev, ac, currency, problem, cost_problem
FROM earned_value(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}
)
WHERE against = 'in force' AND empty({units:Array(String)}) AND stream = {stream:String}
