"""The only file that opens connections to Postgres by itself: what it says when one cannot be had, and with what."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from services.addresses import PostgresAddress
from services.errors import BadInput, Unavailable

# our own sentence says the same, once
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

_DEFAULTS = {"connect_timeout": "5", "application_name": "pmo"}
# as it starts up, shuts down or recovers
_NOT_YET = "the database system is"
# a role may have a schema of its own name, where other tables of these names would be found first; and each statement
# after the lock must see what was committed while it waited
_OPTIONS = r"-c search_path=public -c default_transaction_isolation=read\ committed"


def conninfo(address: PostgresAddress) -> str:
    """What a connection is opened with, as libpq writes it. Raises BadInput for an option that there is not."""
    given = {**_DEFAULTS, **address.parameters}
    try:
        return make_conninfo(**{**given, "options": f"{given.get('options', '')} {_OPTIONS}".strip()})
    except psycopg.ProgrammingError as error:
        raise BadInput(f"PMO_STORE is wrong: {first_line(error)}.") from None


def connected(address: PostgresAddress) -> psycopg.Connection[TupleRow]:
    """A connection that commits each statement. Raises Unavailable, with the server's reason, if there is none."""
    given = conninfo(address)
    try:
        return psycopg.connect(given, autocommit=True)
    except psycopg.ProgrammingError as error:
        raise BadInput(f"PMO_STORE is wrong: {first_line(error)}.") from None
    except psycopg.OperationalError as error:
        reason = first_line(error)
        _, refused, why = reason.rpartition("FATAL:")
        if _NOT_YET in why:
            raise Unavailable(f"Postgres at {address.place} is not ready ({why.strip()}); try again soon.") from None
        if refused:
            raise Unavailable(
                f"Postgres refuses {address.place}: {why.strip()}; correct PMO_STORE, or the rights there."
            ) from None
        why = reason.rpartition("failed: ")[2]
        raise Unavailable(f"No Postgres answers at {address.place} ({why}); start it, or correct PMO_STORE.") from None


@contextmanager
def kept(address: PostgresAddress) -> Iterator[None]:
    """Raises Unavailable if the server ends a connection in the block."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable(
            f"Postgres at {address.place} ended the connection ({first_line(error)}); try again when it is back."
        ) from None


def keys(address: PostgresAddress, kind: str) -> list[str]:
    """The keys of all streams of a kind, without loading anything else; none if there is no store."""
    query = "SELECT originator_id FROM stored_events WHERE originator_version = 1 AND originator_id LIKE %s ORDER BY 1"
    with closing(connected(address)) as connection:
        try:
            rows = connection.execute(query, (f"{kind}:%",)).fetchall()
        except psycopg.ProgrammingError:
            return []
    return [str(stream).partition(":")[2] for (stream,) in rows]


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
