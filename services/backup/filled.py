"""The store that is to be filled: this workspace's, empty, and with no relay at work."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.commands.store import opened
from services.commands.store_whole import Filling
from services.errors import Rejected, Unavailable
from services.settings import Settings


@contextmanager
def empty_store(settings: Settings) -> Iterator[Filling]:
    """The settings' store within the transaction that fills it, as a whole or not at all.

    Raises Rejected if it holds something, Unavailable if a relay is at work, BadInput if it is another workspace's, and
    the library's PersistenceError if it fails.
    """
    with opened(settings) as store:
        if store.is_led():
            raise Unavailable("A relay is at work for this workspace; stop it or 'pmo up', then try again.")
        with store.filling() as filling:
            if not filling.is_empty():
                instead = (
                    "give a new database"
                    if settings.postgres
                    else "move the file away, or set PMO_HOME to another folder with this workspace's workspace.json"
                )
                raise Rejected(
                    f"{settings.store_place} holds events or names already, and only an empty store is filled: "
                    f"{instead}."
                )
            yield filling
