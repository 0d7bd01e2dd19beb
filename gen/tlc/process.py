"""The one place that starts TLC: the process, and how a run is ended."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from gen.errors import ExitCode, GenError, fault, reason
from gen.tlc.codes import EC
from gen.tlc.command import ERRORS, LOG, META, TMP
from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.stream import StreamReader
from gen.tlc.toolchain import java_environment

# Seconds: between two ticks of on_progress, and from SIGTERM to SIGKILL.
TICK = 0.2

GRACE = 2.0

OnProgress = Callable[[Progress | None, float], None]


def run(
    command: list[str],
    run_dir: Path,
    *,
    timeout: float | None = None,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Runs TLC in ``run_dir`` to its end, and says what it found. Any thread may call it.

    ``on_progress(progress, elapsed seconds)`` gets TLC's reports, and None about every 0.2 s.
    After ``timeout`` seconds, or when ``stop`` is set, TLC is ended and the outcome is KILLED.
    The output stays in ``tlc.out`` and ``tlc.err``; TLC's own files are removed.
    GenError if Java cannot be started or the log cannot be written. Any other exception
    (KeyboardInterrupt too) ends TLC first and then goes on.
    """
    ended = execute(command, run_dir, timeout=timeout, on_progress=on_progress, stop=stop)
    return judge(ended, run_dir)


@dataclass(frozen=True)
class Ended:
    """A process of TLC that has ended; what it printed is in ``tlc.out`` and ``tlc.err`` too.

    ``code`` is as subprocess has it, negative for a signal. ``killed``: why we ended it, or None.
    """

    printed: StreamReader
    code: int
    killed: str | None
    #: TLC failed, and there was no room left where it ran.
    full: bool = False


def execute(
    command: list[str],
    run_dir: Path,
    *,
    timeout: float | None = None,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
) -> Ended:
    """The first half of ``run``: the process to its end, without a word on what it means."""
    try:
        # mkdir is the lock too: in a run directory that is shared, TLC reads another run's states.
        (run_dir / TMP).mkdir()
    except FileExistsError:
        raise GenError(
            f"{run_dir / TMP} exists: another run uses this directory, or one that was killed left "
            "it; take another directory or remove it"
        ) from None
    except OSError as error:
        raise _cannot_write(run_dir / TMP, error) from None
    try:
        ended = _execute(command, run_dir, timeout, on_progress, stop)
        found = (ExitCode.OK, ExitCode.SAFETY, ExitCode.LIVENESS)
        # Asked before its files go, which makes room again.
        return replace(ended, full=ended.code not in found and _is_full(run_dir))
    finally:
        for name in (META, TMP):
            shutil.rmtree(run_dir / name, ignore_errors=True)


