"""Frozen settings: the only reader of the environment.

A workspace is a folder (`PMO_HOME`, else ``./.pmo``) that holds the event store, the embedded ClickHouse's
folder and `workspace.json`, written by ``pmo init``. Every setting can be given as ``PMO_<NAME>``; the
environment wins over `workspace.json`, which wins over the default.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from services.addresses import PostgresAddress
from services.errors import BadInput, NotFound, Unavailable

WORKSPACE_FILE = "workspace.json"
_SHORTEST_TOKEN = 16


class Settings(BaseModel):
    """What a process needs to know of its surroundings; nothing in here changes while it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    workspace_id: str = Field(
        pattern=r"^[a-z0-9-]{1,64}$", description="Names this history; part of every event's source"
    )
    organisation: str = "Our organisation"
    simulated: bool = False
    time_zone: str = "UTC"
    currency: str = Field(default="EUR", description="Reporting currency, ISO 4217")
    secret: SecretStr = Field(min_length=16, description="Keys the HMAC that makes person ids; never printed")
    store: SecretStr = Field(
        default=SecretStr(""),
        description="postgresql://user:password@host:5432/database; empty: SQLite in the workspace",
    )
    fsync: bool = Field(default=False, description="SQLite waits for the disk at each commit: safe against power loss")
    kafka: str = Field(default="", description="host:port of brokers, comma separated; empty: a local one or none")
    topic_prefix: str = Field(default="pmo", pattern=r"^[a-z0-9][a-z0-9.-]{0,40}$")
    partitions: int = Field(default=4, ge=1, le=256, description="Partitions of each topic, fixed for ever at creation")
    replication: int = Field(default=1, ge=1, le=9)
    clickhouse: str = Field(default="", description="http://user:password@host:8123/database; empty: embedded chDB")
    endpoint_token: SecretStr = Field(
        default=SecretStr(""),
        description="With it other programs may query 'pmo up'; empty: only the pmo of this machine",
    )
    web_token: SecretStr = Field(
        default=SecretStr(""),
        description="With it the dashboard may be served at another address than this machine's own; it asks for it",
    )
    actor: str = "unknown"

    @field_validator("endpoint_token", "web_token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < _SHORTEST_TOKEN:
            raise ValueError(f"a token has at least {_SHORTEST_TOKEN} characters; 'openssl rand -hex 16' makes one")
        return token

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is not an IANA time zone such as Europe/London") from None
        return name

    @field_validator("currency")
    @classmethod
    def _three_letters(cls, code: str) -> str:
        if not re.fullmatch("[A-Z]{3}", code):
            raise ValueError(f"{code!r} is not three capital letters of ISO 4217, such as EUR or GBP")
        return code

    @field_validator("store")
    @classmethod
    def _a_store(cls, store: SecretStr) -> SecretStr:
        if store.get_secret_value():
            PostgresAddress.parse(store.get_secret_value())
        return store

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone, in which a day begins and ends."""
        return ZoneInfo(self.time_zone)

    @property
    def source(self) -> str:
        """The CloudEvents `source` of every event of this workspace."""
        return f"/pmo/{self.workspace_id}"

    @property
    def store_path(self) -> Path:
        """The SQLite event store's file."""
        return self.home / "events.sqlite"

    @property
    def postgres(self) -> PostgresAddress | None:
        """The event store's database on a server; None if it is the workspace's SQLite file."""
        return PostgresAddress.parse(self.store.get_secret_value()) if self.store.get_secret_value() else None

    @property
    def store_place(self) -> str:
        """Where the event store is, for people to read: without a password."""
        return self.postgres.place if self.postgres else str(self.store_path)

    @property
    def clickhouse_path(self) -> Path:
        """The embedded ClickHouse's folder."""
        return self.home / "clickhouse"

    @property
    def own_kpis(self) -> Path:
        """The folder of the workspace's own KPIs, beside those that are shipped; need not exist."""
        return self.home / "kpis"

    @property
    def own_controls(self) -> Path:
        """The folder of the workspace's own controls, beside those that are shipped; need not exist."""
        return self.home / "controls"

    @property
    def endpoint_file(self) -> Path:
        """Where ``pmo up`` says at which address it answers queries while it holds the folder."""
        return self.home / "up.json"

    @classmethod
    def load(cls, home: Path | None = None, **overrides: Any) -> Self:
        """Settings of the workspace in `home` (else `PMO_HOME`, else ``./.pmo``).

        Raises NotFound if there is no workspace, BadInput if a setting is malformed.
        """
        folder = (home or default_home()).absolute()
        file = folder / WORKSPACE_FILE
        try:
            stored = json.loads(file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"There is no workspace in {folder}; run 'pmo init', or set PMO_HOME to one.") from None
        except OSError as error:
            raise Unavailable(f"{file} cannot be read ({error.strerror}); correct the folder's rights.") from None
        except ValueError:
            stored = None
        if not isinstance(stored, dict):
            raise BadInput(f"{file} is not valid JSON; restore it from a backup or correct it by hand.")
        given = {f: os.environ[f"PMO_{f.upper()}"] for f in cls.model_fields if f"PMO_{f.upper()}" in os.environ}
        given.pop("home", None)
        if "actor" not in given and "actor" not in stored:
            given["actor"] = os.environ.get("USER") or os.environ.get("LOGNAME") or _login()
        return cls.of({**stored, **given, **overrides, "home": folder})

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Settings from plain values; BadInput names the first malformed one, without its value."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise BadInput(f"Setting {name!r} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None


def _login() -> str:
    """Who runs this process, as the system's list of users says."""
    import getpass

    try:
        return getpass.getuser() or "unknown"
    except (KeyError, OSError, ImportError):
        # a container may run under a number that nobody has
        return "unknown"


def default_home() -> Path:
    """The workspace's folder: `PMO_HOME`, else ``.pmo`` in the current folder."""
    return Path(os.environ.get("PMO_HOME") or ".pmo").expanduser()
