"""Runs of TLC at the workers of a Dask scheduler."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gen import __version__
from gen.errors import ExitCode, GenError
from gen.files import write_bytes
from gen.tlc import options, process
from gen.tlc.command import ERRORS, LOG
from gen.tlc.executor import LOCAL, Executor
from gen.tlc.options import TlcOptions
from gen.tlc.process import OnProgress
from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.stream import StreamReader
from gen.tlc.task import Task
from gen.tlc.toolchain import Toolchain, find_toolchain

if TYPE_CHECKING:
    from distributed import Client, Future

#: Seconds that a scheduler has to answer.
CONNECT = 7.0
#: How often Dask tries again, elsewhere if it can, what failed on a worker: a full disk, say.
RETRIES = 2
#: What a run leaves for who reads it: what TLC and Java printed, a state graph, a crash of Java.
_KEPT = (LOG, ERRORS, "*.dot", "hs_err_pid*.log")
#: Which Java a worker ran it with: a file beside these.
JAVA = "java.txt"


# ---- Dask, here ----------------------------------------------------------------------


@contextlib.contextmanager
def connect(scheduler: str | None, toolchain: Toolchain, workers: int) -> Iterator[Executor]:
    """Where TLC runs while this lasts: at a scheduler's workers, or here if there is None.

    ``workers``: TLC's own threads in each run.  GenError (one line) if the scheduler cannot be
    reached or has no workers, or if a worker has another version of this package or of TLC.
    """
    if scheduler is None:
        yield LOCAL
        return
    with _client(scheduler) as client:
        threads, java = _offered(client, scheduler, toolchain)
        yield Dask(client, scheduler, max(1, threads // workers), java)


@contextlib.contextmanager
def _client(scheduler: str) -> Iterator[Client]:
    try:
        import asyncio

        import dask

        # Before distributed is loaded, which reads it then.  What goes wrong is told in one line,
        # by who asked for it, and not in the log of a library.
        names = ("distributed", "distributed.client", "distributed.comm", "tornado", "asyncio")
        dask.config.set({"logging": dict.fromkeys(names, "critical")})
        from distributed import Client, Security
        from distributed.comm.core import connect as reach
    except ImportError as error:
        raise GenError(
            f"--scheduler needs dask.distributed ({error}); pip install 'pageblock-gen[dask]'",
            ExitCode.SYSTEM,
        ) from None
    try:
        # Without its settings Dask would fail in the middle, and add a traceback later.
        security = Security().get_connection_args("client")
        if scheduler.startswith("tls:") and security["ssl_context"] is None:
            raise ValueError("Dask has no TLS settings here (distributed.comm.tls)")

        async def greet() -> None:
            """A client waits for a minute, and complains, if what is there does not speak Dask."""
            (await reach(scheduler, timeout=CONNECT, **security)).abort()

        # What waits for an answer may not look at its own clock.
        asyncio.run(asyncio.wait_for(greet(), CONNECT + 0.5))
        client = Client(scheduler, timeout=CONNECT, set_as_default=False, name="pageblock-gen")
    except Exception as error:  # OSError mostly; by protocol and TLS's settings anything
        raise GenError(
            f"no scheduler at {scheduler}: {_reason(error)}; 'dask scheduler' starts one",
            ExitCode.SYSTEM,
        ) from None
    with client:
        yield client


def _offered(client: Client, scheduler: str, toolchain: Toolchain) -> tuple[int, str]:
    """The threads of all workers, each of which has been asked whether it fits; and their Java.

    "" if they have not all the same one.
    """
    threads = client.nthreads()
    if not threads:
        raise GenError(
            f"the scheduler at {scheduler} has no workers; 'dask worker {scheduler}' starts one",
            ExitCode.SYSTEM,
        )
    asked = (__version__, toolchain.jar_sha256)
    answers: dict[str, Any] = {}
    with contextlib.suppress(ModuleNotFoundError):  # told below, as the scheduler itself is asked
        answers[scheduler] = client.run_on_scheduler(_same_version, __version__)
    answers.update(client.run(_fitting_toolchain, *asked, on_error="return"))
    for address, answer in sorted(answers.items()):
        if isinstance(answer, Exception):
            raise GenError(f"{address} cannot take part: {_reason(answer)}", ExitCode.SYSTEM)
    javas = {one.java_identity for one in answers.values() if isinstance(one, Toolchain)}
    return sum(threads.values()), javas.pop() if len(javas) == 1 else ""


def _reason(error: BaseException) -> str:
    """One line for something that Dask raised, or handed on from a worker."""
    if isinstance(error, GenError):
        return error.message
    if isinstance(error, ModuleNotFoundError):
        return f"{error}: pageblock-gen {__version__} fits"
    said = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, TimeoutError) and not said:
        return f"what is there gives no answer within {CONNECT:g} s"
    return said or type(error).__name__


class Dask:
    """Runs TLC at the workers of a scheduler: who runs what and when, and again, is Dask's.

    ``lanes``: as many runs as the workers have threads.  What TLC printed comes back whole, is
    put into the run's directory and judged here; without it there is no verdict.
    """

    def __init__(self, client: Client, scheduler: str, lanes: int, java: str) -> None:
        self.client, self.scheduler, self.lanes = client, scheduler, lanes
        #: Of all workers, those included that came later and have run something.
        self._java = java
        #: Progress of the runs that are under way, by key; None: waits for its turn.
        self._told: dict[object, list[int] | None] = {}
        self._topic = f"pageblock-gen-{client.id}"
        client.subscribe_topic(self._topic, self._hear)

    def _hear(self, event: tuple[float, Any]) -> None:
        key, told = event[1]
        if key in self._told:
            self._told[key] = told

    def heap(self, options: TlcOptions) -> str:
        return options.heap or "its worker's share"

    def java(self, toolchain: Toolchain) -> str:  # noqa: ARG002  (ours does not run)
        return self._java

    def run(
        self,
        task: Task,
        toolchain: Toolchain,
        directory: Path,
        *,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        stop: threading.Event | None = None,
    ) -> Report:
        started = time.monotonic()
        task.prepare(toolchain, directory)
        ended = threading.Event()
        future: Future[Answer] = self.client.submit(
            *(_answer, task, __version__, toolchain.jar_sha256, timeout, self._topic),
            pure=False,  # a key of its own: nobody shares, or cancels, another one's run
            retries=RETRIES,
        )
        self._told[future.key] = None
        try:
            future.add_done_callback(lambda _: ended.set())
            shown: list[int] | None = None
            while not ended.wait(process.TICK):
                elapsed = time.monotonic() - started
                told = self._told[future.key]
                if stop is not None and stop.is_set():
                    return _no_report(Outcome.KILLED, f"stopped after {elapsed:.1f} s: no verdict")
                if timeout is not None and elapsed >= timeout:
                    if told is None:
                        return _no_report(
                            Outcome.INCOMPLETE, "the time was over before a worker was free"
                        )
                    return _no_report(Outcome.KILLED, f"timeout: no verdict within {timeout:g} s")
                if on_progress is not None:
                    on_progress(Progress(*told) if told and told != shown else None, elapsed)
                    shown = told
            answer = future.result()
        except Exception as error:  # a worker's, or what Dask says of lost ones
            if not isinstance(error, GenError) and future.cancelled():
                error = GenError(f"the scheduler at {self.scheduler} was lost")
            return _no_report(Outcome.INCOMPLETE, _reason(error))
        finally:
            del self._told[future.key]
            # Its worker notices, and ends Java: see _answer.
            future.cancel()
        if answer.java != self._java:
            self._java = ""
        for name, data in {**answer.files, JAVA: answer.java.encode()}.items():
            write_bytes(directory / name, data)
        printed = process.read(answer.files.get(LOG, b""))
        return process.judge(
            process.Ended(printed, answer.code, answer.killed, answer.full), directory
        )


def _no_report(outcome: Outcome, message: str) -> Report:
    """Of a run of which nothing came back."""
    nothing = StreamReader().finish(ExitCode.NO_VERDICT)
    return replace(nothing, outcome=outcome, message=message)


# ---- Dask, on a worker ---------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """How a run ended, as in ``tlc.Ended``, the files that it left, by name, and its Java."""

    code: int
    killed: str | None
    files: dict[str, bytes]
    java: str
    full: bool = False


def _same_version(version: str) -> None:
    if version != __version__:
        raise GenError(f"it has pageblock-gen {__version__}; {version} fits")


def _fitting_toolchain(version: str, jar_sha256: str) -> Toolchain:
    """This machine's Java and jar; GenError unless what runs here is what the asker has."""
    _same_version(version)
    toolchain = find_toolchain()
    if toolchain.jar_sha256 != jar_sha256:
        raise GenError(
            f"its {toolchain.jar} has SHA-256 {toolchain.jar_sha256}, not {jar_sha256}; the same "
            "jar fits (TLA2TOOLS_JAR)"
        )
    return toolchain


