"""A design held against another one: which of its violations are new, old or mended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from gen.check.jobs import as_they_end, ended_first
from gen.check.past import Past, can_go_past, go_past
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.session import Stopped, Told, check
from gen.check.verdict import OnProgress, Result, Verdict, silent
from gen.errors import GenError
from gen.model.design import Design
from gen.tlc.report import Progress


@dataclass(frozen=True)
class Against:
    """What a check says of the design that another one is held against.

    ``verdicts``: one for each property that is asked of the other.  ``past``: by property, what
    is known beside a violation that both have.
    """

    base: Design
    verdicts: tuple[Verdict, ...]
    past: Mapping[str, Past] = field(default_factory=dict)

    def of(self, verdict: Verdict) -> Verdict:
        """The base's verdict on the property of this one."""
        return next(v for v in self.verdicts if v.prop.name == verdict.prop.name)

    def is_old(self, verdict: Verdict) -> bool:
        """A violation that the base has too: a counterexample of it is known, and confirmed."""
        return verdict.violated and self.of(verdict).violated and not verdict.past

    def is_new(self, verdict: Verdict) -> bool:
        """A violation that the base is not known to have: what is not known excuses nothing.

        Of a property that the base violates too, it is one in another action.
        """
        return verdict.violated and not self.is_old(verdict)

    def has_nothing_new(self, verdict: Verdict) -> bool:
        """An old violation, beside which a search that came to its end has found no other."""
        past = self.past.get(verdict.prop.name)
        return self.is_old(verdict) and past is not None and not past.message

    def is_mended(self, verdict: Verdict) -> bool:
        """A search of the design came to its end, and only the base violates it."""
        return verdict.result is Result.HOLDS and self.of(verdict).violated

    def knowing(self, name: str, past: Past) -> Against:
        """The same, with what is known beside the violation of a property."""
        return replace(self, past={**self.past, name: past})

    @property
    def unknown(self) -> list[Verdict]:
        """What is not known of the base."""
        return [v for v in self.verdicts if v.result is Result.NO_VERDICT]


def check_names(design: Design, base: Design) -> None:
    """GenError if there are not two designs, or one name stands for both."""
    if design == base:
        raise GenError(f"--against '{base.name}': that is the design itself; another one fits")
    if design.name == base.name:
        raise GenError(f"two designs are named '{base.name}'; give one another name")


def hold_against(request: Check, base: Check, on_progress: OnProgress = silent) -> Against:
    """Check the base of ``base`` on what is asked of the design of ``request``.

    After trouble that is not TLC's the rest is not known.  Raises Stopped on Ctrl-C, with
    no verdict on the design.
    """

    try:
        verdicts: Sequence[Verdict] = check(base, _of_base(on_progress))
    except Stopped as stopped:
        if not isinstance(stopped.cause, GenError):
            none = [
                Verdict(p, Result.NO_VERDICT, message="not checked") for p in request.properties
            ]
            raise Stopped(none, stopped.cause) from None
        why = stopped.cause.message
        verdicts = [
            replace(v, message=why) if v.result is Result.NO_VERDICT else v
            for v in stopped.verdicts
        ]
    return Against(base.design, tuple(verdicts))


def past_old(
    request: Check,
    base: Check,
    against: Against,
    verdicts: Sequence[Verdict],
    on_past: Callable[[Verdict, Past], None],
    on_progress: OnProgress = silent,
) -> None:
    """Go past each violation that is old: to its verdict then, and what is known.

    All that has the time of one check.  Ctrl-C, and trouble that is not TLC's, end it, but not
    before its TLCs.
    """
    told, stop = Told(on_progress, silent).progress, threading.Event()
    runner, base_runner = Runner(request, told, stop), Runner(base, _of_base(told), stop)
    jobs: list[Future[tuple[Verdict, Past]]] = []
    with ThreadPoolExecutor(request.executor.lanes) as pool, ended_first(jobs, stop.set):
        for verdict in filter(against.is_old, verdicts):
            theirs = against.of(verdict)
            if can_go_past(verdict, theirs):
                jobs.append(pool.submit(go_past, runner, base_runner, verdict, theirs))
        for job in as_they_end(jobs):
            on_past(*job.result())


def _of_base(on_progress: OnProgress) -> OnProgress:
    """The same, of the runs for the base."""

    def progress(run: str, reported: Progress | None, seconds: float) -> None:
        on_progress(f"against-{run}", reported, seconds)

    return progress
