"""The definitions of a rendered module: cut, compared, and put together anew.

A rendered module is laid out the same everywhere: what begins a line is a definition, a
declaration or a comment, and what belongs to it is indented.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_BEGINS = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\((?P<params>[^)]*)\))?(?:\[[^\]]*\])? ==")
_RECURSIVE = re.compile(r"RECURSIVE (?P<name>\w+)")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Definition:
    """One operator: its name, its parameters, and its lines as they stand in the module.

    ``line``: where it begins, from 1.  ``recursive``: the line that declares it so, or "".
    """

    name: str
    params: tuple[str, ...]
    lines: tuple[str, ...]
    line: int
    recursive: str = ""

    @cached_property
    def code(self) -> str:
        """Its text without comments, and with one blank where there is white space."""
        bare = re.sub(r"\\\*.*", "", "\n".join(self.lines))
        return " ".join([self.recursive, *bare.split()]).strip()

    @cached_property
    def words(self) -> frozenset[str]:
        """The names in it, but for those in strings."""
        return frozenset(_WORD.findall(_STRING.sub("", self.code)))

    def called(self, suffix: str = "") -> str:
        """It with its parameters, as where it is defined; its name with a suffix."""
        return self.name + suffix + (f"({', '.join(self.params)})" if self.params else "")

    def renamed(self, names: Mapping[str, str]) -> str:
        """Its text with other names for some operators; what stands in strings stays."""
        text = "\n".join(filter(None, [self.recursive, *self.lines]))
        parts = re.split(f"({_STRING.pattern})", text)
        parts[::2] = [
            _WORD.sub(lambda m: names.get(m[0], m[0]) if _free(m) else m[0], part)
            for part in parts[::2]
        ]
        return "".join(parts)


def _free(found: re.Match[str]) -> bool:
    """Whether a name is an operator's: after a dot or an exclamation mark it is a field's."""
    return found.string[: found.start()][-1:] not in (".", "!")


def definitions(tla: str) -> dict[str, Definition]:
    """The definitions of a rendered module by name, in their order."""
    found: dict[str, Definition] = {}
    recursive: dict[str, str] = {}
    lines = tla.splitlines()
    at = 0
    while at < len(lines):
        declared = _RECURSIVE.match(lines[at])
        begun = _BEGINS.match(lines[at])
        if declared:
            recursive[declared["name"]] = lines[at]
        if begun is None:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (not lines[end] or lines[end][0] in " \t"):
            end += 1
        body = lines[at:end]
        while body and not body[-1].strip():
            body.pop()
        params = tuple(p.strip() for p in (begun["params"] or "").split(",") if p.strip())
        name = begun["name"]
        found[name] = Definition(name, params, tuple(body), at + 1, recursive.get(name, ""))
        at = end
    return found


@dataclass(frozen=True)
class Difference:
    """What is not the same in two modules, by the names of definitions."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)


def difference(base: str, patched: str) -> Difference:
    """Which definitions two modules do not share; comments and layout do not count."""
    old, new = definitions(base), definitions(patched)
    return Difference(
        changed=tuple(n for n in new if n in old and old[n].code != new[n].code),
        added=tuple(n for n in new if n not in old),
        removed=tuple(n for n in old if n not in new),
    )


def depending(names: Iterable[str], known: Mapping[str, Definition]) -> list[str]:
    """These definitions and all that use them, directly or not, in the order of the module."""
    found = set(names)
    while True:
        more = {n for n, one in known.items() if n not in found and one.words & found}
        if not more:
            return [name for name in known if name in found]
        found |= more


def affected(old: Mapping[str, Definition], new: Mapping[str, Definition]) -> set[str]:
    """The definitions of a module that mean something else, or nothing, in another one.

    What uses something that is another one, in either of the two, is another one itself.
    """
    shared = old.keys() & new.keys()
    same = {name for name in shared if old[name].code == new[name].code}
    return {*depending(old.keys() - same, old)} | ({*depending(new.keys() - same, new)} & shared)


def copied(names: Collection[str], known: Mapping[str, Definition], suffix: str) -> Sequence[str]:
    """The texts of some definitions, each, and each use of it in them, with a suffix."""
    renamed = {name: name + suffix for name in names}
    return [known[name].renamed(renamed) for name in known if name in renamed]


def used(
    names: Iterable[str], known: Mapping[str, Definition], but: Collection[str] = ()
) -> set[str]:
    """These definitions, and all that they are made of; not ``but``, nor what only those use."""
    found = {*names}
    new = found
    while new:
        words = {word for name in new for word in known[name].words if word in known}
        new = words - found - {*but}
        found = found | new
    return found


def wrapped(
    tla: str, names: Collection[str], suffix: str, text: str, tail: Sequence[str] = ()
) -> str:
    """The module, these of its definitions with a suffix; at its end what takes their place.

    ``text`` stands below all but what uses them, ``tail`` below that too.
    """
    known, lines = definitions(tla), tla.splitlines()
    inner = {name: name + suffix for name in names}
    users = [known[name] for name in depending(names, known) if name not in inner]
    for name in names:
        one = known[name]
        begin = one.line - 1
        lines[begin : begin + len(one.lines)] = one.renamed(inner).splitlines()
    for one in users:
        begin = one.line - 1
        lines[begin : begin + len(one.lines)] = [""] * len(one.lines)
    end = next(n for n in range(len(lines) - 1, 0, -1) if lines[n].startswith("===="))
    moved = [line for one in users for line in one.lines]
    return "\n".join([*lines[:end], text, *moved, *tail, *lines[end:]]) + "\n"
