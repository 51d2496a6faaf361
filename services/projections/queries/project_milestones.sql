-- Milestones of one project: the baseline's day, the day now due, when it was reached, and how often it moved.
SELECT
    m.milestone AS milestone,
    ifNull(m.plan.1, '') AS name,
    m.baseline AS baseline,
    m.due AS due,
    toDate32(m.reached_at, {tz:String}) AS reached,
    m.moves AS moves,
    if(m.baseline IS NULL, NULL, dateDiff('day', assumeNotNull(m.baseline),
        coalesce(toDate32(m.reached_at, {tz:String}), m.due, m.baseline))) AS slip
FROM milestones(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS m
WHERE empty({units:Array(String)}) AND m.stream = {stream:String}
ORDER BY baseline, milestone
