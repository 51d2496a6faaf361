"""Days and instants as people write them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.fields import FIRST_DAY, LAST_DAY
from services.errors import BadInput

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {"today": 0, "yesterday": 1}


def day(text: str, option: str, zone: ZoneInfo) -> date:
    """``2026-06-30``, ``today`` or ``yesterday``, in the organisation's zone. Raises BadInput."""
    word = text.strip().lower()
    if word in _WORDS:
        return datetime.now(zone).date() - timedelta(days=_WORDS[word])
    if _DAY.fullmatch(word):
        try:
            return _in_range(date.fromisoformat(word), option)
        except ValueError:
            pass
    raise BadInput(f"{option}: {text!r} is not a day; write one like 2026-06-30, or today or yesterday.")


def instant(text: str, option: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date and time; without an offset it is in the organisation's zone. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or _DAY.fullmatch(text.strip()):
        raise BadInput(f"{option}: {text!r} is not an instant; write one like 2026-06-30T14:00:00+02:00.")
    _in_range(moment.date(), option)
    return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC)


def start_of(text: str, option: str, zone: ZoneInfo) -> datetime:
    """An instant, or the beginning of a day."""
    if _is_day(text):
        return _midnight(day(text, option, zone), zone)
    return instant(text, option, zone)


def end_of(text: str, option: str, zone: ZoneInfo) -> datetime:
    """An instant, or the last millisecond of a day."""
    if _is_day(text):
        return _midnight(day(text, option, zone) + timedelta(days=1), zone) - timedelta(milliseconds=1)
    return instant(text, option, zone)


def known(text: str, zone: ZoneInfo, option: str = "--known-at") -> datetime:
    """The instant of ``--known-at``, or the end of its day, which may be today. Raises BadInput for a later one."""
    if start_of(text, option, zone) > datetime.now(UTC):
        raise BadInput(
            f"{option}: {text} lies in the future, and nobody can say what will be known then; leave it out to ask "
            "with what is known now."
        )
    return end_of(text, option, zone)


def _is_day(text: str) -> bool:
    return text.strip().lower() in _WORDS or bool(_DAY.fullmatch(text.strip()))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), zone).astimezone(UTC)


def _in_range(on: date, option: str) -> date:
    if not FIRST_DAY <= on < LAST_DAY:
        raise BadInput(f"{option}: {on} does not lie between {FIRST_DAY} and {LAST_DAY}.")
    return on
