"""Where servers are, split from the one text that a setting holds, and how it may be shown.

Split here and not by the drivers: libpq ends the password at its first @, and then shows the rest as a host's name.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

_DATABASE = re.compile(r"[^/@?#\s]+")
_LOOKS_LIKE = (
    "it must look like postgresql://user:password@host:5432/database, a / ? # or % of the password written as %2F %3F "
    "%23 %25"
)


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A Postgres database: `place` for people to read, `parameters` as libpq names them."""

    place: str
    parameters: dict[str, str] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> "PostgresAddress":
        """Splits the address. Raises ValueError, which does not show it."""
        try:
            parts = urlsplit(url)
            port = str(parts.port or "")
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise ValueError(_LOOKS_LIKE) from None
        database = unquote(parts.path.removeprefix("/"))
        host = parts.hostname or options.get("host", "")
        if parts.scheme not in ("postgresql", "postgres") or not host or not _DATABASE.fullmatch(database):
            raise ValueError(_LOOKS_LIKE)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        given = {"host": host, "port": port, "user": user, "password": password, "dbname": database}
        who = f"{user}{':***' if password or 'password' in options else ''}@" if user else ""
        place = f"postgresql://{who}{host}{f':{port}' if port else ''}/{database}"
        return cls(place, {**options, **{name: value for name, value in given.items() if value}})
