"""The program around the commands: help, examples, completion, exit codes, speed of starting."""

import fcntl
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from services.cli.generate import RecordCommand
from services.cli.main import exit_code, root
from services.cli.names import control_names, kpi_names
from services.commands.catalogue import COMMANDS
from services.commands.intake import Intake
from services.projections.checking import load_controls
from services.projections.clickhouse import lock_file
from services.projections.kpi import load_kpis
from services.settings import Settings
from tests.e2e.cli import PROGRAM, Pmo, run


def commands(group: click.Group = root, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group, info_name="pmo")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = list(commands())
EVERY = [(path, command) for path, command in ALL if not isinstance(command, click.Group)]
GROUPS = [(path, command) for path, command in ALL if isinstance(command, click.Group)]
DEFAULTS = {("kpi", "show"), ("audit", "show"), ("report", "issue")}


def ids(pair: object) -> str:
    return " ".join(pair) if isinstance(pair, tuple) else ""


def test_every_command_of_the_catalogue_is_there() -> None:
    assert {command.path for command in COMMANDS} <= {" ".join(path) for path, _ in EVERY}


@pytest.mark.parametrize(("path", "command"), EVERY, ids=ids)
def test_every_command_has_help_and_an_example_that_parses(
    path: tuple[str, ...], command: click.Command, pmo: Pmo, tmp_path: Path
) -> None:
    shown = pmo.ok(*path, "--help")
    assert command.help and command.help.splitlines()[0] in shown.replace("\n  ", " ")
    # the default subcommand of a group may be left out
    said = path[:-1] if path in DEFAULTS else path
    example_of = re.compile(rf" +(?:PMO_\w+=\S+ )*pmo ({' '.join(said)}\b.*)")
    examples = [found[1] for line in shown.splitlines() if (found := example_of.fullmatch(line))]
    assert examples, "no example"
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name
    for example in examples:
        args = shlex.split(example.partition(" > ")[0])[len(said) :]
        context = command.make_context(path[-1], args)
        if isinstance(command, RecordCommand):
            check_fields(command, context.params, pmo, tmp_path)


@pytest.mark.parametrize(("path", "group"), GROUPS, ids=ids)
def test_every_group_has_words_and_an_example_of_one_of_its_commands(path: tuple[str, ...], group: click.Group) -> None:
    shown = CliRunner().invoke(root, [*path, "--help"]).stdout
    assert group.help and group.help.splitlines()[0] in shown.replace("\n  ", " ")
    assert re.search(rf"\n *Examples?:\n +pmo {' '.join(path)}\b", shown), shown


def check_fields(command: RecordCommand, params: dict[str, object], pmo: Pmo, folder: Path) -> None:
    settings = Settings.load(pmo.home)
    fields = command.fields(dict(params), settings)
    for name in ("evidence", "certificate", "security_review"):
        if isinstance(named := fields.get(name), list):
            files = [file for file in named if "://" not in file]
            for file in files:
                (folder / file).touch()
            fields[name] = [str(folder / file) if file in files else file for file in named]
    Intake("secret").prepare(command.command_class, fields, {})


def test_help_names_the_exit_codes_and_every_section(pmo: Pmo) -> None:
    shown = pmo.ok("--help")
    for words in ("Record what happened:", "Ask:", "Workspace:", "130  interrupted", "PMO_HOME"):
        assert words in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_version(pmo: Pmo) -> None:
    assert pmo.ok("--version").startswith("pmo, version ")


