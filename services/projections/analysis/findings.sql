-- Findings of audits with their state: open, acknowledged, dismissed, risk-accepted, remediated or cured.
SELECT
    substring(stream, 9) AS finding, ifNull(control, '') AS control, ifNull(subject, '') AS subject,
    ifNull(unit, '') AS unit, ifNull(severity, '') AS severity, raised_at, state,
    if(state IN ('cured', 'remediated', 'dismissed'), closed_at, NULL) AS closed_at
FROM findings({times})
