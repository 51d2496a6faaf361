"""Runs one part of the path in a process that a test can kill: ``python -m tests.integration.part``."""

import sys
from pathlib import Path

from services.settings import Settings
from services.up import Web, run_relay, run_web, run_worker, up


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    part, home, *options = sys.argv[1:]
    port = int(options[1]) if options[:1] == ["--metrics-port"] else None
    settings = Settings.load(Path(home))
    match part:
        case "relay":
            run_relay(settings, once=False, say=_say, metrics_port=port)
        case "worker":
            run_worker(settings, say=_say, metrics_port=port)
        case "up":
            up(settings, embedded=False, say=_say, metrics_port=port)
        case "up-embedded":
            up(settings, embedded=True, say=_say, metrics_port=port)
        case "up-web":
            up(settings, embedded=False, say=_say, web=Web(port=0))
        case "web":
            run_web(settings, Web(port=0), say=_say)