def test_starting_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = {"pydantic", "eventsourcing", "chdb", "clickhouse_connect", "kafka", "faust", "rich", "yaml", "pyarrow"}
    writing = heavy - {"pydantic", "eventsourcing"}
    script = (
        "import sys; from services.cli.main import root, exit_code; import click\n"
        "try: root(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    env = {**os.environ, "PMO_HOME": str(tmp_path / "home")}

    def loaded(*args: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", script, *args], capture_output=True, text=True, env=env, check=True
        )
        return set(done.stderr.split())

    assert not heavy & loaded("--help")
    loaded("init")
    assert not writing & loaded("unit", "register", "OPS", "--name", "Operations")


def test_completion(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_PMO_COMPLETE" in run(tmp_path, "completion", shell).stdout
    words = {"_PMO_COMPLETE": "bash_complete", "COMP_CWORD": "1", "COMP_WORDS": "pmo t"}
    assert run(tmp_path, **words).stdout.split() == ["plain,timesheet", "plain,training"]
    words = {"_PMO_COMPLETE": "bash_complete", "COMP_CWORD": "4", "COMP_WORDS": "pmo project propose X --siz"}
    assert run(tmp_path, **words).stdout.split() == ["plain,--size"]
    assert run(tmp_path, "completion", "tcsh").returncode == 2


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("kpi on-time", ["on-time", "on-time-current"]),
        ("audit app", ["approved-baseline-before-start", "approved-by-another"]),
        ("audit 33", ["33"]),
        ("kpi --unit o", ["OPS"]),
        ("project start c", ["CRANE-7"]),
        ("project propose X --unit O", ["OPS"]),
    ],
)
def test_completion_of_names_and_codes(crane: Pmo, words: str, completed: list[str]) -> None:
    count = str(len(words.split()))
    env = {"_PMO_COMPLETE": "bash_complete", "COMP_CWORD": count, "COMP_WORDS": f"pmo {words}"}
    assert run(crane.home, **env).stdout.split() == [f"plain,{each}" for each in completed]
    assert not run(crane.home / "none", **env | {"COMP_WORDS": "pmo project start c"}).stderr


def test_names_told_by_file_names_are_those_of_the_definitions() -> None:
    assert set(kpi_names()) == set(load_kpis())
    assert control_names() == {control.number: control.id for control in load_controls().values()}


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for args in (("init",), ("unit", "register", "OPS", "--name", "Operations"), ("kpi", "on-time")):
        assert run(home, *args).returncode == 0
    files = [home, *home.rglob("*")]
    assert {"events.sqlite", "clickhouse"} <= {file.name for file in files}
    assert [file for file in files if stat.S_IMODE(file.lstat().st_mode) & 0o077 and not file.is_symlink()] == []


