"""What a drawing begins with: the state at boot in braces, and the ranges that are isolated."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from gen.draw.layout import fit
from gen.draw.names import Names, pageblocks_inside
from gen.model.vocabulary import vocabulary
from gen.tlc.value import Value
from gen.trace.interleaving import Interleaving
from gen.trace.trace import Trace


def setting(it: Interleaving, names: Names, width: int, cpu: str) -> list[str]:
    """The initial state in braces, of the chunks that matter, and what is isolated."""
    parts = _blocks_at_boot(it.trace, names)
    for event in it.events:
        for frame in event.step.frames:
            if frame.name == vocabulary().range.function:
                isolated = f"{cpu}{event.lane} isolates {_range(frame.args, names)}"
                if isolated not in parts:
                    parts.append(isolated)
    return [line for part in parts for line in fit("", f"{{ {part} }}", width)]


def _blocks_at_boot(trace: Trace, names: Names) -> list[str]:
    """What the chunks that matter are in the first state: neighbours that are alike together."""
    zone = trace.zone
    chunks = names.chunks or [0]
    first, last = chunks[0] * zone.chunk_pageblocks, (chunks[-1] + 1) * zone.chunk_pageblocks - 1
    told = [
        (block.pfn, block.order, block.told(block.words.setting), block.words.noun)
        for block in trace.zones[0].blocks
        if first <= zone.pageblock_of(block.pfn) <= last
    ]
    parts: list[str] = []
    for (order, is_, noun), group in itertools.groupby(told, lambda block: block[1:]):
        pfns = [pfn for pfn, *_ in group]
        start, end = pfns[0], pfns[-1] + zone.units(order)
        count, word = ("one ", noun[0]) if len(pfns) == 1 else ("", noun[1])
        parts.append(f"{_covered(start, end, names)}: {is_}, {count}order-{order} {word}")
    return parts


def _covered(start: int, end: int, names: Names) -> str:
    """The pageblocks from one pfn to another, in units, or the pfns where they are not whole."""
    zone = names.zone
    if start % zone.pageblock_units or end % zone.pageblock_units:
        return f"pfns {start * zone.unit_pages}-{end * zone.unit_pages - 1}"
    b, last = zone.pageblock_of(start), zone.pageblock_of(end - 1)
    if b == last:
        return names.pageblock(b)
    return f"pageblocks {b}-{last}" + (" (head, tail)" if names.head_and_tail else "")


def _range(args: Mapping[str, Value], names: Names) -> str:
    inside = pageblocks_inside(args, names.zone)
    text = names.pageblock(inside[0])
    if len(inside) > 1:
        text = f"pageblocks {inside[0]}-{inside[-1]}"
        if names.head_and_tail:
            text = "head and tail"
    before = "pageblocks before, " if args[vocabulary().range.start] != inside.start else ""
    return (
        before
        + text
        + (", pageblocks after" if args[vocabulary().range.end] != inside.stop else "")
    )
