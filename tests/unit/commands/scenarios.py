"""Named preconditions: what has happened to a project, a person, a standard before a test begins."""

from datetime import date
from decimal import Decimal

from schemas import delivery, exposure, governance, organisation, project, standard, training, value, workload
from schemas.fields import Evidence, Note
from tests.unit.commands.dsl import ProjectHistory, on, person

MINUTES = Evidence(uri="https://docs.example/minutes", digest=None)
A_NOTE = Note(id="0" * 32, digest="0" * 64)

PROPOSED = project.Proposed(
    name="Crane renewal",
    unit="OPS",
    sponsor=person("sponsor"),
    manager=person("manager"),
    proposed_by=person("ann"),
    gate_route="STANDARD",
    contributions={},
    size="medium",
    value=None,
    risk=None,
    planned_start=date(2026, 3, 1),
    planned_finish=date(2026, 11, 30),
    budget=Decimal(250_000),
    currency="GBP",
)
BASELINE = project.BaselineSet(
    item="1",
    start=date(2026, 3, 1),
    finish=date(2026, 11, 30),
    budget=Decimal(250_000),
    currency="GBP",
    curve=(
        project.PlannedValue(day=date(2026, 3, 1), value=Decimal(0)),
        project.PlannedValue(day=date(2026, 11, 30), value=Decimal(250_000)),
    ),
    change_id=None,
    unauthorised=False,
    reason=None,
    decided_by=None,
)


def a_proposed_project() -> ProjectHistory:
    return on("2026-01-10", PROPOSED)


def an_approved_project() -> ProjectHistory:
    return a_proposed_project() + on("2026-02-01", project.Approved(decided_by=person("board"), evidence=(MINUTES,)))


def a_planned_project() -> ProjectHistory:
    return an_approved_project() + on("2026-02-15", BASELINE)


def a_running_project() -> ProjectHistory:
    return a_planned_project() + on("2026-03-01", project.Started(at_risk=None))


def a_project_on_hold() -> ProjectHistory:
    return a_running_project() + on("2026-04-01", project.PutOnHold(reason=None, decided_by=None))


def a_completed_project() -> ProjectHistory:
    done = project.Completed(objectives_met=True, quality_met=None, assessor=None)
    return a_running_project() + on("2026-05-01", done)


def a_closed_project() -> ProjectHistory:
    closed = project.FinanciallyClosed(final_cost=Decimal(240_000), currency="GBP")
    return a_completed_project() + on("2026-06-01", closed)


def a_withdrawn_project() -> ProjectHistory:
    return a_proposed_project() + on("2026-02-01", project.Withdrawn(reason=None))


def a_merged_project() -> ProjectHistory:
    return a_running_project() + on("2026-05-01", project.MergedInto(into="HARBOUR-2"))


def a_cancelled_project() -> ProjectHistory:
    cancelled = project.Cancelled(cause="funding", reason=None, decided_by=None)
    return a_running_project() + on("2026-05-01", cancelled)


def a_requested_gate(evidence: tuple[Evidence, ...] = ()) -> ProjectHistory:
    requested = project.GateRequested(item="G1", requested_by=person("manager"), evidence=evidence)
    return a_running_project() + on("2026-04-01", requested)


def a_gate_passed_with_conditions() -> ProjectHistory:
    passed = project.GatePassedWithConditions(
        item="G1", decided_by=person("board"), evidence=(MINUTES,), due=date(2026, 7, 31), conditions=None
    )
    return a_requested_gate() + on("2026-04-15", passed)


def a_requested_change(item: str = "CR-1") -> ProjectHistory:
    requested = delivery.ChangeRequested(
        item=item, cost=Decimal(50_000), currency="GBP", days=30, requested_by=person("manager"), reason=None
    )
    return on("2026-04-01", requested)


def an_approved_change(item: str = "CR-1") -> ProjectHistory:
    approved = delivery.ChangeApproved(item=item, decided_by=person("board"), evidence=(MINUTES,))
    return a_requested_change(item) + on("2026-04-15", approved)


def a_rejected_change(item: str = "CR-1") -> ProjectHistory:
    rejected = delivery.ChangeRejected(item=item, decided_by=person("board"), reason=None)
    return a_requested_change(item) + on("2026-04-15", rejected)


def a_planned_milestone() -> ProjectHistory:
    return on("2026-03-10", delivery.MilestonePlanned(item="M1", name="Crane delivered", due=date(2026, 8, 31)))


def a_reached_milestone() -> ProjectHistory:
    return a_planned_milestone() + on("2026-05-20", delivery.MilestoneReached(item="M1", evidence=()))


def a_declared_dependency() -> ProjectHistory:
    declared = delivery.DependencyDeclared(
        item="D1", on_project="HARBOUR-2", relation="finish-to-start", needed_by=None, description=None
    )
    return on("2026-03-10", declared)


def a_removed_dependency() -> ProjectHistory:
    return a_declared_dependency() + on("2026-05-20", delivery.DependencyRemoved(item="D1", reason=None))


