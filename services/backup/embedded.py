"""Where backups end: at a store on a server, which has its own."""

from services.errors import BadInput
from services.settings import Settings


def check_embedded(settings: Settings) -> None:
    """Raises BadInput if the event store is not a file of the workspace."""
    if settings.postgres:
        raise BadInput(
            f"The event store is {settings.store_place}, which pg_dump backs up and pg_restore restores; 'pmo "
            "backup' and 'pmo restore' are for a store in the workspace itself."
        )
