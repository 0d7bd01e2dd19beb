"""The two-column drawing that kernel developers write by hand.

The rules are those of the drawings on LKML: a heading ``#0 #1``, one step per row,
two spaces per call depth, a caller's line once, the failure line last, ASCII, no
tab, at most 75 columns.
"""

from __future__ import annotations

import errno
import itertools
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gen.interleaving import Event, Interleaving, interleave
from gen.state import changes, describe
from gen.tla_value import Function, Value
from gen.trace import Asserted, Call, Frame, Skipped, Step, Trace, Warned
from gen.trace import Event as LogEvent
from gen.zone import Zone

WIDTH = 75
#: Where the second column starts if there is room: as in the drawing of the thread.
COLUMN = 40
#: How close two columns may come before long rows are wrapped; more columns: closer.
APART = 24
#: Before the second line of a row that is too long: no call is nested by two levels.
WRAPPED = " " * 4
#: Lanes closer than this are not told apart by eye: one column for all is drawn instead.
CLOSEST = 6
#: How often a section's own bookkeeping is drawn: never, unless everything is.
EVERYTHING = "all"
#: The lane of a row that is about all lanes.
ALL = -1

#: enum migratetype of include/linux/mmzone.h, with CMA and isolation configured in.
NUMBERS = {
    "UNMOVABLE": 0,
    "MOVABLE": 1,
    "RECLAIMABLE": 2,
    "HIGHATOMIC": 3,
    "CMA": 4,
    "ISOLATE": 5,
}
#: EALREADY is the model's own: an un-isolation that had nothing to do.
_QUIET = {errno.EALREADY}


#: The property whose drawing goes on after the violation: the kernel itself prints it.
CONTINUED = "NoFreelistWarning"


@dataclass(frozen=True)
class DrawOptions:
    """What a user may choose of any picture of a trace.

    ``columns``: the longest line of a text.  ``depth``: "calls" that matter, "all" calls, or a
    number: calls that matter, nested to so many levels.  ``state``: after each step "none" of
    the zone's state, what has "changed", or "all" of it.  ``continuation``: show how the open
    calls run on after the kernel's own warning.  ``color``: what is for a terminal may use its
    colours.
    """

    columns: int = WIDTH
    depth: str = "calls"
    state: str = "none"
    continuation: bool = True
    color: bool = False

    def interleave(self, trace: Trace) -> Interleaving:
        """The trace on its lanes, with the steps after the violation if they are to be shown."""
        go_on = self.continuation and trace.prop.name == CONTINUED
        return interleave(trace, continuation=go_on)


@dataclass(frozen=True)
class Row:
    """A line of the drawing: the lane, the depth in calls, the text.

    ``event``: the index of the event that it is from.  ``call``: what is drawn there, if the
    event's log has it.  A picture needs these two; a row is what it says, without them.
    ``fails``: it says what goes wrong, so no depth leaves it out.
    """

    lane: int
    depth: int
    text: str
    event: int = field(default=-1, compare=False)
    call: LogEvent | None = field(default=None, compare=False, repr=False)
    fails: bool = field(default=False, compare=False)


# ---- names ---------------------------------------------------------------------------


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

    def type_of(self, mt: str, args: Mapping[str, Value], before: Mapping[str, Value]) -> str:
        """A type by its constant; ``head_mt`` where it is the type that the page has."""
        page = args.get("page")
        if (
            self.head_and_tail
            and isinstance(page, int)
            and _type(before, self.zone.pageblock_of(page)) == mt
        ):
            return f"{self.page(page)}_mt"
        return f"MIGRATE_{mt}"

    def arg(
        self, name: str, value: Value, args: Mapping[str, Value], before: Mapping[str, Value]
    ) -> str:
        """An argument of a call, by what its name says it is."""
        if isinstance(value, str):
            return self.type_of(value, args, before)
        if isinstance(value, int) and name in ("b", "start", "end", "boundary"):
            return self.pageblock(value)
        if isinstance(value, int) and name in ("page", "pfn"):
            return self.page(value)
        return str(value)


def _type(state: Mapping[str, Value], b: int) -> Value:
    """The type that a read of a pageblock gives; in some designs isolation is beside it."""
    types, isolated = state["migratetype"], state.get("isolate_bit", frozenset())
    assert isinstance(types, Function) and isinstance(isolated, frozenset)
    return "ISOLATE" if b in isolated else types[b]


