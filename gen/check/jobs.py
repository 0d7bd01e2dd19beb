"""Work on several threads: Ctrl-C is heard while it goes on, and nothing outlives it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which a waiting thread looks up: Ctrl-C must reach it at once.
_TICK = 0.2
#: The same, while everything comes to its end.
_LAST_TICK = 0.02


def as_they_end(jobs: Collection[Future[T]]) -> Iterator[Future[T]]:
    """Each job when it has ended; those that end together in their order."""
    pending = set(jobs)
    while pending:
        ended, pending = wait(pending, timeout=_TICK, return_when=FIRST_COMPLETED)
        yield from (job for job in jobs if job in ended)


def finish(jobs: Collection[Future[T]]) -> None:
    """Wait for all, or for the first that fails, and raise what it raised."""
    for job in as_they_end(jobs):
        job.result()


@contextlib.contextmanager
def ended_first(jobs: Collection[Future[T]], stop: Callable[[], object]) -> Iterator[None]:
    """What ends this early, Ctrl-C or trouble, gets on only when every job has ended.

    ``stop`` makes those end that run, and may be called again; the others do not begin.  A
    second Ctrl-C does not cut that short.  ``jobs`` may grow as they run.
    """
    try:
        yield
    except BaseException:
        # Not by joining the threads: up to Python 3.12 an interrupted join() takes the thread
        # for ended, and the interpreter then ends without it, and without its TLC's end.
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                running = [job for job in tuple(jobs) if not (job.cancel() or job.done())]
                stop()
                if not running:
                    break
                time.sleep(_LAST_TICK)
        raise
