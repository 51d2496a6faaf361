-- Items of work inside projects, with their status; `category` is queue, active or done.
SELECT
    project, item_key, ifNull(work_type, '') AS work_type, ifNull(parent, '') AS parent, created_at,
    ifNull(assignee, '') AS assignee, ifNull(status, '') AS status, ifNull(category, '') AS category, status_since,
    plan.1 AS hours, plan.4 AS hours_left, plan.5 AS part_done, plan.2 AS planned_start, plan.3 AS planned_finish,
    is_removed = 1 AS removed
FROM work_items({times})
