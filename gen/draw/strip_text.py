"""The memory strip as text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from gen import printable
from gen.draw.options import DrawOptions
from gen.draw.strip import Strips, problems, strips, types_in
from gen.model.display import letter
from gen.trace.changes import Moment
from gen.trace.state import Block, levels
from gen.trace.trace import Trace

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
#: What stands in a text that has colours: their sequences, which a terminal obeys.
COLOURS = tuple(f"\x1b[{code}m" for code in ("0", *_ANSI.values()))

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
        code, text = _ANSI.get(kind, "") if self.color else "", printable.line(text)
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
        head = textwrap.wrap(printable.line(caption), room, break_long_words=False)
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
    key = printable.line(", ".join(f"{letter(mt)} {mt}" for mt in types_in(strip)))
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
    now = moment.state
    before = strip.moments[number - 1].state if number else now
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