def _touched(it: Interleaving) -> set[int]:
    """The pageblocks that the calls were about, and those of the ranges to be isolated."""
    zone = it.trace.zone
    found: set[int] = set()
    for event in it.events:
        for place, index in event.step.reads | event.step.writes:
            found.add(index if place == "migratetype" else zone.pageblock_of(index))
        for frame in event.step.frames:
            if "start" in frame.args:
                found.update(_inside(frame.args, zone))
    return found


def _inside(args: Mapping[str, Value], zone: Zone) -> range:
    """The pageblocks of a range, without those that lie elsewhere."""
    start, end = args["start"], args["end"]
    assert isinstance(start, int) and isinstance(end, int)
    return range(max(start, 0), min(end, zone.modelled_pageblocks))


# ---- rows ----------------------------------------------------------------------------


def _rows(it: Interleaving, names: Names, depth: str, state: str = "none") -> list[Row]:
    rows: list[Row] = []
    open_frames: dict[int, tuple[Frame, ...]] = {}
    loop = it.trace.loop
    for index, event in enumerate(it.events):
        begun = len(rows)
        failing = index == it.failing
        if loop is not None and index == loop - 1:
            rows.append(Row(ALL, 0, "{ from here on, again and again: }"))
        lane, step = event.lane, event.step
        frames = step.frames
        known = open_frames.get(lane, ())
        shared = 0
        while shared < min(len(known), len(frames)) and known[shared] == frames[shared]:
            shared += 1
        for level in range(shared, len(frames)):
            rows += _frame_rows(lane, level, frames[level], names, step)
        open_frames[lane] = frames
        if failing and _warned(step) and _only_step(it.events, index):
            # The stack trace in dmesg names the callers; the drawing shows what they did.
            calls = _without_frame(step)
        else:
            calls = step.calls
        made = _call_rows(lane, len(frames), calls, names, step, depth, failing, "")
        rows += made
        if failing and index + 1 < len(it.events) and _warned(step):
            # The hold is cut at the warning; whoever goes on needs the lock.
            held = [row.depth for row in made if row.text == "lock zone->lock"]
            rows += [Row(lane, level, "unlock zone->lock") for level in held]
        if failing and it.trace.prop.failure:
            text = _told(names, it.trace, it.trace.prop.failure, in_drawing=True)
            rows.append(Row(lane, len(frames) + 1, text, fails=True))
        if state == "changed":
            rows += [Row(ALL, 0, f"{{ {t} }}") for t in changes(step.before, step.after, names)]
        elif state == "all":
            rows += [Row(ALL, 0, f"{{ {t} }}") for t in describe(step.after, names)]
        rows[begun:] = [replace(row, event=index) for row in rows[begun:]]
    if loop == it.trace.length:
        rows.append(Row(ALL, 0, "{ and nothing more happens, for ever }"))
    elif loop is not None:
        rows.append(Row(ALL, 0, f"{{ and again from state {loop} on, for ever }}"))
    return _to_depth(rows, int(depth)) if depth.isdigit() else rows


def _to_depth(rows: Sequence[Row], deepest: int) -> list[Row]:
    """The rows of so many levels; what goes wrong is shown wherever it does."""
    kept = [row for row in rows if row.depth < deepest or row.fails]
    return [replace(row, depth=min(row.depth, deepest)) for row in kept]


def _warned(step: Step) -> bool:
    return any(isinstance(call, Warned) for call in step.walk())


def _only_step(events: Sequence[Event], index: int) -> bool:
    lane = events[index].lane
    return not any(event.lane == lane for i, event in enumerate(events) if i != index)


def _without_frame(step: Step) -> tuple[LogEvent, ...]:
    inner: list[LogEvent] = []
    for call in step.calls:
        inner += call.children if isinstance(call, Call) else [call]
    return tuple(c for c in inner if not (isinstance(c, Call) and c.name.startswith("spin_")))


