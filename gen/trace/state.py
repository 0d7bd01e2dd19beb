"""One state of the zone, typed: what every drawing, picture and comparison reads.

It is made once for each state of a trace.  Which variables there are, and how each is read, is
said by ``specs/variables.toml``; one that is not in it is kept as TLC printed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gen.errors import GenError
from gen.model.display import BlockWords, blocks, displays, isolated_as, letter
from gen.model.zone import Zone
from gen.tlc.value import Function, Value

#: The variable that says of each caller of start_isolate_page_range() where it is.
CALLERS = "isolator"


class _Word(str):
    """A field of a block in a sentence: ``{list}`` is all of it, ``{list:letter}`` a letter."""

    def __format__(self, spec: str) -> str:
        return letter(self) if spec == "letter" else super().__format__(spec)


@dataclass(frozen=True)
class Block:
    """A block of 2**order pages that starts at a pfn, which counts units.

    ``kind``: the variable that it is in.  ``more``: the fields after pfn and order.
    """

    pfn: int
    order: int
    kind: str
    more: tuple[str | int, ...] = ()

    def __lt__(self, other: Block) -> bool:
        return self._place < other._place

    @property
    def _place(self) -> tuple[int, int, int, tuple[str, ...]]:
        # At one pfn, in the order in which the kinds stand in variables.toml.
        return self.pfn, self.order, self.words.rank, tuple(map(str, self.more))

    @property
    def words(self) -> BlockWords:
        """How blocks of this kind are told."""
        return blocks()[self.kind]

    @property
    def mt(self) -> str:
        """The type of its list, or the one that was read for it; "" if it has none."""
        return str(self._fields[self.words.type]) if self.words.type else ""

    @property
    def _fields(self) -> dict[str, str]:
        values = (self.pfn, self.order, *self.more)
        return {k: _Word(v) for k, v in zip(self.words.fields, values, strict=True)}

    def told(self, text: str) -> str:
        """A text of its kind, with the fields of this block."""
        return text.format(**self._fields)

    @property
    def short(self) -> str:
        """A few letters: the order, and the list."""
        return self.told(self.words.short)

    @property
    def medium(self) -> str:
        """Some words: "order 9 on M", "order 9 used"."""
        return self.told(self.words.medium)

    @property
    def long(self) -> str:
        """The order, where it is and on which list."""
        return self.told(self.words.long)

    def pageblocks(self, zone: Zone) -> range:
        """The pageblocks that it lies in."""
        last = self.pfn + zone.units(self.order) - 1
        return range(zone.pageblock_of(self.pfn), zone.pageblock_of(last) + 1)


@dataclass(frozen=True)
class State:
    """The zone in one state; ``values``: all its variables, as TLC has them.

    ``types``: the type of each pageblock.  ``isolated``: pageblocks with the isolation bit, where
    a design has it beside the type.  ``blocks``: all there are, from the left.
    """

    zone: Zone
    values: Mapping[str, Value]
    types: tuple[str, ...]
    isolated: frozenset[int]
    blocks: tuple[Block, ...]

    @property
    def callers(self) -> tuple[Value, ...]:
        """Where each caller of start_isolate_page_range() is, the first one first."""
        found = self.values.get(CALLERS, ())
        return found if isinstance(found, tuple) else ()

    def kind(self, name: str) -> frozenset[Block]:
        """The blocks of one variable."""
        return frozenset(block for block in self.blocks if block.kind == name)

    @cached_property
    def by_pageblock(self) -> Mapping[str, Mapping[int, Value]]:
        """Variables that say something of each pageblock, or are a set of some, but the types."""
        found: dict[str, Mapping[int, Value]] = {}
        for name, one in displays().items():
            if name in self.values and one.shape in ("by pageblock", "pageblocks"):
                value = self.values[name]
                if one.shape == "pageblocks":
                    found[name] = dict.fromkeys(sorted(map(_int, _set(value))), True)
                else:
                    found[name] = {_int(b): said for b, said in _function(value).items()}
        return found

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The counters that are in the state, by name."""
        return {
            name: _int(self.values[name])
            for name, one in displays().items()
            if one.shape == "count" and name in self.values
        }

    def mt(self, b: int) -> str:
        """The type that a read of pageblock ``b`` gives; IndexError if there is none."""
        if not 0 <= b < len(self.types):
            raise IndexError(f"there is no pageblock {b}")
        return isolated_as() if b in self.isolated else self.types[b]

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
        inside = (b for b in block.pageblocks(self.zone) if 0 <= b < len(self.types))
        return tuple(dict.fromkeys(map(self.mt, inside)))

    def wrong(self, block: Block, *, letters: bool = False) -> str:
        """What is wrong with a free buddy, in a few words; "" if nothing is.

        That is all that free list hygiene is about: it covers two types, or is on the list
        of a type that its pageblocks do not have.  ``letters``: with a letter for a type.
        """
        types = self.under(block)
        if not block.words.free or not types or types == (block.mt,):
            return ""
        return "covers " + " and ".join(map(letter, types) if letters else types)


