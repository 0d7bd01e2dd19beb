"""Designs: a kernel version or a proposed patch, one data file each."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gen.errors import GenError, near_miss
from gen.model.choice import Needs, choice_needs, choices
from gen.model.feature import find_features
from gen.model.property import find_properties, properties
from gen.model.section import drawn_functions
from gen.model.specs import SPECS, load
from gen.model.zone import Zone, zone_from_data


@dataclass(frozen=True)
class Shown:
    """Where a bug shows: a zone, and the property that is violated in it.

    ``base_too``: why the base of the design, which has not the bug, violates it as well; "" if
    it does not.
    """

    prop: str
    zone: Zone
    base_too: str = ""

    def command(self, design: str) -> str:
        """The command line that finds it."""
        flags = " ".join([*self.zone.flags, "--design", design, "--property", self.prop])
        return f"gen check {flags}"


@dataclass(frozen=True)
class Design:
    """A kernel version or a proposed patch: one value for every choice.

    ``base``: the design that it changes, as its file names it; "" if it stands alone.
    ``names``: what a function is called there, by the name that the templates have for it.
    """

    name: str
    title: str
    kernel: str
    source: str
    promises: tuple[str, ...]
    choices: Mapping[str, str]
    base: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    #: It only retells an old bug.
    historic: bool = False
    #: Of such a one: where its bug shows.
    shown_by: Shown | None = None

    def named(self, function: str) -> str:
        """What a function of the templates is called in this version."""
        return self.names.get(function, function)

    def has(self, needs: Needs) -> bool:
        """Whether the design has made all of these choices."""
        return all(
            self.choices[choice] in ([wanted] if isinstance(wanted, str) else wanted)
            for choice, wanted in needs.items()
        )


def design_names() -> list[str]:
    """The designs that come with the tool."""
    return sorted(path.stem for path in (SPECS / "designs").glob("*.toml"))


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise GenError(f"{where}: '{key}' is missing; it is a line of text")
    return value


def _flag(path: Path, data: Mapping[str, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise GenError(f"{path}: {key} = {value!r}: true or false fits")
    return value


def find_design(name: str) -> Design:
    """The design of a name, or of a file whose path ends in ``.toml``."""
    return load_design(_design_path(name))


def _design_path(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    if name not in design_names():
        raise GenError(f"unknown design '{name}': {near_miss(name, design_names())}")
    return SPECS / "designs" / f"{name}.toml"


def _lineage(path: Path, data: Mapping[str, Any]) -> list[tuple[Path, Mapping[str, Any]]]:
    """A design's file and those of its bases, the lowest first."""
    lineage = [(path, data)]
    while (base := data.get("base")) is not None:
        if not isinstance(base, str):
            raise GenError(f"{path}: base = {base}: the name of a design, or a path, in quotes")
        try:
            below = path.parent / base if base.endswith(".toml") else _design_path(base)
        except GenError as e:
            raise GenError(f"{path}: base: {e.message}") from None
        if any(below == above for above, _ in lineage):
            raise GenError(f"{path}: base = '{base}' leads back to itself")
        path, data = below, load(below)
        lineage.append((path, data))
    return lineage[::-1]


def _table(lineage: Sequence[tuple[Path, Mapping[str, Any]]], name: str) -> dict[str, Any]:
    """A table of a design's file, over those of its bases."""
    made: dict[str, Any] = {}
    for path, data in lineage:
        own = data.get(name, {})
        if not isinstance(own, dict):
            raise GenError(f"{path}: {name}: must be a table")
        made.update(own)
    return made


def _names(path: Path, names: dict[str, Any]) -> dict[str, str]:
    """The table [names] of a design's file and of its bases, checked."""
    known = drawn_functions()
    for name, theirs in names.items():
        if name not in known:
            raise GenError(f"{path}: names: {name}: {near_miss(name, sorted(known))}")
        if not isinstance(theirs, str) or not re.fullmatch(r"[A-Za-z_]\w*", theirs):
            raise GenError(f"{path}: names: {name} = {theirs!r}: the name of a function, in quotes")
    return names


