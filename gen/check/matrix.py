"""The matrix: every design checked, as many at a time as cores and memory allow."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from gen.check.exercised import met
from gen.check.jobs import as_they_end, ended_first
from gen.check.request import Check
from gen.check.session import Stopped
from gen.check.verdict import Result, Verdict
from gen.model.design import Design
from gen.model.property import Property
from gen.model.zone import Zone
from gen.tlc.executor import LANES
from gen.tlc.options import LEAST_HEAP, TlcOptions, heap_bytes, shared_heap
from gen.tlc.report import Progress


@dataclass(frozen=True)
class Row:
    """A design's verdicts, by the property's name.

    ``cached``: TLC was not started, as every result was known from an earlier run.
    """

    check: Check
    verdicts: Mapping[str, Verdict]
    seconds: float = 0.0
    cached: bool = False

    @property
    def design(self) -> Design:
        """The design that the verdicts are about."""
        return self.check.design

    def count(self, result: Result) -> int:
        """How many properties have this result."""
        return sum(verdict.result is result for verdict in self.verdicts.values())


@dataclass(frozen=True)
class Matrix:
    """Verdicts by design and property; all checks are of the same zone and properties.

    ``interrupted``: what ended it before its end; the verdicts that were not known say so.
    """

    rows: tuple[Row, ...]
    interrupted: KeyboardInterrupt | None = None

    @property
    def zone(self) -> Zone:
        """The zone of all checks."""
        return self.rows[0].check.zone

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties of all checks, in the table's order."""
        return self.rows[0].check.properties

    def count(self, result: Result) -> int:
        """How many cells have this result."""
        return sum(row.count(result) for row in self.rows)

    @property
    def complete(self) -> bool:
        """Whether every cell has a verdict."""
        return not self.count(Result.NO_VERDICT)


def share(options: TlcOptions, cores: int, memory: int) -> tuple[int, TlcOptions]:
    """How many checks fit at a time, and the options with the heap that each JVM then gets.

    Half of the memory is for the heaps, as with one check; a heap that was given is kept.
    """
    jobs = max(1, cores // (LANES * options.workers))
    least = LEAST_HEAP if options.heap is None else heap_bytes(options.heap)
    jobs = max(1, min(jobs, memory // 2 // (LANES * least)))
    if options.heap is None:
        options = replace(options, heap=shared_heap(LANES * jobs, memory))
    return jobs, options


def cores() -> int:
    """The cores of the machine."""
    return os.cpu_count() or 1


OnProgress = Callable[[str, Progress | None, float], None]

OnRow = Callable[[Row], None]
#: The names of the properties that a certificate proves of what a check is about.
Certified = Callable[[Check], set[str]]


def run(
    requests: Sequence[Check],
    jobs: int,
    on_progress: OnProgress,
    on_row: OnRow,
    certified: Certified,
) -> Matrix:
    """Make the checks, ``jobs`` at a time; trouble with one leaves the others alone.

    ``on_progress(design and run, progress, seconds)`` and ``on_row(row)`` are called one
    at a time; ``certified(check)`` is asked of each.  After Ctrl-C the cells that are not
    known yet have no verdict.
    """
    lock = threading.Lock()
    stops = [threading.Event() for _ in requests]
    ended = threading.Event()
    rows: dict[int, Row] = {}
    numbers: dict[Future[Row], int] = {}
    interrupted = None

    def one(number: int) -> Row:
        request = requests[number]

        def progress(label: str, reported: Progress | None, elapsed: float) -> None:
            with lock:
                on_progress(f"{request.design.name} {label}", reported, elapsed)

        return _row(request, progress, stops[number], ended, certified)

    def stop() -> None:
        for event in (ended, *stops):
            event.set()

    try:
        with ThreadPoolExecutor(jobs) as pool, ended_first(numbers, stop):
            for number in range(len(requests)):
                numbers[pool.submit(one, number)] = number
            for job in as_they_end(numbers):
                rows[numbers[job]] = job.result()
                with lock:
                    on_row(rows[numbers[job]])
    except KeyboardInterrupt as e:
        interrupted = e
    for job, number in numbers.items():
        if number not in rows:
            rows[number] = _nothing(requests[number]) if job.cancelled() else job.result()
    return Matrix(tuple(rows[number] for number in sorted(rows)), interrupted)


def _row(
    request: Check,
    on_progress: OnProgress,
    stop: threading.Event,
    ended: threading.Event,
    certified: Certified,
) -> Row:
    """``ended``: the matrix is, by Ctrl-C; ``stop`` is set for a check that has trouble too."""
    started = time.monotonic()
    try:
        verdicts = met(request, on_progress, stop)
    except Stopped as stopped:
        cause = "interrupted" if ended.is_set() else str(stopped)
        verdicts = [
            replace(v, message=cause) if v.result is Result.NO_VERDICT else v
            for v in stopped.verdicts
        ]
    proved = certified(request)
    verdicts = [
        replace(v, proved=v.result is Result.HOLDS and v.prop.name in proved) for v in verdicts
    ]
    seconds = time.monotonic() - started
    cached = request.cache is not None and bool(request.applicable) and not request.cache.misses
    return Row(request, {v.prop.name: v for v in verdicts}, seconds, cached)


def _nothing(request: Check) -> Row:
    """The row of a design that was not begun."""
    unknown = [Verdict(p, Result.NO_VERDICT, message="interrupted") for p in request.properties]
    return Row(request, {verdict.prop.name: verdict for verdict in unknown})
