"""What a run of TLC said, typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gen.tlc.value import Value


class Outcome(Enum):
    """How a run of TLC ended."""

    #: The search was complete and found no error; the only outcome that is ok.
    SUCCESS = "success"
    #: An invariant is false in a state (an initial one too).
    INVARIANT = "invariant"
    #: A step breaks a property ``[][A]_v``, or a property is false in an initial state.
    ACTION_PROPERTY = "action property"
    #: A temporal property is violated by a behaviour with a loop or by stuttering.
    TEMPORAL = "temporal property"
    #: A state has no successor, and the deadlock check was on.
    DEADLOCK = "deadlock"
    #: An ASSUME is false.
    ASSUMPTION = "assumption"
    #: ``Assert(FALSE, ...)`` was evaluated.
    ASSERTION = "assertion"
    #: TLC could not evaluate the specification: a wrong type, an argument out of the domain, ...
    EVALUATION = "evaluation"
    #: The modules are not accepted: syntax, semantics, or a number that TLC cannot hold.
    PARSE = "parse"
    #: The .cfg file is missing or wrong, or names something that does not exist or will not do.
    CONFIG = "config"
    #: TLC rejected its command line.
    BAD_OPTION = "bad option"
    #: Java's heap was full.
    OUT_OF_MEMORY = "out of memory"
    #: A signal ended the run before there was a verdict.
    KILLED = "killed"
    #: TLC or Java failed in a way that is no fault of the specification that TLC can name.
    CRASHED = "crashed"
    #: There is no verdict: the output stops too early, cannot be read, or the search was partial.
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Progress:
    """A progress line: depth reached, and counts of states."""

    depth: int
    generated: int
    distinct: int
    queue: int


@dataclass(frozen=True, slots=True)
class TraceState:
    """A state of a counterexample: number from 1, action that led to it ("" if initial), values."""

    number: int
    action: str
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of TLC said. Counts are None when TLC did not print them.

    ``violated`` is the name of the invariant or property, when TLC names it. ``message`` is one
    line about the trouble, "" if there is none. ``back_to`` is the number of the state at which
    the loop of a counterexample begins, ``stuttering`` that it stays in its last state for ever.
    ``coverage`` maps an action's name to (distinct, all) states that it led to. ``printed`` holds
    the lines that the specification printed. ``completed``: the whole state space was searched
    (a violation may have been found under ``-continue``).
    """

    outcome: Outcome
    exit_code: int
    violated: str | None
    message: str
    trace: tuple[TraceState, ...]
    back_to: int | None
    stuttering: bool
    initial_states: int | None
    generated: int | None
    distinct: int | None
    queue: int | None
    depth: int | None
    coverage: dict[str, tuple[int, int]]
    printed: tuple[str, ...]
    completed: bool
    #: Whether the temporal properties were checked on the complete state graph, to the end.
    temporal: bool = False

    @property
    def ok(self) -> bool:
        """True only for a complete search, from at least one initial state, without any error."""
        return (
            self.outcome is Outcome.SUCCESS
            and self.completed
            and self.exit_code == 0
            and bool(self.initial_states)
        )
