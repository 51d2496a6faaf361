"""How far the read side is behind: waiting until one's own write is visible."""

import json
import time

from services.commands.store import Store
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Checkpoint, Projector

STORE = "store"
_POLL_S = (0.01, 0.1)

Landed = dict[tuple[str, int], Checkpoint]


def wait_visible(store: Store, clickhouse: ClickHouse, position: int, timeout: float) -> None:
    """Returns when everything up to notification id `position` can be queried; Unavailable after `timeout`."""
    projector = Projector(clickhouse)
    deadline = time.monotonic() + timeout
    pause = _POLL_S[0]
    while not is_visible(store, projector.landed(), position):
        if time.monotonic() >= deadline:
            raise Unavailable(
                f"What was recorded is not visible after {timeout:.0f} s; 'pmo doctor' says which part is behind."
            )
        time.sleep(pause)
        pause = min(pause * 1.3, _POLL_S[1])


def is_visible(store: Store, landed: Landed, position: int) -> bool:
    """Whether everything up to `position` has landed, by whichever transport."""
    if not position:
        return True
    direct = landed.get((STORE, 0))
    if direct is not None and direct.position >= position:
        return True
    ends = store.checkpoint_behind(position)
    return ends is not None and not missing(json.loads(ends), landed)


def missing(ends: dict[str, int], landed: Landed) -> int:
    """How many records before these end offsets have not landed."""
    total = 0
    for place, end in ends.items():
        topic, _, partition = place.rpartition("/")
        checkpoint = landed.get((topic, int(partition)))
        total += max(0, end - (checkpoint.next if checkpoint else 0))
    return total
