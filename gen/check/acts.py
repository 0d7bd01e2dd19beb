"""Whether a change acts: the way to the first step that only the design, or only its base, has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from gen.check.confirm import follow, verdict_of
from gen.check.counterexample import Counterexample
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.search import guarded, violated
from gen.model.acts import acting_on, left_out, render_acts
from gen.model.definitions import difference
from gen.model.design import Design
from gen.model.feature import features, find_features
from gen.model.property import Property
from gen.model.render import actions, happening, render
from gen.model.section import locks_of
from gen.tlc.report import Outcome, Report
from gen.trace.trace import Trace


class Acting(Enum):
    """What is known of a change."""

    #: A step is reached that only one of the two designs has.
    ACTS = "acts"
    #: TLC has searched every state within the bounds, and both have the same steps.
    NEVER = "never acts"
    #: The rendered modules are the same.
    NOTHING = "changes nothing"
    #: There are actions of the base that never happen any more.
    LESS = "does less"
    #: Something that it says is not in the module, so that nothing is known of it.
    PARTLY = "acts in part"
    #: The search did not end.
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Acts:
    """``trace``: the shortest way to where it acts; the last step is what the design does there,
    or (``in_base``) what its base does and the design does not.  ``message``: why it is not known.
    """

    acting: Acting
    base: str
    trace: Trace | None = None
    in_base: bool = False
    distinct: int = 0
    message: str = ""

    @property
    def nowhere(self) -> str:
        """What is said of a design whose change is not known to act, behind its name."""
        bounds = "within these bounds"
        return {
            Acting.ACTS: f"acts where {self.base} does not",
            Acting.NOTHING: f"changes nothing of {self.base}: the two modules are the same",
            Acting.NEVER: f"does nothing that {self.base} does not do, {bounds}: "
            f"{self.distinct:,} state{'s' * (self.distinct != 1)}",
            Acting.LESS: f"never does what {self.base} does, {bounds}: {self.message}",
            Acting.PARTLY: f"has text that is not modelled here: {self.message}",
            Acting.UNKNOWN: f"may act somewhere, or not: {self.message or 'it is not known'}",
        }[self.acting]


def acts(runner: Runner, base: Design, properties: Sequence[Property]) -> Acts:
    """Search for the first place at which a change acts, and follow the way there."""
    request = runner.request
    spec = render_acts(request.design, base, request.zone, properties, request.made_by)
    if spec is None:
        return Acts(Acting.NOTHING, base.name)
    if names := left_out(request.design, request.zone, properties):
        return Acts(Acting.PARTLY, base.name, message=", ".join(names))
    report = runner.run(spec, "acts", 1, lambda r: r.ok or _met(r))
    if report.ok:
        return Acts(Acting.NEVER, base.name, distinct=report.distinct or 0)
    if not _met(report):
        return Acts(Acting.UNKNOWN, base.name, message=report.message)
    found = Counterexample.from_report(report)
    prop = acting_on(request.design, base, request.zone, properties)
    # The last step is the design's, or one that only the base has.
    for design, label in ((request.design, "acts-replay"), (base, "acts-base-replay")):
        there = replace(runner, request=replace(request, design=design))
        verdict = verdict_of(there.request, prop, follow(there, prop, found, label), 0.0)
        if verdict.trace is not None:
            in_base = design is base
            return Acts(Acting.ACTS, base.name, verdict.trace, in_base, report.distinct or 0)
    return Acts(Acting.UNKNOWN, base.name, message=verdict.message)


def does_less(runner: Runner, base: Design) -> Acts | None:
    """Whether actions happen in the base and never in the design; None if all happen in both.

    An operator that gives nothing back stops all that needs it, and then nothing is violated.
    """
    request = runner.request
    asked = guarded([])  # what is violated is no matter here, but where a search has no end
    happening_in: dict[str, set[str]] = {}
    for design in (request.design, base):
        spec = render(design, request.zone, asked, request.made_by, covers=True)
        may = actions(spec)
        if design is base and may <= happening_in[request.design.name]:
            return None
        report = runner.run(spec, f"happens-{design.name}", 1, lambda r: r.ok)
        if not report.ok and (design is base or violated(report, asked)):
            return None  # nothing is known to be lost
        if not report.ok:
            return Acts(Acting.UNKNOWN, base.name, message=report.message)
        happening_in[design.name] = happening(report.printed)
    mine, theirs = happening_in.values()
    lost = sorted(theirs - mine)
    return Acts(Acting.LESS, base.name, message=", ".join(lost)) if lost else None


def _met(report: Report) -> bool:
    return report.outcome is Outcome.INVARIANT and report.violated == "NotMet"


def would_exercise(request: Check, base: Design, properties: Sequence[Property]) -> list[str]:
    """Options with which a change might act that does not act here, the likeliest first."""
    zone = request.zone

    def differing(features: tuple[str, ...]) -> int:
        there = replace(zone, features=find_features([*zone.features, *features]))
        texts = [render(d, there, properties).tla for d in (base, request.design)]
        found = difference(*texts)
        return len((*found.changed, *found.added, *found.removed))

    here = differing(())
    more = [name for name in features() if name not in zone.features]
    told = [f"--with {name}" for name in more if differing((name,)) > here]
    locks = [locks_of(d.choices, d.patch.sections) for d in (base, request.design)]
    if zone.grain == "fused" and locks[0] != locks[1]:
        # One hold is one step here, whether it has the lock or not.
        told.insert(0, "--grain step --property LockDiscipline")
    if zone.min_order:
        told.append(f"--min-order {zone.min_order - 1}")
    if zone.isolators < 2:
        told.append("--isolators 2")
    if not zone.edged:
        told.append("a zone with an edge (--zone-start, --zone-end)")
    return told
