"""The interleaving as a picture: a column for each CPU, time goes down, no Graphviz."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from gen.draw.options import DrawOptions
from gen.draw.rows import ALL, Row
from gen.draw.sheet import Sheet, sheet
from gen.draw.svg import CHAR, EDGE, ROW, Element, add, group, image, png
from gen.model.vocabulary import vocabulary
from gen.trace.interleaving import Interleaving
from gen.trace.log import PAGE, TYPE, Call, Place, Warned
from gen.trace.trace import Trace

#: Columns that a row may take before it is broken, with few lanes and with many.
_WIDE, _NARROW = 60, 44

_GUTTER = 40  # pixels, for the numbers of the steps

_GAP = 44  # pixels between two lanes, for the arrows
#: From so many rows on, the lanes are named below them too.
_TALL = 100

_INSET = 6  # pixels from the edge of a box to its text


@dataclass(frozen=True)
class Marks:
    """What stands out in a drawing, as indices of its rows.

    ``holds``: of each hold of zone->lock its first and last row.  ``racing``: the calls that
    the failing step is in conflict with, and its own calls in these conflicts.  ``failing``:
    the row that says what is wrong, -1 if there is none.  ``conflicts``: pairs of rows, the
    earlier one first.
    """

    holds: tuple[tuple[int, int], ...]
    racing: frozenset[int]
    failing: int
    conflicts: tuple[tuple[int, int], ...]


def marks(it: Interleaving, drawn: Sheet) -> Marks:
    """What stands out; found from the graph of the interleaving, not marked by hand."""
    of_event: dict[int, list[int]] = {index: [] for index in range(len(it.events))}
    for number, row in enumerate(drawn.rows):
        if row.lane != ALL:
            of_event[row.event].append(number)
    holds = [
        hold
        for index, numbers in of_event.items()
        if it.events[index].step.locked
        for hold in _holds(drawn.rows, numbers)
    ]
    touched = _touched(it, drawn.rows, of_event)
    conflicts: set[tuple[int, int]] = set()
    racing: set[int] = set()
    # What was overwritten after it had been read matters less than what was read too late.
    for kind in (True, False) if it.failing >= 0 else ():
        for earlier, places in _race(it).items():
            for place in places:
                wrote = place in it.events[it.failing].step.writes
                first = [n for n in of_event[earlier] if (place, kind) in touched[n]]
                second = [n for n in of_event[it.failing] if (place, wrote) in touched[n]]
                if first and second:
                    racing.update(first, second)
                    conflicts.add((first[-1], second[0]))
        if conflicts:
            break
    last = of_event.get(it.failing, [])
    told = [n for n in last if isinstance(drawn.rows[n].call, Warned)]
    failing = told[-1] if told else last[-1] if last and it.trace.prop.failure else -1
    return Marks(tuple(holds), frozenset(racing), failing, tuple(sorted(conflicts)))


def _holds(rows: Sequence[Row], numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The holds of one event: from a lock to its unlock, or to the last call.

    Where the lock is not drawn, all calls of the event are inside.
    """
    called = [n for n in numbers if rows[n].call is not None]
    locks = [n for n in called if rows[n].text == vocabulary().lock.taken]
    unlocks = [n for n in numbers if rows[n].text == vocabulary().lock.dropped]
    if not locks:
        return [(called[0], called[-1])] if called else []
    return [(lock, next((n for n in unlocks if n > lock), numbers[-1])) for lock in locks]


def _race(it: Interleaving) -> dict[int, list[Place]]:
    """The events that the failing one is in conflict with, and the places of each conflict.

    If there are conflicts about what the witness names, the others are not what went wrong.
    """
    zone, witness = it.trace.zone, it.trace.witness
    page, b = witness.get("page"), witness.get("b")
    named: set[Place] = set()
    if isinstance(b, int):
        named |= {(TYPE, b)}
    if isinstance(page, int):
        named |= {(PAGE, page), (TYPE, zone.pageblock_of(page))}
    all_of_them = {i: list(it.graph.edges[i, it.failing]["places"]) for i in it.racing}
    told = {i: [p for p in places if p in named] for i, places in all_of_them.items()}
    return {i: places for i, places in told.items() if places} or all_of_them


def _touched(
    it: Interleaving, rows: Sequence[Row], of_event: dict[int, list[int]]
) -> dict[int, set[tuple[Place, bool]]]:
    """For each row the places that its call read (False) or wrote (True).

    Calls that are not drawn count for the one that made them; where there is none, for the
    last row before the calls.
    """
    found: dict[int, set[tuple[Place, bool]]] = {number: set() for number in range(len(rows))}
    for index, numbers in of_event.items():
        by_call = {id(rows[n].call): n for n in numbers if rows[n].call is not None}
        frames = [n for n in numbers if n < min(by_call.values(), default=len(rows))]

        def give(call: object, row: int | None, known: dict[int, int]) -> None:
            if isinstance(call, Call):
                row = known.get(id(call), row)
                if row is not None:
                    found[row].update((place, False) for place in call.reads)
                    found[row].update((place, True) for place in call.writes)
                for child in call.children:
                    give(child, row, known)

        outside = frames[-1] if frames else min(numbers, default=None)
        for call in it.events[index].step.calls:
            give(call, outside, by_call)
    return found


