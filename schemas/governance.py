"""The PMO's own records: what was brought in from elsewhere."""

from typing import Annotated

from pydantic import Field

from schemas.event import Event
from schemas.fields import Digest, Text
from schemas.voiding import voided

Count = Annotated[int, Field(ge=0, examples=[12])]


class ImportCompleted(Event, type="pmo.import.completed.v1"):
    """One file was brought in. Rows = recorded + unchanged + rejected + ignored."""

    source_kind: Text
    file_name: Text
    file_digest: Digest
    mapping_digest: Digest
    rows: Count
    recorded: Count
    unchanged: Count
    rejected: Count
    ignored: Count
    events: Count = Field(description="Events that the recorded rows made; one row may make several")


ImportVoided = voided("import")

EVENTS: tuple[type[Event], ...] = (ImportCompleted, ImportVoided)
