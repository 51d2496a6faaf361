"""The root command, and the one place where an error becomes a sentence and an exit code."""

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from services.cli.groups import LazyGroup, Section, Subcommand
from services.errors import PmoError

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130
LOG = "pmo-errors.log"

_GENERATED = "services.cli.generate:group"
_LISTED = "services.cli.listings:group"

SECTIONS: tuple[Section, ...] = (
    Section(
        "Record what happened",
        (
            Subcommand("project", "Proposals, baselines, gates, progress, completion.", _LISTED),
            Subcommand("workload", "Who is planned to work on what.", _GENERATED),
            Subcommand("demand", "Whom projects still look for.", _GENERATED),
            Subcommand("work", "Items of work inside projects.", _GENERATED),
            Subcommand("timesheet", "Hours that people worked.", _GENERATED),
            Subcommand("standard", "Standards that units are to follow.", _GENERATED),
            Subcommand("adoption", "How units adopt a standard.", _GENERATED),
            Subcommand("course", "Courses, and who has to take them.", _GENERATED),
            Subcommand("training", "Who took which course.", _GENERATED),
            Subcommand("path", "Career paths of roles.", _GENERATED),
            Subcommand("unit", "Business units and their maturity.", _LISTED),
            Subcommand("person", "People: joining, moving, absence, leaving, erasure.", "services.cli.erase:person"),
            Subcommand("note", "Erase the text of a reason, narrative or comment.", "services.cli.erase:note"),
            Subcommand("goal", "Strategic goals.", _GENERATED),
            Subcommand("survey", "What stakeholders say.", _GENERATED),
            Subcommand("finding", "What audits found, and what becomes of it.", "services.cli.findings:group"),
            Subcommand("rate", "Exchange rates.", _GENERATED),
            Subcommand("setting", "Targets, gate routes, scoring models and the like.", _LISTED),
            Subcommand("access", "Who may act in which role (recorded, not enforced).", _GENERATED),
            Subcommand("void", "Withdraw an event that was recorded in error.", "services.cli.history:void"),
            Subcommand("apply", "Record many commands from a JSON Lines file.", "services.cli.apply:apply"),
            Subcommand("import", "Bring in history from other tools.", "services.cli.imports:group"),
        ),
    ),
    Section(
        "Ask",
        (
            Subcommand("kpi", "Figures by unit, project or portfolio, as of any day.", "services.cli.asking:kpi"),
            Subcommand(
                "capacity", "Who is free, who is booked, who is missing, by week.", "services.cli.capacity:capacity"
            ),
            Subcommand("explain", "A figure down to the events behind it.", "services.cli.explain:explain"),
            Subcommand("audit", "Whether units follow the process, and what was found.", "services.cli.auditing:audit"),
            Subcommand(
                "benchmark", "KPIs by unit, by period, beside published figures.", "services.cli.benchmark:benchmark"
            ),
            Subcommand("history", "Every event of one stream.", "services.cli.history:history"),
            Subcommand("portfolio", "All projects, and which proposals fit.", "services.cli.portfolio:portfolio"),
            Subcommand("report", "The steering pack as one file, reproducible.", "services.cli.report:report"),
            Subcommand(
                "connect", "How Power BI, Grafana and the like read the figures.", "services.cli.connect:connect"
            ),
            Subcommand("replay", "History once more, under these or other rules.", "services.cli.replay:replay"),
        ),
    ),
    Section(
        "Run",
        (
            Subcommand("up", "Run everything on this machine.", "services.cli.run:up"),
            Subcommand("web", "Serve the dashboard alone.", "services.cli.run:web"),
            Subcommand("relay", "Send recorded events to Kafka.", "services.cli.run:relay"),
            Subcommand("worker", "Land Kafka's events in ClickHouse.", "services.cli.run:worker"),
            Subcommand("dead-letters", "What could not be landed, and another try.", "services.cli.dead_letters:group"),
            Subcommand("rebuild", "Fill every table anew from the events.", "services.cli.run:rebuild"),
        ),
    ),
    Section(
        "Workspace",
        (
            Subcommand("init", "Make a workspace.", "services.cli.workspace:init"),
            Subcommand("demo", "Load and show a simulated company.", "services.cli.show:demo"),
            Subcommand("bench", "Measure this machine.", "services.cli.show:bench"),
            Subcommand("doctor", "Check the workspace and what it needs.", "services.cli.doctor:doctor"),
            Subcommand("verify", "Prove that nothing was lost, doubled or changed.", "services.cli.verify:verify"),
            Subcommand("checkpoint", "Sign what the log is, for others to keep.", "services.cli.verify:sign"),
            Subcommand("backup", "Copy the workspace, also while it runs.", "services.cli.backup:backup"),
            Subcommand("restore", "Make a workspace again, or its events from Kafka.", "services.cli.backup:restore"),
            Subcommand("completion", "Print the completion script of a shell.", "services.cli.workspace:completion"),
        ),
    ),
)

EPILOG = """\b
Exit codes:
  0  done                        5  not found
  1  a defect of pmo             6  conflict with another writer
  2  bad input                   7  something needed is unavailable
  3  partly rejected           130  interrupted
  4  refused by a rule

The workspace is the folder PMO_HOME, by default .pmo in the current folder.
Set NO_COLOR to have no colours."""


class Root(LazyGroup):
    """`pmo` itself: runs a subcommand and ends with the documented exit code, never with a traceback."""

    sections = SECTIONS

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the program and exits."""
        kwargs["standalone_mode"] = False
        sys.exit(exit_code(lambda: super(Root, self).main(*args, **kwargs)))


def exit_code(run: Callable[[], Any]) -> int:
    """Runs the program; tells what went wrong in one sentence, and answers the exit code."""
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except PmoError as error:
        complain(str(error))
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except SystemExit as ended:
        # click ends by itself when the reader of a help page is gone
        if isinstance(ended.__context__, BrokenPipeError):
            _forget_stdout()
            return 0
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: nobody is to see a traceback
        file = _log(error)
        problem = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        complain(f"Something went wrong inside pmo: {problem}. Details are in {file}; please report it.")
        return 1


def complain(sentence: str) -> None:
    """Prints an error, on a terminal with a red beginning."""
    colour = {"fg": "red"} if not os.environ.get("NO_COLOR") else {}
    click.echo(f"{click.style('Error:', **colour)} {sentence}", err=True)  # type: ignore[arg-type]


def _log(error: Exception) -> "Path":
    import tempfile
    import traceback
    from datetime import UTC, datetime
    from pathlib import Path

    from services.settings import default_home

    entry = f"--- {datetime.now(UTC).isoformat(timespec='seconds')}\n{''.join(traceback.format_exception(error))}"
    try:
        return _append(default_home().absolute() / LOG, entry)
    except OSError:
        # no workspace, or one that cannot be written
        return _append(Path(tempfile.mkdtemp(prefix="pmo-")) / LOG, entry)


def _append(file: "Path", entry: str) -> "Path":
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as log:
        log.write(entry)
    return file


def _forget_stdout() -> None:
    # the interpreter flushes once more at its end, and must find somebody who reads
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group("pmo", cls=Root, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pmo", prog_name="pmo")
def root() -> None:
    """The record of a project management office: what happened, how we are doing, and whether we follow our process.

    Nothing is ever overwritten, so every figure can be asked as of any day.
    """


def main() -> None:
    """The entry point of the program."""
    # the store, its log and the tables hold what only their owner is to read
    os.umask(0o077)
    # short runs import much and drop little: the collector would only look at modules again and again
    gc.set_threshold(50_000)
    root(prog_name="pmo")