def _frame_rows(lane: int, level: int, frame: Frame, names: Names, step: Step) -> list[Row]:
    texts = list(frame.text) or [f"{frame.name}()"]

    def shown(found: re.Match[str]) -> str:
        given = frame.args.get(found[0])
        return found[0] if given is None else names.arg(found[0], given, frame.args, step.before)

    # The arguments of a call, where the text has their names.
    texts = [
        re.sub(r"(?<=\()[\w, ]+(?=\))", lambda call: re.sub(r"\w+", shown, call[0]), text)
        for text in texts
    ]
    if frame.remark:
        texts[-1] += f" // {frame.remark}"
    return [Row(lane, level, text) for text in texts]


def _call_rows(
    lane: int,
    level: int,
    calls: Sequence[LogEvent],
    names: Names,
    step: Step,
    depth: str,
    failing: bool,
    within: str,
) -> list[Row]:
    """The rows of some calls; ``within`` has the names of the calls that made them."""
    rows: list[Row] = []
    for call in calls:
        if isinstance(call, Warned):
            args: dict[str, Value] = {"page": call.page}
            passed = _list_type(names, call, step)
            found = names.type_of(call.type, args, step.before)
            rows.append(Row(lane, level, f"WARN({passed} != {found})", call=call, fails=True))
            if failing:
                return rows  # the failure line stands last
            continue
        if isinstance(call, Asserted):
            rows.append(Row(lane, level, call.text, call=call, fails=True))
            continue
        if isinstance(call, Skipped):
            shown = ", ".join(names.arg(k, v, call.args, step.before) for k, v in call.args.items())
            text = f"{call.name}({shown}) // not reached"
            rows.append(Row(lane, level, text, call=call))
            continue
        drawn = call.draw == "always" or (call.draw == "all" and depth == EVERYTHING)
        if drawn:
            text = _call_text(call, names, step, within)
            rows.append(Row(lane, level, text, call=call))
        below = level + 1 if drawn and not call.name.startswith("spin_") else level
        inner = f"{within} {call.name}"
        rows += _call_rows(lane, below, call.children, names, step, depth, failing, inner)
        if failing and rows and rows[-1].text.startswith("WARN("):
            return rows
    return rows


def _list_type(names: Names, warned: Warned, step: Step) -> str:
    """The type that was passed: whose type it is, if the other pageblock of the chunk has it."""
    if names.head_and_tail:
        other = warned.page ^ 1
        return names.type_of(warned.passed, {"page": other}, step.before)
    return f"MIGRATE_{warned.passed}"


def _call_text(call: Call, names: Names, step: Step, within: str) -> str:
    if call.name == "spin_lock":
        return "lock zone->lock"
    if call.name == "spin_unlock":
        return "unlock zone->lock"
    shown = ", ".join(
        names.arg(name, call.args[name], call.args, step.before)
        for name in call.shown
        if not _said(call, name, within)
    )
    text = call.text or f"{call.name}({shown})"
    if call.ret and call.ret not in _QUIET and not call.wrote:
        return f"{text} // => -{errno.errorcode[call.ret]}"
    if call.returns:
        return f"{text} // => MIGRATE_{call.args[call.returns]}"
    if call.idle and not call.wrote:
        return f"{text} // {call.idle}"
    return text


def _said(call: Call, name: str, within: str) -> bool:
    """Whether a pageblock's new type is in the name of an enclosing call.

    set_migratetype_isolate() is: there set_pageblock_migratetype() needs no type.
    """
    value = call.args[name]
    return isinstance(value, str) and "b" in call.args and value.lower() in within


# ---- the sheet -----------------------------------------------------------------------


def draw(
    it: Interleaving,
    *,
    depth: str = "",
    width: int = WIDTH,
    state: str = "none",
    one_column: bool = False,
) -> str:
    """The drawing in flavour ``lkml``, with the sentence below it.

    ``depth`` and ``state``: as in DrawOptions.  Lines are at most ``width`` columns.  In
    ``one_column`` the CPU stands in front of each row; so do more CPUs than there is room for.
    """
    names = Names(it)
    rows = _rows(it, names, depth, state)
    starts = _columns(rows, it.lanes, width)
    one_column = one_column or (it.lanes > 1 and starts[1] < CLOSEST)
    heading = ""
    for lane, start in enumerate(starts):
        heading = heading.ljust(start) + f"#{lane}"
    lines = [] if one_column else [heading]
    lines += _setting(it, names, width, "CPU" if one_column else "#")
    for row in rows:
        if row.lane == ALL:
            lines += _fit("", row.text, width)
        elif one_column:
            front = f"{row.lane:>{len(str(it.lanes - 1)) + 1}}) "
            fitted = _fit("  " * row.depth, row.text, width - len(front))
            lines += [front + line for line in fitted]
        else:
            lines += _fit(" " * (starts[row.lane] + 2 * row.depth), row.text, width)
    told = textwrap.wrap(_told(names, it.trace, it.trace.prop.sentence), width)
    return "\n".join([*lines, "", *told]) + "\n"


