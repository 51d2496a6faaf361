"""From a question to the whole pack: every section, and the digests of the definitions that it rests on."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from schemas.event import in_milliseconds
from services.projections.calendars import library_version
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import fingerprint
from services.projections.figures import incomplete_streams
from services.projections.house import targets
from services.projections.kpi import FAMILIES, Kpi
from services.projections.parallel import each as of_each
from services.projections.queries import check_unit, query_digest
from services.projections.scope import Scope
from services.reports import kpi_sections, sections
from services.reports.pack import LAYOUT, Pack, digest_of, plain
from services.reports.sections import Asked

Progress = Callable[[int, int], None]
D = TypeVar("D", Kpi, Control)
R = TypeVar("R")
_LAYOUT = "report:layout"
BOTTLENECKS = (("where-work-waits", "status"), ("gate-lead-time", "gate"), ("cycle-time", "portfolio"),
                ("wip-age", "portfolio"), ("blocked-time", "portfolio"), ("flow-efficiency", "portfolio"))  # fmt: skip
ADOPTION = (("adoption", "unit"), ("technology-usage", "unit"), ("time-to-adopt", "unit"),
             ("training-compliance", "unit"), ("training-expiring", "unit"))  # fmt: skip


def gather(
    clickhouse: ClickHouse,
    scope: Scope,
    kpis: Mapping[str, Kpi],
    controls: Mapping[str, Control],
    progress: Progress,
    layout: int = LAYOUT,
) -> Pack:
    """All figures for one question; the scope names when it was known, so that it can be asked again.

    `layout` is that of the report, where one is computed again.

    Raises NotFound or BadInput for an unknown or retired unit.
    """
    if scope.known_at is None:
        raise AssertionError("a report needs the instant at which it was known")
    check_unit(clickhouse, scope)
    asked = Asked(clickhouse, scope, kpis, controls, targets(clickhouse, scope), layout)
    total = len(controls) + len(kpis) + 7
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    def asking(ask: Callable[[Asked, D], R]) -> Callable[[ClickHouse, D], R]:
        """What asks through another connection, and counts as a step."""

        def asked_through(session: ClickHouse, definition: D) -> R:
            found = ask(replace(asked, clickhouse=session), definition)
            step()
            return found

        return asked_through

    made = []
    for section in (
        sections.attention, sections.portfolio, sections.capacity, sections.changes, sections.pipeline,
    ):  # fmt: skip
        made.append(section(asked))
        step()
    scores = [score for found in of_each(clickhouse, asking(sections.scores_of), controls.values()) for score in found]
    made.append(sections.compliance(asked, scores))
    made.append(kpi_sections.by_group(asked, "bottlenecks", "Bottlenecks", BOTTLENECKS))
    step()
    made.append(kpi_sections.by_group(asked, "adoption", "Adoption and training", ADOPTION))
    step()
    told = [kpi for family in FAMILIES for kpi in kpis.values() if kpi.family == family]
    families: dict[str, list[dict[str, object]]] = {}
    for kpi, rows in zip(told, of_each(clickhouse, asking(kpi_sections.of_kpi), told), strict=True):
        families.setdefault(kpi.family, []).extend(rows)
    made.append(kpi_sections.kpi_section(families))
    return Pack(scope_of_pack(scope), definitions(kpis, controls, layout), tuple(made), layout)


def scope_of_pack(scope: Scope) -> dict[str, object]:
    """The question as it stands in the pack."""
    found = {
        "as_of": scope.as_of,
        "known_at": scope.known_at,
        "basis": scope.basis,
        "unit": scope.unit,
        "currency": scope.currency,
        "time_zone": str(scope.zone),
    }
    return {name: plain(value) for name, value in found.items()}


def definitions(kpis: Mapping[str, Kpi], controls: Mapping[str, Control], layout: int) -> dict[str, str]:
    """What the figures rest on: each KPI, control and query, the tables and views, and the calendars."""
    return {
        **{f"kpi:{kpi.name}": kpi.digest for kpi in kpis.values()},
        **{f"control:{control.id}": control.digest for control in controls.values()},
        **{f"query:{name}": query_digest(name) for name in sections.QUERIES},
        "tables:all": digest_of(fingerprint()),
        "library:holidays": digest_of(library_version()),
        _LAYOUT: digest_of(str(layout)),
    }


def layout_of(definitions: Mapping[str, str]) -> int:
    """The layout of a report that names these definitions; the present one where this program does not know it."""
    known = {digest_of(str(layout)): layout for layout in range(1, LAYOUT + 1)}
    return known.get(definitions.get(_LAYOUT, ""), LAYOUT)


def incomplete(clickhouse: ClickHouse) -> int:
    """Streams of which a version has not landed. Not in the digest: what lands later makes no other question."""
    return len(incomplete_streams(clickhouse))


def this_instant() -> datetime:
    """Now, to the millisecond, as it is stored."""
    return in_milliseconds(datetime.now(UTC))