# ---- the layout ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A row where it stands: ``x`` of its text, ``y`` of its top, both in pixels."""

    row: Row
    texts: list[str]
    x: float
    y: float

    @property
    def width(self) -> float:
        return CHAR * max(map(len, self.texts))

    @property
    def bottom(self) -> float:
        return self.y + ROW * len(self.texts)

    @property
    def middle(self) -> float:
        return (self.y + self.bottom) / 2


class _Layout:
    """Where everything stands.  Lanes do not overlap, however long a name is."""

    def __init__(self, it: Interleaving, drawn: Sheet) -> None:
        most = max(_WIDE if drawn.lanes <= 2 else _NARROW, drawn.least)
        folded = [drawn.fold(row, 0, most + 2 * row.depth) for row in drawn.rows]
        widths = [12] * drawn.lanes
        for row, lines in zip(drawn.rows, folded, strict=True):
            if row.lane != ALL:
                widths[row.lane] = max(widths[row.lane], *map(len, lines))
        self.lanes: list[float] = []
        x: float = EDGE + _GUTTER
        for width in widths:
            self.lanes.append(x)
            x += CHAR * width + _GAP
        self.right = x - _GAP + 2 * _INSET
        self.texts = [
            *(text for brace in drawn.setting for text in self.wrap(brace)),
        ]
        self.head = EDGE + 2 * ROW
        y = self.top = self.head + ROW * len(self.texts) + ROW / 2
        self.lines: list[_Line] = []
        begun: dict[int, float] = {}
        event = -1
        for row, lines in zip(drawn.rows, folded, strict=True):
            if row.event != event:
                # A line of its own where the counterexample ends and its calls run on.
                y += 2 * ROW / 3 + ROW * (row.event == it.failing + 1 > 0)
                event = row.event
            indent = len(lines[0]) - len(lines[0].lstrip())
            x = self.lanes[max(row.lane, 0)] + CHAR * indent
            self.lines.append(_Line(row, [line[indent:] for line in lines], x, y))
            if row.lane != ALL:
                begun.setdefault(row.event, y)
            y = self.lines[-1].bottom
        self.steps = begun
        self.bottom = y + ROW / 3
        self.tall = len(self.lines) > _TALL

    def box(self, first: int, last: int) -> tuple[float, float]:
        """Left and right of a box around some rows."""
        inside = self.lines[first : last + 1]
        left = min(line.x for line in inside)
        return left - _INSET, max(line.x + line.width for line in inside) + _INSET

    def wrap(self, text: str) -> list[str]:
        """A text over the whole width of the picture."""
        return textwrap.wrap(text, self.columns)

    @property
    def columns(self) -> int:
        """How many characters fit beside each other."""
        return max(int((self.right - EDGE) / CHAR), 40)


#: Where something begins and ends from left to right, and at which height it is.
_Spot = tuple[tuple[float, float], float]


def picture(it: Interleaving, *, depth: str = "") -> str:
    """The interleaving as SVG: holds as boxes, the race in the colour of danger."""
    drawn = sheet(it, depth=depth)
    found = marks(it, drawn)
    at = _Layout(it, drawn)
    body = group()
    told = drawn.told.lines(at.columns)
    notes = at.wrap(_notes(found, bool(_handings(it, at, found))))
    height = at.bottom + ROW * (len(told) + len(notes) + 1 + at.tall) + 2 * EDGE
    _lanes(body, it, at)
    for first, last in found.holds:
        _hold(body, at, first, last)
    for number, line in enumerate(at.lines):
        _row(body, line, number in found.racing, number == found.failing)
    for hand in _handings(it, at, found):
        _arrow(body, at, *hand, False)
    for earlier, later in found.conflicts:
        _conflict(body, at, at.lines[earlier], at.lines[later])
    y = at.bottom + ROW * (1 + at.tall)
    _loop(body, at)
    for text in told:
        y += ROW
        add(body, "text", text, x=EDGE, y=y - 5, class_="bold")
    for text in notes:
        y += ROW
        add(body, "text", text, x=EDGE, y=y - 5, class_="soft small")
    title = f"{it.trace.design}, {it.trace.prop.name}: {drawn.told}"
    longest = max(map(len, [*told, *notes]), default=0)
    braces = _GUTTER + CHAR * max(map(len, at.texts), default=0)
    right = max(at.right, EDGE + CHAR * longest, EDGE + braces)
    return image(right + EDGE, height, title, body)


