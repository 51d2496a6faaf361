"""The projects of the simulated company, each from proposal to closure: what is decided, skipped and changed."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

from services.demo import ranking, reporting
from services.demo.fates import FATES, Fate, Project
from services.demo.people import Staff
from services.demo.ranking import Candidate
from services.demo.reporting import Plan
from services.demo.script import Script
from services.demo.world import GOALS, PROJECT_KINDS, PROJECT_SUBJECTS, ROUTES, STANDARDS, UnitPlan

_SIZES: tuple[tuple[Literal["small", "medium", "large", "major"], int, tuple[int, int], tuple[int, int]], ...] = (
    ("small", 4, (70, 140), (40, 120)),
    ("medium", 4, (140, 260), (120, 400)),
    ("large", 2, (240, 380), (350, 900)),
    ("major", 1, (360, 520), (900, 2400)),
)
_TAKT_SAVES = 0.18
_FROZEN_SLIP = 0.4
_QUICK, _SLOW = (3, 9), (24, 38)
_TOO_EARLY, _NOTICED_AFTER = timedelta(days=60), timedelta(days=25)
_TEAMS = {"small": 3, "medium": 4, "large": 6, "major": 9}


def portfolio(script: Script, start: date, units: tuple[UnitPlan, ...], staff: Staff, scale: float) -> list[Project]:
    """Lets every unit propose and carry out its projects; gives those that were started."""
    projects: list[Project] = []
    candidates: list[Candidate] = []
    span = (script.last_day - start).days
    for unit in units:
        count = max(2, round(unit.projects * scale))
        for number in range(1, count + 1):
            proposed = start + timedelta(days=25) + timedelta(days=round((number - 0.9) * (span - 45) / count))
            life = _Life(script, staff, unit, number, proposed + script.days(-8, 8), start)
            projects.extend(life.run())
            candidates.extend(life.candidates)
    ranking.rank(script, candidates, staff.directors["FIN"].key)
    _observed(script, start)
    return projects


class _Life:
    """One project's way."""

    def __init__(self, script: Script, staff: Staff, unit: UnitPlan, number: int, proposed: date, start: date) -> None:
        rng = script.random
        managers = staff.managers[unit.code]
        self.script, self.staff, self.unit, self.proposed = script, staff, unit, proposed
        self.code = f"{unit.code}-{number:02}"
        self.fate: Fate = FATES.get(self.code, "cancelled" if script.chance(0.04) else "plain")
        self.manager = managers[number % len(managers)]
        self.director = staff.directors[unit.code].key
        self.board = staff.directors["FIN" if unit.code != "FIN" else "OPS"].key
        # gate by gate another one decides; one of the three is the bottleneck, see `_gate`
        self.approvers = [staff.directors[code].key for code in ("FIN", "RND", "PPL")]
        self.candidates: list[Candidate] = []
        self.resting: tuple[date, date] | None = None
        self.size, _, days, budget = rng.choices(_SIZES, weights=[s[1] for s in _SIZES])[0]
        first = proposed + script.days(55, 80)
        finish = first + script.days(*days)
        # every second or third one, not by chance: the cause is to be there whatever the seed
        self.is_hurried = number % 5 < round(5 * unit.starts_unapproved)
        self.is_frozen = self.manager is staff.frozen_manager
        takt = next(s for s in STANDARDS if s.code == "TAKT").adopters.get(unit.code)
        slip = rng.gauss(unit.slip, 0.09)
        if takt is not None and first >= start + timedelta(days=30 * takt):
            slip -= _TAKT_SAVES
        if self.is_frozen:
            slip = _FROZEN_SLIP
        cost = 0.98 + max(-0.1, slip) * 0.5 + rng.gauss(0, 0.05)
        self.plan = Plan(self.code, first, finish, rng.randint(*budget) * 1000, max(-0.2, slip), cost)
        self.route = "LIGHT" if self.size == "small" else "STANDARD"
        self.number = number
        self.name = f"{rng.choice(PROJECT_SUBJECTS[unit.code])} {rng.choice(PROJECT_KINDS)} {number}"

    def say(self, day: date, path: str, /, *, by: str = "", **fields: Any) -> bool:
        return self.script.say(day, path, by=by or self.manager.key, project=self.code, **fields)

    def run(self) -> Iterator[Project]:
        script = self.script
        self._propose()
        ready = self._gate("G1", self.proposed + script.days(5, 9))
        self._score(ready)
        approved = self._decide(ready + script.days(3, 9))
        if approved is None:
            return
        baselined = approved + script.days(2, 6)
        self._baseline(baselined)
        ready = self._gate("G2", baselined + script.days(1, 3))
        started = max(self.plan.start, ready + script.days(1, 3))
        unapproved = self._start(started)
        if started > script.last_day:
            return
        ended = self._carry_out(started)
        if self.fate != "entered-twice":
            yield Project(
                self.code, self.unit, self.plan, self.proposed, started, ended, _TEAMS[self.size], self.manager,
                self.director, self.fate, self.resting,
            )  # fmt: skip
        if unapproved and script.chance(0.5):
            self.say(started + script.days(10, 18), "project approve", decided_by=self.director, by=self.director)

    def _propose(self) -> None:
        rng, plan = self.script.random, self.plan
        self.contributions = {goal: rng.randint(1, 5) for goal, *_ in rng.sample(GOALS, k=rng.randint(1, 2))}
        self.risk, self.value = rng.randint(5, 45), plan.budget * rng.randint(11, 30) // 10
        fields: dict[str, Any] = {
            "name": self.name,
            "unit": self.unit.code,
            "sponsor": self.director,
            "manager": self.manager.key,
            "proposed_by": self.manager.key,
            "gate_route": self.route,
            "contributions": self.contributions,
            "size": self.size,
            "risk": f"0.{self.risk:02}",
            "planned_start": plan.start.isoformat(),
            "planned_finish": plan.finish.isoformat(),
            "budget": str(plan.budget),
            "value": str(self.value),
            "currency": self.unit.currency,
        }
        self.say(self.proposed, "project propose", label=f"{self.code} proposed", **fields)
        if self.fate == "approved-by-its-proposer":
            # an auditor finds out much later whose idea it was: the correction brings a violation to light
            self.say(
                self.proposed, "project propose", late=200, corrects=f"{self.code} proposed", by=self.board,
                **{**fields, "proposed_by": self.director},
            )  # fmt: skip

    def _gate(self, gate: str, asked: date) -> date:
        """Requests a gate and lets it be decided, unless the unit does without; gives the day of the decision.

        Planted: one unit skips gates, and of the three who decide on them the director of Research takes weeks.
        """
        script = self.script
        if gate not in ROUTES[self.route] or script.chance(self.unit.skips_gates):
            return asked
        proof = [f"https://docs.meridian.example/{self.code}/{gate}"]
        approver = self.approvers[(self.number + int(gate[1:])) % len(self.approvers)]
        span = _SLOW if approver == self.staff.directors["RND"].key else _QUICK
        decided = asked + script.days(*span)
        self.say(asked, "project request-gate", gate=gate, requested_by=self.manager.key, evidence=proof)
        conditions: dict[str, Any] = {}
        if script.chance(0.05):
            self.say(decided, "project fail-gate", gate=gate, decided_by=approver, by=approver,
                     reason="The plan does not hold together yet.")  # fmt: skip
            asked, decided = decided + timedelta(days=5), decided + script.days(*span)
            self.say(asked, "project request-gate", gate=gate, requested_by=self.manager.key, evidence=proof)
        elif script.chance(0.1) and self.fate not in ("entered-twice", "gate-revoked"):
            conditions = {
                "due": (decided + timedelta(days=30)).isoformat(),
                "conditions": "A risk plan is still owed.",
            }
            if script.chance(0.8):
                self.say(decided + script.days(5, 15), "project meet-condition", gate=gate, evidence=proof)
        self.say(decided, "project pass-gate", gate=gate, decided_by=approver, by=approver, **conditions)
        if self.fate == "gate-revoked" and gate == "G1":
            self.say(decided + timedelta(days=1), "project revoke-gate", gate=gate, decided_by=approver,
                     by=approver, reason="The supplier's offer turned out to be expired.")  # fmt: skip
            again = decided + timedelta(days=12)
            self.say(again - timedelta(days=2), "project request-gate", gate=gate, requested_by=self.manager.key,
                     evidence=proof)  # fmt: skip
            self.say(again, "project pass-gate", gate=gate, decided_by=approver, by=approver)
            return again
        return decided

    def _score(self, day: date) -> None:
        """Scores the proposal and puts it up for the month's ranking; whoever is in a hurry is scored seldom."""
        if self.script.chance(0.5 if self.is_hurried else 0.04):
            return
        self.say(day, "project score", scored_by=self.staff.directors["FIN"].key)
        cut = {"rejected": "budget", "deferred": "capacity"}.get(self.fate, "")
        self.candidates.append(
            Candidate(self.code, day, self.plan.budget, self.value, self.risk, tuple(self.contributions.values()), cut)
        )

    def _decide(self, day: date) -> date | None:
        """Approval or not; gives the day of the approval, or of doing without."""
        chair = self.director
        match self.fate:
            case "rejected":
                self.say(day, "project reject", decided_by=chair, by=chair, reason="No funds this year.")
                return None
            case "deferred":
                again = day + timedelta(days=21)
                self.say(day, "project defer", decided_by=chair, by=chair, until=again.isoformat(),
                         reason="First the running one is to be finished.")  # fmt: skip
                day = again
            case "approval-recorded-late":
                self.say(day, "project approve", decided_by=chair, by=chair, late=75, label=f"{self.code} approved")
                return day
            case _:
                pass
        if not self.is_hurried:
            minutes = [f"https://docs.meridian.example/board/{day.isoformat()}"]
            self.say(
                day, "project approve", decided_by=chair, by=chair, evidence=minutes, label=f"{self.code} approved"
            )
        return day

    def _baseline(self, day: date) -> None:
        if self.is_hurried and self.script.chance(0.3):
            return
        plan = self.plan
        self.say(
            day, "project set-baseline", start=plan.start.isoformat(), finish=plan.finish.isoformat(),
            budget=str(plan.budget), curve=plan.curve(), decided_by=self.director,
        )  # fmt: skip

    def _start(self, day: date) -> bool:
        """Starts it; with a reason where approval or baseline may be missing. True if the approval is missing."""
        hurried = self.unit.starts_unapproved > 0
        reason: dict[str, Any] = {"at_risk": "The customer could not wait for the board."} if hurried else {}
        late = self.script.random.choice((0, 0, 2)) if not hurried else self.script.random.choice((0, 5, 12))
        self.say(day, "project start", late=late, label=f"{self.code} started", **reason)
        return hurried and f"{self.code} approved" not in self.script.labels

    def _carry_out(self, started: date) -> date:
        """Reports, changes and the end; gives the day on which work ends."""
        script, plan = self.script, self.plan
        ended = reporting.actual_finish(plan, started)
        half = started + (ended - started) / 2
        match self.fate:
            case "cancelled":
                ended = half
            case "on-hold":
                self.say(half, "project hold", decided_by=self.director, by=self.director, reason="Supplier insolvent.")
                self.say(half + timedelta(days=45), "project resume", decided_by=self.director, by=self.director)
                ended += timedelta(days=45)
            case "transferred":
                self.say(half, "project transfer", unit="DIG", by=self.director)
            case "manager-leaves":
                other = self.staff.managers[self.unit.code][-1]
                self.say(half, "project change-manager", manager=other.key, by=self.director)
            case "entered-twice":
                self.say(started + timedelta(days=10), "project withdraw", reason="It was entered twice.")
                return started + timedelta(days=9)
            case "merged":
                self.say(half, "project merge", into=f"{self.unit.code}-01", by=self.director)
                return half
            case "split":
                parts = [f"{self.unit.code}-01", f"{self.unit.code}-02"]
                self.say(half, "project split", into=parts, by=self.director)
                return half
            case "descoped":
                self.say(half, "project descope", decided_by=self.director, by=self.director,
                         reason="The market it was for is given up.")  # fmt: skip
                return half
            case _:
                pass
        if self.fate == "on-hold":
            self.resting = (half, half + timedelta(days=45))
        elif self.fate == "completed-too-early":
            self.resting = (self._too_early(ended), self._too_early(ended) + _NOTICED_AFTER + timedelta(days=3))
        reporting.report(script, plan, self.unit, self.manager.key, started, ended, self.is_frozen, self.resting)
        if plan.slip > 0.12 and self.fate == "plain" and script.chance(0.35):
            self._rebaseline(half, ended)
        if self.fate == "cancelled":
            causes = ("strategy", "funding", "feasibility", "performance", "duplicate")
            self.say(ended, "project cancel", cause=script.random.choice(causes), decided_by=self.director,
                     by=self.director, reason="It no longer serves the goal.")  # fmt: skip
            return ended
        self._gate("G3", half + timedelta(days=2))
        self._finish(ended)
        return ended

    def _rebaseline(self, day: date, ended: date) -> None:
        plan = self.plan
        moved = Plan(plan.code, plan.start, ended, round(plan.budget * max(1.0, plan.cost)), 0, 1)
        how: dict[str, Any] = {"change_id": "CR-1"}
        if self.unit.starts_unapproved:
            how = {"unauthorised": True, "reason": "There was no time to ask for a change."}
        else:
            self._change(day, moved.budget - plan.budget, (moved.finish - plan.finish).days)
        self.say(
            day, "project set-baseline", start=plan.start.isoformat(), finish=moved.finish.isoformat(),
            budget=str(moved.budget), curve=moved.curve(), decided_by=self.director, **how,
        )  # fmt: skip
        self.say(
            day + timedelta(days=1), "project reforecast", forecast_finish=moved.finish.isoformat(),
            reason="Agreed with the sponsor.",
        )  # fmt: skip

    def _change(self, day: date, cost: int, days: int) -> None:
        self.say(
            day - timedelta(days=12), "project request-change", change="CR-1", cost=str(cost), days=days,
            requested_by=self.manager.key, reason="The supplier needs longer.",
        )  # fmt: skip
        self.say(
            day - timedelta(days=4), "project approve-change", change="CR-1", decided_by=self.director,
            by=self.director, evidence=[f"https://docs.meridian.example/{self.code}/CR-1"],
        )  # fmt: skip

    def _too_early(self, ended: date) -> date:
        return max(ended - _TOO_EARLY, self.plan.start + timedelta(days=30))

    def _finish(self, ended: date) -> None:
        script, plan = self.script, self.plan
        good = 0.95 - max(0.0, plan.slip)
        assessed: dict[str, Any] = {} if script.chance(0.06) else {
            "objectives_met": script.chance(good), "quality_met": script.chance(good), "assessor": self.director
        }  # fmt: skip
        if self.fate == "completed-too-early":
            wrong = self._too_early(ended)
            self.say(wrong, "project complete", label=f"{self.code} completed", **assessed)
            script.withdraw(wrong + _NOTICED_AFTER, f"{self.code} completed", "Only a part was handed over.",
                            by=self.director)  # fmt: skip
        decided = self._gate("G4", ended - timedelta(days=script.random.randint(10, 14)))
        self.say(ended, "project complete", late=script.random.choice((0, 0, 1, 3)), **assessed)
        if script.chance(0.92):
            reporting.survey(script, plan, ended)
        closed = max(ended + script.days(30, 60), decided + timedelta(days=20))
        if self.fate == "reopened":
            self.say(ended + timedelta(days=12), "project reopen", reason="Warranty work.", by=self.director)
            ended += timedelta(days=25)
            self.say(ended, "project complete", **assessed)
            closed = ended + timedelta(days=40)
        cost = round(plan.budget * plan.cost)
        if self.say(closed, "project close", final_cost=str(cost), by=self.board) and script.chance(0.06):
            self.say(
                closed + timedelta(days=20), "project correct-cost", number="CN-1", amount=str(-cost // 50),
                reason="A credit note came in.", by=self.board,
            )  # fmt: skip


def _observed(script: Script, start: date) -> None:
    """A partner's portfolio, of which only states are known: shown apart from what is governed."""
    rng = script.random
    for number in range(1, 6):
        code = f"PARTNER-{number}"
        finish = start + timedelta(days=500) + script.days(0, 400)
        for quarter in range(8):
            day = start + timedelta(days=120 + 91 * quarter)
            finish += timedelta(days=rng.choice((0, 0, 0, 20, 45)))
            script.say(
                day, "project record", project=code, name=f"Partner programme {number}", unit="OPS",
                rag=rng.choice(("green", "amber", "amber", "red")), finish=finish.isoformat(), currency="EUR",
                budget=str(1_000_000 * number), forecast_cost=str(1_040_000 * number), late=rng.randint(20, 40),
            )  # fmt: skip
        script.say(start + timedelta(days=980), "project leave-source", project=code, listing="partner portfolio 2")
