"""The erasable side: names and free text, which never enter the log, and the pseudonyms that stand for people.

The log holds a person's pseudonym (an HMAC of the source's key under the workspace's secret) and, for free text, a
note's id and a salted digest. Both can be read only as long as the directory holds what belongs to them.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache

from schemas.fields import Note

_PERSON = re.compile(r"[A-Z2-7]{20}")
PERSON_PREFIX = "person:"
MAX_NOTE = 16_384


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasable value: a field of a person (``person:ID``) or the text of a note (``note:ID``); None if erased."""

    subject: str
    field: str
    value: str | None
    salt: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is the text of a note, for which the note's id was made, and not that it was erased."""
        return bool(self.value) and self.subject.startswith("note:")


@lru_cache(maxsize=4096)
def pseudonym(secret: str, source_key: str) -> str:
    """The person id of a source's key (staff number, e-mail, login): 100 bits of HMAC-SHA-256 in base 32.

    A text of the form ``person:ID`` is taken as the id itself. Case and outer blanks of a key do not matter.
    """
    if source_key.startswith(PERSON_PREFIX):
        person = source_key.removeprefix(PERSON_PREFIX)
        if not _PERSON.fullmatch(person):
            raise ValueError(f"{source_key!r} is not a person id of 20 characters; give the person's own key instead")
        return person
    normal = source_key.strip().casefold()
    if not normal:
        raise ValueError("a person's key is empty")
    digest = hmac.digest(secret.encode(), b"person:" + normal.encode(), "sha256")
    return base64.b32encode(digest).decode()[:20]


def is_person(subject: str) -> bool:
    """Whether a subject of the directory is a person."""
    return subject.startswith(PERSON_PREFIX)


def content_digest(secret: str, content: bytes) -> str:
    """A keyed digest of what a command said, to tell a second try from another command under the same id."""
    return hmac.digest(secret.encode(), b"command:" + content, "sha256").hex()


def note_digest(salt: str, text: str) -> str:
    """The digest that stands in the log for a note."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def write_note(text: str) -> tuple[Note, Entry]:
    """A new note for `text`: what goes into the event, and what goes into the directory."""
    clean = text.strip()
    if not clean:
        raise ValueError("a reason or narrative is empty")
    if len(clean) > MAX_NOTE:
        raise ValueError(f"a text has {len(clean)} characters; at most {MAX_NOTE} are kept")
    random = secrets.token_hex(32)
    note_id, salt = random[:32], random[32:]
    return Note(id=note_id, digest=note_digest(salt, clean)), Entry(f"note:{note_id}", "text", clean, salt)
