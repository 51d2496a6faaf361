"""``pmo demo``: a workspace of its own for the simulated company, over a real broker where one can run."""

import json
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.demo import tour
from services.demo.company import DemoSummary, load
from services.demo.living import Living
from services.demo.present import Overview, overview
from services.demo.world import CURRENCY, ORGANISATION, TIME_ZONE
from services.errors import Rejected, Unavailable
from services.runtime import Progress, endpoint_url, open_app
from services.settings import WORKSPACE_FILE, Settings
from services.up import DASHBOARD_SAYS, ENDPOINT_SAYS, LOOPBACK, Running, Web, running, stoppable

Say = Callable[[str], None]
DEFAULT_HOME = ".pmo-demo"
_POLL_S, _LOOK_S = 0.1, 0.3
_PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo leaves: the workspace, what was loaded, what it shows, and in one line each what ran."""

    settings: Settings
    summary: DemoSummary
    overview: Overview
    ran: tuple[str, ...]


def demo(
    settings_home: Path | None,
    *,
    embedded: bool,
    serve: bool,
    seed: int,
    say: Say,
    progress: Progress,
    show: Callable[[Demo], None],
    until: date | None = None,
    web_port: int = Web().port,
) -> None:
    """Loads the company into a new workspace, lands it, and hands to `show` what is to be seen of it.

    With `serve` everything then runs on until Ctrl-C, with a live dashboard, and the company goes on living.

    Raises Rejected where `settings_home` (else `PMO_HOME`, else ``./.pmo-demo``) holds anything but an earlier demo.
    """
    home = settings_home or Path(os.environ.get("PMO_HOME") or DEFAULT_HOME).expanduser()
    earlier = (home / WORKSPACE_FILE).exists()
    settings = fresh_workspace(home)
    say(f"{ORGANISATION}, in {settings.home}{', in place of the earlier demo there' if earlier else ''}.")
    with open_app(settings) as app:
        day = until or datetime.now(settings.zone).date()
        summary = load(app, settings, seed=seed, until=day, progress=progress)
    say(
        f"{summary.events:,} events recorded of {summary.units} units, {summary.projects} projects and "
        f"{summary.people} people, {summary.first_day} to {summary.last_day}."
    )
    ran: list[str] = []

    def say_what_runs(line: str) -> None:
        if line.startswith(DASHBOARD_SAYS) or (line.startswith(ENDPOINT_SAYS) and not serve):
            # said at the end, where it is not overlooked; or it ends with this process, before anybody could ask it
            return
        ran.append(line)
        say(line)

    web = Web(port=_free(web_port)) if serve else None
    with stoppable() as stop, running(settings, embedded=embedded, say=say_what_runs, stop=stop, web=web) as now:
        _land(now, summary.events, progress)
        transport = "the Faust worker" if now.bootstrap else "the embedded projector"
        say_what_runs(f"{summary.events:,} events landed by {transport}.")
        show(Demo(settings, summary, overview(now.clickhouse, settings, summary.last_day), tuple(ran)))
        say("\n" + "\n".join(tour.lines()))
        if serve:
            say(f"\nThe company goes on living; see it move, until Ctrl-C:\n  {now.dashboard}")
            with _living(now, seed, stop):
                while not stop.wait(_POLL_S):
                    now.check()


@contextmanager
def _living(now: Running, seed: int, stop: threading.Event) -> Iterator[None]:
    """Meanwhile something is recorded every few seconds."""
    with now.clickhouse.session() as session:
        living = Living(now.app, session, seed)
        thread = threading.Thread(target=living.run, args=(stop,), name="living", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _free(port: int) -> int:
    """The port, or 0 for any where somebody else has it: a demo is not to fail of that."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return 0
    return port


def _land(now: Running, events: int, progress: Progress) -> None:
    """Waits until all is visible, and shows how many rows have landed."""
    deadline = time.monotonic() + _PATIENCE_S
    landed = 0
    while landed < events and time.monotonic() < deadline:
        now.check()
        # seldom and cheaply: each look takes time from those who land
        landed = min(events, int(now.clickhouse.scalar("SELECT count() FROM events")))
        progress(landed, events)
        time.sleep(_LOOK_S)
    now.wait_visible(now.app.store.max_notification_id() or 0, max(0.0, deadline - time.monotonic()))


def fresh_workspace(home: Path) -> Settings:
    """A new simulated workspace in `home`; an earlier demo there is replaced, anything else refused."""
    home = home.absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        _check_is_demo(home)
        shutil.rmtree(home)
    stored = {
        "workspace_id": f"demo-{secrets.token_hex(4)}",
        "organisation": ORGANISATION,
        "simulated": True,
        "time_zone": TIME_ZONE,
        "currency": CURRENCY,
        "secret": secrets.token_hex(32),
    }
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(home / WORKSPACE_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(stored, indent=2) + "\n")
    return Settings.load(home)


def _check_is_demo(home: Path) -> None:
    try:
        stored = json.loads((home / WORKSPACE_FILE).read_text())
        is_demo = stored["simulated"] is True and stored["organisation"] == ORGANISATION
    except (OSError, ValueError, KeyError, TypeError):
        is_demo = False
    if not is_demo:
        raise Rejected(f"{home} holds something else than a demo; set PMO_HOME to a new folder for it.")
    if endpoint_url(Settings.load(home)):
        raise Unavailable(f"A demo is running in {home}; stop it first, or set PMO_HOME to another folder.")
