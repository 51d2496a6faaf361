"""Takes the pictures of the dashboard for the documentation: ``python -m tests.screenshots``.

The simulated company is loaded into a folder of its own, or is the one in ``PMO_HOME``, which ``pmo demo --no-serve``
made; the pictures are written to ``docs/images``.
"""

import contextlib
import os
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path

from services.commands.app import Governance
from services.demo.company import load
from services.demo.living import Living
from services.demo.run import fresh_workspace
from services.settings import Settings
from services.up import Web, running
from tests.integration.dashboard import chromium, settle

FOLDER = Path(__file__).parents[1] / "docs" / "images"
PICTURES = {
    "overview": ("/", "light"),
    "overview-dark": ("/?versus=12", "dark"),
    "attention": ("/attention", "light"),
    "portfolio": ("/portfolio", "light"),
    "capacity": ("/capacity", "light"),
    "projects": ("/projects", "light"),
    "project": ("/project/DIG-16", "dark"),
    "changes": ("/changes", "light"),
    "pipeline": ("/pipeline?budget=500000&budget_then=-30%25", "light"),
    "compliance": ("/compliance", "light"),
    "control": ("/control/4", "light"),
    "bottlenecks": ("/bottlenecks", "dark"),
    "standards": ("/standards", "light"),
    "steering": ("/steering", "light"),
    "kpi": ("/kpi/on-time", "light"),
    "then": ("/?as_of=2026-03-31&known_at=2026-04-05", "light"),
    "phone": ("/", "light"),
}
_WIDE, _PHONE = {"width": 1360, "height": 850}, {"width": 390, "height": 780}


def main() -> None:
    """Takes all pictures, or those of the names given."""
    wanted = sys.argv[1:] or list(PICTURES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load() if "PMO_HOME" in os.environ else _loaded(Path(folder) / "demo")
        stop = threading.Event()
        with running(settings, embedded=True, say=print, stop=stop, web=Web(port=0)) as now, chromium() as browser:
            now.wait_visible(now.app.store.max_notification_id() or 0, 300)
            living = Living(now.app, now.clickhouse, 7)
            for _ in range(30):
                living.record()
            for name in wanted:
                path, theme = PICTURES[name]
                size = _PHONE if name == "phone" else _WIDE
                context = browser.new_context(
                    viewport=size, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
                )  # type: ignore[arg-type]
                page = context.new_page()
                page.goto(now.dashboard + path)
                settle(page, 300)
                # the trends of tiles come after their figures
                for _ in range(240):
                    if not page.evaluate("document.querySelectorAll('.tile .spark.none').length > 3"):
                        break
                    page.wait_for_timeout(500)
                page.wait_for_timeout(1200)
                page.screenshot(path=FOLDER / f"{name}.png")
                context.close()
                print(name)


def _loaded(home: Path) -> Settings:
    settings = fresh_workspace(home)
    with contextlib.closing(Governance(settings)) as app:
        load(app, settings, until=datetime.now(settings.zone).date(), progress=lambda done, of: None)
    return settings


if __name__ == "__main__":
    main()
