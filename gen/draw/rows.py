"""The rows of a drawing: one for each call that is shown, on the lane of its CPU."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gen.draw.braces import changed, described
from gen.draw.names import Names
from gen.draw.sentence import remark
from gen.model.vocabulary import vocabulary
from gen.tlc.value import Value
from gen.trace.interleaving import Event, Interleaving
from gen.trace.log import Asserted, Call, Frame, Skipped, Step, Warned
from gen.trace.log import Event as LogEvent

#: How often a section's own bookkeeping is drawn: never, unless everything is.
EVERYTHING = "all"
#: The lane of a row that is about all lanes.
ALL = -1
#: EALREADY is the model's own: an un-isolation that had nothing to do.
_QUIET = {errno.EALREADY}


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


# ---- rows ----------------------------------------------------------------------------


def rows_of(it: Interleaving, names: Names, depth: str, state: str = "none") -> list[Row]:
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
            held = [row.depth for row in made if row.text == vocabulary().lock.taken]
            rows += [Row(lane, level, vocabulary().lock.dropped) for level in held]
        if failing and it.trace.prop.failure:
            text = remark(names, it.trace)
            rows.append(Row(lane, len(frames) + 1, text, fails=True))
        if state == "changed":
            rows += [Row(ALL, 0, f"{{ {t} }}") for t in changed(step.before, step.after, names)]
        elif state == "all":
            rows += [Row(ALL, 0, f"{{ {t} }}") for t in described(step.after, names)]
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
    return tuple(c for c in inner if not (isinstance(c, Call) and c.is_lock))


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
        below = level + 1 if drawn and not call.is_lock else level
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
    if call.is_lock:
        return vocabulary().lock.taken if call.takes_lock else vocabulary().lock.dropped
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
    of_pageblock = not {*vocabulary().fields.pageblock}.isdisjoint(call.args)
    return isinstance(value, str) and of_pageblock and value.lower() in within
