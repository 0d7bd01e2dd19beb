"""One HTML page for a counterexample: the interleaving, and the memory at each of its steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gen.draw import strip, strip_svg
from gen.draw.html import environment
from gen.draw.lkml import draw_trace
from gen.draw.names import Names
from gen.draw.options import DrawOptions
from gen.draw.picture import Marks, marks
from gen.draw.rows import ALL, Row
from gen.draw.sheet import sheet
from gen.trace.log import PAGE, TYPE, Place
from gen.trace.origin import Origin, Origins
from gen.trace.trace import Trace

#: Columns of the interleaving: as in a mail for two CPUs; more of them are so far apart.
_COLUMNS, _MORE = 75, 24
#: Names that need more columns than this would not be nested any more in a mail's.
_LOOSE = 100


@dataclass(frozen=True)
class Line:
    """A line of the interleaving: how far it is indented, its text, and how it stands out."""

    indent: str
    text: str
    kinds: str


@dataclass(frozen=True)
class Step:
    """What the page shows of one step; ``number`` counts from 1, 0 is the state at boot."""

    number: int
    lane: int
    caption: str
    remark: str
    lines: tuple[Line, ...]
    before: Markup
    after: Markup
    reads: str
    writes: str
    problems: tuple[str, ...]
    origin: Origin
    #: A line above the step, where something begins: the loop, or what follows a violation.
    above: str


@dataclass(frozen=True)
class Heading:
    """What stands above a page: its title, some paragraphs, and links (text, target)."""

    title: str = ""
    story: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def html(trace: Trace, options: DrawOptions, heading: Heading | None = None) -> str:
    """The page of a trace; it needs nothing from outside."""
    heading = heading or Heading()
    it = options.interleave(trace)
    drawn = sheet(it, depth=options.depth)
    found = strip.strips(it, drawn)
    origins = Origins(trace)
    deepest = max((row.depth for row in drawn.rows), default=0)
    wide = _MORE * (it.lanes - 1) + 2 * deepest + drawn.least
    columns = wide if wide > _LOOSE or it.lanes > 2 else _COLUMNS
    starts, folded = drawn.lines(columns)
    lines = _lines(folded, drawn.rows, marks(it, drawn))
    # What is said between the steps: where a loop begins, and that it goes on for ever.
    between = {row.event: row.text for row in drawn.rows if row.lane == ALL}
    if it.failing + 1 < len(it.events):
        between[it.failing + 1] = "after the violation"
    steps = []
    for index, event in enumerate(it.events):
        number = index + 1
        reads, writes = event.step.reads, event.step.writes
        steps.append(
            Step(
                number=number,
                lane=event.lane,
                caption=found.captions[number],
                remark=found.remark(number),
                lines=tuple(lines.get(index, [Line(" " * starts[event.lane], "(nothing)", "")])),
                before=_figure(found, index, f"Before step {number}", reads, "read"),
                after=_figure(found, number, f"After step {number}", writes, "wrote"),
                reads=_places(reads, found.names),
                writes=_places(writes, found.names),
                problems=tuple(strip.problems(found, number)),
                origin=origins.of(event.step),
                above=between.get(index, ""),
            )
        )
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            heading=heading,
            title=heading.title or f"{trace.design}: {trace.prop.name}",
            trace=trace,
            design=origins.design,
            drawn=drawn,
            columns=columns,
            heads=_heads(starts),
            steps=steps,
            boot=_figure(found, 0, "At boot", frozenset(), "read"),
            boot_remark=found.remark(0),
            loop=between.get(-1, ""),
            legend=strip.legend(found),
            text=draw_trace(trace, options),
        )
    )


def _figure(
    found: strip.Strips, number: int, title: str, places: frozenset[Place], kind: str
) -> Markup:
    # Safe: the elements are written by ElementTree, which escapes.
    return Markup(strip_svg.figure(found, number, title, strip_svg.Marked(places, kind)))


def _heads(starts: list[int]) -> str:
    line = ""
    for lane, start in enumerate(starts):
        line = line.ljust(start) + f"#{lane}"
    return line


def _lines(folded: Sequence[list[str]], rows: Sequence[Row], found: Marks) -> dict[int, list[Line]]:
    """The lines of each event."""
    lines: dict[int, list[Line]] = {}
    for number, (texts, row) in enumerate(zip(folded, rows, strict=True)):
        if row.lane == ALL:
            continue
        kinds = [
            *(["held"] if any(first <= number <= last for first, last in found.holds) else []),
            *(["race"] if number in found.racing else []),
            *(["fail"] if number == found.failing else []),
        ]
        for text in texts:
            inner = text.lstrip()
            indent = text[: len(text) - len(inner)]
            lines.setdefault(row.event, []).append(Line(indent, inner, " ".join(kinds)))
    return lines


def _places(places: Iterable[Place], names: Names) -> str:
    """Places in words: "the type of tail; the page at head"."""
    known = sorted(places)
    types = [names.pageblock(b) for what, b in known if what == TYPE]
    pages = [pfn for what, pfn in known if what == PAGE]
    parts = [f"the type of {', '.join(types)}"] if types else []
    for first, last in strip.runs(pages):
        if first == last:
            parts.append(f"the page at {names.page(first)}")
        else:
            parts.append(f"the pages at {names.page(first)} to {names.page(last)}")
    return "; ".join(parts) or "nothing that others look at"