def a_recorded_decision() -> ProjectHistory:
    decided = delivery.DecisionRecorded(item="D-4", decided_by=person("board"), decision=None, evidence=())
    return on("2026-03-10", decided)


def an_open_action() -> ProjectHistory:
    return on("2026-03-10", delivery.ActionOpened(item="A1", owner=person("ann"), due=None, description=None))


def a_closed_action() -> ProjectHistory:
    return an_open_action() + on("2026-05-20", delivery.ActionClosed(item="A1", evidence=()))


def a_raised_risk() -> ProjectHistory:
    raised = exposure.RiskRaised(
        item="R1",
        name="Crane fails",
        effect="threat",
        category=None,
        probability=Decimal("0.3"),
        impact=Decimal(50_000),
        currency="USD",
        owner=person("ann"),
        description=None,
    )
    return on("2026-03-10", raised)


def a_reassessed_risk() -> ProjectHistory:
    reassessed = exposure.RiskReassessed(
        item="R1",
        probability=Decimal("0.2"),
        impact=Decimal(40_000),
        currency="USD",
        owner=person("bob"),
        reason=None,
    )
    return a_raised_risk() + on("2026-04-10", reassessed)


def a_closed_risk() -> ProjectHistory:
    return a_raised_risk() + on("2026-05-20", exposure.RiskClosed(item="R1", reason=None))


def a_materialised_risk() -> ProjectHistory:
    happened = exposure.RiskMaterialised(item="R1", impact=Decimal(43_000), currency="USD", reason=None)
    return a_raised_risk() + on("2026-05-20", happened)


def a_raised_issue() -> ProjectHistory:
    raised = exposure.IssueRaised(
        item="I1",
        name="No crane driver",
        severity="high",
        owner=person("ann"),
        due=date(2026, 7, 31),
        description=None,
    )
    return on("2026-03-10", raised)


def a_closed_issue() -> ProjectHistory:
    return a_raised_issue() + on("2026-05-20", exposure.IssueClosed(item="I1", reason=None))


def a_stakeholder() -> ProjectHistory:
    registered = exposure.StakeholderRegistered(
        item="S1", role="Harbour master", person=None, current="resistant", desired="supportive"
    )
    return on("2026-03-10", registered)


def a_planned_benefit() -> ProjectHistory:
    planned = value.BenefitPlanned(
        item="B1",
        name="Fewer hours waiting",
        amount=Decimal(80_000),
        currency="USD",
        due=date(2027, 12, 31),
        owner=None,
    )
    return on("2026-03-10", planned)


def a_recorded_lesson() -> ProjectHistory:
    return on("2026-03-10", value.LessonRecorded(item="L1", category="procurement", lesson=None))


def an_applied_lesson() -> ProjectHistory:
    applied = value.LessonApplied(item="HARBOUR-2.L1", from_project="HARBOUR-2", lesson_item="L1", evidence=())
    return on("2026-05-20", applied)


def a_scoring_model(text: str | None) -> ProjectHistory:
    return on("2026-01-01", governance.SettingSet(value=text, decided_by=None))


def a_person(weekly_hours: int = 40) -> ProjectHistory:
    joined = organisation.PersonJoined(
        unit="OPS",
        role="Engineer",
        skills=(),
        weekly_hours=Decimal(weekly_hours),
        career_level=None,
        country=None,
        time_zone=None,
        work_mode=None,
    )
    return on("2026-01-01", joined)


def an_allocation(item: str = "A1", weekly_hours: int = 20, *, hard: bool = True) -> ProjectHistory:
    planned = workload.AllocationPlanned(
        item=item,
        project="CRANE-7",
        first_day=date(2026, 3, 2),
        last_day=date(2026, 8, 28),
        weekly_hours=Decimal(weekly_hours),
        hard=hard,
        at_risk=None,
    )
    return on("2026-02-01", planned)


def a_published_standard() -> ProjectHistory:
    published = standard.StandardPublished(
        name="Risk management",
        standard_kind="process",
        edition="1",
        requirements=(
            standard.Requirement(id="R1", text="Register kept", weight=1),
            standard.Requirement(id="R2", text="Register reviewed", weight=2),
        ),
        data_class=None,
        security_review=None,
    )
    return on("2026-01-01", published)


def a_revised_standard() -> ProjectHistory:
    revised = standard.StandardRevised(
        name="Risk management",
        standard_kind="process",
        edition="2",
        requirements=tuple(standard.Requirement(id=item, text="Register kept", weight=1) for item in ("R1", "R3")),
        data_class=None,
        security_review=None,
    )
    return on("2026-03-01", revised)


def a_withdrawn_standard() -> ProjectHistory:
    return a_published_standard() + on("2026-02-01", standard.StandardWithdrawn(reason=None))


def a_course(validity: training.Validity | None = None) -> ProjectHistory:
    return on(
        "2026-01-01",
        training.CourseDefined(title="Site safety", provider=None, hours=None, validity=validity),
    )