@dataclass(frozen=True)
class Sheet:
    """What a drawing says, for a picture that lays it out by itself.

    ``setting``: the initial state and the ranges, a brace each.  ``told``: the sentence.
    """

    lanes: int
    setting: tuple[str, ...]
    rows: tuple[Row, ...]
    told: str

    def lines(self, width: int) -> tuple[list[int], list[list[str]]]:
        """Where each lane starts, and for each row its lines, as in a drawing of that width."""
        starts = _columns(self.rows, self.lanes, width)
        begin = dict(enumerate(starts)) | {ALL: 0}
        return starts, [self.fold(row, begin[row.lane], width) for row in self.rows]

    @property
    def least(self) -> int:
        """So wide a lane has to be, beside the indentation, for every row to fit in somehow."""
        pieces = [piece for row in self.rows for piece in _pieces(row.text)]
        return len(WRAPPED) + max(map(len, pieces), default=0)

    @staticmethod
    def fold(row: Row, start: int, width: int) -> list[str]:
        """The lines of one row whose lane starts at a column."""
        return _fit(" " * (start + 2 * row.depth), row.text, width)


def sheet(it: Interleaving, *, depth: str = "", state: str = "none") -> Sheet:
    """What ``draw`` writes, before it is broken into lines."""
    names = Names(it)
    rows = _rows(it, names, depth, state)
    told = _told(names, it.trace, it.trace.prop.sentence)
    return Sheet(it.lanes, tuple(_setting(it, names, sys.maxsize, "#")), tuple(rows), told)


def draw_trace(trace: Trace, options: DrawOptions) -> str:
    """The drawing of a trace as the options want it."""
    it = options.interleave(trace)
    return draw(it, depth=options.depth, width=options.columns, state=options.state)


