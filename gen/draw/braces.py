"""A state of the zone in words, and what a step changed in it: for the braces of a drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol

from gen.model.display import Display, displays
from gen.tlc.value import Value, format_value
from gen.trace.changes import BlockChange, Change, PageblockChange, ValueChange, changes, said_type
from gen.trace.state import Block, State


class Namer(Protocol):
    """How a drawing calls pageblocks and pages."""

    def pageblock(self, b: int) -> str:
        """A pageblock by its number."""

    def page(self, pfn: int) -> str:
        """A page by its pfn in units."""


def described(state: State, names: Namer) -> list[str]:
    """The whole state: a text for the types, and one for each variable with a title that says
    anything."""
    every = [said_type(state, b) for b in range(len(state.types))]
    told = ["types: " + ", ".join(f"{where} {mt}" for where, mt in _runs(every, names))]
    for name, one in displays().items():
        if not one.title or name not in state.values:
            continue
        if one.block is not None:
            texts = [_block(block, names) for block in state.blocks if block.kind == name]
        elif one.shape == "count":
            texts = [str(state.counts[name])]
        else:
            by = state.by_pageblock[name]
            last = max(by, default=-1)
            every = [_said(by.get(b)) for b in range(last + 1)]
            texts = [f"{where} {what}".rstrip() for where, what in _runs(every, names) if what]
        if texts:
            told.append(f"{one.title}: " + ", ".join(texts))
    return told


def changed(before: State, after: State, names: Namer) -> list[str]:
    """What a step changed: a text for the types, and one for each variable with a title."""
    return _told(changes(before, after), names, everything=False)


def differences(one: State, other: State, names: Namer) -> list[str]:
    """Whatever is not the same in two states; nothing only if they are equal."""
    return _told(changes(one, other), names, everything=True)


def _told(found: Sequence[Change], names: Namer, *, everything: bool) -> list[str]:
    told: list[str] = []
    for name, group in groupby(found, lambda change: change.variable):
        one = displays().get(name)
        title = one.title if one else ""
        if not (title or everything or (one and one.shape == "types")):
            continue
        head = "" if one and one.shape == "types" else f"{title or name}: "
        told.append(head + ", ".join(_texts(list(group), one, names)))
    return told


def _texts(found: Sequence[Change], one: Display | None, names: Namer) -> Iterable[str]:
    turned: dict[int, str] = {}
    for change in found:
        if isinstance(change, BlockChange):
            yield ("+" if change.came else "-") + _block(change.block, names)
        elif isinstance(change, ValueChange):
            yield f"{_value(change.before)} -> {_value(change.after)}"
        else:
            turned[change.b] = _turn(change, one)
    if turned:
        every = [turned.get(b, "") for b in range(max(turned) + 1)]
        for where, turn in _runs(every, names):
            if turn:
                yield turn + where if turn in "+-" else f"{where}: {turn}"


def _turn(change: PageblockChange, one: Display | None) -> str:
    if one is not None and one.shape == "pageblocks":
        return "+" if change.after else "-"
    return f"{change.before or 'nothing'} -> {change.after or 'nothing'}"


def _said(value: Value | None) -> str:
    """What a variable says of a pageblock; of one that is in a set there is no more to say."""
    return "" if value is None else " " if value is True else str(value)


def _value(value: Value | None) -> str:
    return "nothing" if value is None else format_value(value)


def _runs(texts: Sequence[str], names: Namer) -> list[tuple[str, str]]:
    """Neighbours of which the same is to be said, together: ("pageblocks 4-7", what)."""
    found: list[tuple[str, str]] = []
    for text, run in groupby(range(len(texts)), key=lambda b: texts[b]):
        first, *rest = run
        where = f"pageblocks {first}-{rest[-1]}" if rest else names.pageblock(first)
        found.append((where, text))
    return found


def _block(block: Block, names: Namer) -> str:
    told = f"order-{block.order} at {names.page(block.pfn)} {block.told(block.words.brace)}"
    return told.rstrip()
