"""Work on several threads: Ctrl-C is heard, and what was begun is over before it goes on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gen.check.jobs import as_they_end, ended_first, finish


def test_jobs_are_told_as_they_end_not_as_they_began() -> None:
    goes_on = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        slow, quick = pool.submit(goes_on.wait, 5), pool.submit(bool)
        told: list[object] = []
        for job in as_they_end([slow, quick]):
            told.append(job)
            goes_on.set()
    assert told == [quick, slow]


def test_the_first_job_that_fails_is_not_waited_for_by_the_others() -> None:
    goes_on = threading.Event()

    def fail() -> bool:
        raise ValueError("a bug")

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(goes_on.wait, 5), pool.submit(fail)]
        with pytest.raises(ValueError, match="a bug"):
            finish(jobs)
        assert not jobs[0].done()
        goes_on.set()


@pytest.mark.parametrize("cause", [KeyboardInterrupt, ValueError])
def test_what_ends_the_work_is_told_when_all_that_ran_has_ended(
    cause: type[BaseException],
) -> None:
    stop = threading.Event()
    ended: list[str] = []
    jobs: list[Future[None]] = []
    two_run = threading.Barrier(3)

    def run(leaves_more: bool) -> None:
        two_run.wait(5)
        assert stop.wait(5)
        if leaves_more:
            jobs.append(pool.submit(ended.append, "more"))
        time.sleep(0.1)
        ended.append("ran")

    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(cause), ended_first(jobs, stop.set):
            jobs += [pool.submit(run, leaves_more) for leaves_more in (True, False)]
            jobs.append(pool.submit(ended.append, "never begun"))
            two_run.wait(5)
            raise cause
        assert ended == ["ran", "ran"]
        assert all(job.done() for job in jobs) and len(jobs) == 4


def test_work_that_comes_to_its_end_is_not_stopped() -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        jobs = [pool.submit(int)]
        with ended_first(jobs, stop.set):
            finish(jobs)
    assert not stop.is_set()
