"""A state of the zone in words, and what a step changed in it: for the braces of a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from gen.tlc.value import Function, Value

State = Mapping[str, Value]

#: Sets of <<pfn, order, x>> in the state: what they are, and how x is said of a block.
_BLOCKS = {
    "free": ("free", "on {}"),
    "inuse": ("in use", "({})"),
    "freeing": ("on its way to be freed", "(read as {})"),
}


class Namer(Protocol):
    """How a drawing calls pageblocks and pages."""

    def pageblock(self, b: int) -> str:
        """A pageblock by its number."""

    def page(self, pfn: int) -> str:
        """A page by its pfn in units."""


def describe(state: State, names: Namer) -> list[str]:
    """The whole state: a text for the types, and one for each kind of block that there is."""
    types = _types(state)
    texts = [f"{where} {mt}" for where, mt in _runs([types[b] for b in sorted(types)], names)]
    told = ["types: " + ", ".join(texts)]
    for variable, (what, said) in _BLOCKS.items():
        if blocks := _blocks(state, variable):
            texts = [_block(block, said, names) for block in sorted(blocks)]
            told.append(f"{what}: " + ", ".join(texts))
    return told


def changes(before: State, after: State, names: Namer) -> list[str]:
    """What is different: a text for the types, and one for each kind of block; [] if nothing."""
    old, new = _types(before), _types(after)
    turned = [f"{old[b]} -> {new[b]}" if old[b] != new[b] else "" for b in sorted(new)]
    texts = [f"{where}: {turn}" for where, turn in _runs(turned, names) if turn]
    told = [", ".join(texts)] if texts else []
    for variable, (what, said) in _BLOCKS.items():
        had, has = _blocks(before, variable), _blocks(after, variable)
        texts = ["-" + _block(block, said, names) for block in sorted(had - has)]
        texts += ["+" + _block(block, said, names) for block in sorted(has - had)]
        if texts:
            told.append(f"{what}: " + ", ".join(texts))
    return told


def _types(state: State) -> dict[int, str]:
    types, isolated = state["migratetype"], state.get("isolate_bit", frozenset())
    assert isinstance(types, Function) and isinstance(isolated, frozenset)
    # Where isolation is a bit, it hides the type, but does not replace it.
    return {int(str(b)): f"{mt}{'+ISOLATE' * (b in isolated)}" for b, mt in types.items()}


def _runs(texts: Sequence[str], names: Namer) -> list[tuple[str, str]]:
    """Neighbours of which the same is to be said, together: ("pageblocks 4-7", what)."""
    found: list[tuple[str, str]] = []
    for text, run in groupby(range(len(texts)), key=lambda b: texts[b]):
        first, *rest = run
        where = f"pageblocks {first}-{rest[-1]}" if rest else names.pageblock(first)
        found.append((where, text))
    return found


def _blocks(state: State, variable: str) -> set[tuple[int, int, str]]:
    blocks = state.get(variable, frozenset())
    assert isinstance(blocks, frozenset)
    found: set[tuple[int, int, str]] = set()
    for block in blocks:
        assert isinstance(block, tuple)
        pfn, order, what = block
        assert isinstance(pfn, int) and isinstance(order, int)
        found.add((pfn, order, str(what)))
    return found


def _block(block: tuple[int, int, str], said: str, names: Namer) -> str:
    pfn, order, what = block
    return f"order-{order} at {names.page(pfn)} {said.format(what)}"