def _is_full(directory: Path) -> bool:
    """Whether a megabyte has no room: of a module that TLC unpacks it may have read a half."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(1 << 20))
            file.flush()
    except OSError as error:
        return fault(error) is ExitCode.NO_VERDICT
    return False


def _execute(
    command: list[str],
    run_dir: Path,
    timeout: float | None,
    on_progress: OnProgress | None,
    stop: threading.Event | None,
) -> Ended:
    with contextlib.ExitStack() as stack:
        try:
            # Unbuffered: a full disk shows at the write, and the log is whole whenever we die.
            log = stack.enter_context(FileIO(run_dir / LOG, "w"))
            errors = stack.enter_context(FileIO(run_dir / ERRORS, "w"))
        except OSError as error:
            raise _cannot_write(run_dir / LOG, error) from None
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                command,
                cwd=run_dir,
                env=java_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Ctrl-C goes to us alone, and one kill reaches all that a wrapper script started.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise GenError(
                f"{command[0]} cannot be started: {reason(error)}; 'gen doctor' says what fits",
                ExitCode.SYSTEM,
            ) from None
        stack.enter_context(_ends_with_us(process.pid))
        following = _Following(process, log, started, on_progress)
        try:
            killed = following.to_the_end(timeout, stop)
            following.end()
        except BaseException:
            following.end_at_once()
            raise
        finally:
            following.close()
    return Ended(following.reader, process.returncode, killed)


#: ``read`` fails when nobody is left who could write.
_WATCH = 'read -r over || kill -s KILL -- "-$0"'


@contextlib.contextmanager
def _ends_with_us(group: int) -> Iterator[None]:
    """As long as this lasts, a process group is killed if we are: by SIGKILL too.

    A shell waits at a pipe that closes with us.  PR_SET_PDEATHSIG would have to be set in the
    child, by another interpreter, and would tell of the end of a thread, not of ours.
    """
    try:
        watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # what ends our own group is to leave it
        )
    except OSError:  # without it all goes on, as long as nobody kills us
        yield
        return
    try:
        yield
    finally:
        watch.communicate(b"over\n")


def judge(ended: Ended, run_dir: Path) -> Report:
    """The second half of ``run``: what TLC said; its files are in ``run_dir``."""
    code = ended.code
    # A signal as a shell tells it: 143 is SIGTERM, whether Java ended itself or died of it.
    report = ended.printed.finish(code if code >= 0 else 128 - code)
    if ended.killed is not None:
        return replace(report, outcome=Outcome.KILLED, message=ended.killed, completed=False)
    if ended.full and not _says_something(report):
        # TLC may say so, but also that it cannot parse what it has read of its own modules.
        return replace(report, outcome=Outcome.CRASHED, message=f"disk full: {run_dir}")
    return _judge_end(report, code, run_dir)


def _says_something(report: Report) -> bool:
    """Whether TLC has come to its end, or to a counterexample: that is so, whatever came then."""
    violations = (Outcome.INVARIANT, Outcome.ACTION_PROPERTY, Outcome.TEMPORAL)
    return report.ok or (report.outcome in violations and bool(report.trace))


def _judge_end(report: Report, code: int, run_dir: Path) -> Report:
    """``report`` with an outcome that tells a Java that failed from a TLC that found something."""
    if not (_says_something(report) or run_dir.is_dir()):
        return replace(report, outcome=Outcome.CRASHED, message=f"{run_dir} was removed meanwhile")
    if report.outcome is Outcome.EVALUATION and "java.io.IOException" in report.message:
        # TLC wraps it, and then blames the spec.
        message = f"TLC could not read or write its own files: {report.message}"
        return replace(report, outcome=Outcome.CRASHED, message=message)
    if report.outcome not in (Outcome.CRASHED, Outcome.INCOMPLETE, Outcome.KILLED):
        return report
    if code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
        name = signal.Signals(-code).name
        message = f"Java crashed ({name}); what it wrote about that is in {run_dir}"
        return replace(report, outcome=Outcome.CRASHED, message=message)
    if code == -signal.SIGKILL:
        message = "killed by SIGKILL from outside, often for want of memory: a smaller heap may fit"
        return replace(report, outcome=Outcome.KILLED, message=message)
    if code > 0 and report.outcome is not Outcome.KILLED and tlc_version(run_dir) is None:
        message = f"Java failed before TLC started: {_last_words(run_dir, code)}"
        return replace(report, outcome=Outcome.CRASHED, message=message)
    return report


def tlc_version(run_dir: Path) -> str | None:
    """The version that TLC printed in ``run_dir``, None if there was no TLC: it says that first."""
    with contextlib.suppress(OSError), (run_dir / LOG).open("rb") as log:
        head = log.read(1 << 16).decode("utf-8", "replace")
        found = re.search(rf"STARTMSG {EC.TLC_VERSION:d}:\d+ @!@!@\n([^\n@]+)", head)
        return found[1].strip() if found else None
    return None


def _last_words(run_dir: Path, code: int) -> str:
    """The last line that Java said before it failed, for a message."""
    for name in (ERRORS, LOG):
        with contextlib.suppress(OSError):
            text = (run_dir / name).read_text(encoding="utf-8", errors="replace")
            lines = [line.strip("# \t\r") for line in text.splitlines()]
            # These two follow each bad JVM option, and the line before them says which.
            lines = [
                line
                for line in lines
                if line
                and line != "Error: Could not create the Java Virtual Machine."
                and not line.startswith("Error: A fatal exception has occurred.")
            ]
            if lines:
                return lines[-1][:300]
    return f"it said nothing (exit code {code})"


def read(log: bytes) -> StreamReader:
    """What a TLC printed that ran elsewhere, read as if it had been followed."""
    reader = StreamReader()
    *lines, tail = log.split(b"\n")
    for line in [*lines, tail] if tail else lines:
        reader.feed(_text(line))
    return reader


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


class _Following:
    """A TLC process whose output is read, logged and reported as it comes."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        log: FileIO,
        started: float,
        on_progress: OnProgress | None,
    ) -> None:
        assert process.stdout is not None
        self.process = process
        self.reader = StreamReader()
        self._pipe = process.stdout
        self._log = log
        self._started = started
        self._on_progress = on_progress
        self._unfinished: list[bytes] = []  # pieces of a line that has no end yet
        self._open = True
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)

    def to_the_end(self, timeout: float | None, stop: threading.Event | None) -> str | None:
        """Reads until TLC ends; the reason if it is to be killed before, else None."""
        next_tick = self._started
        while True:
            now = time.monotonic()
            if stop is not None and stop.is_set():
                return f"stopped after {now - self._started:.1f} s: no verdict"
            if timeout is not None and now - self._started >= timeout:
                return f"timeout: no verdict within {timeout:g} s"
            if now >= next_tick:
                self._report(None)
                next_tick = now + TICK
            wait = next_tick - now
            if timeout is not None:
                wait = min(wait, self._started + timeout - now)
            if not self._open:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(wait)
                    return None
                continue
            # Asked before the read: what a process wrote before it ended is then never missed.
            # A pipe that stays open after its end is held by a child of a java that is a script.
            ended = self.process.poll() is not None
            if not self._read(wait) and ended:
                return None

    def end(self) -> None:
        """Ends the process group if it still runs: SIGTERM, SIGKILL after 2 s. Reads on."""
        try:
            if self.process.poll() is None:
                self._signal(signal.SIGTERM)
                until = time.monotonic() + GRACE
                while self._open and (left := until - time.monotonic()) > 0:
                    self._read(left)
                if (left := until - time.monotonic()) > 0:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self.process.wait(left)
        finally:
            self._kill()
        if self._unfinished:
            self._feed([b"".join(self._unfinished)])
            self._unfinished = []

    def end_at_once(self) -> None:
        """Ends the process group after an exception: nothing more is read or logged."""
        try:
            if self.process.poll() is None:
                self._signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(GRACE)
        finally:
            self._kill()

    def _kill(self) -> None:
        # An open pipe after the end of the process: children of a java that is a script hold it.
        # With neither there is nobody left, and the number may already be another group's.
        if self.process.poll() is None or self._open:
            self._signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self._selector.close()
        self._pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        # PermissionError: what macOS says of a group whose processes have all ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _read(self, wait: float) -> bool:
        """Reads once, waiting at most ``wait`` seconds; False if nothing came."""
        if not self._selector.select(wait):
            return False
        chunk = os.read(self._pipe.fileno(), 1 << 16)
        if not chunk:
            self._open = False
            self._selector.unregister(self._pipe)
            return False
        rest = memoryview(chunk)
        try:
            while rest:  # a disk that fills up takes a part first
                rest = rest[self._log.write(rest) :]
        except OSError as error:
            raise _cannot_write(Path(os.fsdecode(self._log.name)), error) from None
        *lines, tail = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._unfinished, lines[0]])
            self._unfinished = []
        if tail:
            self._unfinished.append(tail)
        self._feed(lines)
        return True

    def _feed(self, lines: list[bytes]) -> None:
        for line in lines:
            progress = self.reader.feed(_text(line))
            if progress is not None:
                self._report(progress)

    def _report(self, progress: Progress | None) -> None:
        if self._on_progress is not None:
            self._on_progress(progress, time.monotonic() - self._started)


def _cannot_write(path: Path, error: OSError) -> GenError:
    return GenError(f"no verdict: {path} cannot be written: {reason(error)}", ExitCode.NO_VERDICT)
