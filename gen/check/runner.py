"""The runs of TLC that one check makes: in its time, from the cache where they are known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gen.check.request import Check
from gen.check.verdict import OnProgress, silent
from gen.errors import ExitCode, GenError
from gen.model.patch import in_own_words
from gen.model.render import own_patch
from gen.tlc.cache import content_key
from gen.tlc.command import LOG
from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.spec import Spec
from gen.tlc.task import Task

#: Whether a report settles what TLC was asked, so that it need not be asked again.
IsFinal = Callable[[Report], bool]


@dataclass(frozen=True)
class Runner:
    """Runs TLC for one check, on any thread: nothing in it changes, but that it is stopped.

    ``stop``: set, it ends what runs, and lets nothing begin.
    """

    request: Check
    on_progress: OnProgress = silent
    stop: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.monotonic)

    def run(
        self, spec: Spec, label: str, workers: int, final: IsFinal, dump: str | None = None
    ) -> Report:
        """What TLC says of a spec; of one that has a final report it is not asked again.

        ``label``: the run, and its directory.  ``dump``: the name of a file for the state graph,
        which only a run can make.  GenError if the check has been stopped.
        """
        if self.stop.is_set():
            raise stopped()
        request = self.request
        task = Task(spec, replace(request.tlc, workers=workers), dump)
        cache = None if dump else request.cache
        key = self.key(task)
        known = cache.load(key, final) if cache else None
        if known:
            return known

        def progress(reported: Progress | None, elapsed: float) -> None:
            self.on_progress(label, reported, elapsed)

        directory = request.run_dir / label
        report = request.executor.run(
            *(task, request.toolchain, directory),
            timeout=self._time_left(),
            on_progress=progress,
            stop=self.stop,
        )
        # Elsewhere it may turn out only now which Java it was.
        if cache and final(report) and self.key(task) == key:
            cache.store(key, directory / LOG, report)
        return replace(report, message=self._reason(report, spec)) if not report.ok else report

    def key(self, task: Task, *more: str) -> str:
        """What TLC's answer is kept by; ``more``: what is made of it depends on that, too.

        "" if it is not known which Java answers: by that nothing is kept.
        """
        toolchain = self.request.toolchain
        java = self.request.executor.java(toolchain)
        # In any directory: where a run was made is not what it was.
        command = task.command(toolchain, Path("/"))
        return java and content_key(task.spec, toolchain.jar_sha256, java, command, *more)

    def _time_left(self) -> float | None:
        if self.request.tlc.timeout is None:
            return None
        return max(self.started + self.request.tlc.timeout - time.monotonic(), 0.01)

    def _is_late(self) -> bool:
        """Whether the time that the user has given is over."""
        timeout = self.request.tlc.timeout
        return timeout is not None and time.monotonic() >= self.started + timeout

    def _reason(self, report: Report, spec: Spec) -> str:
        """Why a run has no verdict, in the words of the options that the user has given."""
        options = self.request.tlc
        if report.outcome is Outcome.OUT_OF_MEMORY:
            heap = self.request.executor.heap(options)
            return f"the heap of {heap} was not enough; a larger --heap may fit"
        if report.outcome is Outcome.KILLED and self.stop.is_set():
            return f"stopped after {time.monotonic() - self.started:.1f} s"
        if report.outcome is Outcome.KILLED and self._is_late():
            return f"the --timeout of {options.timeout:g} s was reached"
        request = self.request
        own = own_patch(request.design, request.zone, request.applicable).operators.values()
        return in_own_words(report.message, spec.tla, [*own]) or report.outcome.value


def stopped() -> GenError:
    """What ends the runs of a check that has been stopped."""
    return GenError("no verdict: stopped", ExitCode.NO_VERDICT)


def run_spec(request: Check, spec: Spec, label: str, stop: threading.Event | None = None) -> Report:
    """What TLC says of one module, in a directory of this name; complete, or a violation."""

    def final(report: Report) -> bool:
        return report.ok or bool(report.trace)

    runner = Runner(request, stop=stop or threading.Event())
    return runner.run(spec, label, request.tlc.workers, final)
