"""Making a workspace, and the shell's completion of `pmo`."""

import json
import os
import re
import secrets
from pathlib import Path

import click

from services.cli.groups import nearest
from services.errors import BadInput, Rejected, Unavailable, did_you_mean
from services.settings import WORKSPACE_FILE, Settings, default_home

SHELLS = ("bash", "zsh", "fish")
_LOCAL_TIME = Path("/etc/localtime")
_EXAMPLE = """\b
Example:
  pmo init --organisation "Harbour Authority" --time-zone Europe/London --currency GBP"""


def system_time_zone() -> str:
    """The machine's IANA time zone, UTC if it does not tell."""
    _, found, name = str(_LOCAL_TIME.resolve()).partition("zoneinfo/")
    return re.sub(r"^(posix|right|Etc)/", "", name) if found else "UTC"


@click.command(epilog=_EXAMPLE)
@click.option("--organisation", default="Our organisation", show_default=True, help="Its name, for titles.")
@click.option("--time-zone", metavar="ZONE", help="Where its days begin and end; by default this machine's.")
@click.option("--currency", default="EUR", show_default=True, metavar="CODE", help="Its reporting currency, ISO 4217.")
@click.option("--store", default="", metavar="URL", help="A Postgres database for the events; by default SQLite.")
@click.option("--kafka", default="", metavar="HOST:PORT", help="Kafka's brokers; by default a local one, or none.")
@click.option("--clickhouse", default="", metavar="URL", help="A ClickHouse server; by default embedded.")
@click.option(
    "--partitions",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="Partitions of each topic, fixed for ever.",
)
@click.option("--simulated", is_flag=True, hidden=True, help="Recording times may be given: not for a real history.")
def init(
    organisation: str,
    time_zone: str | None,
    currency: str,
    store: str,
    kafka: str,
    clickhouse: str,
    partitions: int,
    simulated: bool,
) -> None:
    """Make a workspace in PMO_HOME, by default .pmo in the current folder."""
    if not organisation.strip():
        raise BadInput("--organisation is empty; give the name that stands in titles, or leave the option out.")
    home = default_home().absolute()
    stored = {
        "workspace_id": secrets.token_hex(8),
        "organisation": organisation.strip(),
        "simulated": simulated,
        "time_zone": _known(time_zone) if time_zone else system_time_zone(),
        "currency": currency.upper(),
        "store": store,
        "kafka": kafka,
        "clickhouse": clickhouse,
        "partitions": partitions,
        "secret": secrets.token_hex(32),
    }
    settings = Settings.of({**stored, "home": home})
    make(home, stored)
    simulated_too = ", simulated" if simulated else ""
    click.echo(
        f"Made a workspace for {organisation!r} in {home} ({settings.time_zone}, {settings.currency}{simulated_too}).\n"
        f"Keep a copy of {home / WORKSPACE_FILE}: without its secret, people cannot be recognised again.\n\n"
        "Next:\n"
        '  pmo unit register OPS --name "Operations"\n'
        '  pmo project propose CRANE-7 --name "Crane renewal" --unit OPS\n'
        "  pmo doctor"
    )


def make(home: Path, stored: dict[str, object]) -> None:
    """Writes the workspace's folder and file, for their owner alone. Refuses a folder that is in use."""
    file = home / WORKSPACE_FILE
    if file.exists():
        raise Rejected(f"There is a workspace in {home} already; set PMO_HOME to another folder.")
    if home.is_dir() and any(home.iterdir()):
        raise Rejected(f"{home} holds other things; set PMO_HOME to an empty or new folder.")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(json.dumps(stored, indent=2) + "\n")
    except FileExistsError:
        raise Rejected(f"{home} is in use by something else; set PMO_HOME to another folder.") from None
    except OSError as error:
        raise Unavailable(f"{home} cannot be written ({error.strerror}); set PMO_HOME to another folder.") from None


def _known(zone: str) -> str:
    from zoneinfo import available_timezones

    known = {name.casefold(): name for name in available_timezones()}
    if zone.casefold() not in known:
        near = nearest(zone, sorted(known.values()))
        hint = did_you_mean(near, "write one like Europe/London.")
        raise BadInput(f"--time-zone: {zone!r} is no IANA time zone; {hint}")
    return known[zone.casefold()]


@click.command(
    epilog="""\b
Example:
  pmo completion bash > ~/.local/share/bash-completion/completions/pmo
  pmo completion zsh > ~/.zfunc/_pmo
  pmo completion fish > ~/.config/fish/completions/pmo.fish"""
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def completion(shell: str) -> None:
    """Print the script that completes commands and options in a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise BadInput(f"There is no completion for {shell}; choose one of {', '.join(SHELLS)}.")
    click.echo(found(click.get_current_context().find_root().command, {}, "pmo", "_PMO_COMPLETE").source())
