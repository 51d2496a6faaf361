"""What holds for a project at a moment."""

from typing import Literal

from schemas import delivery, progress, project
from schemas.event import Event
from services.commands.fold import State

Status = Literal[
    "observed",
    "proposed",
    "deferred",
    "approved",
    "rejected",
    "running",
    "on-hold",
    "completed",
    "cancelled",
    "merged",
    "split",
    "descoped",
    "withdrawn",
]

STATUS_AFTER: dict[type[Event], Status] = {
    project.Proposed: "proposed",
    project.Deferred: "deferred",
    project.Approved: "approved",
    project.RejectedProposal: "rejected",
    project.Started: "running",
    project.PutOnHold: "on-hold",
    project.Resumed: "running",
    project.Completed: "completed",
    project.Cancelled: "cancelled",
    project.MergedInto: "merged",
    project.SplitInto: "split",
    project.Descoped: "descoped",
    project.Reopened: "running",
    project.Withdrawn: "withdrawn",
}
"""The life cycle. `projects.sql` holds the same map; a contract test compares them."""

ENDED: frozenset[Status] = frozenset({"rejected", "completed", "cancelled", "merged", "split", "descoped", "withdrawn"})


class ProjectState(State):
    """A project's fold, with the names that rules use."""

    @property
    def status(self) -> Status:
        """The last step of the life cycle; "observed" if only a source's states are known."""
        record = self.record(*STATUS_AFTER)
        return STATUS_AFTER[type(record.event)] if record else "observed"

    @property
    def is_approved(self) -> bool:
        """Whether the last decision on it was an approval."""
        decision = self.record(project.Approved, project.RejectedProposal, project.Deferred)
        return decision is not None and isinstance(decision.event, project.Approved)

    @property
    def proposal(self) -> project.Proposed | None:
        """The proposal."""
        return self.last(project.Proposed)

    @property
    def baseline(self) -> project.BaselineSet | None:
        """The baseline in force: the one set last."""
        return self.last(project.BaselineSet)

    def is_change_approved(self, change: str) -> bool:
        """Whether the decision that holds on a change is an approval."""
        decision = self.record(delivery.ChangeApproved, delivery.ChangeRejected, item=change)
        return decision is not None and isinstance(decision.event, delivery.ChangeApproved)

    @property
    def currency(self) -> str | None:
        """The currency of its plan: the baseline's, else the proposal's."""
        plan = self.baseline or self.proposal
        return plan.currency if plan else None

    @property
    def is_closed(self) -> bool:
        """Financially closed, and not reopened since."""
        record = self.record(project.FinanciallyClosed, project.Reopened)
        return record is not None and isinstance(record.event, project.FinanciallyClosed)

    @property
    def report(self) -> progress.ProgressReported | None:
        """The report with the latest data date."""
        return self.last(progress.ProgressReported)
