"""The memory strip as SVG: the zone after every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gen.draw.options import DrawOptions
from gen.draw.sheet import sheet
from gen.draw.strip import Strips, legend, problems, runs, spell, strips
from gen.draw.svg import CHAR, EDGE, ROW, Element, add, group, image, png
from gen.model.display import letter, migratetypes
from gen.model.zone import Zone
from gen.trace.changes import Moment
from gen.trace.interleaving import Interleaving
from gen.trace.log import PAGE, TYPE, Place
from gen.trace.state import Block, State, levels
from gen.trace.trace import Trace

#: Pixels: the height of a pageblock and of a block over it, and the room between two strips.
_PAGEBLOCK, _BLOCK, _APART = 26, 28, 14

_MARK = 14
#: From so many states on, the numbers of the pageblocks stand below the last one too.
_FAR = 8


# ---- SVG -----------------------------------------------------------------------------


class _Scale:
    """Where pfns are, in pixels: pageblocks of one width, wide enough for a letter."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        count = zone.modelled_pageblocks
        self.pageblock = next(
            px
            for most, px in ((1, 300), (2, 230), (4, 120), (8, 84), (16, 52), (count, 34))
            if count <= most
        )
        self.unit = self.pageblock / zone.pageblock_units
        self.width = self.pageblock * count

    def x(self, pfn: float) -> float:
        return round(self.unit * pfn, 1)


@dataclass(frozen=True)
class Marked:
    """What a step touched, to be marked in a strip."""

    places: frozenset[Place]
    kind: str  # "read" or "wrote"


def _height(blocks: Sequence[Moment]) -> int:
    """The most blocks that lie one over the other in any of these states."""
    return max(
        (1 + n for m in blocks for n in levels(m.state.blocks, m.state.zone).values()), default=1
    )


def _draw(strip: Strips, number: int, rows: int, marked: Marked | None = None) -> Element:
    """One state: blocks in ``rows`` rows, and the pageblocks under them."""
    moment, scale = strip.moments[number], _Scale(strip.zone)
    if marked and marked.kind == "read":  # before a step: what is new here came before
        moment = replace(moment, blocks=frozenset(), pageblocks=frozenset())
    before = strip.moments[number - 1].state if number and moment.pageblocks else moment.state
    drawn = group()
    base = rows * _BLOCK + (_MARK if marked else 0)
    placed = levels(moment.state.blocks, strip.zone)
    for b in sorted(range(len(moment.state.types)), key=lambda b: b in moment.pageblocks):
        _pageblock(drawn, strip, b, base, moment, before, scale)
    # What is wrong, or new, lies over its neighbours' edges.
    for block in sorted(
        moment.state.blocks,
        key=lambda k: (bool(moment.state.wrong(k)), k in moment.blocks, k),
    ):
        _block(drawn, strip, block, base - (placed[block] + 1) * _BLOCK, moment, scale)
    if marked:
        _marks(drawn, marked, base, scale)
    return drawn


def _pageblock(
    drawn: Element, strip: Strips, b: int, y: float, moment: Moment, before: State, scale: _Scale
) -> None:
    now = moment.state
    kind = letter(now.mt(b)) if now.mt(b) in migratetypes() else "other"
    new = b in moment.pageblocks
    cell = add(drawn, "g")
    tip = f"{strip.names.pageblock(b)}: {now.mt(b)}"
    if b in now.isolated:
        tip += f", the bit beside {now.types[b]}"
    add(cell, "title", tip)
    add(
        cell, "rect", x=scale.x(b * strip.zone.pageblock_units), y=y, width=scale.pageblock,
        height=_PAGEBLOCK, class_=f"pb {kind}" + " new" * new,
    )  # fmt: skip
    texts = [now.words(b), now.letters(b)]
    if new:
        was = [before.words(b), before.letters(b)]
        arrows = [f"{a} \N{RIGHTWARDS ARROW} {t}" for a, t in zip(was, texts, strict=True)]
        texts = [*arrows, texts[-1]]
    # A letter is there in any case: nobody depends on the colour.
    text = next((t for t in texts if CHAR * len(t) + 6 < scale.pageblock), texts[-1])
    x = scale.x((b + 0.5) * strip.zone.pageblock_units)
    on = " onI" * (kind == "I") + " bold" * new
    add(cell, "text", text, x=x, y=y + 18, class_="mid" + on)


