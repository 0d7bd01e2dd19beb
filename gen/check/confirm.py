"""Confirming a counterexample: TLC follows it once more, and has to go the same way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gen.check.counterexample import Counterexample
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.verdict import Result, Verdict, exit_code
from gen.errors import ExitCode, GenError
from gen.model.property import Kind, Property
from gen.model.render import Replay, own_patch, render_replay, replay_state, zone_for
from gen.tlc.report import Outcome, Report, TraceState
from gen.tlc.spec import Spec
from gen.tlc.value import format_value
from gen.trace.trace import Carried, Trace, trace_from_replay

#: Steps that the calls which are open at the violation may run on in the replay.
GO_ON = 12
#: Why there is no verdict although there is a counterexample, and one reason for that.
UNCONFIRMED = "TLC found a counterexample but its replay did not confirm it: "

#: What the module that a trace carries says that it was made by.
CARRIED_BY = "gen replay"

ANOTHER_WAY = "it took another way"


@dataclass(frozen=True)
class Followed:
    """A counterexample, and what TLC said when it followed it.

    ``confirmed``: it has gone that way, and the property is violated there.
    """

    found: Counterexample
    report: Report
    confirmed: bool


def follow(runner: Runner, prop: Property, found: Counterexample, label: str = "") -> Followed:
    """Let TLC follow a counterexample once more."""
    request = runner.request
    spec = replay_spec(request, prop, found, request.made_by)
    # The search may have had more variables, for other properties.
    state = replay_state(request.design, request.zone, prop)

    def confirms(report: Report) -> bool:
        if prop.kind is Kind.LIVENESS:
            return _goes_round(report, found, state)
        return _goes_to_the_end(report, found, state)

    report = runner.run(spec, label or f"{prop.name}-replay", 1, confirms)
    return Followed(found, report, confirms(report))


def replay_spec(request: Check, prop: Property, found: Counterexample, made_by: str) -> Spec:
    """The module in which TLC follows a counterexample."""
    states = [
        {name: format_value(value) for name, value in state.values.items()}
        for state in found.states
    ]
    replay = Replay(states, prop, GO_ON, found.back_to)
    return render_replay(request.design, request.zone, replay, made_by)


def _goes_to_the_end(report: Report, found: Counterexample, state: Sequence[str]) -> bool:
    """Whether a replay has reached each state of the counterexample, and its violation."""
    if report.outcome is not Outcome.INVARIANT or report.violated != "NotReplayed":
        return False
    followed = report.trace[: len(found.states)]
    if not _same(found.states, followed, state):
        return False
    last = followed[-1].values
    return last.get("confirmed") is True and bool(last.get("witness"))


def _goes_round(report: Report, found: Counterexample, state: Sequence[str]) -> bool:
    """Whether a replay has gone through stem and loop, back to the loop's first state.

    That nobody is treated unfairly meanwhile, and that the property is violated, is what
    TLC says once more.
    """
    if report.outcome is not Outcome.TEMPORAL or not report.trace:
        return False
    loop = found.back_to
    if not loop or loop > len(found.states):
        return False
    wanted = (*found.states, found.states[loop - 1])
    followed = _unrolled(report, len(wanted))
    return _same(wanted, followed, state) and all(
        then.values.get("witness") for then in followed[loop - 1 :]
    )


def _same(
    wanted: Sequence[TraceState], followed: Sequence[TraceState], state: Sequence[str]
) -> bool:
    """Whether these are the same states, as far as these variables tell."""
    return len(followed) == len(wanted) > 0 and all(
        name in then.values and then.values[name] == now.values[name]
        for now, then in zip(wanted, followed, strict=True)
        for name in state
    )


def _unrolled(report: Report, length: int) -> tuple[TraceState, ...]:
    """The first ``length`` states of a behaviour with a loop, going round as often as needed."""
    states = list(report.trace)
    while report.back_to and len(states) < length:
        states += report.trace[report.back_to - 1 :]
    return tuple(states[:length])


def verdict_of(request: Check, prop: Property, followed: Followed, seconds: float) -> Verdict:
    """What a counterexample that was followed comes to: its trace, or no verdict."""
    if not followed.confirmed:
        report = followed.report
        return Verdict(
            prop,
            Result.NO_VERDICT,
            seconds=seconds,
            message=f"{UNCONFIRMED}{report.message or ANOTHER_WAY}",
            code=exit_code(report),
        )
    wanted = prop.kind is Kind.REACHABLE
    return Verdict(
        prop,
        Result.HOLDS if wanted else Result.VIOLATED,
        length=followed.found.length,
        seconds=seconds,
        trace=_trace(request, prop, followed),
        code=ExitCode.OK if wanted else ExitCode.SAFETY,
    )


def _trace(request: Check, prop: Property, followed: Followed) -> Trace:
    """The trace of a counterexample that was confirmed, from what its replay has logged."""
    found, logged = followed.found, followed.report.trace
    if found.back_to is not None:
        # The state where the loop begins comes again, reached by the loop's last step.
        logged = _unrolled(followed.report, found.length)
    trace = trace_from_replay(
        request.design.name, zone_for(request.zone, [prop]), prop, found.length, logged
    )
    loop = None if found.back_to is None else found.back_to + 1
    return replace(trace, loop=loop, carried=_carried(request, prop, found))


def _carried(request: Check, prop: Property, found: Counterexample) -> Carried | None:
    """A design that is not on every machine, and the module that gen replay renders of it."""
    if request.design.shipped:
        return None
    spec = replay_spec(request, prop, found, CARRIED_BY)
    patch = own_patch(request.design, request.zone, [prop])
    return Carried(request.design.to_table(patch), spec.tla)


def confirm(request: Check, trace: Trace, *, own: bool = False) -> Verdict:
    """Run TLC once more on exactly a trace: with a fresh trace, or NO_VERDICT.

    ``own``: the design is the one that the trace carries.  GenError if it is no counterexample of
    its property, or its states, or its module, are not the design's.
    """
    found = Counterexample.from_trace(trace)
    if own and trace.carried != _carried(request, trace.prop, found):
        raise GenError(
            "the module that it carries is not the one that this version renders of its design",
            ExitCode.NO_VERDICT,
        )
    wanted = set(replay_state(request.design, request.zone, trace.prop))
    for state in found.states:
        if odd := sorted(wanted ^ set(state.values)):
            raise GenError(
                f"state {state.number} has not the variables of {request.design.name}: "
                f"{', '.join(odd)}"
            )
    begun = time.monotonic()
    followed = follow(Runner(request), trace.prop, found)
    return verdict_of(request, trace.prop, followed, time.monotonic() - begun)
