"""A local Kafka broker as a child process, for those who have Java but no Kafka: loopback only, one node.

The broker dies with its parent, however that dies, and keeps the data folder locked for as long as it lives, so
that two never share one. Its jars are fetched once per user, by Maven.
"""

import base64
import contextlib
import fcntl
import os
import re
import shutil
import socket
import string
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from services import bus
from services.errors import Unavailable

INFRA = Path(__file__).parent.parent / "infra" / "kafka"
HOST = "127.0.0.1"
_JAVA_NEEDED = 17
_START_SECONDS = 90.0
_STOP_SECONDS = 15.0
_LOCK_SECONDS = 5.0
_JVM = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# The shell becomes the broker, and leaves behind a reader of a pipe whose other end only our process holds: a line
# means that the broker is gone, an end of file without one that we are. PR_SET_PDEATHSIG would not do: it fires when
# the thread that started the child ends. Standard input is the folder's lock, which the reader must not keep.
_WATCHED = '{ read -r _ || kill -KILL $$; } <"/dev/fd/$0" & exec "$@"'


def why_not() -> str | None:
    """Why no local broker can run on this machine, in a sentence for the user; None if one can."""
    java = shutil.which("java")
    if java is None:
        return f"No Java was found; install Java {_JAVA_NEEDED} or later, or use --embedded."
    said = subprocess.run([java, "-version"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA_NEEDED:
        found = version[1] if version else "of an unknown version"
        return f"Kafka needs Java {_JAVA_NEEDED} or later, but {java} is {found}; update it, or use --embedded."
    if not _libs().is_dir() and shutil.which("mvn") is None:
        return "Kafka's jars are not here yet and no Maven was found to fetch them; install it, or use --embedded."
    return None


class LocalBroker(AbstractContextManager["LocalBroker"]):
    """One broker on one data folder; ports may differ at each start, the data stays."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._alive_pipe = -1
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the broker was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, on_progress: Callable[[str], None] | None = None) -> str:
        """Run the broker; its address, once it answers there."""
        say = on_progress or (lambda _: None)
        if reason := why_not():
            raise Unavailable(reason)
        self.stop()
        libs = _fetched_libs(say)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(self.data_dir) as lock:
            if not (self.data_dir / "data").is_dir():
                say("Formatting the broker's storage")
                self._format(libs, lock)
            say("Starting the Kafka broker")
            for _ in range(2):
                port, controller_port = _ports(self._port)
                self._spawn(libs, lock, port, controller_port)
                if self._answers(f"{HOST}:{port}"):
                    return f"{HOST}:{port}"
                cause = self._cause()
                self.stop()
                # A free port can be taken by somebody else before the broker gets to it.
                if self._port is not None or "Address already in use" not in cause:
                    break
        raise Unavailable(f"The Kafka broker ended while starting ({cause}); see {self.data_dir}/server.log.")

    def stop(self) -> None:
        """End the broker in order, or by force if that takes too long; nothing happens if it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        # The reader may have been killed on its own.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._alive_pipe, b"\n")
        os.close(self._alive_pipe)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _format(self, libs: Path, lock: IO[bytes]) -> None:
        # Renamed when complete: a folder named "data" is a formatted one, whenever we are killed.
        folder = Path(tempfile.mkdtemp(prefix="format-", dir=self.data_dir))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        _write_properties(folder, 1, 2)
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", "server.properties"]
        command = _java_command(libs, *tool)
        ended = subprocess.run(command, cwd=folder, stdin=lock, capture_output=True, text=True, start_new_session=True)
        if ended.returncode:
            raise Unavailable(
                f"The broker's storage in {self.data_dir} can't be formatted ({_last_line(ended.stderr)}); check the "
                "folder's rights and the free space."
            )
        (folder / "data").rename(self.data_dir / "data")
        shutil.rmtree(folder)

    def _spawn(self, libs: Path, lock: IO[bytes], port: int, controller_port: int) -> None:
        _write_properties(self.data_dir, port, controller_port)
        log = self.data_dir / "server.log"
        self._log_start = log.stat().st_size if log.exists() else 0
        read_end, self._alive_pipe = os.pipe()
        try:
            command = _java_command(libs, "kafka.Kafka", "server.properties")
            with (self.data_dir / "console.log").open("wb") as console:
                self._process = subprocess.Popen(
                    ["sh", "-c", _WATCHED, str(read_end), *command],
                    cwd=self.data_dir,
                    stdin=lock,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    pass_fds=[read_end],
                    start_new_session=True,
                )
        finally:
            os.close(read_end)

    def _answers(self, bootstrap: str) -> bool:
        """Wait for a reply; False if the broker has ended."""
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                bus.check(bootstrap, 5.0)
                return True
            except Unavailable:
                if time.monotonic() > deadline:
                    self.stop()
                    raise Unavailable(
                        f"The Kafka broker did not answer within {_START_SECONDS:.0f} s ({self._cause()}); see "
                        f"{self.data_dir}/server.log, then try again."
                    ) from None
            try:
                self._process.wait(0.05)
                return False
            except subprocess.TimeoutExpired:
                continue

    def _cause(self) -> str:
        """The most telling line that the broker wrote since it was started last."""
        text = (self.data_dir / "console.log").read_text(errors="replace")
        log = self.data_dir / "server.log"
        if log.exists():
            # A log that became shorter was rolled, and begins anew.
            written = log.read_bytes()
            text += written[self._log_start if len(written) >= self._log_start else 0 :].decode(errors="replace")
        telling = [line for line in text.splitlines() if re.search(" ERROR | FATAL |Exception", line)]
        return _last_line("\n".join(telling) or text)


def _ports(wanted: int | None) -> tuple[int, int]:
    """Two free ports of the loopback: the listener's, which may be given, and the controller's."""
    with socket.socket() as listener, socket.socket() as controller:
        for each in (listener, controller):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted or 0))
        except OSError as error:
            raise Unavailable(f"Port {wanted} can't be used ({error.strerror}); free it, or choose another.") from None
        controller.bind((HOST, 0))
        return listener.getsockname()[1], controller.getsockname()[1]