def _answer(task: Task, version: str, jar_sha256: str, timeout: float | None, topic: str) -> Answer:
    """Run TLC on this worker, to its end or until nobody waits for it any more."""
    from distributed import Reschedule, get_worker

    worker = get_worker()
    key = worker.get_current_task()
    stop = threading.Event()
    heard = False

    def tick(progress: Progress | None, _elapsed: float) -> None:
        nonlocal heard
        # Dask does not end a thread: when the asker cancels, or is gone, when the scheduler or
        # this worker ends, it only notes so.
        known = worker.state.tasks.get(key)
        wanted = known is not None and known.state == "executing"
        if not wanted or worker.status.name in ("closing", "closed", "failed"):
            stop.set()
        if progress is not None or not heard:
            heard = True
            counts = progress and [
                *(progress.depth, progress.generated, progress.distinct, progress.queue)
            ]
            worker.log_event(topic, [key, counts or []])

    try:
        toolchain = _fitting_toolchain(version, jar_sha256)
        memory = worker.memory_manager.memory_limit or options.memory_bytes()
        heap = task.options.heap or options.shared_heap(worker.state.nthreads, memory)
        task = replace(task, options=replace(task.options, heap=heap))
        with tempfile.TemporaryDirectory(dir=worker.local_directory) as made:
            directory = Path(made) / "run"
            command = task.prepare(toolchain, directory)
            ended = process.execute(
                command, directory, timeout=timeout, on_progress=tick, stop=stop
            )
            if stop.is_set():
                raise Reschedule  # if somebody wants it after all, it is not this run
            kept = [path for pattern in _KEPT for path in directory.glob(pattern)]
            files = {path.name: path.read_bytes() for path in kept}
    except GenError as error:
        raise GenError(f"{worker.address}: {error.message}", error.code) from None
    return Answer(ended.code, ended.killed, files, toolchain.java_identity, ended.full)
