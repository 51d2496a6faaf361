"""Whose events a set of topics holds.

Two workspaces on the same topics would each take the other's events for its own: the relay would skip an id that it
finds there, the workers would share one group, and the figures would mix two histories.
"""

from collections.abc import Mapping

from services import bus
from services.errors import BadInput
from services.topics import directory_topic


def check_ours(bootstrap: str, prefix: str, ends: Mapping[tuple[str, int], int], source: str) -> None:
    """Raises BadInput if the first event on the topics, which end at `ends`, was recorded by another workspace."""
    names = directory_topic(prefix)
    first = next((at for at, end in ends.items() if end and at[0] != names), None)
    if first is None:
        return
    # None for what no workspace can have sent
    found = next((r.said("source") for batch in bus.read(bootstrap, [first[0]], until={first: 1}) for r in batch), None)
    if found not in (None, source):
        raise BadInput(
            f"The topics {prefix}.* at {bootstrap} hold the events of another workspace ({found}, not {source}); set "
            "PMO_TOPIC_PREFIX to a name of its own."
        )
