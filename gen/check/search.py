"""Searching: what TLC says of some properties of a design, one search after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gen.check.counterexample import Counterexample
from gen.check.runner import Runner
from gen.check.verdict import Result, Verdict, exit_code
from gen.errors import ExitCode, GenError
from gen.model.past import Known, render_past
from gen.model.property import Kind, Property, properties
from gen.tlc.report import Outcome, Report
from gen.tlc.spec import Spec


@dataclass(frozen=True)
class Violation:
    """A search has found a counterexample; nothing is said of it before it was followed.

    ``distinct``, ``generated``: states that TLC had seen; ``seconds``: that it took.  ``past``:
    what was known before, and taken out.
    """

    prop: Property
    found: Counterexample
    distinct: int
    generated: int
    seconds: float
    past: Known | None = None

    @property
    def run(self) -> str:
        """What the runs that follow it are called by."""
        return past_label(self.prop, self.past) if self.past else self.prop.name


def past_label(prop: Property, past: Known) -> str:
    """What a search past what is known of a property is called."""
    return f"{prop.name}-past-{len(past.actions)}"


def search(
    runner: Runner, asked: Sequence[Property], label: str, past: Known | None = None
) -> tuple[Report, Spec]:
    """What TLC says of these, and of what bounds the search; and the module that it searched.

    ``past``: what is known of the first of these, and taken out.
    """
    asked = guarded(asked)
    request = runner.request
    spec = request.spec(asked)
    if past:
        spec = render_past(spec, request.design, request.zone, asked, past)
    words = spec.cfg.split()
    if lost := [p.name for p in asked if p.name not in words]:
        raise GenError(f"no verdict: TLC is not asked about {lost[0]}", ExitCode.CONFIG)

    def final(report: Report) -> bool:
        return holds_all(report, asked) or violated(report, asked) is not None

    workers = request.tlc.workers
    report = runner.run(spec, label, workers, final)
    if workers > 1 and report.trace:
        # Several workers find some counterexample; one finds the shortest, each time.
        again = runner.run(spec, label + "-again", 1, final)
        if holds_all(again, asked):  # one of the two runs is wrong
            message = f"{workers} workers found a counterexample, one found none"
            return replace(report, violated=None, message=message), spec
        report = again
    return report, spec


def judge(
    runner: Runner, asked: Sequence[Property], label: str, past: Known | None = None
) -> Iterator[Verdict | Violation]:
    """Of each of these a verdict, or what is to be followed first.

    Searches, sets aside what is violated, and searches again.  ``past``: as of ``search``, of
    one property alone.
    """
    left = list(asked)
    while left:
        begun = time.monotonic()
        report, spec = search(runner, left, label, past)
        seconds = time.monotonic() - begun
        if holds_all(report, left):
            yield from (replace(holds(prop, report, seconds), spec=spec) for prop in left)
            return
        broken = violated(report, guarded(left))
        if broken is None:
            yield from (no_verdict(prop, report, seconds) for prop in left)
            return
        if broken.unbounded:
            # Without an end of its own: what is lost or doubled once is so again and again.
            beyond = replace(report, message=_unbounded(broken))
            yield from (no_verdict(prop, beyond, seconds) for prop in left if prop is not broken)
            left = [prop for prop in left if prop is broken]
        if broken not in left:
            return
        left.remove(broken)
        label = f"without-{broken.name}"
        found = Counterexample.from_report(report)
        seen = report.distinct or 0, report.generated or 0
        yield Violation(broken, found, *seen, seconds, past)


def guarded(asked: Sequence[Property]) -> list[Property]:
    """What is asked, and where a search has no bound any more: there it is to end.

    Once pages are lost, for example, there are more and more states.
    """
    guards = [
        prop
        for prop in properties().values()
        if prop.unbounded and prop not in asked and all(p.start == prop.start for p in asked)
    ]
    return [*asked, *guards]


def _unbounded(broken: Property) -> str:
    return (
        f"{broken.unbounded} ({broken.name} is violated): from there on the search has no bound; "
        "up to there nothing was found"
    )


# ---- what a report comes to ------------------------------------------------------------


def violated(report: Report, asked: Sequence[Property]) -> Property | None:
    """The property that a search has found a counterexample to, if it was asked about it."""
    if not report.trace:
        return None
    if report.outcome is Outcome.TEMPORAL:
        live = [p for p in asked if p.kind is Kind.LIVENESS]
        return live[0] if len(live) == 1 else None  # TLC does not name it
    if report.outcome not in (Outcome.INVARIANT, Outcome.ACTION_PROPERTY):
        return None
    return next((p for p in asked if p.name == report.violated), None)


def holds_all(report: Report, asked: Sequence[Property]) -> bool:
    """Whether TLC has searched every state, and with liveness the loops too."""
    return report.ok and (report.temporal or all(p.kind is not Kind.LIVENESS for p in asked))


def holds(prop: Property, report: Report, seconds: float) -> Verdict:
    """The verdict of a complete search that found no counterexample."""
    reachable = prop.kind is Kind.REACHABLE
    return Verdict(
        prop,
        Result.UNREACHABLE if reachable else Result.HOLDS,
        distinct=report.distinct or 0,
        generated=report.generated or 0,
        depth=report.depth or 0,
        seconds=seconds,
        message="within these bounds it is not possible" if reachable else "",
        code=ExitCode.SAFETY if reachable else ExitCode.OK,
    )


def no_verdict(prop: Property, report: Report, seconds: float) -> Verdict:
    """Nothing is known, for the reason that the report has."""
    return Verdict(
        prop,
        Result.NO_VERDICT,
        distinct=report.distinct or 0,
        generated=report.generated or 0,
        seconds=seconds,
        message=report.message,
        code=exit_code(report),
    )