def _columns(rows: Sequence[Row], lanes: int, width: int) -> list[int]:
    """Where each lane starts: evenly, at most COLUMN apart, so that every line fits.

    Lines are wrapped instead if the lanes would come too close to each other, or a lane
    would start among the nested calls of its neighbour to the left; what is not broken
    always fits.
    """
    fits = unbroken = COLUMN
    apart = min(APART, width // (lanes + 1))
    for row in rows:
        if row.lane > 0:
            room = width - 2 * row.depth
            first, *others = map(len, _pieces(row.text))
            longest = max(first, *(len(WRAPPED) + piece for piece in others), 0)
            fits = min(fits, (room - len(row.text)) // row.lane)
            unbroken = min(unbroken, (room - longest) // row.lane)
        if 0 <= row.lane < lanes - 1:
            apart = max(apart, 2 * row.depth + 4)
    gap = min(max(fits, apart), unbroken)
    return [gap * lane for lane in range(lanes)]


def _words(text: str) -> list[str]:
    """What a row is broken between: "pageblock 1" is one word, "// => -EBUSY" and "x }" too."""
    return re.split(r"(?<!//)(?<!=>) (?!\d|\}$)|(?<=,) ", text)


def _pieces(text: str) -> list[str]:
    """What is never broken: a long call may be, after its parenthesis."""
    return [piece for word in _words(text) for piece in re.split(r"(?<=\w\()(?!\)|$)", word)]


def _fit(indent: str, text: str, width: int) -> list[str]:
    """The lines of a row, at most ``width`` columns; it moves left if its pieces are too long."""
    longest = max(map(len, _pieces(text)))
    indent = indent[: max(min(len(indent), width - longest - len(WRAPPED)), 0)]
    lines = [indent]

    def put(words: Sequence[str], between: str) -> None:
        for word in words:
            begun = lines[-1] != indent
            added = between + word if begun else word
            if len(lines[-1] + added) <= width:
                lines[-1] += added
            elif len(indent + WRAPPED + word) > width and (pieces := _pieces(word)) != [word]:
                lines[-1] += between if begun else ""
                put(pieces, "")
            elif begun:
                lines.append(indent + WRAPPED + word)
            else:
                lines[-1] += word

    put(_words(text), " ")
    return [line.rstrip() for line in lines]


def _setting(it: Interleaving, names: Names, width: int, cpu: str) -> list[str]:
    """The initial state in braces, of the chunks that matter, and what is isolated."""
    parts = _blocks_at_boot(it.trace, names)
    for event in it.events:
        for frame in event.step.frames:
            if frame.name == "start_isolate_page_range":
                isolated = f"{cpu}{event.lane} isolates {_range(frame.args, names)}"
                if isolated not in parts:
                    parts.append(isolated)
    return [line for part in parts for line in _fit("", f"{{ {part} }}", width)]


def _blocks_at_boot(trace: Trace, names: Names) -> list[str]:
    """What the chunks that matter are in the first state: neighbours that are alike together."""
    zone, state = trace.zone, trace.states[0]
    chunks = names.chunks or [0]
    first, last = chunks[0] * zone.chunk_pageblocks, (chunks[-1] + 1) * zone.chunk_pageblocks - 1
    found: list[tuple[int, int, str]] = []  # pfn, order, what it is
    for name in ("free", "inuse"):
        blocks = state[name]
        assert isinstance(blocks, frozenset)
        for block in blocks:
            assert isinstance(block, tuple)
            pfn, order, what = block
            assert isinstance(pfn, int) and isinstance(order, int) and isinstance(what, str)
            if first <= zone.pageblock_of(pfn) <= last:
                is_ = f"{what}, free" if name == "free" else f"in use, {what}"
                found.append((pfn, order, is_))
    parts: list[str] = []
    for (order, is_), group in itertools.groupby(sorted(found), lambda block: block[1:]):
        pfns = [pfn for pfn, _, _ in group]
        start, end = pfns[0], pfns[-1] + zone.units(order)
        count = "one " if len(pfns) == 1 else ""
        word = "page" if is_.startswith("in use") else "buddy"
        if len(pfns) > 1:
            word = {"page": "pages", "buddy": "buddies"}[word]
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
    inside = _inside(args, names.zone)
    text = names.pageblock(inside[0])
    if len(inside) > 1:
        text = f"pageblocks {inside[0]}-{inside[-1]}"
        if names.head_and_tail:
            text = "head and tail"
    before = "pageblocks before, " if args["start"] != inside.start else ""
    return before + text + (", pageblocks after" if args["end"] != inside.stop else "")


# ---- the sentence --------------------------------------------------------------------


class _Field:
    """A field of a witness, as a sentence writes it: ``{type}``, ``{type:number}``, ..."""

    def __init__(self, name: str, value: Value, names: Names, in_drawing: bool) -> None:
        self.name, self.value, self.names, self.in_drawing = name, value, names, in_drawing

    def __format__(self, spec: str) -> str:
        value, zone = self.value, self.names.zone
        if spec == "number" and isinstance(value, str):
            return str(NUMBERS.get(value, value))  # a proposal may have types of its own
        if spec == "nr" and isinstance(value, int):
            return str(1 << value)
        if spec == "pages" and isinstance(value, int):
            return str(value * zone.unit_pages)
        if self.name == "b" and isinstance(value, int):
            return self._pageblock(value)
        if self.name == "page" and isinstance(value, int):
            b, unit = divmod(value, zone.pageblock_units)
            inside = f"pfn {value * zone.unit_pages} (in {self._pageblock(b)})"
            return self._pageblock(b) if unit == 0 else inside
        return str(value)

    def _pageblock(self, b: int) -> str:
        name = self.names.pageblock(b)
        return (
            f"pageblock {b} ({name})" if self.names.head_and_tail and not self.in_drawing else name
        )


def _told(names: Names, trace: Trace, text: str, *, in_drawing: bool = False) -> str:
    return text.format(**{k: _Field(k, v, names, in_drawing) for k, v in trace.witness.items()})


def sentence(trace: Trace, text: str) -> str:
    """A text of the property, with the pageblocks, types and orders of this trace."""
    return _told(Names(interleave(trace)), trace, text)
