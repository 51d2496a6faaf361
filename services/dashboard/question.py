"""What a page is asked: of whom, as of when, as known when, over which period; all of it stands in its address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import cast
from urllib.parse import urlencode

from services import times
from services.benchmarks.compare import months_before
from services.errors import BadInput, meant
from services.projections.scope import Basis, Scope
from services.settings import Settings

VERSUS = {"": "nothing", "1": "a month before", "3": "a quarter before", "12": "a year before"}
"""What figures are set against: so many months before."""
BASES = ("recorded", "reported")
_COMMON = ("as_of", "known_at", "known_basis", "unit", "versus")
_PERIOD = ("from", "to")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Question:
    """The parameters of a page's address, as they were given; empty ones stand for today, now, and everything.

    `more` are those of one page alone.
    """

    as_of: str = ""
    known_at: str = ""
    known_basis: str = ""
    unit: str = ""
    versus: str = ""
    first: str = ""
    last: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, str], own: Mapping[str, tuple[str, ...]]) -> "Question":
        """The question of an address; `own` has the page's own parameters and their values, if they are limited.

        Raises BadInput.
        """
        known = (*_COMMON, *_PERIOD, *own)
        for name, value in given.items():
            if name not in known:
                raise BadInput(f"This page takes no parameter {name!r}; {meant(name, known)}")
            if len(value) > _LONGEST:
                raise BadInput(f"{name} is longer than {_LONGEST} characters; give a shorter one.")
            if own.get(name) and value and value not in own[name]:
                raise BadInput(f"{name}: there is no {value!r}; {meant(value, own[name])}")
        said = {name: given.get(name, "").strip() for name in known}
        if said["known_basis"] not in ("", *BASES):
            raise BadInput(f"known_basis: there is no {said['known_basis']!r}; give recorded or reported.")
        if said["versus"] not in VERSUS:
            raise BadInput(f"versus: there is no {said['versus']!r}; give 1, 3 or 12 months.")
        return cls(
            as_of=said["as_of"],
            known_at=said["known_at"],
            known_basis="" if said["known_basis"] == "recorded" else said["known_basis"],
            unit=said["unit"].upper(),
            versus=said["versus"],
            first=said["from"],
            last=said["to"],
            more=tuple((name, said[name]) for name in own if said[name]),
        )

    def get(self, name: str, otherwise: str = "") -> str:
        """One of the page's own parameters."""
        return dict(self.more).get(name, otherwise)

    @property
    def is_live(self) -> bool:
        """Whether what is recorded from now on may change the answer."""
        return not self.known_at

    @property
    def is_default(self) -> bool:
        """Whether the whole portfolio is asked for, today, with all that is known."""
        return not (self.as_of or self.known_at or self.known_basis or self.unit or self.first or self.last)

    def scope(self, settings: Settings) -> Scope:
        """The scope that it means; without the currency that is set. Raises BadInput."""
        zone = settings.zone
        as_of = times.day(self.as_of or "today", "as_of", zone)
        first = times.day(self.first, "from", zone) if self.first else None
        if first and first > as_of:
            raise BadInput(f"from: {first} lies after {as_of}, as of which is asked; give an earlier day.")
        last = times.day(self.last, "to", zone) if self.last else None
        if first and last and last < first:
            raise BadInput("The period ends before it begins: swap from and to.")
        return Scope(
            as_of=as_of,
            zone=zone,
            known_at=times.known(self.known_at, zone, "known_at") if self.known_at else None,
            basis=cast("Basis", self.known_basis or "recorded"),
            unit=self.unit or None,
            period_from=first,
            period_to=last,
            currency=settings.currency,
        )

    def params(self) -> dict[str, str]:
        """The parameters that are set, as they stand in an address."""
        return {**self.common(), **{n: v for n, v in (("from", self.first), ("to", self.last)) if v}, **dict(self.more)}

    def common(self) -> dict[str, str]:
        """Those that go along from page to page."""
        return {name: value for name in _COMMON if (value := getattr(self, name))}

    def key(self, today: date) -> tuple[str, ...]:
        """What tells the scopes of two questions apart."""
        return (self.as_of or today.isoformat(), self.known_at, self.known_basis, self.unit, self.first, self.last)


def address(path: str, params: Mapping[str, str]) -> str:
    """The address of a page with these parameters."""
    return f"{path}?{urlencode(params)}" if params else path


def earlier(scope: Scope, months: int) -> Scope:
    """The same question so many months before, known then as it is known now or at the scope's time."""
    first, last = scope.period_from, scope.period_to
    return replace(
        scope,
        as_of=months_before(scope.as_of, months),
        period_from=first and months_before(first, months),
        period_to=last and months_before(last, months),
    )


def today(settings: Settings) -> date:
    """The present day in the organisation's time zone."""
    return datetime.now(settings.zone).date()
