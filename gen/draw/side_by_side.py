"""Two traces side by side, and where they part: before and after a patch, for example."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest

from gen import printable
from gen.draw.braces import differences
from gen.draw.flavours import ftrace
from gen.draw.names import Names
from gen.draw.options import DrawOptions
from gen.trace.changes import shared
from gen.trace.interleaving import Interleaving, interleave
from gen.trace.trace import Trace

#: Between the two halves, as diff -y has it: the same, changed, left only, right only.
_SAME, _CHANGED, _LEFT, _RIGHT = "   ", " | ", " < ", " > "


def side_by_side(left: Trace, right: Trace, options: DrawOptions) -> str:
    """Both drawings, rows that are the same beside each other; below, where the traces part.

    Lines are at most ``options.columns``, of which each drawing has half.
    """
    half = (options.columns - len(_SAME)) // 2
    narrow = replace(options, columns=half)
    drawn = [ftrace(trace, narrow).partition("\n\n") for trace in (left, right)]
    titles = [[f"{trace.design}: {trace.prop.name}"] for trace in (left, right)]
    rows = [body.splitlines() for body, _, _ in drawn]
    told = [sentence.splitlines() for _, _, sentence in drawn]
    steps = len(DrawOptions().interleave(left).events)
    parting = where_they_part(left, right) or f"They are the same, step by step: {steps} steps."
    lines = [
        *_beside(titles[0], titles[1], half),
        *_compared(rows[0], rows[1], half),
        "",
        *_sentences(told[0], told[1], half),
        "",
        *textwrap.wrap(parting, options.columns),
    ]
    return printable.joined(lines)


def _beside(one: Sequence[str], other: Sequence[str], half: int) -> list[str]:
    return [_line(a, _SAME, b, half) for a, b in zip_longest(one, other, fillvalue="")]


def _sentences(one: Sequence[str], other: Sequence[str], half: int) -> list[str]:
    """What the two say; one below the other where a warning, which is never broken, is wider."""
    if all(len(line) <= half for line in one):
        return _beside(one, other, half)
    return [*one, "", *other]


def _compared(one: Sequence[str], other: Sequence[str], half: int) -> list[str]:
    lines: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for a, b in zip_longest(one[i:j], other[k:m]):
            if a is None or b is None:
                sign = _RIGHT if a is None else _LEFT
            else:
                sign = _SAME if kind == "equal" else _CHANGED
            lines.append(_line(a or "", sign, b or "", half))
    return lines


def _line(one: str, sign: str, other: str, half: int) -> str:
    return f"{one:{half}}{sign}{other}".rstrip()


def where_they_part(left: Trace, right: Trace) -> str:
    """The first thing that differs, in words; "" if the two are the same to their ends.

    That is: the zones, the state at boot, and for each step who acts, what is called, and the
    state after it; also of the steps after the violation.  What is in the states of one of
    them alone is there for its property.
    """
    if _layout(left) != _layout(right):
        return f"They are of different zones: {_zones(left, right)}."
    one, other = interleave(left), interleave(right)
    names = Names(one)
    if different := differences(*shared(left.zones[0], right.zones[0]), names):
        return f"They part at boot: left -> right {'; '.join(different)}."
    for index, (mine, theirs) in enumerate(zip(one.events, other.events, strict=False)):
        before = f"They part in step {index + 1}: "
        did, does = _did(one, index), _did(other, index)
        if did != does:
            return f"{before}left {did}, right {does}."
        if mine.step.frames != theirs.step.frames or mine.step.calls != theirs.step.calls:
            return f"{before}{did}, but not with the same calls."
        if different := differences(*shared(mine.step.after, theirs.step.after), names):
            return f"{before}{did}, but left -> right {'; '.join(different)}."
    steps = min(len(one.events), len(other.events))
    for it, end, on in ((one, "right", "left"), (other, "left", "right")):
        if len(it.events) > steps:
            return f"They part after step {steps}: {end} ends, {on} {_did(it, steps)}."
    if left.length != right.length:
        ends = [f"after step {trace.length - 1}" for trace in (left, right)]
        return f"They part in where the violation is: left {ends[0]}, right {ends[1]}."
    if left.loop != right.loop:
        return f"They part in how they go on: left {_goes_on(left)}, right {_goes_on(right)}."
    if left.prop != right.prop:
        return f"They part in the property: left {left.prop.name}, right {right.prop.name}."
    if left.zone != right.zone:
        return f"They are of different zones: {_zones(left, right)}."
    if left.states != right.states or left.logs != right.logs:
        return "They part after their last step that is drawn."
    return ""


def _zones(left: Trace, right: Trace) -> str:
    return f"left {left.zone.describe}; right {right.zone.describe}"


def _layout(trace: Trace) -> tuple[int, ...]:
    """Where pages and pageblocks are: states of zones that differ in it cannot be compared."""
    zone = trace.zone
    orders = (zone.max_order, zone.pageblock_order, zone.min_order)
    return (*orders, zone.modelled_pageblocks, zone.start_unit, zone.end_unit)


def _goes_on(trace: Trace) -> str:
    return "ends" if trace.loop is None else f"again from state {trace.loop} on"


def _did(it: Interleaving, index: int) -> str:
    """Which CPU did what, in a few words."""
    node = it.graph.nodes[index]
    args = ", ".join(f"{name}={value}" for name, value in node["args"].items())
    return f"#{node['cpu']} calls {node['function']}({args})"
