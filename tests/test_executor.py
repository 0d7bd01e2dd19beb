"""Where TLC runs: a verdict does not depend on it, and what is lost on the way is none."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Gen, Ran, Start, Started, processes
from test_matrix import lines
from test_tlc_output import EXPECTED, sample

from gen import __version__
from gen.errors import ExitCode, GenError
from gen.tlc import dask, process
from gen.tlc.command import ERRORS, LOG
from gen.tlc.dask import Answer, Dask
from gen.tlc.options import TlcOptions
from gen.tlc.report import Outcome, Report
from gen.tlc.spec import Spec
from gen.tlc.task import Task
from gen.tlc.toolchain import find_toolchain

# ---- without a scheduler -------------------------------------------------------------


class Future:
    """Stands for Dask's future: an answer, or what Dask raises; None: it never comes."""

    key = "key"

    def __init__(self, answer: Answer | Exception | None) -> None:
        self.answer = answer
        self.was_cancelled = False

    def add_done_callback(self, tell: Callable[[object], None]) -> None:
        if self.answer is not None:
            tell(self)

    def result(self) -> Answer:
        if isinstance(self.answer, Answer):
            return self.answer
        assert self.answer is not None
        raise self.answer

    def cancel(self) -> None:
        self.was_cancelled = True

    def cancelled(self) -> bool:
        return self.was_cancelled


class Client:
    """Stands for Dask's client: every task has the same future."""

    id = "me"

    def __init__(self, answer: Answer | Exception | None, told: list[int] | None = None) -> None:
        self.future = Future(answer)
        self.told = told

    def subscribe_topic(self, _topic: str, hear: Callable[[Any], None]) -> None:
        self.hear = hear

    def submit(self, *args: Any, pure: bool, retries: int) -> Future:
        # Dask would take two runs with the same arguments for one, whoever asks.
        assert not pure and retries > 0
        assert args[0] is dask._answer
        return self.future


def asked(client: Client, directory: Path, **options: Any) -> tuple[Dask, Report]:
    """A scheduler whose workers all have had one Java, and what one of them says."""
    task = Task(Spec("M", "---- MODULE M ----\n====\n", "INIT I\n"), TlcOptions())
    dask = Dask(client, "tcp://there:1", 1, "21 0")  # type: ignore[arg-type]
    return dask, dask.run(task, find_toolchain(), directory, **options)


def ask(client: Client, directory: Path, **options: Any) -> Report:
    return asked(client, directory, **options)[1]


@pytest.mark.parametrize("name", ["success", "invariant", "live_backto"])
def test_a_log_that_came_back_is_judged_as_one_that_was_written_here(
    tmp_path: Path, name: str
) -> None:
    text, code = sample(name)
    log = text.encode("utf-8", "backslashreplace")
    client = Client(Answer(code, None, {LOG: log, ERRORS: b""}, "21 0"))
    report = ask(client, tmp_path / "run")
    assert report == process.judge(process.Ended(process.read(log), code, None), tmp_path)
    assert report.outcome.name == EXPECTED[name]["outcome"]
    assert (tmp_path / "run" / LOG).read_bytes() == log
    assert client.future.was_cancelled  # the worker need not keep it any longer


def test_a_log_that_is_cut_on_the_way_is_no_verdict(tmp_path: Path) -> None:
    whole = sample("success")[0].rstrip().encode()
    for number, length in enumerate([*range(0, len(whole), 97), len(whole) - 1]):
        answer = Answer(0, None, {LOG: whole[:length]}, "21 0")
        report = ask(Client(answer), tmp_path / str(number))
        assert not report.ok, whole[:length][-80:]
        assert report.outcome is not Outcome.INVARIANT
    assert ask(Client(Answer(0, None, {}, "21 0")), tmp_path / "none").ok is False
    assert ask(Client(Answer(0, None, {LOG: whole}, "21 0")), tmp_path / "whole").ok


def test_what_a_worker_could_not_do_is_no_verdict_and_says_why(tmp_path: Path) -> None:
    told = GenError("tcp://w:1: it has pageblock-gen 0.0.9; 0.1.0 fits")
    for number, (trouble, said) in enumerate(
        ((told, told.message), (OSError("disk\nfull"), "disk"), (MemoryError(), "MemoryError"))
    ):
        report = ask(Client(trouble), tmp_path / str(number))
        assert (report.outcome, report.message) == (Outcome.INCOMPLETE, said)
        assert not report.ok and not report.completed