def test_init_makes_a_private_workspace_once(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    done = run(home, "init", "--organisation", "Harbour", "--currency", "gbp", "--time-zone", "europe/london")
    assert done.returncode == 0 and "'Harbour'" in done.stdout and "Europe/London, GBP" in done.stdout
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    file = home / "workspace.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = run(home, "init")
    assert again.returncode == 4 and "already" in again.stderr
    assert file.read_bytes() == before
    assert len(Settings.load(home).secret.get_secret_value()) == 64


def test_init_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    new = Pmo(tmp_path / "new")
    assert "did you mean Europe/London" in new.refused(2, "init", "--time-zone", "Europe/Lundon")
    assert "'EURO' is not three capital letters of ISO 4217" in new.refused(2, "init", "--currency", "euro")
    assert "--organisation is empty" in new.refused(2, "init", "--organisation", " ")
    assert "partitions" in new.refused(2, "init", "--partitions", "0")
    assert not new.home.exists()
    (tmp_path / "photo.jpg").touch()
    assert "holds other things" in Pmo(tmp_path).refused(4, "init")
    assert "in use" in Pmo(tmp_path / "photo.jpg").refused(4, "init")


def test_without_a_workspace(tmp_path: Path) -> None:
    nowhere = Pmo(tmp_path / "none")
    for args in (
        ("unit", "rename", "A", "--name", "B"),
        ("history", "project:A"),
        ("kpi",),
        ("doctor",),
        ("apply", "-"),
    ):
        assert "run 'pmo init'" in nowhere.refused(5, *args)
    assert not nowhere.home.exists()


def test_settings_that_are_wrong(pmo: Pmo) -> None:
    runner = CliRunner(env={"PMO_HOME": str(pmo.home), "PMO_TIME_ZONE": "Mars/Olympus"})
    result = runner.invoke(root, ["history", "project:A"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "time_zone" in result.stderr


def test_workspaces_that_are_broken(pmo: Pmo) -> None:
    (pmo.home / "events.sqlite").write_bytes(b"no database" * 999)
    result = pmo("unit", "register", "OPS", "--name", "Operations")
    assert (result.exit_code, "cannot be opened" in result.stderr) == (7, True)
    done = run(pmo.home, "doctor", "--json")
    states = {each["what"]: each["state"] for each in json.loads(done.stdout)}
    assert (done.returncode, states["event store"]) == (7, "failed")
    for content in (b"[]", b"{", b"\xff", b'{"workspace_id": 7}'):
        (pmo.home / "workspace.json").write_bytes(content)
        result = pmo("history", "project:A")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_kpi_names_and_scopes_that_are_wrong(pmo: Pmo) -> None:
    assert "on-time" in pmo.refused(5, "kpi", "on-tim")
    assert "--as-of" in pmo.refused(2, "kpi", "on-time", "--as-of", "2025-02-30")
    known = "There is no KPI 'foo'; KPIs are adoption, "
    assert pmo.refused(5, "kpi", "foo").startswith(known)
    assert "exclude each other" in pmo.refused(2, "kpi", "--json", "--csv")
    assert "exclude each other" in pmo.refused(2, "history", "unit:OPS", "--csv", "--json")
    assert "needs the name" in pmo.refused(2, "kpi", "--rows")
    assert "--known-at" in pmo.refused(2, "kpi", "on-time", "--known-at", "2025-02-30T99:00")


def test_what_holds_the_embedded_folder(pmo: Pmo) -> None:
    held = Settings.load(pmo.home).clickhouse_path
    with lock_file(held).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = {"pid": os.getpid(), "url": "http://pmo:x@127.0.0.1:9/pmo", "kafka": ""}
        (pmo.home / "up.json").write_text(json.dumps(said))
        sentence = "'pmo up' holds the embedded ClickHouse: stop it, run 'pmo rebuild', and start it again."
        assert pmo.refused(7, "rebuild") == sentence
        kafka = {each["what"]: each for each in json.loads(pmo("doctor", "--json").stdout)}["kafka"]
        assert (kafka["state"], kafka["finding"]) == ("ok", "none; what runs lands events without it")
        address = "127.0.0.1:9"
        (pmo.home / "up.json").write_text(json.dumps({**said, "kafka": address}))
        kafka = {each["what"]: each for each in json.loads(pmo("doctor", "--json").stdout)}["kafka"]
        assert (kafka["state"], address in kafka["finding"]) == ("failed", True)


def test_kafka_that_is_missing(pmo: Pmo) -> None:
    for command in ("relay", "worker"):
        assert "PMO_KAFKA" in pmo.refused(7, command)
    done = run(pmo.home, "relay", PMO_KAFKA="127.0.0.1:9")
    assert (done.returncode, done.stderr.count("\n")) == (7, 1)


def test_a_reader_that_goes_away_is_no_error(crane: Pmo) -> None:
    long = "x" * 16_000
    for number in range(12):
        crane.ok("unit", "retire", "OPS", "--reason", f"{number}{long}")
    command = f"{shlex.quote(str(PROGRAM))} history unit:OPS --json | head -1; exit ${{PIPESTATUS[0]}}"
    env = {**os.environ, "PMO_HOME": str(crane.home)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")


def test_a_defect_is_one_sentence_and_a_log(pmo: Pmo, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = "from services.cli.main import exit_code\nraise SystemExit(exit_code(lambda: 1 / 0))"
    env = {**os.environ, "PMO_HOME": str(pmo.home)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=False)
    log = pmo.home / "pmo-errors.log"
    problem = "Error: Something went wrong inside pmo: ZeroDivisionError: division by zero."
    assert done.returncode == 1
    assert done.stderr == f"{problem} Details are in {log}; please report it.\n"
    assert "Traceback" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_an_interruption() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert exit_code(interrupted) == 130
