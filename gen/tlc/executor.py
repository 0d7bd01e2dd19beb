"""Where TLC runs: here, unless somebody says otherwise."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gen.tlc import process
from gen.tlc.options import TlcOptions, default_heap
from gen.tlc.process import OnProgress
from gen.tlc.report import Report
from gen.tlc.task import Task
from gen.tlc.toolchain import Toolchain

#: JVMs of one check at a time on this machine: the property that comes first, and the others.
LANES = 2


class Executor(Protocol):
    """Runs TLC, and says what it said.  Any thread may use it."""

    @property
    def lanes(self) -> int:
        """How many runs of one check it takes at a time."""

    def heap(self, options: TlcOptions) -> str:
        """The heap of a run, for a message."""

    def java(self, toolchain: Toolchain) -> str:
        """Which Java has run all that ran, and runs what is next; "" if that is not known."""

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
        """``tlc.run`` of a task: its files are in ``directory``, which is made, wherever it ran.

        ``timeout``: seconds from now, with the time that it takes to get its turn.
        """


@dataclass(frozen=True)
class Local:
    """Runs TLC on this machine.

    The caller's thread starts Java and waits for it: a run is a process already, and a pool of
    Python processes around it would add nothing.
    """

    lanes: int = LANES

    def heap(self, options: TlcOptions) -> str:
        return options.heap or default_heap()

    def java(self, toolchain: Toolchain) -> str:
        return toolchain.java_identity

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
        command = task.prepare(toolchain, directory)
        return process.run(command, directory, timeout=timeout, on_progress=on_progress, stop=stop)


#: Where TLC runs if nobody says otherwise.
LOCAL = Local()