def test_a_run_that_found_no_worker_in_time_is_told_from_one_that_took_too_long(
    tmp_path: Path,
) -> None:
    client = Client(None)
    report = ask(client, tmp_path / "waits", timeout=0.01)
    assert (report.outcome, report.ok) == (Outcome.INCOMPLETE, False)
    assert report.message == "the time was over before a worker was free"
    assert client.future.was_cancelled
    begun = Client(None)

    def heard(_progress: object, _elapsed: float) -> None:
        begun.hear((0.0, ["key", []]))

    report = ask(begun, tmp_path / "runs", timeout=0.5, on_progress=heard)
    assert (report.outcome, report.ok) == (Outcome.KILLED, False)
    assert begun.future.was_cancelled


def test_a_worker_with_another_version_or_another_jar_refuses() -> None:
    toolchain = find_toolchain()
    assert dask._fitting_toolchain(__version__, toolchain.jar_sha256) == toolchain
    with pytest.raises(GenError, match=r"it has pageblock-gen .*; 0\.0\.9 fits"):
        dask._fitting_toolchain("0.0.9", toolchain.jar_sha256)
    with pytest.raises(GenError, match=r"has SHA-256 58c6.*, not 0000; the same jar fits"):
        dask._fitting_toolchain(__version__, "0000")


ONE = ("matrix", "--designs", "v6.12", "--properties", "Alignment", "--no-cache")


@pytest.mark.parametrize("address", ["there", "there:8786", "tcp://there", "inproc://a:1", ""])
def test_an_address_that_is_none_is_told_at_once(gen: Gen, address: str) -> None:
    ran = gen(*ONE, "--scheduler", address)
    ran.told(f"--scheduler: '{address}': tcp://HOST:PORT")
    assert ran.code == ExitCode.USAGE


@pytest.mark.parametrize("command", [ONE, ("prove", "--design", "v6.12")])
def test_a_java_for_workers_elsewhere_is_refused(
    gen: Gen, real_java: str, command: Sequence[str]
) -> None:
    ran = gen(*command, "--scheduler", "tcp://there:1", "--java", real_java)
    assert "--java is of this machine; JAVA_HOME fits" in ran.err
    assert (ran.code, ran.out, ran.err.count("\n")) == (ExitCode.USAGE, "", 1)