def _block(
    drawn: Element, strip: Strips, block: Block, y: float, moment: Moment, scale: _Scale
) -> None:
    wrong = moment.state.wrong(block)
    left, right = scale.x(block.pfn), scale.x(block.pfn + strip.zone.units(block.order))
    kind = "used"
    if block.mt:
        kind = letter(block.mt) if block.mt in migratetypes() else "other"
    classes = ["block", "wrong" if wrong else kind]
    if block.words.dashed:
        classes.append("away")
    if block in moment.blocks:
        classes.append("new")
    cell = add(drawn, "g")
    add(cell, "title", spell(block, strip) + (f": {wrong}" if wrong else ""))
    inset = 2 if right - left > 8 else 0
    add(
        cell, "rect", x=left + inset, y=y + 2, width=max(right - left - 2 * inset, 1),
        height=_BLOCK - 5, rx=4 if inset else 0, class_=" ".join(classes),
    )  # fmt: skip
    room = (right - left - 10) / CHAR
    for text in _labels(block, moment.state):
        if len(text) <= room:
            on = " onwrong" if wrong else " onI" if kind == "I" else ""
            add(cell, "text", text, x=(left + right) / 2, y=y + 18, class_="mid" + on)
            break


def _labels(block: Block, now: State) -> list[str]:
    """What to write on a block, the longest first."""
    if wrong := now.wrong(block):
        few = now.wrong(block, letters=True)
        told = [f"{block.long}: {wrong}", f"{block.medium}: {few}", block.medium, block.short]
        return [*(f"! {text}" for text in told), "!"]
    return [block.long, block.medium, block.short, str(block.order)]


def _marks(drawn: Element, marked: Marked, base: float, scale: _Scale) -> None:
    """Types that were touched are underlined, pages have a line above them."""
    zone = scale.zone
    pages = [pfn for what, pfn in sorted(marked.places) if what == PAGE]
    for first, last in runs(pfn for pfn in pages if pfn >= 0):
        text = "read" if marked.kind == "read" else "written"
        _mark(drawn, scale.x(first), scale.x(last + 1), 4, text, marked.kind)
    units = zone.pageblock_units
    types = [b for what, b in sorted(marked.places) if what == TYPE]
    y = base + _PAGEBLOCK + 6
    for b in types:
        text = "type read" if marked.kind == "read" else "type written"
        _mark(drawn, scale.x(b * units), scale.x((b + 1) * units), y, text, marked.kind)


def _mark(drawn: Element, left: float, right: float, y: float, text: str, kind: str) -> None:
    cell = add(drawn, "g")
    add(cell, "title", text)
    inset = min(4, (right - left) / 4)
    room = CHAR * len(text) * 0.85 + 6
    if room < right - left:
        middle = (left + right) / 2
        add(cell, "text", text, x=middle, y=y + 4, class_="mid small newt")
        d = f"M{left + inset:g} {y:g}H{middle - room / 2:g}M{middle + room / 2:g} {y:g}"
        add(cell, "path", d=f"{d}H{right - inset:g}", class_=kind)
    else:
        add(cell, "path", d=f"M{left + inset:g} {y:g}H{right - inset:g}", class_=kind)


def _axis(drawn: Element, strip: Strips, y: float) -> None:
    """The pageblocks' numbers, as many as there is room for."""
    scale = _Scale(strip.zone)
    for b in range(strip.zone.modelled_pageblocks):
        name = f" ({strip.names.pageblock(b)})" if strip.names.head_and_tail else ""
        texts = [f"pageblock {b}{name}", str(b)]
        text = next((t for t in texts if CHAR * len(t) < scale.pageblock), texts[-1])
        x = scale.x((b + 0.5) * strip.zone.pageblock_units)
        add(drawn, "text", text, x=x, y=y, class_="mid soft small")


