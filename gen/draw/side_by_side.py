"""Two traces side by side, and where they part: before and after a patch, for example."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest

from gen.draw.flavours import ftrace
from gen.draw.names import Names
from gen.draw.options import DrawOptions
from gen.trace.changes import changes
from gen.trace.interleaving import Interleaving
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
    parting = textwrap.wrap(where_they_part(left, right), options.columns)
    lines = [
        *_beside(titles[0], titles[1], half),
        *_compared(rows[0], rows[1], half),
        "",
        *_beside(told[0], told[1], half),
        "",
        *parting,
    ]
    return "\n".join(lines) + "\n"


def _beside(one: Sequence[str], other: Sequence[str], half: int) -> list[str]:
    return [_line(a, _SAME, b, half) for a, b in zip_longest(one, other, fillvalue="")]


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
    """The first step that differs in who acts, what is called, or the state after it, in words."""
    one, other = DrawOptions().interleave(left), DrawOptions().interleave(right)
    for index, (mine, theirs) in enumerate(zip(one.events, other.events, strict=False)):
        before = f"They part in step {index + 1}: "
        did, does = _did(one, index), _did(other, index)
        if did != does:
            return f"{before}left {did}, right {does}."
        if mine.step.frames != theirs.step.frames or mine.step.calls != theirs.step.calls:
            return f"{before}{did}, but not with the same calls."
        if different := changes(mine.step.after, theirs.step.after, Names(one)):
            return f"{before}{did}, but left -> right {'; '.join(different)}."
    steps = min(len(one.events), len(other.events))
    for it, end, on in ((one, "right", "left"), (other, "left", "right")):
        if len(it.events) > steps:
            return f"They part after step {steps}: {end} ends, {on} {_did(it, steps)}."
    return f"They are the same, step by step: {steps} steps."


def _did(it: Interleaving, index: int) -> str:
    """Which CPU did what, in a few words."""
    node = it.graph.nodes[index]
    args = ", ".join(f"{name}={value}" for name, value in node["args"].items())
    return f"#{node['cpu']} calls {node['function']}({args})"
