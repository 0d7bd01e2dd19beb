"""Of all shortest counterexamples the one that is easiest to follow is the one that is followed."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gen.check.confirm import Followed, follow, verdict_of
from gen.check.counterexample import Counterexample
from gen.check.runner import Runner
from gen.check.search import Violation
from gen.check.shortest import GRAPH, Shortest, choose
from gen.check.verdict import Verdict
from gen.errors import reason
from gen.model.past import render_past
from gen.model.property import SAFETY
from gen.model.render import render_shortest, replay_state
from gen.tlc.task import Task
from gen.tlc.value import format_value

#: A search that saw more states than this is not made again only to choose among counterexamples.
MOST_TO_CHOOSE = 20_000


def settle(runner: Runner, violation: Violation) -> Verdict:
    """The verdict on what a search has found: with the trace that is to be drawn, or none."""
    begun = time.monotonic()
    prop, shortest = violation.prop, None
    if _wanted(runner, violation):
        followed, shortest = _easiest(runner, violation)
    else:
        followed = follow(runner, prop, violation.found, f"{violation.run}-replay")
    seconds = violation.seconds + time.monotonic() - begun
    verdict = verdict_of(runner.request, prop, followed, seconds)
    if verdict.trace is None:
        return verdict
    return replace(
        verdict,
        distinct=violation.distinct,
        generated=violation.generated,
        shortest=shortest if runner.request.all_shortest else None,
    )


def _wanted(runner: Runner, violation: Violation) -> bool:
    """Whether all that are as short are to be looked at."""
    request = runner.request
    small = violation.distinct <= MOST_TO_CHOOSE and request.zone.grain == "fused"
    return violation.prop.kind in SAFETY and (request.all_shortest or (request.easiest and small))


def _easiest(runner: Runner, violation: Violation) -> tuple[Followed, Shortest | str]:
    """Follow the counterexample that was found, or a better one.

    The one that was found often is the best, so it is followed while the others are
    looked at.
    """
    prop, found = violation.prop, violation.found
    with ThreadPoolExecutor(1) as aside:
        likely = aside.submit(follow, runner, prop, found, f"{violation.run}-replay")
        shortest = _choose(runner, violation)
    if isinstance(shortest, str) or all(
        there.values.items() <= here.values.items()
        for here, there in zip(found.states, shortest.trace, strict=True)
    ):
        return likely.result(), shortest
    better = Counterexample(shortest.trace)
    return follow(runner, prop, better, f"{violation.run}-easiest-replay"), shortest


def _choose(runner: Runner, violation: Violation) -> Shortest | str:
    """Look at every counterexample that is as short as the one that was found.

    A text says why there are too many to look at: the one that was found is still one.
    """
    request, prop, found = runner.request, violation.prop, violation.found
    spec = render_shortest(request.design, request.zone, prop, found.length, request.made_by)
    if violation.past:
        spec = render_past(spec, request.design, request.zone, [prop], violation.past)
    # Other properties' variables may have been in the state that was searched.
    state = replay_state(request.design, request.zone, prop)
    known = [
        replace(one, values={name: one.values[name] for name in state}) for one in found.states
    ]
    task = Task(spec, replace(request.tlc, workers=1), GRAPH)
    shown = [format_value(s.values[name]) for s in known for name in state]
    key = runner.key(task, *shown)
    if request.cache and (kept := request.cache.load_choice(key)):
        with contextlib.suppress(ValueError):
            return Shortest.from_text(kept)
    label = f"{violation.run}-shortest"
    report = runner.run(spec, label, 1, lambda report: report.ok, GRAPH)
    if not report.ok:
        return report.message
    try:
        dot = (request.run_dir / label / f"{GRAPH}.dot").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # who empties our cache meanwhile costs no verdict
        return f"TLC's state graph cannot be read: {reason(error)}"
    chosen = choose(dot, known, request.zone)
    if request.cache and runner.key(task, *shown) == key:
        request.cache.store_choice(key, chosen.to_text())
    return chosen
