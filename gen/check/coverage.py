"""Coverage: whether every action of a design happens somewhere."""

from __future__ import annotations

import time
from dataclasses import replace

from gen.check.runner import Runner
from gen.check.search import guarded, holds, no_verdict
from gen.check.verdict import Result, Verdict
from gen.model.property import Property
from gen.model.render import actions, happening


def cover(runner: Runner, prop: Property) -> Verdict:
    """Count which actions happen, in one zone after the other, until all have happened.

    That an action happens is shown by any run; that it never does, by complete ones.
    """
    begun = time.monotonic()
    zone = runner.request.zone
    known: set[str] = set()
    seen: set[str] = set()
    for isolators in dict.fromkeys((zone.isolators or 1, 1, 2, 0)):
        there = replace(runner.request, zone=replace(zone, isolators=isolators))
        spec = there.spec(guarded([prop]))
        report = runner.run(spec, f"{prop.name}-{isolators}", 1, lambda r: r.ok)
        seconds = time.monotonic() - begun
        if not report.ok:
            return no_verdict(prop, report, seconds)
        known |= actions(spec)
        seen |= happening(report.printed)
        if known and known <= seen:
            return holds(prop, report, seconds)
    never = ", ".join(sorted(known - seen))
    return Verdict(prop, Result.VACUOUS, message=f"never happens, in no zone: {never}")
