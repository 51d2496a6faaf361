"""`voided`, which every kind has: it only withdraws the event that it supersedes."""

from schemas.event import VOIDED, Event
from schemas.fields import Note


class Voided(Event):
    """The event that this supersedes was recorded in error. Voiding a superseding event revives the earlier one."""

    reason: Note | None


def voided(kind: str) -> type[Voided]:
    """The `voided` event of `kind`."""
    name = "".join(word.capitalize() for word in kind.split("-")) + "Voided"

    class _Voided(Voided, type=f"pmo.{kind}.{VOIDED}.v1"):
        pass

    _Voided.__name__ = _Voided.__qualname__ = name
    _Voided.__doc__ = Voided.__doc__
    return _Voided