def _ruler(body: Element, strip: Strips, left: float, y: float) -> float:
    """The numbers below a strip that ends at ``y``; where they end."""
    axis = group(transform=f"translate({left:g} {y + 16:g})")
    _axis(axis, strip, 0)
    body.append(axis)
    return y + 18


def figure(strip: Strips, number: int, title: str, marked: Marked) -> str:
    """One state as an SVG without colours of its own, for a page; all are of one height."""
    rows = _height(strip.moments)
    scale = _Scale(strip.zone)
    drawn = _draw(strip, number, rows, marked)
    drawn.set("transform", "translate(4)")
    y = rows * _BLOCK + _PAGEBLOCK + 2 * _MARK + 12
    _axis(drawn, strip, y)
    return image(scale.width + 8, y + 6, title, drawn, style=False)


def picture(it: Interleaving, *, depth: str = "") -> str:
    """All states of an interleaving as one SVG, from top to bottom."""
    drawn = sheet(it, depth=depth)
    strip = strips(it, drawn)
    scale = _Scale(strip.zone)
    body = group()
    y: float = EDGE
    left = EDGE + 34
    wide: float = left + scale.width
    for number, caption in enumerate(strip.captions):
        y += ROW
        add(body, "text", str(number), x=EDGE + 16, y=y, class_="soft end")
        add(body, "text", caption, x=left, y=y)
        remark, x = strip.remark(number), left + CHAR * (len(caption) + 2)
        if remark:
            kind = (
                "danger" if remark.startswith("violates") else "newt" if it.trace.loop else "soft"
            )
            add(body, "text", remark, x=x, y=y, class_=kind)
        wide = max(wide, x + CHAR * len(remark))
        y += 4
        rows = _height(strip.moments[number : number + 1])
        part = _draw(strip, number, rows)
        part.set("transform", f"translate({left:g} {y:g})")
        body.append(part)
        y += rows * _BLOCK + _PAGEBLOCK
        if number == 0:
            y = _ruler(body, strip, left, y)
        for text in problems(strip, number):
            y += ROW
            add(body, "text", f"! {text}", x=left, y=y - 3, class_="danger")
            wide = max(wide, left + CHAR * (len(text) + 2))
        y += _APART
    if len(strip.moments) > _FAR:
        y = _ruler(body, strip, left, y - _APART)
    y, right = _legend(body, strip, y + ROW, left, max(wide, left + 420))
    title = f"The zone, step by step: {it.trace.design}, {it.trace.prop.name}: {drawn.told}"
    return image(max(wide, right) + EDGE, y + EDGE, title, body)


def _legend(
    body: Element, strip: Strips, y: float, left: float, right: float
) -> tuple[float, float]:
    """The legend, in as many rows as it takes; where it ends below and to the right."""
    x = widest = left
    for kind, sign, text in legend(strip):
        width = 34 + CHAR * len(text) + 16
        if x > left and x + width > right:
            x, y = left, y + ROW + 6
        add(body, "rect", x=x, y=y, width=26, height=18, class_=f"block {kind}")
        on = " onI" if kind == "I" else " onwrong" if kind == "wrong" else ""
        add(body, "text", sign, x=x + 13, y=y + 14, class_="mid" + on)
        add(body, "text", text, x=x + 34, y=y + 14, class_="soft")
        x += width
        widest = max(widest, x)
    return y + ROW, widest


def svg(trace: Trace, options: DrawOptions) -> str:
    """The strips of a trace as an SVG file."""
    return picture(options.interleave(trace), depth=options.depth)


def svg_as_png(trace: Trace, options: DrawOptions) -> bytes:
    """The same as PNG; GenError if that cannot be made here."""
    return png(svg(trace, options))
