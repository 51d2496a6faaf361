"""The workspace's file of settings on its way: into a backup without passwords, out of it with another store."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.backup.manifest import owned
from services.errors import BadInput
from services.settings import WORKSPACE_FILE


def without_passwords(folder: Path) -> None:
    """Takes the passwords of servers out of a copy of the file, and which Postgres it was: a backup is of any store."""
    stored = _read(folder)
    kept = {name: value for name, value in stored.items() if not (name == "store" and value)}
    if "clickhouse" in kept:
        kept["clickhouse"] = _without_password(str(kept["clickhouse"]))
    # byte for byte as it was, if there is nothing to take out
    if kept != stored:
        _write(folder, kept)


def with_store(folder: Path, store: str) -> None:
    """Names the Postgres database that holds the events from now on."""
    _write(folder, {**_read(folder), "store": store})


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who.partition(':')[0]}{at}{where}").geturl()


def _read(folder: Path) -> dict[str, Any]:
    try:
        stored = json.loads((folder / WORKSPACE_FILE).read_bytes())
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise BadInput(f"{WORKSPACE_FILE} is not valid JSON; use another backup.")
    return stored


def _write(folder: Path, stored: dict[str, Any]) -> None:
    with owned(folder / WORKSPACE_FILE) as out:
        out.write(json.dumps(stored, indent=2).encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())