def _shown(path: Path, data: Mapping[str, Any]) -> Shown | None:
    """The table [shown_by] of a design file, checked."""
    table = data.get("shown_by")
    if table is None:
        return None
    where = f"{path}: shown_by"
    if not isinstance(table, dict):
        raise GenError(f"{where}: must be a table, with a property and a zone")
    known = ["property", "zone", "base_too"]
    if unknown := [key for key in table if key not in known]:
        raise GenError(f"{where}: {unknown[0]}: {near_miss(unknown[0], known)}")
    prop = _text(table, "property", where)
    if prop not in properties():
        raise GenError(f"{where}: unknown property '{prop}': {near_miss(prop, [*properties()])}")
    zone, base_too = table.get("zone", {}), table.get("base_too", "")
    if not isinstance(zone, dict):
        raise GenError(f"{where}: zone: must be a table, in braces")
    if not isinstance(base_too, str):
        raise GenError(f"{where}: base_too: must be a line of text")
    try:
        found = zone_from_data(zone)
        find_features(found.features)
    except GenError as e:
        raise GenError(f"{where}: {e.message}") from None
    return Shown(prop, found, base_too)


def load_design(path: Path) -> Design:
    """A design file, checked: every choice made, here or by its base, with a value that exists."""
    data = load(path)
    if not isinstance(data.get("choices"), dict):
        raise GenError(f"{path}: there is no table [choices]")
    lineage = _lineage(path, data)
    made = _table(lineage, "choices")
    known = choices()
    for choice, value in made.items():
        if choice not in known:
            raise GenError(f"{path}: unknown choice '{choice}': {near_miss(choice, list(known))}")
        if not isinstance(value, str) or value not in known[choice]:
            raise GenError(
                f"{path}: {choice} = '{value}': {near_miss(str(value), list(known[choice]))}"
            )
    if missing := [choice for choice in known if choice not in made]:
        values = ", ".join(known[missing[0]])
        raise GenError(
            f"{path}: the choice '{missing[0]}' is not made; one of: {values} "
            '(or name the design that this one changes, base = "v6.12")'
        )
    if _flag(path, data, "default") and path.resolve().parent != (SPECS / "designs").resolve():
        raise GenError(f"{path}: default: only a design that comes with the tool can be that")
    where = str(path)
    promises = data.get("promises", [])
    if not isinstance(promises, list) or not all(isinstance(name, str) for name in promises):
        raise GenError(f"{path}: promises: a list of properties' names")
    try:
        find_properties(promises)
    except GenError as e:
        raise GenError(f"{path}: promises: {e.message}") from None
    design = Design(
        name=_text(data, "name", where),
        title=_text(data, "title", where),
        kernel=_text(data, "kernel", where),
        source=_text(data, "source", where),
        promises=tuple(promises),
        choices=made,
        base=data.get("base", ""),
        names=_names(path, _table(lineage, "names")),
        historic=_flag(path, data, "historic"),
        shown_by=_shown(path, data),
    )
    for choice, value in made.items():
        for other, wanted in choice_needs().get((choice, value), {}).items():
            if not design.has({other: wanted}):
                fits = wanted if isinstance(wanted, str) else "' or '".join(wanted)
                raise GenError(
                    f"{path}: {choice} = '{value}' goes with {other} = '{fits}' only, "
                    f"not with '{made[other]}'"
                )
    return design


@cache
def default_design() -> str:
    """The name of the design that is searched if none is named."""
    return next(name for name in design_names() if load(_design_path(name)).get("default"))


def find_designs(names: Collection[str]) -> dict[str, Design]:
    """The designs of these names, each once, by what --design is given for them.

    Without a name: those that come with the tool, but not the historic variants; "all"
    stands for these too.  GenError if two different designs have the same name.
    """
    shipped = [find_design(name) for name in sorted(design_names(), key=_natural)]
    found: list[tuple[str, Design]] = []
    if not names:
        found = [(d.name, d) for d in shipped if not d.historic]
    for name in names:
        found += [(d.name, d) for d in shipped] if name == "all" else [(name, find_design(name))]
    known: dict[str, Design] = {}
    once: dict[str, Design] = {}
    for given, design in found:
        if known.setdefault(design.name, design) is design:
            once[given] = design
        elif known[design.name] != design:
            raise GenError(f"two designs are named '{design.name}'; give one another name")
    return once


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which v6.5 stands before v6.10."""
    parts: list[str] = []
    for char in name:
        if parts and parts[-1][-1].isdecimal() == char.isdecimal():
            parts[-1] += char
        else:
            parts.append(char)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts]
