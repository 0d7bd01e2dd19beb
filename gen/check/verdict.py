"""Verdicts: what a check says of one property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from gen.check.shortest import Shortest
from gen.errors import ExitCode
from gen.model.property import Property
from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.spec import Spec
from gen.trace.trace import Trace


class Result(Enum):
    """What a check says of one property."""

    #: TLC has searched every state within the bounds, and none violates it.
    HOLDS = "holds"
    #: There is a counterexample, and TLC has confirmed it in a replay.
    VIOLATED = "violated"
    #: TLC has searched every state within the bounds, and what should be possible is not.
    UNREACHABLE = "unreachable"
    #: TLC has found the least bound: ``Verdict.measured``.
    MEASURED = "measured"
    #: The design has nothing that the property speaks of.
    VACUOUS = "vacuous"
    #: The search did not end; nothing is known.
    NO_VERDICT = "no verdict"


@dataclass(frozen=True)
class Verdict:
    """The result for one property.

    ``length``: states in the shortest counterexample, or in the shortest behaviour that
    shows that something is possible: ``trace``.  ``distinct`` and ``depth``:
    states that TLC has seen, and the longest of its shortest behaviours, in states.
    ``message``: why there is no verdict.
    """

    prop: Property
    result: Result
    length: int = 0
    distinct: int = 0
    generated: int = 0
    depth: int = 0
    seconds: float = 0.0
    message: str = ""
    trace: Trace | None = None
    #: The number that a cost came to.
    measured: int | None = None
    code: ExitCode = ExitCode.OK
    #: What there is of counterexamples of that length, if it was asked for; or why it is not known.
    shortest: Shortest | str | None = None
    #: The module that was searched to its end, if it was.
    spec: Spec | None = None
    #: False: the search came to its end, but what the design changes of its base was never met.
    exercised: bool = True
    #: A certificate says that it holds for any number of CPUs and callers, and any zone size.
    proved: bool = False
    #: A base violates the property too, but not so.
    past: bool = False

    @property
    def violated(self) -> bool:
        """It is known that the design has not what the property says."""
        return self.result in (Result.VIOLATED, Result.UNREACHABLE)


def withdraw(verdicts: Sequence[Verdict], reason: str) -> list[Verdict]:
    """After trouble nothing may read like a clean end, even if the last search had one."""
    if any(v.result is Result.NO_VERDICT for v in verdicts):
        return list(verdicts)
    return [
        replace(v, result=Result.NO_VERDICT, message=reason, code=ExitCode.NO_VERDICT)
        if v.result is Result.HOLDS
        else v
        for v in verdicts
    ]


_EXIT_CODES = {
    Outcome.ASSUMPTION: ExitCode.ASSUMPTION,
    Outcome.ASSERTION: ExitCode.ASSERTION,
    Outcome.DEADLOCK: ExitCode.DEADLOCK,
    Outcome.EVALUATION: ExitCode.EVALUATION,
    Outcome.PARSE: ExitCode.PARSE,
    Outcome.CONFIG: ExitCode.CONFIG,
    Outcome.BAD_OPTION: ExitCode.CONFIG,
}


def exit_code(report: Report) -> ExitCode:
    """What a run that gave no verdict ends the command with."""
    return _EXIT_CODES.get(report.outcome, ExitCode.NO_VERDICT)


#: Which run, how far it is (None: nothing new), and the seconds that it has taken.
OnProgress = Callable[[str, Progress | None, float], None]

OnVerdict = Callable[[Verdict], None]


def silent(*_: object) -> None:
    """Neither progress nor verdicts are told."""
