"""Commands as whole processes: wall clock, CPU time, and the memory of the largest."""

from __future__ import annotations

import os
import platform
import resource
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.tlc.options import MIB, memory_bytes


@dataclass(frozen=True)
class Run:
    """One run of one or more commands, one after the other.

    ``wall`` and ``cpu``: seconds.  ``peak``: MiB, of the largest single process.  ``finished``:
    False if it was ended because time was over; the numbers are what it had come to.
    ``code`` and ``out``: of the last command.
    """

    wall: float
    cpu: float
    peak: float
    finished: bool
    code: int
    out: str


@dataclass(frozen=True)
class Figure:
    """The medians of several runs of the same commands."""

    wall: float
    cpu: float
    peak: float
    runs: int
    finished: bool


def run(
    commands: Sequence[Sequence[str]],
    room: Path,
    timeout: float,
    environ: Mapping[str, str] | None = None,
) -> Run:
    """Run the commands in a directory until one fails, or all are done, or time is over."""
    begun = time.monotonic()
    cpu = peak = 0.0
    code, out = 0, room / "out.txt"
    for command in commands:
        left = begun + timeout - time.monotonic()
        with out.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=room,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code, usage = _wait(process, left)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)  # Linux counts KiB
        if code != 0:
            break
    wall = time.monotonic() - begun
    said = out.read_text(encoding="utf-8", errors="replace")
    return Run(wall, cpu, peak, wall < timeout, code, said)


def _wait(process: subprocess.Popen[bytes], timeout: float) -> tuple[int, resource.struct_rusage]:
    """The exit code and what was used, by the process and by all that it has waited for."""
    until = time.monotonic() + timeout
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGTERM)  # gen ends its TLCs then
            until += 5
            if time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.005)


def figure(runs: Sequence[Run]) -> Figure:
    """Medians; finished only if all were."""
    return Figure(
        statistics.median(r.wall for r in runs),
        statistics.median(r.cpu for r in runs),
        statistics.median(r.peak for r in runs),
        len(runs),
        all(r.finished for r in runs),
    )


def machine() -> str:
    """The processor, its cores, the memory, and the system."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    cores = len(os.sched_getaffinity(0))
    gib = memory_bytes() / (1024 * MIB)
    return f"{model}, {cores} cores, {gib:.1f} GiB, {platform.system()} {platform.release()}"
