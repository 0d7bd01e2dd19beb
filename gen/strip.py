"""The memory strip: the zone after every step, as SVG and as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gen.drawing import DrawOptions, Names, Sheet, sheet
from gen.interleaving import Interleaving
from gen.memory import LETTERS, Block, Memory, Moment, letter, levels, memory, moments
from gen.svg import CHAR, EDGE, ROW, Element, add, group, image, png
from gen.trace import Call, Place, Trace
from gen.zone import Zone

#: Pixels: the height of a pageblock and of a block over it, and the room between two strips.
_PAGEBLOCK, _BLOCK, _APART = 26, 28, 14
_MARK = 14
#: From so many states on, the numbers of the pageblocks stand below the last one too.
_FAR = 8
#: So many buddies on a wrong list are told in words; all are drawn.
_TOLD = 3


@dataclass(frozen=True)
class Strips:
    """A trace as strips: the moments, with a line of words for each."""

    it: Interleaving
    moments: tuple[Moment, ...]
    captions: tuple[str, ...]
    names: Names

    @property
    def zone(self) -> Zone:
        """The zone that they show."""
        return self.it.trace.zone

    def remark(self, number: int) -> str:
        """What is to be said of a moment beside what led to it; "" if nothing is."""
        trace = self.it.trace
        last = number == self.it.failing + 1
        if trace.loop is not None and last:
            stays = trace.loop == trace.length
            return f"then {'nothing more' if stays else f'again from {trace.loop} on'}, for ever"
        if trace.loop is not None and number == trace.loop:
            return "from here on, again and again"
        if number > self.it.failing + 1:
            return "after the violation"
        return f"violates {trace.prop.name}" if last else ""


def strips(it: Interleaving, drawn: Sheet | None = None) -> Strips:
    """The strips of an interleaving; GenError if its states have no zone."""
    drawn = drawn or sheet(it)
    zone = it.trace.zone
    states = [it.trace.states[0], *(event.step.after for event in it.events)]
    captions = ["at boot"]
    for index, event in enumerate(it.events):
        rows = [row for row in drawn.rows if row.event == index]
        calls = [
            row.text
            for row in rows
            if isinstance(row.call, Call) and not row.call.name.startswith("spin_")
        ]
        text = calls[0] if calls else next((row.text for row in reversed(rows)), "")
        captions.append(f"#{event.lane} {text}")
    made = moments([memory(state, zone) for state in states])
    return Strips(it, tuple(made), tuple(captions), Names(it))


def _spell(block: Block, strip: Strips) -> str:
    return f"{block.long}, at {strip.names.page(block.pfn)}"


def problems(strip: Strips, number: int) -> list[str]:
    """The free buddies of a state that are on a wrong list, in words."""
    now = strip.moments[number].memory
    found = [(block, now.wrong(block)) for block in now.blocks]
    told = [f"{_spell(block, strip)}: {wrong}" for block, wrong in found if wrong]
    more = len(told) - _TOLD
    return told if more < 2 else [*told[:_TOLD], f"and {more} more"]


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
        (1 + n for m in blocks for n in levels(m.memory.blocks, m.memory.zone).values()), default=1
    )


def _draw(strip: Strips, number: int, rows: int, marked: Marked | None = None) -> Element:
    """One state: blocks in ``rows`` rows, and the pageblocks under them."""
    moment, scale = strip.moments[number], _Scale(strip.zone)
    if marked and marked.kind == "read":  # before a step: what is new here came before
        moment = replace(moment, blocks=frozenset(), pageblocks=frozenset())
    before = strip.moments[number - 1].memory if number and moment.pageblocks else moment.memory
    drawn = group()
    base = rows * _BLOCK + (_MARK if marked else 0)
    placed = levels(moment.memory.blocks, strip.zone)
    for b in sorted(range(len(moment.memory.types)), key=lambda b: b in moment.pageblocks):
        _pageblock(drawn, strip, b, base, moment, before, scale)
    # What is wrong, or new, lies over its neighbours' edges.
    for block in sorted(
        moment.memory.blocks,
        key=lambda k: (bool(moment.memory.wrong(k)), k in moment.blocks, k),
    ):
        _block(drawn, strip, block, base - (placed[block] + 1) * _BLOCK, moment, scale)
    if marked:
        _marks(drawn, marked, base, scale)
    return drawn


def _pageblock(
    drawn: Element, strip: Strips, b: int, y: float, moment: Moment, before: Memory, scale: _Scale
) -> None:
    now = moment.memory
    kind = letter(now.mt(b)) if now.mt(b) in LETTERS else "other"
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
    wrong = moment.memory.wrong(block)
    left, right = scale.x(block.pfn), scale.x(block.pfn + strip.zone.units(block.order))
    kind = "used"
    if block.mt:
        kind = letter(block.mt) if block.mt in LETTERS else "other"
    classes = ["block", "wrong" if wrong else kind]
    if block.where not in ("free", "in use"):
        classes.append("away")
    if block in moment.blocks:
        classes.append("new")
    cell = add(drawn, "g")
    add(cell, "title", _spell(block, strip) + (f": {wrong}" if wrong else ""))
    inset = 2 if right - left > 8 else 0
    add(
        cell, "rect", x=left + inset, y=y + 2, width=max(right - left - 2 * inset, 1),
        height=_BLOCK - 5, rx=4 if inset else 0, class_=" ".join(classes),
    )  # fmt: skip
    room = (right - left - 10) / CHAR
    for text in _labels(block, moment.memory):
        if len(text) <= room:
            on = " onwrong" if wrong else " onI" if kind == "I" else ""
            add(cell, "text", text, x=(left + right) / 2, y=y + 18, class_="mid" + on)
            break


def _labels(block: Block, now: Memory) -> list[str]:
    """What to write on a block, the longest first."""
    if wrong := now.wrong(block):
        few = now.wrong(block, letters=True)
        told = [f"{block.long}: {wrong}", f"{block.medium}: {few}", block.medium, block.short]
        return [*(f"! {text}" for text in told), "!"]
    return [block.long, block.medium, block.short, str(block.order)]


def _marks(drawn: Element, marked: Marked, base: float, scale: _Scale) -> None:
    """Types that were touched are underlined, pages have a line above them."""
    zone = scale.zone
    pages = [pfn for what, pfn in sorted(marked.places) if what == "page"]
    for first, last in runs(pfn for pfn in pages if pfn >= 0):
        text = "read" if marked.kind == "read" else "written"
        _mark(drawn, scale.x(first), scale.x(last + 1), 4, text, marked.kind)
    units = zone.pageblock_units
    types = [b for what, b in sorted(marked.places) if what == "migratetype"]
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


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    runs: list[tuple[int, int]] = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs


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


def _types(strip: Strips) -> list[str]:
    """The types that are anywhere in the strips, in the kernel's order."""
    used = {mt for m in strip.moments for mt in m.memory.types}
    used |= {m.memory.mt(b) for m in strip.moments for b in m.memory.isolated}
    used |= {block.mt for m in strip.moments for block in m.memory.blocks if block.mt}
    return [mt for mt in LETTERS if mt in used] + sorted(used - LETTERS.keys())


