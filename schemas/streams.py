"""Stream ids: ``kind:KEY`` with up to four keys joined by ``/``; a stream is one consistency boundary.

Keys are ``[A-Z0-9._-]{1,64}``, upper-cased on the way in. A source's key that does not fit becomes a slug with a
short hash, so that two different keys never meet in one stream.
"""

import hashlib
import re
import unicodedata

KEY_PATTERN = r"[A-Z0-9._-]{1,64}"
KIND_PATTERN = r"[a-z]+(?:-[a-z]+)*"
STREAM_PATTERN = rf"^{KIND_PATTERN}:{KEY_PATTERN}(?:/{KEY_PATTERN}){{0,3}}$"

_KEY = re.compile(KEY_PATTERN)
_STREAM = re.compile(STREAM_PATTERN)
_SLUG_LENGTH = 51


def key(text: str) -> str:
    """`text` upper-cased as one key. Raises ValueError if it does not fit the grammar."""
    upper = text.strip().upper()
    if not _KEY.fullmatch(upper):
        raise ValueError(f"{text!r} is not a key: use 1 to 64 letters, digits, '.', '_' or '-'")
    return upper


def slug_key(text: str) -> str:
    """A key for any text: itself if it fits, else a readable slug and 8 hex digits of the text's SHA-256."""
    upper = text.strip().upper()
    if _KEY.fullmatch(upper):
        return upper
    ascii_text = unicodedata.normalize("NFKD", upper).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Z0-9]+", "-", ascii_text).strip("-")[:_SLUG_LENGTH].strip("-")
    digest = hashlib.sha256(upper.encode()).hexdigest()[:8].upper()
    return f"{slug}-{digest}" if slug else digest


def stream_id(kind: str, *keys: str) -> str:
    """The id of the stream of `kind` with these keys, upper-cased. Raises ValueError if one does not fit."""
    return checked(f"{kind}:{'/'.join(key(part) for part in keys)}")


def checked(stream: str) -> str:
    """`stream` itself. Raises ValueError if it is not a stream id."""
    if not _STREAM.fullmatch(stream):
        raise ValueError(f"{stream!r} is not a stream id such as project:ALPHA or adoption:ISO-21502/FINANCE")
    return stream


def kind_of(stream: str) -> str:
    """The part before the colon: ``project`` of ``project:ALPHA``."""
    return stream.partition(":")[0]


def keys_of(stream: str) -> tuple[str, ...]:
    """The keys behind the colon: ``("ISO-21502", "FINANCE")`` of ``adoption:ISO-21502/FINANCE``."""
    return tuple(stream.partition(":")[2].split("/"))


def as_key(stream: str) -> str:
    """`stream` written inside another stream's key: ``:`` and ``/`` become ``.``; too long, it is a slug."""
    return slug_key(stream.replace(":", ".").replace("/", "."))
