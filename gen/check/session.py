"""A check: which properties hold, and for each that does not, a replayed counterexample."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from gen.check.cost import measure
from gen.check.coverage import cover
from gen.check.easiest import settle
from gen.check.jobs import ended_first, finish
from gen.check.request import Check
from gen.check.runner import Runner, stopped
from gen.check.search import Violation, judge
from gen.check.verdict import OnProgress, OnVerdict, Result, Verdict, silent
from gen.errors import GenError
from gen.model.property import BOOT, Kind, Property
from gen.tlc.report import Progress


class Stopped(Exception):  # noqa: N818  (it may be no error, but the user's wish)
    """A check that was ended before its end, by Ctrl-C or by trouble that is not TLC's.

    ``verdicts``: one for each property, in their order; NO_VERDICT where it was not known yet.
    ``cause``: the KeyboardInterrupt or the GenError.
    """

    def __init__(self, verdicts: list[Verdict], cause: KeyboardInterrupt | GenError) -> None:
        super().__init__(str(cause) or "interrupted")
        self.verdicts = verdicts
        self.cause = cause


class Told:
    """What is told, from any thread, one at a time; the verdicts are kept."""

    def __init__(self, on_progress: OnProgress, on_verdict: OnVerdict) -> None:
        self._on_progress, self._on_verdict = on_progress, on_verdict
        self._lock = threading.Lock()
        self._verdicts: dict[str, Verdict] = {}

    def progress(self, run: str, reported: Progress | None, seconds: float) -> None:
        with self._lock:
            self._on_progress(run, reported, seconds)

    def verdict(self, verdict: Verdict) -> None:
        with self._lock:
            self._verdicts[verdict.prop.name] = verdict
            self._on_verdict(verdict)

    def of(self, properties: Sequence[Property]) -> list[Verdict]:
        """A verdict for each, in their order."""
        return [
            self._verdicts.get(p.name) or Verdict(p, Result.NO_VERDICT, message="not checked")
            for p in properties
        ]


def check(
    request: Check,
    on_progress: OnProgress = silent,
    on_verdict: OnVerdict = silent,
    stop: threading.Event | None = None,
) -> list[Verdict]:
    """Run TLC as often as it takes for a verdict on every property, in their order.

    ``on_progress(run, progress, seconds)`` and ``on_verdict(verdict)`` are called from
    other threads, one at a time.  Raises Stopped on Ctrl-C, if ``stop`` is set while it
    runs, and on trouble that is not TLC's, a full disk for example.  However it ends, no
    TLC is left running.
    """
    told = Told(on_progress, on_verdict)
    runner = Runner(request, told.progress, stop or threading.Event())
    for prop in request.properties:
        if prop not in request.applicable:
            why = _why_vacuous(request, prop)
            told.verdict(Verdict(prop, Result.VACUOUS, message=why))
    # Searches, and after them what follows their counterexamples.
    searches: list[Future[None]] = []
    follows: list[Future[None]] = []

    def settled(violation: Violation) -> None:
        told.verdict(settle(runner, violation))

    def searched(asked: Sequence[Property], label: str) -> None:
        for found in _answers(runner, asked, label):
            if isinstance(found, Verdict):
                told.verdict(found)
            elif len(asked) == 1:
                settled(found)
            else:
                follows.append(pool.submit(settled, found))

    try:
        with (
            ThreadPoolExecutor(request.executor.lanes) as pool,
            ended_first(follows, runner.stop.set),
            ended_first(searches, runner.stop.set),
        ):
            for label, asked in _searches(request.applicable).items():
                searches.append(pool.submit(searched, asked, label))
            finish(searches)
            finish(follows)
            if runner.stop.is_set():
                raise stopped()
    except (KeyboardInterrupt, GenError) as e:
        raise Stopped(told.of(request.properties), e) from None
    return told.of(request.properties)


def _answers(
    runner: Runner, asked: Sequence[Property], label: str
) -> Iterator[Verdict | Violation]:
    """What a search comes to, by the kind of what is asked."""
    kind = asked[0].kind
    if kind is Kind.COST:
        yield measure(runner, asked[0])
    elif kind is Kind.COVERAGE:
        yield cover(runner, asked[0])
    else:
        yield from judge(runner, asked, label)


def _searches(properties: Sequence[Property]) -> dict[str, list[Property]]:
    """The properties that are searched together, by the name of the search.

    The first is searched alone, as it is drawn.  Of the others those go together that keep
    the same in the state: what is kept for another property would only make for more
    states, and the replay of one property would not have it.  Each liveness property is
    searched alone, as TLC does not say which one a loop violates.
    """
    searches = {"first": [*properties[:1]]} if properties else {}
    labels: dict[frozenset[str], str] = {frozenset(): "others"}
    for prop in properties[1:]:
        if prop.kind in (Kind.COST, Kind.COVERAGE, Kind.LIVENESS):
            searches[prop.name] = [prop]
            continue
        alike = frozenset((*prop.keeps, *prop.features)) | ({prop.start} - {BOOT})
        label = labels.setdefault(alike, prop.name)
        searches.setdefault(label, []).append(prop)
    return searches


def _why_vacuous(request: Check, prop: Property) -> str:
    if not request.design.has(prop.needs):
        return f"{request.design.name} has nothing that {prop.name} speaks of"
    if prop.grain not in ("", request.zone.grain):
        return f"it is said of --grain {prop.grain} alone"
    return f"it speaks of {prop.isolators} or more isolators, there are {request.zone.isolators}"