def read_state(values: Mapping[str, Value], zone: Zone) -> State:
    """A state as TLC has it, typed.

    Raises GenError if a variable does not have the shape that ``variables.toml`` says.
    """
    try:
        types: tuple[str, ...] | None = None
        isolated: frozenset[int] = frozenset()
        found: list[Block] = []
        for name, one in displays().items():
            if name not in values:
                continue
            value = values[name]
            if one.shape == "types":
                by_pageblock = _function(value)
                types = tuple(str(by_pageblock[b]) for b in range(zone.modelled_pageblocks))
            elif one.shape == "isolated":
                isolated = frozenset(map(_int, _set(value)))
            elif one.shape == "blocks" and one.block is not None:
                found += (_block(name, one.block, item, zone) for item in _set(value))
            elif one.shape == "pfns":
                found += _aligned(name, set(map(_int, _set(value))), zone)
        if types is None:
            raise KeyError("the types of pageblocks")
        state = State(zone, values, types, isolated, tuple(sorted(found)))
        _ = state.by_pageblock, state.counts  # what is wrong in them is told here
        return state
    except (KeyError, TypeError, ValueError) as e:
        raise GenError(f"this trace is damaged: a state has no zone that can be drawn: {e}") from e


def _block(kind: str, words: BlockWords, value: Value, zone: Zone) -> Block:
    if not isinstance(value, tuple) or len(value) != len(words.fields):
        raise TypeError(f"not a block: {value}")
    pfn, order, *more = value
    return Block(_int(pfn), _order(order, zone), kind, tuple(map(_word, more)))


def _aligned(kind: str, pfns: set[int], zone: Zone) -> Iterator[Block]:
    """Pages in blocks as large and as aligned as buddies are."""
    for pfn in sorted(pfns):
        if pfn in pfns:
            order = zone.min_order
            while order < zone.max_order and pfn % zone.units(order + 1) == 0:
                if not pfns.issuperset(range(pfn, pfn + zone.units(order + 1))):
                    break
                order += 1
            pfns.difference_update(range(pfn, pfn + zone.units(order)))
            yield Block(pfn, order, kind)


def _order(value: Value, zone: Zone) -> int:
    order = _int(value)
    if not zone.min_order <= order <= zone.max_order:
        raise ValueError(f"order {order}")
    return order


def _int(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a number: {value}")
    return value


def _word(value: Value) -> str | int:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError(f"not a word: {value}")
    return value


def _set(value: Value) -> frozenset[Value]:
    if not isinstance(value, frozenset):
        raise TypeError(f"not a set: {value}")
    return value


def _function(value: Value) -> Function:
    if not isinstance(value, Function):
        raise TypeError(f"no function: {value}")
    return value


def levels(found: tuple[Block, ...], zone: Zone) -> dict[Block, int]:
    """In which row above the pageblocks a block lies: 0, or higher where another is below it."""
    ends: list[int] = []  # of the last block of each row
    made: dict[Block, int] = {}
    for block in sorted(found):
        level = next((n for n, end in enumerate(ends) if end <= block.pfn), len(ends))
        ends[level : level + 1] = [block.pfn + zone.units(block.order)]
        made[block] = level
    return made