def _write_properties(folder: Path, port: int, controller_port: int) -> None:
    template = string.Template((INFRA / "server.properties").read_text())
    (folder / "server.properties").write_text(template.substitute(port=port, controller_port=controller_port))


def _java_command(libs: Path, *arguments: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={(INFRA / 'log4j2.xml').as_uri()}"
    return ["java", *_JVM, logging, "-cp", f"{libs}/*", *arguments]


def _libs() -> Path:
    version = ElementTree.parse(INFRA / "pom.xml").findtext("{*}properties/{*}kafka.version")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pmo" / f"kafka-{version}" / "libs"


def _fetched_libs(say: Callable[[str], None]) -> Path:
    libs = _libs()
    if libs.is_dir():
        return libs
    libs.parent.mkdir(parents=True, exist_ok=True)
    with (libs.parent / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if libs.is_dir():
            return libs
        say("Fetching the Kafka broker with Maven (45 MB, once)")
        for leftover in libs.parent.glob("download-*"):
            shutil.rmtree(leftover)
        folder = Path(tempfile.mkdtemp(prefix="download-", dir=libs.parent))
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        command = ["mvn", "-q", "-B", "-f", str(INFRA / "pom.xml"), *goal]
        ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if ended.returncode:
            shutil.rmtree(folder)
            told = [line for line in ended.stdout.splitlines() if line.startswith("[ERROR]")]
            raise Unavailable(
                f"Maven can't fetch the Kafka broker ({_last_line(told[0] if told else ended.stderr)}); connect to the "
                "network for the first start, or use --embedded."
            )
        folder.rename(libs)
    return libs


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[IO[bytes]]:
    """The folder's lock, inherited by the broker, so that it is free only when the broker is gone."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with (data_dir / "broker.lock").open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"Another process runs a broker on {data_dir}; stop it, or choose another workspace."
                    ) from None
                time.sleep(0.05)
        yield lock


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
