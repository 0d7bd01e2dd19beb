"""A counterexample as TLC replayed it: steps, and in each the calls that it made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gen.errors import GenError
from gen.specs import Property, find_properties
from gen.tla_value import Record, Value, from_json, to_json
from gen.tlc_output import TraceState
from gen.zone import Zone, zone_from_data

FORMAT = "pageblock-gen trace"
VERSION = 1

#: Variables of the replay that are not part of the zone.
_REPLAY_VARIABLES = {"calls", "frames", "at", "confirmed", "witness"}

#: A place that a call reads or writes: ("migratetype", pageblock) or ("page", pfn in units).
Place = tuple[str, int]


@dataclass(frozen=True)
class Warned:
    """The free list warning: the type of the page's first pageblock is not the list's."""

    where: str
    page: int
    order: int
    type: str
    passed: str


@dataclass(frozen=True)
class Asserted:
    """Another assertion of the kernel that fired, as its source has it."""

    text: str


@dataclass(frozen=True)
class Skipped:
    """A call that the code has there and that was not made."""

    name: str
    args: Mapping[str, Value]


@dataclass(frozen=True)
class Call:
    """One call, with the calls that it made, in their order.

    ``ret`` is 0 or an errno.  ``reads`` and ``writes`` are the call's own, without
    those of its children.
    """

    name: str
    args: Mapping[str, Value]
    shown: tuple[str, ...]
    #: "always", "all" (with --depth all only) or "never" (no function of the kernel).
    draw: str
    text: str
    idle: str
    #: The argument that is its result; "" if none is shown.
    returns: str
    reads: frozenset[Place]
    writes: frozenset[Place]
    ret: int
    children: tuple[Event, ...]

    def walk(self) -> Iterator[Event]:
        """The call and all below it, in the order in which they happened."""
        yield self
        for child in self.children:
            if isinstance(child, Call):
                yield from child.walk()
            else:
                yield child

    @property
    def wrote(self) -> bool:
        """Whether the call, or one below it, wrote anything."""
        return any(isinstance(c, Call) and c.writes for c in self.walk())


#: What a log holds.
Event = Call | Warned | Asserted | Skipped


@dataclass(frozen=True)
class Frame:
    """A call that the CPU is in already; ``text``: the lines of C that open it, if any."""

    name: str
    args: Mapping[str, Value]
    text: tuple[str, ...]
    #: Not part of what makes two frames the same one.
    remark: str = field(compare=False)


@dataclass(frozen=True)
class Step:
    """One action: who did it, in which calls it stood, and what it called.

    ``actor`` is ("isolator", i), ("page", pfn) for a page on its way from one section
    to the next, or ("any", 0); call by call it is ("isolator", i) or ("cpu", c).
    ``before`` and ``after`` are the zone's variables.
    """

    actor: tuple[str, int]
    frames: tuple[Frame, ...]
    calls: tuple[Event, ...]
    before: Mapping[str, Value]
    after: Mapping[str, Value]

    def walk(self) -> Iterator[Event]:
        """All calls of the step, in the order in which they happened."""
        for call in self.calls:
            if isinstance(call, Call):
                yield from call.walk()
            else:
                yield call

    @property
    def reads(self) -> frozenset[Place]:
        """All places that the step read."""
        return frozenset(p for c in self.walk() if isinstance(c, Call) for p in c.reads)

    @property
    def writes(self) -> frozenset[Place]:
        """All places that the step wrote."""
        return frozenset(p for c in self.walk() if isinstance(c, Call) for p in c.writes)

    @property
    def locked(self) -> bool:
        """Whether the step was a hold of zone->lock."""
        return any(isinstance(c, Call) and c.name == "spin_lock" for c in self.walk())


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

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the counterexample."""
        return self._steps(1, self.length)

    @cached_property
    def continuation(self) -> tuple[Step, ...]:
        """The steps after the violation."""
        return self._steps(self.length, len(self.states))

    def _steps(self, first: int, stop: int) -> tuple[Step, ...]:
        return tuple(
            _read_step(self.logs[i], self.states[i - 1], self.states[i]) for i in range(first, stop)
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
            "states": [
                {
                    "variables": {name: to_json(state[name]) for name in sorted(state)},
                    "calls": to_json(log),
                }
                for state, log in zip(self.states, self.logs, strict=True)
            ],
        }


