-- Items of work inside projects, with their status; `category` is queue, active or done.
SELECT
    project, item_key, ifNull(work_type, '') AS work_type, ifNull(parent, '') AS parent, created_at,
    ifNull(assignee, '') AS assignee, ifNull(status, '') AS status, ifNull(category, '') AS category, status_since,
    is_removed = 1 AS removed
FROM work_items({times})
