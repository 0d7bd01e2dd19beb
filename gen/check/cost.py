"""A cost: the least bound that no step exceeds."""

from __future__ import annotations

import time
from dataclasses import replace

from gen.check.confirm import follow, verdict_of
from gen.check.counterexample import Counterexample
from gen.check.runner import Runner
from gen.check.search import holds, holds_all, no_verdict, search, violated
from gen.check.verdict import Result, Verdict
from gen.model.property import Property


def measure(runner: Runner, prop: Property) -> Verdict:
    """Raise the bound to what TLC finds above it, until there is nothing above it."""
    begun = time.monotonic()
    bounded = replace(prop, bound=0)
    dearest: tuple[Property, Counterexample] | None = None
    while True:
        report, _ = search(runner, [bounded], f"{prop.name}-{bounded.bound}")
        seconds = time.monotonic() - begun
        if holds_all(report, [bounded]):
            break
        above = report.trace[-1].values.get(prop.measures) if report.trace else None
        if (
            violated(report, [bounded]) is None
            or not isinstance(above, int)
            or above <= bounded.bound
        ):
            return no_verdict(prop, report, seconds)
        dearest = bounded, Counterexample.from_report(report)
        bounded = replace(prop, bound=above)
    held = holds(prop, report, seconds)
    measured = replace(held, result=Result.MEASURED, measured=bounded.bound)
    if dearest is None:
        return measured
    followed = follow(runner, *dearest)
    shown = verdict_of(runner.request, dearest[0], followed, time.monotonic() - begun)
    if shown.trace is None:
        return shown
    return replace(measured, length=shown.length, seconds=shown.seconds, trace=shown.trace)