def legend(strip: Strips) -> list[tuple[str, str, str]]:
    """What is in the strips: a class, a letter in it, and what it means."""
    known = [(letter(mt) if mt in LETTERS else "other", letter(mt), mt) for mt in _types(strip)]
    if any(block.where == "in use" for m in strip.moments for block in m.memory.blocks):
        known.append(("used", "", "in use"))
    away = {
        k.where for m in strip.moments for k in m.memory.blocks if k.where not in ("free", "in use")
    }
    if away:
        known.append(("other away", "", ", ".join(sorted(away))))
    if any(m.memory.wrong(block) for m in strip.moments for block in m.memory.blocks):
        known.append(("wrong", "!", "free, but not on the list of all that it covers"))
    if any(m.memory.isolated for m in strip.moments):
        known.append(("page", "(M)", "the type that is kept beside the isolation bit"))
    known.append(("page new", "", "new"))
    return known


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


# ---- for a terminal ------------------------------------------------------------------

#: Background and foreground of the 256 colours of a terminal, close to those of the SVG.
_ANSI: Mapping[str, str] = {
    "M": "48;5;117;38;5;16",
    "U": "48;5;214;38;5;16",
    "R": "48;5;79;38;5;16",
    "H": "48;5;228;38;5;16",
    "C": "48;5;182;38;5;16",
    "I": "48;5;239;38;5;231",
    "used": "48;5;252;38;5;16",
    "wrong": "48;5;166;38;5;231;1",
    "remark": "38;5;166;1",
}
#: A pageblock is as many characters wide as there is room for, between these.
_MOST, _LEAST = 24, 5
_INDENT = "    "


def text(trace: Trace, options: DrawOptions) -> str:
    """The strips in ``options.columns`` columns, with letters; in colours too if wanted."""
    return _text(strips(options.interleave(trace)), options.columns, options.color)


