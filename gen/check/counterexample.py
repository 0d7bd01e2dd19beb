"""A counterexample as a search has found it, or as a trace has kept it: to be followed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gen.errors import GenError
from gen.model.property import Kind
from gen.tlc.report import Report, TraceState
from gen.tlc.value import Value
from gen.trace.trace import Trace


@dataclass(frozen=True)
class Counterexample:
    """A behaviour that violates a property, or shows that something is possible.

    ``states``: numbered from 1.  ``back_to``: of a loop, the number of the state that the last
    one goes on to.
    """

    states: tuple[TraceState, ...]
    back_to: int | None = None

    @classmethod
    def from_report(cls, report: Report) -> Counterexample:
        """What TLC has found."""
        return cls(report.trace, report.back_to)

    @classmethod
    def from_trace(cls, trace: Trace) -> Counterexample:
        """What a trace has kept; GenError if it is none of its property."""
        prop, states, loop = trace.prop, trace.states[: trace.length], trace.loop
        if prop.kind is Kind.LIVENESS and (loop is None or loop < 2):
            raise GenError(f"{prop.name} is violated by a loop, and there is none in this trace")
        if prop.kind is not Kind.LIVENESS and loop is not None:
            raise GenError(f"{prop.name} is violated by a trace that ends, and here is a loop")
        if loop is None:
            return cls(_numbered(states))
        # A trace has the first state of its loop once more at its end; TLC does not write it.
        return cls(_numbered(states[:-1]), loop - 1)

    @property
    def length(self) -> int:
        """How many states a trace of it has, with the one where its loop begins once more."""
        return len(self.states) + (self.back_to is not None)


def _numbered(states: Iterable[Mapping[str, Value]]) -> tuple[TraceState, ...]:
    return tuple(TraceState(number, "", dict(state)) for number, state in enumerate(states, 1))
