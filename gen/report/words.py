"""What a check says, in words: nothing here prints."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gen import printable
from gen.check.acts import Acts
from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.draw.formats import FLAVOURS, FORMATS
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.draw.sentence import sentence
from gen.model.assumption import assumptions, in_short
from gen.tlc.report import Progress
from gen.trace.trace import Carried

#: herd7's words for: a state that violates it was found, was not, is not known.
_OBSERVED = {
    Result.VIOLATED: "Sometimes",
    Result.HOLDS: "Never",
    Result.UNREACHABLE: "Never",
    Result.MEASURED: "Sometimes",
    Result.VACUOUS: "Unknown",
    Result.NO_VERDICT: "Unknown",
}

#: What only a search that came to its end has said.
_COMPLETE = (Result.HOLDS, Result.UNREACHABLE, Result.MEASURED)

DRAW_OPTIONS = DrawOptions()

#: What stands before the name of a property that is drawn.
_MARKS = {
    Result.VIOLATED: "violation",
    Result.HOLDS: "reachable",
    Result.MEASURED: "measured",
}


def states(count: int) -> str:
    """``1 state``, ``5,204 states``."""
    return f"{count:,} state{'s' * (count != 1)}"


def drawing(
    verdict: Verdict, options: DrawOptions = DRAW_OPTIONS, flavour: str = FLAVOURS[0]
) -> str:
    """The drawing of a violated property, with its sentence."""
    assert verdict.trace is not None
    text = FORMATS[flavour].render(verdict.trace, options)
    assert isinstance(text, str)
    return text


def observation(check: Check, verdict: Verdict) -> str:
    """The line to grep for: what was observed, states in the shortest trace, states seen."""
    word = "Sometimes" if verdict.trace else _OBSERVED[verdict.result]
    name = f"{check.design.name}/{verdict.prop.name}"
    return f"Observation {name} {word} {verdict.length} {verdict.distinct}"


def reproduce(check: Check, verdict: Verdict) -> str:
    """The command that gives this verdict again."""
    design = check.design_option or check.design.name
    flags = ["--design", design, "--property", verdict.prop.name]
    flags += ["--all-shortest"] if check.all_shortest else []
    flags += ["--against", check.against_option] if verdict.past else []
    return printable.line(shlex.join(["gen", "check", *check.zone.flags, *flags]))


def _found(verdict: Verdict) -> str:
    """How long the counterexample is; TLC's loops are not the shortest."""
    if verdict.trace is not None and verdict.trace.loop is not None:
        round_trip = verdict.length - verdict.trace.loop + 1
        return f"counterexample {states(verdict.length)}, a loop of {round_trip}"
    what = "counterexample" if verdict.result is Result.VIOLATED else "way"
    # A shorter one may be old.
    what = f"new {what}" if verdict.past else what
    return f"shortest {what} {states(verdict.length)}"


def long_form(check: Check, verdict: Verdict, text: str) -> str:
    """A violated property with its drawing."""
    mark = _MARKS[verdict.result]
    return (
        f"[{mark}] {check.design.name}: {verdict.prop.name}, "
        f"{_found(verdict)}, "
        f"{states(verdict.distinct)} seen, {verdict.seconds:.1f} s\n"
        f"{_chosen(verdict)}\n"
        f"{text}\n"
        f"reproduce: {reproduce(check, verdict)}\n"
    )


def _chosen(verdict: Verdict) -> str:
    """Of how many shortest counterexamples this is which one, if it was asked for."""
    if verdict.shortest is None:
        return ""
    if isinstance(verdict.shortest, str):
        return f"TLC's first of that length; the others are not known: {verdict.shortest}\n"
    count, compared = verdict.shortest.count, verdict.shortest.compared
    if count == 1:
        return "There is no other of that length.\n"
    some = f"the first {compared:,} of " if compared < count else ""
    new = "new " if verdict.past else ""
    return (
        f"Of {some}{count:,} {new}counterexamples of that length: "
        "the fewest switches between CPUs, then the fewest pageblocks changed.\n"
    )


def short_form(check: Check, verdict: Verdict) -> str:
    """A verdict in a line or three, without a drawing."""
    name = verdict.prop.name
    if verdict.result is Result.VIOLATED:
        assert verdict.trace is not None
        told = sentence(verdict.trace)
        return (
            f"[violation] {name}, {states(verdict.length)}: {told}\n"
            f"            {reproduce(check, verdict)}"
        )
    if verdict.result is Result.UNREACHABLE:
        return f"[unreachable] {name}: {verdict.message}: {verdict.prop.statement}"
    if verdict.result is Result.MEASURED:
        return f"[measured] {name}: {verdict.measured} ({verdict.prop.statement})"
    if verdict.result is Result.HOLDS and verdict.trace:
        return f"[reachable] {name}, {states(verdict.length)}: {verdict.prop.statement}"
    if verdict.result is Result.HOLDS:
        return f"[ok] {name}: {verdict.prop.statement}"
    if verdict.result is Result.VACUOUS:
        return f"[vacuous] {name}: {verdict.message}"
    if not verdict.exercised:  # why, is said once
        return f"[not exercised] {name}: {verdict.prop.statement}"
    return f"[no verdict] {name}: {verdict.message}"


