"""Was the change met?  Only then does an [ok] of a design of a user's own say something of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from gen.check.acts import Acting, Acts, acts, does_less, would_exercise
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.session import Stopped, check
from gen.check.verdict import OnProgress, Result, Verdict, silent, withdraw
from gen.errors import ExitCode, GenError
from gen.model.acts import render_acts


def changes_nothing(request: Check) -> list[Verdict]:
    """No verdict on anything if a user's design is its base in all that is modelled here."""
    base, asked = request.design.changes, request.applicable
    if base is None or request.design.shipped or not asked:
        return []
    if render_acts(request.design, base, request.zone, asked) is not None:
        return []
    found = Acts(Acting.NOTHING, base.name)
    return _withdrawn(request, [Verdict(p, Result.HOLDS) for p in request.properties], found)


def met(
    request: Check, on_progress: OnProgress = silent, stop: threading.Event | None = None
) -> list[Verdict]:
    """The verdicts of a check, with no [ok] of a user's design whose change was never met.

    Raises Stopped, as the check does.
    """
    nothing = changes_nothing(request)
    if nothing:
        return nothing
    verdicts = check(request, on_progress, stop=stop)
    if request.design.shipped or any(v.violated or v.result is Result.NO_VERDICT for v in verdicts):
        return verdicts  # a violation wins
    try:
        return exercised(request, verdicts, on_progress, stop)[0]
    except GenError as error:
        raise Stopped(withdraw(verdicts, error.message), error) from None


def exercised(
    request: Check,
    verdicts: list[Verdict],
    on_progress: OnProgress = silent,
    stop: threading.Event | None = None,
) -> tuple[list[Verdict], Acts | None]:
    """The verdicts, withdrawn if a user's change was never met: [ok] would say nothing of it.

    Of a design that comes with the tool it is a note alone.
    """
    if request.design.changes is None:
        return verdicts, None
    found, why = where_it_acts(Runner(request, on_progress, stop or threading.Event()))
    if why is None or request.design.shipped:
        return verdicts, found
    return _withdrawn(request, verdicts, why), found


def where_it_acts(runner: Runner) -> tuple[Acts, Acts | None]:
    """Where a change acts first; and what keeps a proof from being one of it, None if nothing."""
    request = runner.request
    base = request.design.changes
    assert base is not None
    found = acts(runner, base, request.applicable)
    if found.acting is not Acting.ACTS:
        return found, found
    return found, None if request.design.shipped else does_less(runner, base)


def in_words(request: Check, found: Acts) -> str:
    """Why a search that came to its end says nothing of a change, and what might."""
    base = request.design.changes
    assert base is not None
    there = found.acting is Acting.LESS
    more = [] if there else would_exercise(request, base, request.applicable)
    fits = f"; perhaps it does with {', or '.join(more)}" if more else ""
    return f"{request.design.name} {found.nowhere}{fits}"


def _withdrawn(request: Check, verdicts: Sequence[Verdict], found: Acts) -> list[Verdict]:
    why = in_words(request, found)
    none = {"result": Result.NO_VERDICT, "exercised": False, "code": ExitCode.NO_VERDICT}
    return [
        replace(v, message=why, **none)  # type: ignore[arg-type]
        if v.result is Result.HOLDS
        # An old violation is one still, but none of the change.
        else replace(v, message=why, exercised=False)
        if v.violated
        else v
        for v in verdicts
    ]
