"""People whose names the directory does not have, as they are shown to people."""

import re

from schemas.fields import PERSON_PATTERN

_NAMELESS = re.compile(rf"\b(?={PERSON_PATTERN}\b)([A-Z2-7]{{4}})[A-Z2-7]{{16}}")


def shortened(text: str) -> str:
    """The text with the first four characters of each pseudonym in its place."""
    return _NAMELESS.sub(r"\1…", text)