def acts(check: Check, found: Acts) -> str:
    """Where a change acts, with the way there; or why that is not known, or nowhere."""
    name = check.design.name
    if found.trace is None:
        return f"[note] {name} {found.nowhere}"
    steps = found.trace.length - 1
    whose = f"{found.base} has this step, {name} has not" if found.in_base else ""
    whose = whose or f"{name} has this step, {found.base} has not"
    text = draw_trace(found.trace, DRAW_OPTIONS)
    return f"[acts] {name}: step {steps} of a shortest way: {whose}\n\n{text}"


def carried(own: Carried) -> str:
    """The line that says in which module a trace was followed, if that came with the trace."""
    return f"module: as the trace carries it, sha256 {own.digest}\n"


def broken_promises(check: Check, verdicts: Sequence[Verdict]) -> list[str]:
    """The violated properties that the design itself promises."""
    return [v.prop.name for v in verdicts if v.violated and v.prop.name in check.design.promises]


def summary(
    check: Check, verdicts: Sequence[Verdict], seconds: float, against: str = "", known: bool = True
) -> str:
    """The last lines: what was checked, how much, and one Observation for each property.

    What it rests on is said if there is a verdict that a counterexample does not show.

    ``seconds``: that it took.  ``against``: what is new, old and mended; ``known``: false if
    nothing may be called clean, as something of that is not known.
    """
    lines = [f"checked: design {check.design.told}; {check.zone.describe}"]
    if any(v.result in _COMPLETE for v in verdicts):
        assumed = assumptions(check.design, check.zone, [v.prop for v in verdicts])
        lines.append(f"rests on: {in_short(assumed)} (all of it: --assumptions)")
    counts = dict.fromkeys(Result, 0)
    for verdict in verdicts:
        counts[verdict.result] += 1
    # "No violation" is said only of searches that came to their end, and of all of them.
    broken = counts[Result.VIOLATED] + counts[Result.UNREACHABLE]
    if broken:
        outcome = f"{broken} of {len(verdicts)} properties violated"
    elif not known:
        outcome = "no verdict"
    elif counts[Result.HOLDS] + counts[Result.MEASURED] and not counts[Result.NO_VERDICT]:
        outcome = "no violation within these bounds"
    else:
        outcome = "no verdict"
    if broken and counts[Result.NO_VERDICT]:
        outcome += f", no verdict on {counts[Result.NO_VERDICT]}"
    complete = [v for v in verdicts if v.result is Result.HOLDS and not v.trace]
    if complete:
        most = max(complete, key=lambda v: v.distinct)
        outcome += f"; {states(most.distinct)} distinct, depth {most.depth}"
    lines.append(f"result:  {outcome}, {seconds:.1f} s")
    lines += [f"against: {against}"] if against else []
    if names := broken_promises(check, verdicts):
        lines.append(f"broken:  {', '.join(names)}, which {check.design.name} promises")
    lines.append(f"files:   {printable.line(str(check.run_dir))}")
    lines += [observation(check, verdict) for verdict in verdicts]
    return "\n".join(lines) + "\n"


def trouble(verdicts: Sequence[Verdict], reason: str = "") -> str:
    """What stands in the way of a verdict, in one line; "" if nothing does.

    ``reason``: why the whole check ended, if it did; else it is what the verdicts say.
    """
    unknown = [v for v in verdicts if v.result is Result.NO_VERDICT]
    if not unknown and not any(
        v.result not in (Result.VACUOUS, Result.NO_VERDICT) for v in verdicts
    ):
        unknown = [*verdicts]
    if not unknown and not reason:
        return ""
    reason = reason or "; ".join(dict.fromkeys(v.message for v in unknown))
    some = 0 < len(unknown) < len(verdicts)
    on = " on " + ", ".join(v.prop.name for v in unknown) if some else ""
    return f"no verdict{on}: {reason.removeprefix('no verdict: ')}"


def progress(told: Progress, elapsed: float) -> str:
    """What TLC said last of a run: states, rate and queue."""
    rate = told.generated / elapsed if elapsed else 0.0
    return (
        f"{states(told.distinct)} distinct, {rate:,.0f} generated/s, "
        f"{told.queue:,} on the queue, depth {told.depth}"
    )