def test_without_dask_one_line_says_what_to_install(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    out = tmp_path / "m"
    ran = gen(*ONE, "--scheduler", "tcp://127.0.0.1:1", "--output", str(out))
    ran.told("needs dask.distributed", "pip install 'pageblock-gen[dask]'")
    assert (ran.code, ran.out, out.exists()) == (ExitCode.SYSTEM, "", False)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:1", "'dask scheduler' starts one"),
        ("tls://127.0.0.1:1", "no TLS settings"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told_in_one_line(
    start: Start, tmp_path: Path, address: str, words: str
) -> None:
    hurry = "import gen.tlc.dask; gen.tlc.dask.CONNECT = 0.5"
    out = tmp_path / "m"
    ran = start(*ONE, "--scheduler", address, "--output", str(out), before=hurry).end()
    ran.told(f"no scheduler at {address}", words)
    assert (ran.code, ran.out, out.exists()) == (ExitCode.SYSTEM, "", False)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.0 400 Bad request\r\n\r\n" * 9])
def test_a_port_where_no_dask_answers_is_told_in_time_and_in_one_line(
    start: Start, says: bytes
) -> None:
    begun: list[socket.socket] = []

    def accept(server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                begun.append(server.accept()[0])
                begun[-1].sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        hurry = "import gen.tlc.dask; gen.tlc.dask.CONNECT = 0.5"
        ran = start(*ONE, "--scheduler", address, before=hurry).end(timeout=20)
        server.shutdown(socket.SHUT_RDWR)
    for one in begun:
        one.close()
    ran.told(f"no scheduler at {address}", "'dask scheduler' starts one")
    assert (ran.code, ran.out) == (ExitCode.SYSTEM, "")


def test_a_scheduler_has_no_user_and_no_password(gen: Gen) -> None:
    ran = gen(*ONE, "--scheduler", "tcp://u:p@127.0.0.1:9")
    ran.told("--scheduler", "tcp://HOST:PORT")
    assert ran.code == ExitCode.USAGE


# ---- a scheduler and two workers -----------------------------------------------------

#: A Java for workers that waits, once it was started, until it is let go.
GATE = """#!/bin/sh
if [ "$1" = -version ]; then echo 'openjdk version "21.0.1" 2023-10-17' >&2; exit 0; fi
touch {gate}/$$
while [ ! -e {gate}/open ]; do sleep 0.1; done
exec {java} "$@"
"""
#: Seconds that a machine with much else to do may keep a test waiting.
PATIENCE = 150.0


@dataclass
class Cluster:
    """A scheduler and its workers on 127.0.0.1, each a process, as a user starts them."""

    directory: Path
    address: str = ""
    scheduler: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def gate(self) -> Path:
        return self.directory / "gate"

    @property
    def waiting(self) -> set[int]:
        """The JVMs that were started since the gate was closed, by process id."""
        return {int(path.name) for path in self.gate.iterdir() if path.name.isdecimal()}

    def begin(self, *argv: str, code: str = "", **environ: str) -> subprocess.Popen[bytes]:
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", f"{code}\nfrom dask.__main__ import main; main()", *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environ},
            )

    def start(self) -> None:
        made = self.directory / "scheduler.json"
        host = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler.append(self.begin("scheduler", *host, "--scheduler-file", str(made)))
        wait_for(lambda: made.exists() and bool(made.read_text()), self.scheduler[0])
        self.address = json.loads(made.read_text())["address"]

    def add_worker(self, threads: int = 2, code: str = "", **environ: str) -> None:
        """A worker with the gated Java; it is there when this returns."""
        number = len(self.workers)
        there = self.directory / f"there-{number}"
        # A preload runs when the worker is up.
        ready = self.directory / f"ready_{number}.py"
        ready.write_text(f"def dask_setup(worker): open({str(there)!r}, 'w').close()\n")
        worker = self.begin(
            *("worker", "--no-nanny", "--no-dashboard", "--nthreads", str(threads)),
            *("--preload", str(ready), "--local-directory", str(self.directory / str(number))),
            self.address,
            code=code,
            **{"JAVA_HOME": str(self.directory / "java"), **environ},
        )
        self.workers.append(worker)
        wait_for(there.exists, worker)

    def close_gate(self) -> None:
        for path in self.gate.iterdir():
            path.unlink()

    def open_gate(self) -> None:
        (self.gate / "open").touch()

    def wait_for_runs(self, count: int) -> set[int]:
        """The first ``count`` JVMs that wait at the gate."""
        wait_for(lambda: len(self.waiting) >= count, self.scheduler[0])
        return self.waiting

    def stop(self) -> None:
        for started in (*self.workers, *self.scheduler):
            started.kill()
            started.wait()


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        assert process is None or process.poll() is None
        time.sleep(0.05)


def gone(pids: set[int]) -> bool:
    return not pids & {pid for pid, *_ in processes()}


def make_cluster(directory: Path) -> Cluster:
    cluster = Cluster(directory)
    cluster.gate.mkdir()
    java = directory / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    text = GATE.format(gate=cluster.gate, java=find_toolchain(environ={}).java)
    java.write_text(text, encoding="utf-8")
    java.chmod(0o755)
    return cluster


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers with two threads each."""
    cluster = make_cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        cluster.add_worker()
        cluster.add_worker()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def cluster(two_workers: Cluster) -> Iterator[Cluster]:
    """The two workers, with an open gate."""
    two_workers.open_gate()
    yield two_workers
    two_workers.open_gate()


PROPERTIES = "FreelistHygiene,Alignment"


def matrix(cluster: Cluster | None, designs: str, out: Path, *more: str) -> Sequence[str]:
    where = ("--scheduler", cluster.address) if cluster else ()
    asked = ("--designs", designs, "--properties", PROPERTIES)
    return ("matrix", *asked, *where, *more, "--output", str(out))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test has asked before would not be run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def table_of(began: Started) -> dict[str, list[str]]:
    ran = began.end(timeout=2 * PATIENCE)
    assert ran.code == 0, ran.err
    return lines(ran)


HOLDS = ["proved"] * 2  # there is a certificate
FAILS = ["violated at depth 2", "proved within bounds"]


@pytest.mark.tlc
@pytest.mark.slow
def test_the_table_is_the_same_wherever_tlc_ran(
    start: Start, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    argv = ("v6.12,hygiene-v2",)
    told = table_of(start(*matrix(None, *argv, here, "--no-cache")))
    # With this Java the client could not run TLC if it wanted to.
    broken = tmp_path / "java" / "bin" / "java"
    broken.parent.mkdir(parents=True)
    broken.write_text('#!/bin/sh\n[ "$1" = -version ] && echo \'version "21"\' >&2\n')
    broken.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(broken.parent.parent))
    again = table_of(start(*matrix(cluster, *argv, there)))
    assert told == again
    assert (told["v6.12"], told["hygiene-v2"]) == (HOLDS, FAILS)
    files = [{p.relative_to(d) for p in d.rglob("*") if p.is_file()} for d in (here, there)]
    assert files[0] == files[1]
    for name in files[0]:
        assert (here / name).read_bytes() == (there / name).read_bytes()
    # What TLC said there is known here, the replay too; but not to another Java.
    assert set(lines(start(*matrix(None, *argv, tmp_path / "other")).end())["v6.12"]) == {
        "no verdict"
    }
    monkeypatch.setenv("JAVA_HOME", str(cluster.directory / "java"))  # the workers'
    known = start(*matrix(None, *argv, tmp_path / "kept")).end(timeout=2 * PATIENCE)
    assert lines(known) == told and known.err.count(", cached") == 2


@pytest.mark.tlc
@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_changes_no_verdict(
    start: Start, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.close_gate()
    began = start(*matrix(cluster, "v6.12,hygiene-v2", tmp_path / "m"))
    runs = cluster.wait_for_runs(4)  # two designs, two searches each
    victim = cluster.workers[-1]
    orphans = {pid for pid, parent, *_ in processes() if parent == victim.pid} & runs
    assert orphans
    victim.kill()
    victim.wait()
    wait_for(lambda: gone(orphans))
    cluster.add_worker()
    cluster.wait_for_runs(4 + len(orphans))  # Dask begins them again
    cluster.open_gate()
    told = table_of(began)
    assert (told["v6.12"], told["hygiene-v2"]) == (HOLDS, FAILS)


@pytest.mark.tlc
@pytest.mark.slow
def test_two_clients_at_once_do_not_mix_even_if_they_ask_the_same(
    start: Start, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.close_gate()
    designs = ("v6.12", "hygiene-v2", "v6.12")
    began = [start(*matrix(cluster, one, tmp_path / str(n))) for n, one in enumerate(designs)]
    cluster.wait_for_runs(4)
    began[0].signal(signal.SIGINT)  # whose runs are its own, and nobody else's
    assert began[0].end().code == ExitCode.INTERRUPTED
    cluster.open_gate()
    assert table_of(began[1])["hygiene-v2"] == FAILS
    assert table_of(began[2])["v6.12"] == HOLDS


@pytest.mark.tlc
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_client_that_is_gone_leaves_no_java_on_a_worker(
    start: Start, cluster: Cluster, tmp_path: Path, number: signal.Signals
) -> None:
    cluster.close_gate()
    out = tmp_path / "m"
    began = start(*matrix(cluster, "v6.5,v6.12,hygiene-v2", out))
    runs = cluster.wait_for_runs(4)  # as many as there are threads, and not two
    assert not gone(runs)
    # A wait for a worker is no fault of TLC.
    late = start(*matrix(cluster, "v6.10", tmp_path / "late", "--timeout", "0.5"))
    ran = late.end(timeout=PATIENCE)
    assert ran.code == ExitCode.NO_VERDICT
    assert "the time was over before a worker was free" in ran.err
    began.signal(number)
    ran = began.end(timeout=PATIENCE)
    assert ran.code == (ExitCode.INTERRUPTED if number == signal.SIGINT else -number)
    assert "Traceback" not in ran.err
    wait_for(lambda: gone(runs))
    time.sleep(0.5)
    assert gone(cluster.waiting)
    assert not out.exists()


@pytest.mark.tlc
@pytest.mark.slow
def test_no_workers_or_one_that_does_not_fit_is_told_in_one_line(
    start: Start, tmp_path: Path
) -> None:
    cluster = make_cluster(tmp_path)
    jar = tmp_path / "other.jar"
    jar.write_bytes(find_toolchain(environ={}).jar.read_bytes() + b"\0")
    out = tmp_path / "m"

    def refused() -> Ran:
        ran = start(*matrix(cluster, "v6.12", out)).end(timeout=PATIENCE)
        assert (ran.code, ran.out, out.exists()) == (ExitCode.SYSTEM, "", False)
        return ran

    try:
        cluster.start()
        refused().told("has no workers", f"'dask worker {cluster.address}' starts one")
        cluster.add_worker(code="import gen; gen.__version__ = '0.0.9'")
        refused().told(f"it has pageblock-gen 0.0.9; {__version__} fits")
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        cluster.add_worker(TLA2TOOLS_JAR=str(jar))
        refused().told("other.jar has SHA-256 ", "the same jar fits")
    finally:
        cluster.stop()
