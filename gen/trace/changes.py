"""What is not the same in two states: nothing if, and only if, they are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gen.model.display import displays, isolated_as
from gen.tlc.value import Record, Value
from gen.trace.state import CALLERS, Block, State, read_state


@dataclass(frozen=True)
class BlockChange:
    """A block that is there no more, or (``came``) was not there before."""

    block: Block
    came: bool

    @property
    def variable(self) -> str:
        """The variable that it is in."""
        return self.block.kind


@dataclass(frozen=True)
class PageblockChange:
    """What a variable says of a pageblock, or its type (``isolated``: the bit too), in words.

    ``before`` and ``after`` are "" if it says nothing of it.
    """

    variable: str
    b: int
    before: str
    after: str


@dataclass(frozen=True)
class ValueChange:
    """A variable that is read as a whole; None: it is not in the state."""

    variable: str
    before: Value | None
    after: Value | None


Change = BlockChange | PageblockChange | ValueChange


def changes(before: State, after: State) -> tuple[Change, ...]:
    """What is different, variable by variable in the order of ``variables.toml``."""
    found: list[Change] = []
    told: set[str] = set()
    for name, one in displays().items():
        told.add(name)
        begun = len(found)
        if one.shape == "types":
            found += _types(name, before, after)
        elif one.shape == "isolated":
            known = {c.b for c in found if isinstance(c, PageblockChange)}
            if (turned := before.isolated ^ after.isolated) and turned <= known:
                continue  # told with the types
        elif one.shape in ("blocks", "pfns"):
            had, has = before.kind(name), after.kind(name)
            found += (BlockChange(block, came=False) for block in sorted(had - has))
            found += (BlockChange(block, came=True) for block in sorted(has - had))
        elif one.shape in ("by pageblock", "pageblocks"):
            found += _by_pageblock(name, before, after)
        if len(found) == begun:
            # Nothing else tells them apart: an empty set, and none at all, for example.
            found += _value(name, before, after)
    for name in sorted({*before.values, *after.values} - told):
        found += _value(name, before, after)
    return tuple(found)


def said_type(state: State, b: int) -> str:
    """A pageblock's type in words; the bit hides it, but does not replace it."""
    if not 0 <= b < len(state.types):
        return ""
    return state.types[b] + f"+{isolated_as()}" * (b in state.isolated)


def _types(name: str, before: State, after: State) -> list[Change]:
    both = range(max(len(before.types), len(after.types)))
    turned = [(b, said_type(before, b), said_type(after, b)) for b in both]
    return [PageblockChange(name, b, was, now) for b, was, now in turned if was != now]


def _by_pageblock(name: str, before: State, after: State) -> list[Change]:
    was, now = before.by_pageblock.get(name, {}), after.by_pageblock.get(name, {})
    return [
        PageblockChange(name, b, _said(was.get(b)), _said(now.get(b)))
        for b in sorted({*was, *now})
        if was.get(b) != now.get(b)
    ]


def _said(value: Value | None) -> str:
    return "" if value is None else str(value)


def _value(name: str, before: State, after: State) -> list[Change]:
    was, now = before.values.get(name), after.values.get(name)
    return [] if was == now else [ValueChange(name, was, now)]


def shared(one: State, other: State) -> tuple[State, State]:
    """Two states without what only one of them has: a variable, a caller, a field of a caller."""
    names = one.values.keys() & other.values.keys()
    fields = [_fields(state) for state in (one, other)]
    both = fields[0] & fields[1]
    kept: list[State] = []
    for state in (one, other):
        values = {name: state.values[name] for name in state.values if name in names}
        if CALLERS in values and both:
            values[CALLERS] = tuple(
                Record({k: v for k, v in caller.items() if k in both})
                if isinstance(caller, Record)
                else caller
                for caller in state.callers[: min(len(one.callers), len(other.callers))]
            )
        kept.append(read_state(values, state.zone))
    return kept[0], kept[1]


def _fields(state: State) -> set[str]:
    return {field for caller in state.callers if isinstance(caller, Record) for field in caller}


def touched(before: State, after: State) -> frozenset[int]:
    """The pageblocks that a step changed: their types, or blocks in them, of whatever kind.

    What is in the state for a property alone is no part of the zone.
    """
    found: set[int] = set()
    for change in changes(before, after):
        if isinstance(change, BlockChange):
            found.update(change.block.pageblocks(after.zone))
        elif isinstance(change, PageblockChange) and displays()[change.variable].shape == "types":
            found.add(change.b)
    return frozenset(found)


@dataclass(frozen=True)
class Moment:
    """A state of a trace, and what led to it.

    ``event``: the index of the event before it, -1 for the first state.  ``blocks`` and
    ``pageblocks``: what is new in it.
    """

    event: int
    state: State
    blocks: frozenset[Block]
    pageblocks: frozenset[int]


def moments(states: Sequence[State]) -> list[Moment]:
    """Each state with what changed in it; in the first one nothing has."""
    made = [Moment(-1, states[0], frozenset(), frozenset())]
    for event, (before, after) in enumerate(pairwise(states)):
        found = changes(before, after)
        new = frozenset(c.block for c in found if isinstance(c, BlockChange) and c.came)
        turned = frozenset(
            c.b
            for c in found
            if isinstance(c, PageblockChange) and displays()[c.variable].shape == "types"
        )
        made.append(Moment(event, after, new, turned))
    return made