class _Paint:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, kind: str) -> str:
        code = _ANSI.get(kind, "") if self.color else ""
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def _text(strip: Strips, columns: int, color: bool) -> str:
    paint = _Paint(color)
    count, chunk = strip.zone.modelled_pageblocks, strip.zone.chunk_pageblocks
    room = max(columns - len(_INDENT), _LEAST)
    cell = min(max(room // count, _LEAST), _MOST)
    fit = max(room // cell, 1)
    # A whole number of chunks on a line, so that no block is cut; else whatever fits.
    per_line = min(fit // chunk * chunk or fit, count)
    lines: list[str] = []
    for number, (moment, caption) in enumerate(zip(strip.moments, strip.captions, strict=True)):
        remark = strip.remark(number)
        head = textwrap.wrap(caption, room, break_long_words=False)
        lines += [f"{number:>3} {head[0]}", *(f"{_INDENT}{text}" for text in head[1:])]
        if remark and len(lines[-1]) + 5 + len(remark) <= columns:
            lines[-1] += f"  <- {paint(remark, 'remark')}"
        elif remark:
            lines.append(f"{_INDENT}<- {paint(remark, 'remark')}")
        for first in range(0, count, per_line):
            part = range(first, min(first + per_line, count))
            if number == 0 or count <= per_line or _changed(strip, moment, part):
                lines += _part(strip, number, part, cell, paint)
        lines += [f"{_INDENT}{paint('! ' + text, 'remark')}" for text in problems(strip, number)]
    key = ", ".join(f"{letter(mt)} {mt}" for mt in _types(strip))
    lines += ["", *textwrap.wrap(f"{key}; = new, > changed, ! on a wrong list", columns)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _changed(strip: Strips, moment: Moment, part: range) -> bool:
    """Whether anything is new in these pageblocks."""
    zone = strip.zone
    return any(b in part for b in moment.pageblocks) or any(
        zone.pageblock_of(block.pfn) < part.stop
        and zone.pageblock_of(block.pfn + zone.units(block.order) - 1) >= part.start
        for block in moment.blocks
    )


def _part(strip: Strips, number: int, part: range, cell: int, paint: _Paint) -> list[str]:
    """The lines of some pageblocks in one state: blocks, pageblocks."""
    moment = strip.moments[number]
    now = moment.memory
    before = strip.moments[number - 1].memory if number else now
    zone, width = strip.zone, cell * len(part)
    placed = levels(now.blocks, zone)
    rows: dict[int, list[str]] = {0: []}
    ends: dict[int, int] = {}
    for block in sorted(now.blocks):
        start = block.pfn * cell // zone.pageblock_units - part.start * cell
        stop = (block.pfn + zone.units(block.order)) * cell // zone.pageblock_units
        stop = min(stop - part.start * cell, width)
        start, level = max(start, 0), placed[block]
        if stop <= start or start >= width:
            continue  # elsewhere, or smaller than a character
        row = rows.setdefault(level, [])
        row.append(" " * (start - ends.get(level, 0)))
        wrong = now.wrong(block, letters=True)
        kind = "wrong" if wrong else letter(block.mt) if block.mt else "used"
        row.append(paint(_bar(block, wrong, stop - start, block in moment.blocks), kind))
        ends[level] = stop
    cells = []
    for b in part:
        text = now.letters(b)
        if b in moment.pageblocks:
            text = f"{before.letters(b)}>{text}" if cell > 2 * len(text) + 2 else f">{text}"
        cells.append(paint(f"|{text[: cell - 1]:^{cell - 1}}", letter(now.mt(b))))
    numbers = "".join(f"{b:^{cell}}" for b in part)
    return [
        *(_INDENT + "".join(rows[level]) for level in sorted(rows, reverse=True)),
        _INDENT + "".join(cells) + "|",
        *([_INDENT + numbers] if number == 0 or len(part) < zone.modelled_pageblocks else []),
    ]


def _bar(block: Block, wrong: str, width: int, new: bool) -> str:
    """A block as wide as it is, with as much said in it as there is room for."""
    if width == 1:
        return "!" if wrong else "="[: int(new)] or "o"
    fill = "!" if wrong else "=" if new else "-"
    labels = [""] + [f" {text} " for text in (str(block.order), block.short)]
    if wrong:
        labels.append(f" {block.short}: {wrong} ")
    fits = [text for text in labels if len(text) <= width - 2]
    return f"[{(fits[-1] if fits else ''):{fill}^{width - 2}}]"
