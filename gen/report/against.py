"""What is said of a design that is held against another one: nothing here prints."""

from __future__ import annotations

from collections.abc import Sequence

from gen.check.against import Against
from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.report import words


def short_form(check: Check, verdict: Verdict, against: Against) -> str:
    """A verdict in a line or three, without a drawing, and what the base has to do with it."""
    name, base, theirs = verdict.prop.name, against.base.name, against.of(verdict)
    if against.is_old(verdict):
        told = f"[old] {name}: {base} violates it too{_in(name, against)}{_within(theirs)}"
        mine = f" ({check.design.name}: {words.states(verdict.length)})" if verdict.length else ""
        return f"{told}{mine}{_nothing_new(verdict, against)}"
    violated = f"{base} violates it{_within(theirs)}"
    if against.is_mended(verdict):
        return f"[mended] {name}: {violated}"
    told = words.short_form(check, verdict)
    return f"{told}; {violated}" if theirs.violated else told


def _within(verdict: Verdict) -> str:
    """Of what cannot be reached there is no counterexample to count the states of."""
    return f", in {words.states(verdict.length)}" if verdict.length else ""


def _in(name: str, against: Against) -> str:
    """The actions in which the base violates a property, if all are known."""
    past = against.past.get(name)
    return f", in {_listed(past.actions)}" if past and not past.message else ""


def _listed(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _nothing_new(verdict: Verdict, against: Against) -> str:
    return "; nothing new beside that" if against.has_nothing_new(verdict) else ""


def mark(verdict: Verdict, against: Against | None) -> str:
    """What a violation is called in a file for CI, before its own words; "" of any other one."""
    if against is None or not verdict.violated:
        return ""
    base, where = against.base.name, _in(verdict.prop.name, against)
    if against.is_old(verdict):
        return f"[old: {base} violates it too{where}{_nothing_new(verdict, against)}] "
    if verdict.past:
        return f"[new: {base} violates it otherwise{where}] "
    return f"[new: {base} is not known to violate it] "


def notes(verdicts: Sequence[Verdict], against: Against) -> list[str]:
    """What must not be read into old and new, a line each."""
    lines = []
    for verdict in filter(against.is_new, verdicts):
        theirs = against.of(verdict)
        if theirs.result in (Result.NO_VERDICT, Result.VACUOUS):
            has = f"no verdict on {against.base.name}"
            if theirs.result is Result.VACUOUS:
                has = f"it says nothing of {against.base.name}"
            lines.append(f"[note] {verdict.prop.name}: {has}, so this is new: {theirs.message}")
    names = [v.prop.name for v in verdicts if v.prop.name in against.past]
    lines += [f"[note] {name}: {_taken_out(name, against)}" for name in names]
    if any(against.is_old(v) and not against.has_nothing_new(v) for v in verdicts):
        lines.append(
            "[note] a search ends at its first violation: "
            "what lies behind an old violation was not searched"
        )
    return lines


def _taken_out(name: str, against: Against) -> str:
    """What counts as old of a property, beside the counterexample of the base."""
    base, past = against.base.name, against.past[name]
    if past.message:
        return f"whether anything of it is new is not known: {past.message}"
    if_old = f" if {base} can do so in the same state" if past.by_state else ", whatever it is"
    return (
        f"{base} violates it{_in(name, against)}; what does so there is old{if_old}, "
        "and what lies behind that was not searched"
    )


def counts(verdicts: Sequence[Verdict], against: Against) -> str:
    """How many are what, after the name of the base."""
    some = [
        f"{sum(map(of, verdicts))} {what}"
        for what, of in (
            ("new", against.is_new),
            ("old", against.is_old),
            ("mended", against.is_mended),
        )
    ]
    if against.unknown:
        some.append(f"no verdict on {len(against.unknown)}")
    return f"{against.base.told}: {', '.join(some)}"


def trouble(own: str, against: Against | None) -> str:
    """The line on what stands in the way, ``own`` of the design, with what is so of the base."""
    unknown = against.unknown if against else []
    if against is None or not unknown:
        return own
    some = len(unknown) < len(against.verdicts)
    on = " on " + ", ".join(v.prop.name for v in unknown) if some else ""
    why = "; ".join(dict.fromkeys(v.message.removeprefix("no verdict: ") for v in unknown))
    theirs = f"of {against.base.name}{on}: {why}"
    return f"{own}; {theirs}" if own else f"no verdict {theirs}"
