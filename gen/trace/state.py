"""The zone in one state, as a picture shows it: pageblocks with types, blocks over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from gen.errors import GenError
from gen.model.zone import Zone
from gen.tlc.value import Function, Value

#: The letter of each type; a type that is not known has a question mark.
LETTERS = {
    "UNMOVABLE": "U",
    "MOVABLE": "M",
    "RECLAIMABLE": "R",
    "HIGHATOMIC": "H",
    "CMA": "C",
    "ISOLATE": "I",
}


def letter(mt: str) -> str:
    """One letter for a type."""
    return LETTERS.get(mt, "?")


@dataclass(frozen=True, order=True)
class Block:
    """A block of 2**order pages that starts at a pfn, which counts units.

    ``where``: "free", "in use", "being freed", "pcp" (on a pcp list), "taken" (on the
    private list of an isolator), "reported" (to a hypervisor) or "offline".  ``mt``: the type
    of its list, or the one that was read for it; "" if it has none.  ``what``: the kind of a
    page in use, or who has taken it.
    """

    pfn: int
    order: int
    where: str
    mt: str
    what: str

    @property
    def short(self) -> str:
        """A few letters: the order, and the list."""
        if self.where == "free":
            return f"{self.order} {letter(self.mt)}"
        words = {"in use": "used", "being freed": "freeing", "taken": "taken"}
        kind = f" {letter(self.mt)}" if self.mt else ""
        return f"{self.order} {words.get(self.where, self.where)}{kind}"

    @property
    def medium(self) -> str:
        """Some words: "order 9 on M", "order 9 used"."""
        kind = f"on {letter(self.mt)}" if self.where == "free" else self.short.partition(" ")[2]
        return f"order {self.order} {kind}"

    @property
    def long(self) -> str:
        """The order, where it is and on which list."""
        if self.where == "free":
            return f"order {self.order}, free on {self.mt}"
        if self.where == "being freed":
            return f"order {self.order}, being freed as {self.mt}"
        if self.where == "pcp":
            return f"order {self.order}, on a pcp list as {self.mt}"
        if self.where == "taken":
            return f"order {self.order}, taken by isolator {self.what}"
        if self.where == "reported":
            return f"order {self.order}, being reported"
        if self.where == "offline":
            return f"order {self.order}, offline"
        return f"order {self.order}, in use, {self.what}"


@dataclass(frozen=True)
class Memory:
    """One state: the type of each pageblock, and the blocks.

    ``isolated``: pageblocks with the isolation bit, where a design has it beside the type.
    """

    zone: Zone
    types: tuple[str, ...]
    isolated: frozenset[int]
    blocks: tuple[Block, ...]

    def mt(self, b: int) -> str:
        """The type that a read of pageblock ``b`` gives."""
        return "ISOLATE" if b in self.isolated else self.types[b]

    def words(self, b: int) -> str:
        """The type of a pageblock; with the bit beside it also the type that it keeps."""
        kept = f" ({self.types[b]})" if b in self.isolated else ""
        return self.mt(b) + kept

    def letters(self, b: int) -> str:
        """The same in letters."""
        kept = f" ({letter(self.types[b])})" if b in self.isolated else ""
        return letter(self.mt(b)) + kept

    def under(self, block: Block) -> tuple[str, ...]:
        """The types that a block covers, from the left, each once."""
        first = self.zone.pageblock_of(block.pfn)
        last = self.zone.pageblock_of(block.pfn + self.zone.units(block.order) - 1)
        inside = range(max(first, 0), min(last + 1, len(self.types)))
        return tuple(dict.fromkeys(self.mt(b) for b in inside))

    def wrong(self, block: Block, *, letters: bool = False) -> str:
        """What is wrong with a free buddy, in a few words; "" if nothing is.

        That is all that free list hygiene is about: it covers two types, or is on the list
        of a type that its pageblocks do not have.  ``letters``: with a letter for a type.
        """
        types = self.under(block)
        if block.where != "free" or not types or types == (block.mt,):
            return ""
        return "covers " + " and ".join(map(letter, types) if letters else types)


def memory(state: Mapping[str, Value], zone: Zone) -> Memory:
    """A state's memory; variables that are not known are passed over.

    Raises GenError if one that is known does not have the shape of ``specs/variables.toml``.
    """
    try:
        types = state["migratetype"]
        if not isinstance(types, Function):
            raise TypeError("migratetype")
        blocks = [
            Block(_int(item[0]), _order(item[1], zone), where, *_about(where, str(item[2])))
            for name, where, fields in (
                ("free", "free", 3),
                ("inuse", "in use", 3),
                ("freeing", "being freed", 3),
                ("pcp", "pcp", 4),
                ("taken", "taken", 3),
                ("reported", "reported", 2),
            )
            for item in (_three(b, fields) for b in _set(state.get(name, frozenset())))
        ]
        blocks += _offline(set(map(_int, _set(state.get("offline", frozenset())))), zone)
        return Memory(
            zone=zone,
            types=tuple(str(types[b]) for b in range(zone.modelled_pageblocks)),
            isolated=frozenset(map(_int, _set(state.get("isolate_bit", frozenset())))),
            blocks=tuple(sorted(blocks)),
        )
    except (KeyError, TypeError, ValueError) as e:
        raise GenError(f"this trace is damaged: a state has no zone that can be drawn: {e}") from e


def _offline(pfns: set[int], zone: Zone) -> list[Block]:
    """Pages that are offline, in blocks as large and as aligned as buddies are."""
    made: list[Block] = []
    for pfn in sorted(pfns):
        if pfn in pfns:
            order = zone.min_order
            while order < zone.max_order and pfn % zone.units(order + 1) == 0:
                if not pfns.issuperset(range(pfn, pfn + zone.units(order + 1))):
                    break
                order += 1
            pfns.difference_update(range(pfn, pfn + zone.units(order)))
            made.append(Block(pfn, order, "offline", "", ""))
    return made


def _about(where: str, third: str) -> tuple[str, str]:
    """What the third field of a block says: a type, or something else."""
    return ("", third) if where in ("in use", "taken") else (third, "")


def _order(value: Value, zone: Zone) -> int:
    order = _int(value)
    if not zone.min_order <= order <= zone.max_order:
        raise ValueError(f"order {order}")
    return order


def _int(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a number: {value}")
    return value


def _set(value: Value) -> frozenset[Value]:
    if not isinstance(value, frozenset):
        raise TypeError(f"not a set: {value}")
    return value


def _three(value: Value, fields: int) -> tuple[Value, ...]:
    """The first three fields of a block that has so many; one that it lacks is ""."""
    if not isinstance(value, tuple) or len(value) != fields:
        raise TypeError(f"not a block: {value}")
    return (*value, "")[:3]


@dataclass(frozen=True)
class Moment:
    """A state of a trace, and what led to it.

    ``event``: the index of the event before it, -1 for the first state.  ``blocks`` and
    ``pageblocks``: what is new in it.
    """

    event: int
    memory: Memory
    blocks: frozenset[Block]
    pageblocks: frozenset[int]


def moments(states: list[Memory]) -> list[Moment]:
    """Each state with what changed in it; in the first one nothing has."""
    made = [Moment(-1, states[0], frozenset(), frozenset())]
    for event, (before, after) in enumerate(pairwise(states)):
        changed = frozenset(
            b
            for b in range(len(after.types))
            if (before.types[b], b in before.isolated) != (after.types[b], b in after.isolated)
        )
        made.append(
            Moment(event, after, frozenset(after.blocks) - frozenset(before.blocks), changed)
        )
    return made


def levels(blocks: tuple[Block, ...], zone: Zone) -> dict[Block, int]:
    """In which row above the pageblocks a block lies: 0, or higher where another is below it."""
    ends: list[int] = []  # of the last block of each row
    found: dict[Block, int] = {}
    for block in sorted(blocks):
        level = next((n for n, end in enumerate(ends) if end <= block.pfn), len(ends))
        ends[level : level + 1] = [block.pfn + zone.units(block.order)]
        found[block] = level
    return found
