"""How pageblocks, pages and types are called in one drawing."""

from __future__ import annotations

from collections.abc import Mapping

from gen.model.vocabulary import vocabulary
from gen.model.zone import Zone
from gen.tlc.value import Value
from gen.trace.interleaving import Interleaving
from gen.trace.log import TYPE
from gen.trace.state import State


class Names:
    """How pageblocks, pages and types are called in one drawing.

    If a trace stays inside one chunk of two pageblocks these are ``head`` and ``tail``,
    as in the drawing of the thread; otherwise pageblocks go by their number.
    """

    def __init__(self, it: Interleaving) -> None:
        self.zone = it.trace.zone
        self.chunks = sorted({b // self.zone.chunk_pageblocks for b in _touched(it)})
        self.head_and_tail = (
            len(self.chunks) == 1
            and self.zone.chunk_pageblocks == 2
            and self.zone.pageblock_units == 1
        )

    def pageblock(self, b: int) -> str:
        """A pageblock by its number."""
        return ("head", "tail")[b % 2] if self.head_and_tail else f"pageblock {b}"

    def page(self, pfn: int) -> str:
        """A page by its pfn, which counts units: a pageblock's first page is the pageblock."""
        b, unit = divmod(pfn, self.zone.pageblock_units)
        return self.pageblock(b) if unit == 0 else f"pfn {pfn * self.zone.unit_pages}"

    def type_of(self, mt: str, args: Mapping[str, Value], before: State) -> str:
        """A type by its constant; ``head_mt`` where it is the type that the page has."""
        page = args.get("page")
        if (
            self.head_and_tail
            and isinstance(page, int)
            and before.mt(self.zone.pageblock_of(page)) == mt
        ):
            return f"{self.page(page)}_mt"
        return f"MIGRATE_{mt}"

    def arg(self, name: str, value: Value, args: Mapping[str, Value], before: State) -> str:
        """An argument of a call, by what its name says it is."""
        if isinstance(value, str):
            return self.type_of(value, args, before)
        if isinstance(value, int) and name in vocabulary().fields.pageblock:
            return self.pageblock(value)
        if isinstance(value, int) and name in vocabulary().fields.page:
            return self.page(value)
        return str(value)


def _touched(it: Interleaving) -> set[int]:
    """The pageblocks that the calls were about, and those of the ranges to be isolated."""
    zone = it.trace.zone
    found: set[int] = set()
    for event in it.events:
        for place, index in event.step.reads | event.step.writes:
            found.add(index if place == TYPE else zone.pageblock_of(index))
        for frame in event.step.frames:
            if vocabulary().range.start in frame.args:
                found.update(pageblocks_inside(frame.args, zone))
    return found


def pageblocks_inside(args: Mapping[str, Value], zone: Zone) -> range:
    """The pageblocks of a range, without those that lie elsewhere."""
    start, end = args[vocabulary().range.start], args[vocabulary().range.end]
    assert isinstance(start, int) and isinstance(end, int)
    return range(max(start, 0), min(end, zone.modelled_pageblocks))
