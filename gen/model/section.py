"""Sections: every hold of ``zone->lock`` as a named list of calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gen.model.specs import SPECS, load


@dataclass(frozen=True)
class Call:
    """One call of a section: an operator of the templates, and when it is made."""

    function: str
    args: str
    fails: bool
    outcomes: bool
    #: A TLA+ condition on z under which the call is made; "" if always.
    guard: str


@dataclass(frozen=True)
class Section:
    """One hold of zone->lock: the named list of calls."""

    name: str
    function: str
    file: str
    models: str
    args: tuple[str, ...]
    shown: tuple[str, ...]
    #: What a drawing remarks if the section wrote nothing.
    idle: str
    calls: tuple[Call, ...]


def _split_call(text: str) -> tuple[str, str]:
    function, _, rest = text.partition("(")
    return function.strip(), rest.strip().removesuffix(")")


def _calls(entries: list[Any]) -> tuple[Call, ...]:
    """The calls of a section; one that follows a call which may fail is guarded."""
    calls: list[Call] = []
    may_have_failed = False
    for entry in entries:
        given: dict[str, Any] = {"call": entry} if isinstance(entry, str) else entry
        function, args = _split_call(given["call"])
        guards = ["z.ret = 0"] if may_have_failed and function != "spin_unlock" else []
        if when := given.get("when", ""):
            guards.append(when)
        fails = given.get("fails", False)
        calls.append(
            Call(function, args, fails, given.get("outcomes", False), " /\\ ".join(guards))
        )
        may_have_failed = may_have_failed or fails
    return tuple(calls)


def _section(name: str, data: Mapping[str, Any]) -> Section:
    return Section(
        name=name,
        function=data.get("function", name),
        file=data["file"],
        models=data["models"],
        args=tuple(data["args"]),
        shown=tuple(data["shown"]),
        idle=data.get("idle", ""),
        calls=_calls(data["calls"]),
    )


@cache
def section_data() -> dict[str, Any]:
    return load(SPECS / "sections.toml")


def sections(choices: Mapping[str, str]) -> dict[str, Section]:
    """The sections as a design with these choices has them, by name."""
    return {
        name: _section(name, data if "calls" in data else data[choices[name]])
        for name, data in section_data().items()
    }


@cache
def drawn_functions() -> Mapping[str, frozenset[str]]:
    """The names that the templates have for the kernel's functions, with their C files.

    Of a section the templates do not say it, but ``sections.toml``.
    """
    files: dict[str, frozenset[str]] = dict.fromkeys(section_data(), frozenset())
    for path in SPECS.glob("*.tla.j2"):
        text = path.read_text(encoding="utf-8")
        header = re.findall(r"^\\\* (mm/\w+\.c), as in ", text, re.MULTILINE)
        for name in re.findall(r'(?:frame|kernel_function|named)\("(\w+)"', text):
            files[name] = files.get(name, frozenset()) | {*header[:1]}
    return files
