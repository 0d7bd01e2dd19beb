"""What differs in two rendered modules, definition by definition: a patch as the model reads it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from gen.model.definitions import Definition, definitions, difference


def module_diff(base: str, patched: str, base_name: str, name: str) -> str:
    """The definitions that two modules do not share, as diff -u writes it; "" if they share all.

    ``base`` and ``patched``: the texts of the modules.  Comments and layout do not count.
    """
    return "".join(_parts(base, patched, base_name, name))


def _parts(base: str, patched: str, base_name: str, name: str) -> Iterator[str]:
    old, new = definitions(base), definitions(patched)
    found = difference(base, patched)
    if not found:
        return
    yield f"--- {base_name}\n+++ {name}\n"
    wanted = {*found.changed, *found.added, *found.removed}
    # In the order of the base, with what is new behind what it follows.
    order = list(old)
    for known, following in zip([None, *new], new, strict=False):
        if following not in old:
            order.insert(order.index(known) + 1 if known in order else 0, following)
    for one in order:
        if one in wanted:
            yield from _hunk(old.get(one), new.get(one))


def _hunk(old: Definition | None, new: Definition | None) -> Iterator[str]:
    before = [f"{line}\n" for line in old.lines] if old else []
    after = [f"{line}\n" for line in new.lines] if new else []
    lines = list(unified_diff(before, after, n=max(len(before), len(after))))
    first = old.line if old else 0
    start = f"@@ -{first},{len(before)} +{new.line if new else 0},{len(after)} @@\n"
    yield start
    yield from lines[3:]
