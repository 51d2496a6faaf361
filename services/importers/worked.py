"""Times that people worked, as sources count them: in seconds or minutes, where an event holds hours to four places."""

import datetime as dt
from decimal import Decimal

from services.importers.cells import FOUR_PLACES
from services.importers.rows import CellFault

_HOUR = 3600
_DAY_SECONDS = 24 * _HOUR


def hours_of(seconds: Decimal) -> Decimal:
    """Hours of so many seconds, to four places."""
    return (seconds / _HOUR).quantize(FOUR_PLACES).normalize() + 0


def worked_on(day: dt.date, seconds: int, column: str, notes: list[CellFault]) -> Decimal | None:
    """Hours of an entry of a day; None where they are none, or, which goes to `notes`, more than a day has."""
    if seconds > _DAY_SECONDS:
        said = f"{seconds / _HOUR:g} h on {day}"
        notes.append(CellFault(column, said, "is more than a day has, so it was left out"))
        return None
    return (hours_of(Decimal(seconds)) if seconds > 0 else None) or None
