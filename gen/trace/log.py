"""The log of one step: the calls that it made, as ``specs/macros.j2`` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gen.model.vocabulary import vocabulary
from gen.tlc.value import Record, Value
from gen.trace.state import State

#: The places there are: what a pageblock's type is called, and a page.
TYPE, PAGE = "migratetype", "page"

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
    def takes_lock(self) -> bool:
        """Whether it is the call that takes zone->lock."""
        return self.name == vocabulary().lock.take

    @property
    def is_lock(self) -> bool:
        """Whether it takes or drops zone->lock."""
        return vocabulary().is_lock(self.name)

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
    ``before`` and ``after`` are the zone.  ``action``: its name in the spec; "" if it is not known.
    """

    actor: tuple[str, int]
    frames: tuple[Frame, ...]
    calls: tuple[Event, ...]
    before: State
    after: State
    action: str = ""

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
        return any(isinstance(c, Call) and c.takes_lock for c in self.walk())


# ---- the log of one action: calls and leaves, as macros.j2 writes them ----------------


def as_record(value: Value) -> Record:
    if not isinstance(value, Record):
        raise TypeError(f"not a record: {value}")
    return value


def as_tuple(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise TypeError(f"not a sequence: {value}")
    return value


def as_set(value: Value) -> frozenset[Value]:
    if not isinstance(value, frozenset):
        raise TypeError(f"not a set: {value}")
    return value


def as_int(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a number: {value}")
    return value


def _args(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Record) else {}  # no arguments are written <<>>


def _places(value: Value) -> frozenset[Place]:
    return frozenset((str(as_tuple(p)[0]), as_int(as_tuple(p)[1])) for p in as_set(value))


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(v) for v in as_tuple(value))


def read_step(log: Value, before: State, after: State, action: str) -> Step:
    events = [as_record(event) for event in as_tuple(log)]
    who = events[0]
    frames = tuple(
        Frame(
            str(f["call"]),
            _args(f["args"]),
            _texts(f["text"]),
            str(f["remark"]),
        )
        for f in map(as_record, as_tuple(who["frames"]))
    )
    calls, _, _ = _read_calls(events, 1)
    return Step((str(who["actor"]), as_int(who["id"])), frames, calls, before, after, action)


def _read_calls(events: Sequence[Record], at: int) -> tuple[tuple[Event, ...], int, int]:
    """The calls from ``at`` up to the leave that closes them; where that is; its ret."""
    calls: list[Event] = []
    while at < len(events):
        event = events[at]
        if "leave" in event:
            return tuple(calls), at, as_int(event["leave"])
        if "warn" in event:
            calls.append(
                Warned(
                    str(event["warn"]),
                    as_int(event["page"]),
                    as_int(event["order"]),
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
