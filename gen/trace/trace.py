"""A counterexample as TLC replayed it: steps, and in each the calls that it made."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from gen import printable
from gen.errors import FieldError, GenError, near_miss
from gen.files import sha256
from gen.model.design import DesignTable
from gen.model.feature import find_features
from gen.model.property import Property, acting, properties
from gen.model.reader import typed
from gen.model.zone import Zone
from gen.tlc.report import TraceState
from gen.tlc.value import Record, Value, from_json, to_json
from gen.trace.log import Step, as_int, as_record, as_set, as_tuple, read_step
from gen.trace.state import State, read_state

FORMAT = "pageblock-gen trace"

VERSION = 2
#: Versions that are read; in the first one the steps have no names.
READS = (1, 2)

#: Variables of the replay that are not part of the zone.
_REPLAY_VARIABLES = {"calls", "did", "frames", "at", "confirmed", "witness"}


@dataclass(frozen=True)
class Carried:
    """A design that does not come with the tool, as a trace carries it to another machine.

    ``table``: what its file says, as ``Design.to_table`` has it.  ``module``: the text of the
    module in which TLC has followed the trace.  Neither is a template.
    """

    table: Mapping[str, Any]
    module: str

    @property
    def digest(self) -> str:
        """SHA-256 of the module."""
        return sha256(self.module)

    def to_json(self) -> dict[str, Any]:
        """With the digest of the module, and its text line by line, to be read by people."""
        return {"design": self.table, "sha256": self.digest, "module": self.module.splitlines()}


@dataclass(frozen=True, kw_only=True)
class _CarriedTable:
    called: ClassVar[str] = "carried design"
    design: DesignTable
    sha256: str
    module: tuple[str, ...]


@dataclass(frozen=True)
class Trace:
    """A replayed counterexample.

    ``states`` are the zone's variables after each step, the boot state first.  The
    first ``length`` states are the counterexample; those after it show how the calls
    that were open run on.  ``witness`` says what is wrong in the last of the ``length``.
    """

    design: str
    zone: Zone
    prop: Property
    length: int
    states: tuple[Mapping[str, Value], ...]
    logs: tuple[Value, ...]
    witness: Mapping[str, Value]
    #: For liveness: the state, counted from 1, that the last of the ``length`` goes on to.
    loop: int | None = None
    #: The name of the action that led to each state, as the spec has it; "" if it is not known.
    actions: tuple[str, ...] = ()
    #: Its design, if that does not come with the tool.
    carried: Carried | None = field(default=None, compare=False)

    @cached_property
    def zones(self) -> tuple[State, ...]:
        """The states, typed; each is made once."""
        return tuple(read_state(values, self.zone) for values in self.states)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the counterexample."""
        return self._steps(1, self.length)

    @cached_property
    def continuation(self) -> tuple[Step, ...]:
        """The steps after the violation."""
        return self._steps(self.length, len(self.states))

    def _steps(self, first: int, stop: int) -> tuple[Step, ...]:
        actions = self.actions or ("",) * len(self.states)
        return tuple(
            read_step(self.logs[i], self.zones[i - 1], self.zones[i], actions[i])
            for i in range(first, stop)
        )

    def to_json(self) -> dict[str, Any]:
        """The whole trace as JSON, readable back with ``trace_from_json``."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "design": self.design,
            "property": self.prop.name,
            "zone": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in dataclasses.asdict(self.zone).items()
                if name not in ("grain", "huge_order") or value != getattr(Zone, name)
            },
            "length": self.length,
            **({} if self.loop is None else {"loop": self.loop}),
            "witness": to_json(Record(self.witness)),
            **({} if self.carried is None else {"carried": self.carried.to_json()}),
            "states": [
                {
                    **({"action": action} if action else {}),
                    "variables": {name: to_json(state[name]) for name in sorted(state)},
                    "calls": to_json(log),
                }
                for state, log, action in zip(
                    self.states, self.logs, self.actions or ("",) * len(self.states), strict=True
                )
            ],
        }


def trace_from_replay(
    design: str, zone: Zone, prop: Property, length: int, states: Sequence[TraceState]
) -> Trace:
    """A trace from the states of a replay that TLC confirmed."""
    last = states[length - 1].values
    warned = [event for event in map(as_record, as_tuple(last["calls"])) if "warn" in event]

    def told_first(witness: Record) -> tuple[int, str]:
        # The warning that the drawing ends with; among equals the same one each time.
        where, page = witness.get("where"), witness.get("page")
        order = [i for i, w in enumerate(warned) if (w["warn"], w["page"]) == (where, page)]
        return min(order, default=len(warned)), str(to_json(witness))

    witness = min(map(as_record, as_set(last["witness"])), key=told_first)
    return Trace(
        design=design,
        zone=zone,
        prop=prop,
        length=length,
        states=tuple(
            {k: v for k, v in state.values.items() if k not in _REPLAY_VARIABLES}
            for state in states
        ),
        logs=tuple(state.values["calls"] for state in states),
        witness=witness,
        actions=tuple(str(state.values["did"]) for state in states),
    )


def trace_from_json(obj: Any) -> Trace:
    """The trace that ``Trace.to_json`` wrote; GenError if it is something else."""
    if not isinstance(obj, dict) or obj.get("format") != FORMAT:
        raise GenError("not a trace of pageblock-gen: it has no format line that says so")
    version = obj.get("version")
    if type(version) is not int or version not in READS:
        reads = " and ".join(map(str, READS))
        raise GenError(f"a trace of version {version}; this tool reads {reads}")
    _check_texts(obj)
    try:
        trace = Trace(
            design=_line(obj["design"], "design"),
            zone=_zone(obj["zone"]),
            prop=_property(obj["property"], obj["states"]),
            length=as_int(obj["length"]),
            states=tuple(
                {name: from_json(value) for name, value in state["variables"].items()}
                for state in obj["states"]
            ),
            logs=tuple(from_json(state["calls"]) for state in obj["states"]),
            witness=as_record(from_json(obj["witness"])),
            loop=obj.get("loop"),
            actions=_actions(obj["states"]),
            carried=_carried(obj),
        )
        if not 1 <= trace.length <= len(trace.states):
            raise ValueError(f"length {trace.length}, but {len(trace.states)} states")
        if trace.loop is not None and not 1 <= as_int(trace.loop) <= trace.length:
            raise ValueError(f"loop {trace.loop}, but length {trace.length}")
        for number, state in enumerate(trace.states, 1):
            if state.keys() != trace.states[0].keys():
                raise ValueError(f"state {number} has other variables than the first")
        # Read here, so that what is wrong in them is said here.
        _ = trace.zones, trace.steps, trace.continuation
        _check_keys(obj, trace.to_json())
        return trace
    except KeyError as e:
        raise GenError(f"this trace is damaged: {e} is missing") from e
    except (AttributeError, IndexError, TypeError, ValueError) as e:
        raise GenError(f"this trace is damaged: {e}") from e


def _check_texts(obj: Any) -> None:
    """GenError unless every text and every name in a trace is a printable line."""
    left = [obj]
    while left:
        one = left.pop()
        if isinstance(one, str) and not printable.is_line(one):
            told = ascii(one) if len(one) <= 60 else f"{one[:57]!a}..."
            raise GenError(f"this trace is damaged: not a line of text: {told}")
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one


def _check_keys(obj: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    """ValueError if a trace has a key that would not be in it if it were written again."""
    in_state = {"action", "variables", "calls"}
    odd = [*(obj.keys() - again), *(key for one in obj["states"] for key in one.keys() - in_state)]
    if odd:
        raise ValueError(f"a trace has no {min(odd)!r}, or not with this value")


def _line(value: Any, what: str) -> str:
    if not isinstance(value, str) or not printable.is_line(value) or not value:
        raise TypeError(f"{what}: not a line of text: {value!r}")
    return value


def _zone(data: Any) -> Zone:
    zone = typed(data, Zone, ("zone",))
    try:
        return replace(zone, features=find_features(zone.features))
    except FieldError as e:
        raise GenError(f"zone.{e.message}") from None


def _carried(obj: Mapping[str, Any]) -> Carried | None:
    """The design that a trace carries, if it does; ValueError if its module is not the one kept."""
    if "carried" not in obj:
        return None
    read = typed(obj["carried"], _CarriedTable, ("carried",))
    module = "".join(f"{line}\n" for line in read.module)
    if sha256(module) != read.sha256:
        raise ValueError("carried.module is not what carried.sha256 says")
    if read.design.name != obj["design"]:
        raise ValueError(f"it carries {read.design.name!r}, not {obj['design']!r}")
    return Carried(obj["carried"]["design"], module)


def _property(name: Any, states: Any) -> Property:
    if name == acting().name:
        # It has all in the state that the search which it came of had there.
        return replace(acting(), keeps=tuple(map(str, states[0]["variables"])))
    if name not in properties():
        known = [*properties(), acting().name]
        raise GenError(f"unknown property {name!r}: {near_miss(str(name), known)}")
    return properties()[name]


def _actions(states: Any) -> tuple[str, ...]:
    """The names of the steps, none if the trace has none."""
    found = tuple(state.get("action", "") for state in states)
    for name in found:
        if not isinstance(name, str) or not re.fullmatch(r"\w*", name):
            raise TypeError(f"action: not a name: {name!r}")
    return found if any(found) else ()