def trace_from_replay(
    design: str, zone: Zone, prop: Property, length: int, states: Sequence[TraceState]
) -> Trace:
    """A trace from the states of a replay that TLC confirmed."""
    last = states[length - 1].values
    warned = [event for event in map(_record, _tuple(last["calls"])) if "warn" in event]

    def told_first(witness: Record) -> tuple[int, str]:
        # The warning that the drawing ends with; among equals the same one each time.
        where, page = witness.get("where"), witness.get("page")
        order = [i for i, w in enumerate(warned) if (w["warn"], w["page"]) == (where, page)]
        return min(order, default=len(warned)), str(to_json(witness))

    witness = min(map(_record, _set(last["witness"])), key=told_first)
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
    )


def trace_from_json(obj: Any) -> Trace:
    """The trace that ``Trace.to_json`` wrote; GenError if it is something else."""
    if not isinstance(obj, dict) or obj.get("format") != FORMAT:
        raise GenError("not a trace of pageblock-gen: it has no format line that says so")
    if obj.get("version") != VERSION:
        raise GenError(f"a trace of version {obj.get('version')}; this tool reads {VERSION}")
    try:
        trace = Trace(
            design=obj["design"],
            zone=zone_from_data(obj["zone"]),
            prop=find_properties([obj["property"]])[0],
            length=_int(obj["length"]),
            states=tuple(
                {name: from_json(value) for name, value in state["variables"].items()}
                for state in obj["states"]
            ),
            logs=tuple(from_json(state["calls"]) for state in obj["states"]),
            witness=_record(from_json(obj["witness"])),
            loop=obj.get("loop"),
        )
        if not 1 <= trace.length <= len(trace.states):
            raise ValueError(f"length {trace.length}, but {len(trace.states)} states")
        if trace.loop is not None and not 1 <= _int(trace.loop) <= trace.length:
            raise ValueError(f"loop {trace.loop}, but length {trace.length}")
        # Read here, so that what is wrong in them is said here.
        _ = trace.steps, trace.continuation
        return trace
    except KeyError as e:
        raise GenError(f"this trace is damaged: {e} is missing") from e
    except (AttributeError, IndexError, TypeError, ValueError) as e:
        raise GenError(f"this trace is damaged: {e}") from e


# ---- the log of one action: calls and leaves, as macros.j2 writes them ----------------


def _record(value: Value) -> Record:
    if not isinstance(value, Record):
        raise TypeError(f"not a record: {value}")
    return value


def _tuple(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise TypeError(f"not a sequence: {value}")
    return value


def _set(value: Value) -> frozenset[Value]:
    if not isinstance(value, frozenset):
        raise TypeError(f"not a set: {value}")
    return value


def _int(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a number: {value}")
    return value


def _args(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Record) else {}  # no arguments are written <<>>


def _places(value: Value) -> frozenset[Place]:
    return frozenset((str(_tuple(p)[0]), _int(_tuple(p)[1])) for p in _set(value))


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(v) for v in _tuple(value))


def _read_step(log: Value, before: Mapping[str, Value], after: Mapping[str, Value]) -> Step:
    events = [_record(event) for event in _tuple(log)]
    who = events[0]
    frames = tuple(
        Frame(
            str(f["call"]),
            _args(f["args"]),
            _texts(f["text"]),
            str(f["remark"]),
        )
        for f in map(_record, _tuple(who["frames"]))
    )
    calls, _, _ = _read_calls(events, 1)
    return Step((str(who["actor"]), _int(who["id"])), frames, calls, before, after)


def _read_calls(events: Sequence[Record], at: int) -> tuple[tuple[Event, ...], int, int]:
    """The calls from ``at`` up to the leave that closes them; where that is; its ret."""
    calls: list[Event] = []
    while at < len(events):
        event = events[at]
        if "leave" in event:
            return tuple(calls), at, _int(event["leave"])
        if "warn" in event:
            calls.append(
                Warned(
                    str(event["warn"]),
                    _int(event["page"]),
                    _int(event["order"]),
                    str(event["type"]),
                    str(event["passed"]),
                )
            )
        elif "asserted" in event:
            calls.append(Asserted(str(event["asserted"])))
        elif "skipped" in event:
            calls.append(Skipped(str(event["skipped"]), _args(event["args"])))
        else:
            children, at, ret = _read_calls(events, at + 1)
            calls.append(
                Call(
                    name=str(event["call"]),
                    args=_args(event["args"]),
                    shown=_texts(event["shown"]),
                    draw=str(event["draw"]),
                    text=str(event["text"]),
                    idle=str(event["idle"]),
                    returns=str(event["returns"]),
                    reads=_places(event["reads"]),
                    writes=_places(event["writes"]),
                    ret=ret,
                    children=children,
                )
            )
        at += 1
    return tuple(calls), at, 0
