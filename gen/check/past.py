"""Past an old violation: what a design violates otherwise than its base does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gen.check.easiest import settle
from gen.check.runner import Runner
from gen.check.search import guarded, judge, past_label
from gen.check.verdict import Result, Verdict
from gen.model.past import Known, is_comparable
from gen.model.property import SAFETY, Property


@dataclass(frozen=True)
class Past:
    """What is known beside the violation of a property that a design and its base share.

    ``actions``: those of which a step is the first to violate it in the base.  ``by_state``: what
    such an action does in the design is old only in a state in which the base can do so too.
    ``message``: why it is not known whether the design violates it otherwise.
    """

    actions: tuple[str, ...]
    by_state: bool = False
    message: str = ""


def violating(verdict: Verdict) -> str:
    """The action whose step violates the property, a section; "" if there is none."""
    trace = verdict.trace
    return trace.actions[verdict.length - 1] if trace and trace.actions else ""


def can_go_past(verdict: Verdict, base: Verdict) -> bool:
    """Whether the steps that violate the property in the base can be taken out.

    With ``--grain step`` an action is a call: which section it is of, its name does not tell.
    """
    trace = verdict.trace
    asked = verdict.prop.kind in SAFETY and trace is not None and trace.zone.grain == "fused"
    return asked and bool(violating(base))


def go_past(
    runner: Runner, base_runner: Runner, verdict: Verdict, base: Verdict
) -> tuple[Verdict, Past]:
    """The verdict on the design if what violates the property in the base too is taken out.

    It is the one that was there if nothing new was found, and if that is not known.  A
    counterexample is one of the design as it is, and followed as that.
    """
    request, prop = runner.request, verdict.prop
    design = base_runner.request.design
    past = _in_base(base_runner, base)
    if past.message:
        return verdict, past
    by_state = is_comparable(request.design, design, request.zone, guarded([prop]))
    past = replace(past, by_state=by_state)
    # Old ones may be as short, and would be counted.
    if violating(verdict) not in past.actions and not request.all_shortest:
        return replace(verdict, past=True), past
    found, _ = _search(runner, prop, Known(past.actions, design))
    if found.violated:
        return replace(found, past=True), past
    if found.result is Result.HOLDS:
        return verdict, past
    return verdict, replace(past, message=found.message)


def _in_base(runner: Runner, known: Verdict) -> Past:
    """Take out one action after the other, until nothing is left that violates the property."""
    actions = [violating(known)]
    while True:
        found, action = _search(runner, known.prop, Known(tuple(actions)))
        if found.result is Result.HOLDS:
            return Past(tuple(actions))
        message = f"{runner.request.design.name}: {found.message}"
        if found.violated and (not action or action in actions):
            # Without a name nothing can be taken out; and what was taken out cannot come again.
            message = f"TLC did not name the action of {runner.request.design.name}"
        elif found.violated:
            actions.append(action)
            continue
        return Past(tuple(actions), message=message)


def _search(runner: Runner, prop: Property, known: Known) -> tuple[Verdict, str]:
    """The verdict without what is known.

    With the action that violates the property all the same: the one that TLC has found, as
    another one can have the same step.
    """
    found = next(judge(runner, [prop], past_label(prop, known), known))
    if isinstance(found, Verdict):
        return found, ""
    return settle(runner, found), found.found.states[-1].action
