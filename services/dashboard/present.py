"""The steering pack as it would be now, gathered when somebody opens it."""

from collections.abc import Callable
from dataclasses import replace

from services.dashboard.board import Board
from services.dashboard.panels import Ask, House
from services.dashboard.question import Question
from services.dashboard.reading import NOW
from services.errors import PmoError, Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.kpi import listed
from services.reports import page
from services.reports.gather import gather, incomplete, this_instant
from services.runtime import quiet

PACK_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""The file styles itself, and runs nothing."""
_TITLE = "Steering pack, not issued"


def present_pack(
    board: Board, house: House, question: Question, position: int, answer: Callable[[str | Exception], None]
) -> None:
    """Has it gathered, and hands its HTML, or why there is none, to `answer`."""

    def work(clickhouse: ClickHouse) -> None:
        try:
            answer(_gathered(clickhouse, house, question, position))
        except PmoError as error:
            answer(error)
        except Exception:
            answer(Unavailable("The pack could not be gathered; pmo's log has the details."))
            raise

    board.do(work, NOW)


def _gathered(clickhouse: ClickHouse, house: House, question: Question, position: int) -> str:
    asked = Ask.of(clickhouse, question, house)
    now = this_instant()
    scope = replace(asked.scope, known_at=min(asked.scope.known_at or now, now))
    pack = gather(clickhouse, scope, listed(house.kpis), house.controls, quiet)
    head = page.Head("not issued", _TITLE, house.settings.organisation, house.settings.simulated, "whoever looks at it",
                     position, incomplete(clickhouse))  # fmt: skip
    return page.page(pack, head, page.people(clickhouse, pack), house.settings.zone)
