"""Where days begin and end in the organisation's time zone."""

from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.event import in_milliseconds
from schemas.fields import FIRST_DAY, LAST_DAY
from services.errors import BadInput
from services.settings import Settings


def day_start(day: date, settings: Settings) -> datetime:
    """The instant at which `day` begins in the organisation's time zone, in UTC. Raises BadInput outside 1900-2299."""
    return _start(day, settings.time_zone)


def day_end(day: date, settings: Settings) -> datetime:
    """The last millisecond of `day` in the organisation's time zone, in UTC: what "as of a day" means."""
    return day_start(day + timedelta(days=1), settings) - timedelta(milliseconds=1)


@lru_cache(maxsize=8192)
def _start(day: date, zone: str) -> datetime:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadInput(f"{day} is no day between {FIRST_DAY} and {LAST_DAY}.")
    return in_milliseconds(datetime.combine(day, time_of_day(), ZoneInfo(zone)))
