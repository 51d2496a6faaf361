"""Signed checkpoints of the log: how many events there were, and the Merkle root over them.

The text is a checkpoint in a signed note as C2SP tlog-checkpoint and signed-note define them, so that others have
tools for it: the log's name, its size, the root in base64, an empty line, a line with the signature (Ed25519).

What it proves: that the log has not been changed behind it since, to whoever kept the text, or the key, where the
owner of the workspace could not reach it. It does not prove that what was recorded is true, nor when, and nothing to
somebody who got it from the very person who could have changed both.
"""

import base64
import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.errors import BadInput, Unavailable

_ED25519 = b"\x01"
_NAME = re.compile(r"^[^\s+]+$")
_MAX_BYTES = 100_000


class OtherKey(BadInput):
    """A checkpoint of the log, signed by another key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log's first `size` events, in the order of recording, hash to `root`; `text` is the note as it was signed."""

    log: str
    size: int
    root: bytes
    text: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a checkpoint's signature is checked with; as text ``name+hash+base64``, as C2SP signed-note has it."""

    name: str
    key: bytes

    @property
    def hash(self) -> bytes:
        """The first four bytes that a signature names its key by."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """The key of that text. Raises BadInput if it is none."""
        with contextlib.suppress(ValueError):
            name, short, encoded = text.strip().split("+", 2)
            content = base64.b64decode(encoded, validate=True)
            found = cls(name, content[1:])
            if _NAME.match(name) and content[:1] == _ED25519 and len(content) == 33 and found.hash.hex() == short:
                return found
        raise BadInput("That is no public key of a log; 'pmo checkpoint --key' prints ours, as name+hash+base64.")


class Signer:
    """Signs for one log with the key in `file`, which is made at first and never printed."""

    def __init__(self, file: Path, log: str) -> None:
        self._log = log
        self._key = _loaded(file)

    @property
    def public(self) -> PublicKey:
        """The key for others to check with."""
        return PublicKey(self._log, self._key.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes) -> Checkpoint:
        """The checkpoint of the log's first `size` events."""
        body = f"{self._log}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(self.public.hash + self._key.sign(body.encode())).decode()
        return Checkpoint(self._log, size, root, f"{body}\n\u2014 {self._log} {signature}\n")


def opened(text: str, key: PublicKey, whence: str) -> Checkpoint:
    """The checkpoint in a signed note. Raises BadInput, naming `whence`, if it is none or not signed by `key`."""
    body, _, signatures = text.partition("\n\n")
    lines = body.split("\n")
    try:
        log, size, root = lines[0], int(lines[1]), _decoded(lines[2])
        if str(size) != lines[1] or len(root) != 32:
            raise ValueError
        signed = [_signature(line) for line in signatures.removesuffix("\n").split("\n")]
        if not signatures.endswith("\n"):
            raise ValueError
    except (ValueError, IndexError):
        raise BadInput(f"{whence} is no checkpoint of a log, or was changed.") from None
    if log != key.name:
        raise BadInput(f"{whence} is a checkpoint of {log}, not of {key.name}.")
    ours = [signature for name, signature in signed if name == key.name]
    if ours and all(signature[:4] != key.hash for signature in ours):
        raise OtherKey(f"{whence} is signed by another key of {log} than this; give the right one by --key.")
    if not any(_holds(signature, body + "\n", key) for signature in ours):
        raise BadInput(f"{whence} is not signed by the key of {key.name}, or was changed.")
    return Checkpoint(log, size, root, text)


def read(file: Path) -> str:
    """The text of a checkpoint's file. Raises BadInput if it cannot be one."""
    try:
        content = file.read_bytes()
        if len(content) > _MAX_BYTES:
            raise ValueError
        return content.decode()
    except ValueError:
        raise BadInput(f"{file} is no checkpoint of a log, or was changed.") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def _signature(line: str) -> tuple[str, bytes]:
    """Who signed, and the key's hash with the signature. Raises ValueError if the line says none."""
    mark, name, encoded = line.split(" ")
    content = _decoded(encoded)
    if mark != "\u2014" or not _NAME.match(name) or len(content) <= 4:
        raise ValueError
    return name, content


def _decoded(encoded: str) -> bytes:
    content = base64.b64decode(encoded, validate=True)
    # the last letter has bits that say nothing: one of several spellings is the right one
    if base64.b64encode(content).decode() != encoded:
        raise ValueError
    return content


def _holds(signature: bytes, body: str, key: PublicKey) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signature[4:], body.encode())
    except InvalidSignature:
        return False
    return signature[:4] == key.hash


def _loaded(file: Path) -> Ed25519PrivateKey:
    try:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            _make(file)
            content = file.read_bytes()
        key = serialization.load_pem_private_key(content, None)
    except OSError as error:
        raise Unavailable(f"{file}, which signs checkpoints, cannot be used: {error.strerror}.") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable(f"{file} is not the key that signs checkpoints; restore it from a backup.")
    return key


def _make(file: Path) -> None:
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # linked into place, so that of two processes one makes it, and nobody ever reads half of it
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
