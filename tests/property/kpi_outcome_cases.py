"""Every case of the definitions of outcomes, satisfaction, improvement and maturity that must be met at random."""

EXCLUDED: dict[str, set[str]] = {
    "success": {
        "cancelled: cause unknown", "cancelled: funding", "cancelled: strategy", "descoped", "fewer than 5 answers",
        "merged", "not assessed here", "objectives unknown", "quality unknown", "split",
    },
    "success-at-least": set(),
    "success-at-most": set(),
    "objectives-met": {
        "objectives unknown",
    },
    "cancelled": set(),
    "on-time-current": {
        "baseline set after the completion", "cancelled", "descoped", "merged", "rejected", "split",
    },
    "forecast-within-budget": {
        "another currency", "cancelled", "no budget", "no forecast", "only one report",
    },
    "alignment": {
        "another currency", "budget of 0", "no budget", "no goals", "unscored",
    },
    "csat": {
        "fewer than 5 answers", "would tell fewer than 5 answers",
    },
    "nps": {
        "fewer than 5 answers", "would tell fewer than 5 answers",
    },
    "response-rate": {
        "nobody invited",
    },
    "improvements-on-time": set(),
    "maturity": {
        "unit merged", "unit retired",
    },
    "maturity-gap": {
        "no target", "unit merged", "unit retired",
    },
    "adoption": {
        "no edition in force", "not applicable", "not mandated", "standard withdrawn", "waived",
    },
    "technology-usage": {
        "abandoned", "nobody eligible", "not measured", "standard withdrawn",
    },
    "time-to-adopt": {
        "not applicable", "standard withdrawn",
    },
    "time-to-remediate": set(),
    "training-expiring": {
        "course retired", "left",
    },
    "training-hours": {
        "hours not stated",
    },
}  # fmt: skip
"""Why each KPI leaves something out."""

CASES: dict[str, set[str]] = {
    "success": {
        "answered again", "only objectives failed", "only quality failed", "only satisfaction failed",
        "satisfied by just three quarters", "several surveys", "shown as completed more than once",
        "shown as completed, then not",
    },
    "success-at-least": {
        "answered again", "completed again", "completed and withdrawn", "only objectives failed", "only one unknown",
        "only quality failed", "only satisfaction failed", "reopened", "satisfied by just three quarters",
        "several surveys",
    },
    "success-at-most": {
        "all unknown", "answered again", "completed again", "completed and withdrawn", "failed, the others unknown",
        "only objectives failed", "only quality failed", "only satisfaction failed", "reopened",
        "satisfied by just three quarters", "several surveys",
    },
    "objectives-met": {
        "completed again", "completed and withdrawn", "reopened",
    },
    "cancelled": {
        "cancelled again for another cause", "reopened",
    },
    "on-time-current": {
        "completed on the planned day", "due after the as-of day", "late", "late for the first baseline only",
        "open and overdue", "open, though it was completed once",
    },
    "forecast-within-budget": {
        "just the budget", "over the budget", "rebaselined", "reforecast", "said outside the period",
        "the budget for want of a forecast",
    },
    "alignment": {
        "a goal reweighted", "a goal that is unknown", "a goal without weight", "a later baseline", "a retired goal",
        "converted", "the proposal's budget",
    },
    "csat": {
        "a role is hidden with another, a third is not", "answered again", "answered outside the period",
        "several surveys", "small roles hide each other", "withdrawn",
    },
    "nps": {
        "a role is hidden with another, a third is not", "answered again", "answered outside the period",
        "not answered", "several surveys", "small roles hide each other", "withdrawn",
    },
    "response-rate": {
        "answered again", "invited again", "more answers than invited", "no answer", "of no project", "withdrawn",
    },
    "improvements-on-time": {
        "done late", "done on the day", "done without a plan", "due after the as-of day", "open",
        "planned for another day",
    },
    "maturity": {
        "assessed again", "registered again", "several models",
    },
    "maturity-gap": {
        "above the target", "assessed again", "registered again", "several models",
    },
    "adoption": {
        "a requirement that was not assessed", "abandoned before the assessment", "abandoned since",
        "abandoned, adopted again", "assessed", "assessed under another edition only",
        "assessed under another edition since", "heavier than others", "more than the edition asks for",
        "no longer waived", "partly met", "waived for the last day", "waiver ended",
    },
    "technology-usage": {
        "another kind", "measured after the period too", "measured again", "measured outside the period only",
    },
    "time-to-adopt": {
        "adopted and abandoned before", "declared again", "mandated again", "not declared yet",
        "withdrawn after it was adopted", "worked by it before",
    },
    "time-to-remediate": {
        "raised again", "raised again and resolved", "resolved, never raised",
    },
    "training-expiring": {
        "expired", "expires on the 89th day", "expires on the 90th day", "expires today", "for ever", "not taken yet",
        "of somebody unknown", "revoked", "revoked and taken again",
    },
    "training-hours": {
        "a course described anew", "after the as-of day", "of somebody unknown", "revoked", "taken twice",
    },
}  # fmt: skip
"""What a recomputation notes as met, beside its reasons to leave something out."""