def _lanes(body: Element, it: Interleaving, at: _Layout) -> None:
    for lane, x in enumerate(at.lanes):
        add(body, "text", f"#{lane}", x=x, y=EDGE + ROW, class_="bold")
        if at.tall:
            add(body, "text", f"#{lane}", x=x, y=at.bottom + ROW, class_="bold")
        if it.events:
            add(body, "path", d=f"M{x - 10:g} {at.top:g}V{at.bottom:g}", class_="lane")
    for number, text in enumerate(at.texts):
        add(body, "text", text, x=EDGE + _GUTTER, y=at.head + ROW * number, class_="soft")
    for index, top in at.steps.items():
        add(body, "text", str(index + 1), x=EDGE + 16, y=top + 13, class_="soft end")
    after = it.failing + 1
    if after in at.steps and after > 0:
        y = at.steps[after] - ROW
        add(body, "path", d=f"M{EDGE:g} {y:g}H{at.right:g}", class_="rule")
        text = "after the violation"
        add(body, "text", text, x=EDGE + _GUTTER, y=y + 14, class_="soft small")


def _hold(body: Element, at: _Layout, first: int, last: int) -> None:
    left, right = at.box(first, last)
    top, bottom = at.lines[first].y, at.lines[last].bottom
    add(
        body, "rect", x=left, y=top, width=right - left, height=bottom - top, rx=5, class_="hold"
    )  # fmt: skip


def _row(body: Element, line: _Line, races: bool, fails: bool) -> None:
    if races or fails:
        add(
            body, "rect", x=line.x - 3, y=line.y + 1, width=line.width + 6,
            height=line.bottom - line.y - 2, rx=3, class_="fails" if fails else "races",
        )  # fmt: skip
    kind = {"class_": "onfail"} if fails else {"class_": "bold"} if races else {}
    if line.row.lane == ALL:
        kind = {"class_": "newt"}
    for number, text in enumerate(line.texts):
        indent = len(text) - len(text.lstrip())
        x, y = line.x + CHAR * indent, line.y + ROW * number + 13
        add(body, "text", text.lstrip(), x=x, y=y, **kind)


def _tip(body: Element, x: float, y: float, kind: str, way: int = 0) -> None:
    """The head of an arrow: to the right (1), to the left (-1), or down."""
    corners = "l-5 -9h10z" if not way else f"l{-9 * way} -5v10z"
    add(body, "path", d=f"M{x:g} {y:g}{corners}", class_=kind)


def _handings(it: Interleaving, at: _Layout, found: Marks) -> list[tuple[int, int, _Spot, _Spot]]:
    """From where to where zone->lock goes, from one CPU to another."""
    holds = {at.lines[first].row.event: (first, last) for first, last in found.holds}
    made: list[tuple[int, int, _Spot, _Spot]] = []
    for earlier, later, data in sorted(it.graph.edges(data=True), key=lambda edge: edge[:2]):
        if "lock" in data["kinds"] and {earlier, later} <= set(holds):
            first, last = holds[earlier]
            start = at.box(first, last), at.lines[last].middle
            end = at.box(*holds[later]), at.lines[holds[later][0]].middle
            made.append((at.lines[last].row.lane, it.events[later].lane, start, end))
    return made


def _conflict(body: Element, at: _Layout, earlier: _Line, later: _Line) -> None:
    """From one racing call to the other one."""
    start, end = (((line.x, line.x + line.width), line.middle) for line in (earlier, later))
    _arrow(body, at, earlier.row.lane, later.row.lane, start, end, True)


def _arrow(
    body: Element, at: _Layout, lane: int, to_lane: int, start: _Spot, end: _Spot, races: bool
) -> None:
    """From lane to lane, down between the lanes: it never crosses a text."""
    apart = 3 if races else 0
    if to_lane > lane:
        (_, x), (to, _), way = start[0], end[0], 1
        middle = at.lanes[to_lane] - (19 if races else 28)
    else:
        (x, _), (_, to), way = start[0], end[0], -1
        middle = at.lanes[to_lane + 1] - (22 if races else 30)
    x, to = x + way * apart, to - way * apart
    path = f"M{x:g} {start[1]:g}H{middle:g}V{end[1]:g}H{to - way * 6:g}"
    add(body, "path", d=path, class_="edge" if races else "handed")
    _tip(body, to, end[1], "tip" if races else "tiph", way)


def _loop(body: Element, at: _Layout) -> None:
    """The way back to where the loop begins, left of everything."""
    between = [line for line in at.lines if line.row.lane == ALL]
    if len(between) < 2:
        return
    x, right = EDGE / 2, EDGE + _GUTTER - 4
    begin, end = between[0].middle, between[-1].middle
    add(body, "path", d=f"M{right:g} {end:g}H{x:g}V{begin:g}H{right - 6:g}", class_="loop")
    _tip(body, right, begin, "tipl", 1)


def _notes(found: Marks, handed: bool) -> str:
    """What the signs mean, of those that are there."""
    notes = ["box: a hold of zone->lock"] if found.holds else []
    if handed:
        notes.append("dashed: its handover")
    if found.racing:
        notes.append("marked, with an arrow: what races")
    return "; ".join(notes)


def svg(trace: Trace, options: DrawOptions) -> str:
    """The interleaving of a trace as an SVG file."""
    return picture(options.interleave(trace), depth=options.depth)


def svg_as_png(trace: Trace, options: DrawOptions) -> bytes:
    """The same as PNG; GenError if that cannot be made here."""
    return png(svg(trace, options))
