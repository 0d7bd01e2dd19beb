"""Designs: a kernel version or a proposed patch, one data file each."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from gen.errors import GenError, near_miss
from gen.model.choice import choice_defaults, choice_needs, choices, provided
from gen.model.feature import check_features, find_features
from gen.model.overlay import DESIGN_FILE, read_overlay
from gen.model.patch import OperatorTable, Patch, SectionEdit, read_patch
from gen.model.position import Key
from gen.model.property import properties
from gen.model.reader import Function, Line, TomlFile, dotted, open_toml
from gen.model.section import Needs, drawn_functions
from gen.model.specs import SPECS
from gen.model.zone import Zone


@dataclass(frozen=True, kw_only=True)
class ShownTable:
    """Where the bug of a design shows, as its file says it."""

    property: Annotated[Line, Meta(description="the property that is violated")]
    zone: Annotated[Zone, Meta(description="the zone in which it is")] = field(default_factory=Zone)
    base_too: Annotated[
        Line | None,
        Meta(description="why the base, which has not the bug, violates it as well, if it does"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DesignTable:
    """A design file: a kernel version or a proposed patch."""

    called: ClassVar[str] = "design"
    name: Annotated[Line, Meta(description="what it is called")]
    title: Annotated[Line, Meta(description="what it is, in one line")]
    kernel: Annotated[Line, Meta(description="the kernel version, and what is changed in it")]
    source: Annotated[Line, Meta(description="where it can be read: files, a mail, commits")]
    promises: Annotated[
        tuple[Line, ...], Meta(description="the properties that it means to have")
    ] = ()
    base: Annotated[
        Line | None,
        Meta(
            description="the design that it changes: a name, or the path of a file from here",
            extra={"fits": "the name of a design fits, or a path that ends in .toml, in quotes"},
        ),
    ] = None
    choices: Annotated[
        Mapping[str, str],
        Meta(description="a value for each choice, or for those that the base makes otherwise"),
    ] = field(default_factory=dict)
    names: Annotated[
        Mapping[str, Function],
        Meta(description="what functions are called there, by the names of the templates"),
    ] = field(default_factory=dict)
    default: Annotated[bool, Meta(description="it is searched if no design is named")] = False
    historic: Annotated[bool, Meta(description="it only retells a bug of an old kernel")] = False
    sections: Annotated[
        Mapping[str, SectionEdit],
        Meta(description="what it changes in the calls of a hold of zone->lock"),
    ] = field(default_factory=dict)
    operators: Annotated[
        Mapping[str, OperatorTable],
        Meta(description="operators of the templates that it has otherwise, or of its own"),
    ] = field(default_factory=dict)
    shown_by: Annotated[
        ShownTable | None, Meta(description="of a historic variant: where its bug shows")
    ] = None


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
    #: What it changes by text of its own, and its bases before it.
    patch: Patch = field(default_factory=Patch)
    #: The design that it changes.
    changes: Design | None = None
    #: It comes with the tool.
    shipped: bool = False

    @property
    def told(self) -> str:
        """What a verdict is about: its name, and how much text of its own it has, if any."""
        if not self.patch:
            return self.name
        base = f"{self.base} + " if self.base else ""
        return f"{base}{self.name} ({self.patch.told}; {self.patch.digest[:12]})"

    def to_table(self, patch: Patch | None = None) -> dict[str, Any]:
        """A design file that says the same, on top of nothing but what comes with the tool.

        ``patch``: its own as it is in a module, for one that has templates.
        """
        below = self
        while below.changes is not None and not below.shipped:
            below = below.changes
        base = {"base": below.name} if below.shipped else {}
        return {
            "name": self.name,
            "title": self.title,
            "kernel": self.kernel,
            "source": self.source,
            **base,
            "choices": dict(sorted(self.choices.items())),
            **({"names": dict(sorted(self.names.items()))} if self.names else {}),
            **(patch or self.patch).to_tables(below.patch if below.shipped else Patch()),
        }

    def named(self, function: str) -> str:
        """What a function of the templates is called in this version."""
        return self.names.get(function, function)

    @property
    def capabilities(self) -> frozenset[str]:
        """What its choices provide beyond their own text; see ``choices.toml``."""
        return frozenset(
            thing for made in self.choices.items() for thing in provided().get(made, ())
        )

    def has(self, needs: Needs) -> bool:
        """Whether the design has made all of these choices."""
        return all(
            self.choices[choice] in ([wanted] if isinstance(wanted, str) else wanted)
            for choice, wanted in needs.items()
        )


def design_names() -> list[str]:
    """The designs that come with the tool."""
    return sorted(path.stem for path in (SPECS / "designs").glob("*.toml"))


def find_design(name: str) -> Design:
    """The design of a name, or of a file whose path ends in ``.toml``."""
    return load_design(_design_path(name))


def design_files(name: str) -> list[Path]:
    """The files that a design is read from: its own, with templates, and those of its bases."""
    files = [each.file.path for each in _lineage(_read(_design_path(name)))]
    return files + [
        path
        for file in files
        if file.name == DESIGN_FILE
        for path in read_overlay(file.parent).paths.values()
    ]


def _design_path(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    if "/" in name and (Path(name) / DESIGN_FILE).is_file():
        return Path(name) / DESIGN_FILE
    if name not in design_names():
        raise GenError(f"unknown design '{name}': {near_miss(name, design_names())}")
    return SPECS / "designs" / f"{name}.toml"


@dataclass(frozen=True)
class _DesignFile:
    """A design's file, and what is in it."""

    file: TomlFile
    table: DesignTable


def _read(path: Path) -> _DesignFile:
    file = open_toml(path)
    return _DesignFile(file, file.get(DesignTable))


def _lineage(top: _DesignFile) -> list[_DesignFile]:
    """A design's file and those of its bases, the lowest first."""
    lineage = [top]
    while (base := lineage[-1].table.base) is not None:
        file = lineage[-1].file
        try:
            if base.endswith(".toml") or "/" in base:
                # Not Path: a slash at the end says that it is a folder.
                base = os.path.join(file.path.parent, base)  # noqa: PTH118
            below = _design_path(base)
        except GenError as e:
            raise file.error(("base",), f"base: {e.message}") from None
        if any(os.path.realpath(below) == os.path.realpath(above.file.path) for above in lineage):
            raise file.error(("base",), f"base = '{lineage[-1].table.base}' leads back to itself")
        lineage.append(_read(below))
    return lineage[::-1]


def _error(lineage: Sequence[_DesignFile], key: Key, message: str) -> GenError:
    """An error about a key in the file that says it: the design's own, or that of a base."""
    table, name = key
    said = (one.file for one in reversed(lineage) if name in one.file.data.get(str(table), {}))
    return next(said, lineage[-1].file).error(key, message)


def _choices(lineage: Sequence[_DesignFile]) -> dict[str, str]:
    """The choices of a design and of its bases, checked: each made, with a value that exists."""
    made = {name: value for one in lineage for name, value in one.table.choices.items()}
    known = choices()
    for choice, value in made.items():
        key = ("choices", choice)
        if choice not in known:
            told = near_miss(choice, list(known))
            raise _error(lineage, key, f"unknown choice {choice!r}: {told}")
        if value not in known[choice]:
            told = near_miss(value, list(known[choice]))
            raise _error(lineage, key, f"{dotted(key)} = {value!r}: {told}")
    made = {**choice_defaults(), **made}
    if missing := [choice for choice in known if choice not in made]:
        values = ", ".join(known[missing[0]])
        raise lineage[-1].file.error(
            ("choices",),
            f"the choice '{missing[0]}' is not made; one of: {values} "
            '(or name the design that this one changes, base = "v6.12")',
        )
    for choice, value in made.items():
        for other, wanted in choice_needs().get((choice, value), {}).items():
            fitting = [wanted] if isinstance(wanted, str) else wanted
            if made[other] not in fitting:
                fits = "' or '".join(fitting)
                raise _error(
                    lineage,
                    ("choices", choice),
                    f"{choice} = '{value}' goes with {other} = '{fits}' only, "
                    f"not with '{made[other]}'",
                )
    return made


def _names(lineage: Sequence[_DesignFile]) -> dict[str, str]:
    """The table [names] of a design's file and of its bases, checked."""
    made = {name: theirs for one in lineage for name, theirs in one.table.names.items()}
    known = sorted(drawn_functions())
    for name in made:
        if name not in known:
            key = ("names", name)
            raise _error(lineage, key, f"{dotted(key)}: {near_miss(name, known)}")
    return made


def _patch(lineage: Sequence[_DesignFile], choices: Mapping[str, str]) -> Patch:
    """The tables [sections] and [operators] of a design's file, over those of its bases."""
    made = Patch()
    for one in lineage:
        made = read_patch(one.file, one.table.sections, one.table.operators, choices, made)
    return made


def check_property(file: TomlFile, key: Key, name: str) -> None:
    """GenError if a file names a property that there is not."""
    if name not in properties():
        told = near_miss(name, list(properties()))
        raise file.error(key, f"{dotted(key)}: unknown property {name!r}: {told}")


def _shown(file: TomlFile, table: ShownTable | None) -> Shown | None:
    """The table [shown_by] of a design file, checked."""
    if table is None:
        return None
    check_property(file, ("shown_by", "property"), table.property)
    return Shown(table.property, checked_zone(file, table.zone, "shown_by"), table.base_too or "")


def checked_zone(file: TomlFile, zone: Zone, *where: str) -> Zone:
    """A zone of a file, with the features that there are, in their order."""
    check_features(file, (*where, "zone", "features"), zone.features)
    return replace(zone, features=find_features(zone.features))


def load_design(path: Path) -> Design:
    """A design file, checked: every choice made, here or by its base, with a value that exists."""
    return _load(_read(path))


def design_from_table(path: Path, table: Mapping[str, Any]) -> Design:
    """The design that ``Design.to_table`` wrote into the file at a path, checked as a file is."""
    file = TomlFile(path, "", table)
    made = file.get(DesignTable)
    if made.base is not None and made.base not in design_names():
        raise GenError(f"{path}: base = {made.base!r}: {near_miss(made.base, design_names())}")
    return _load(_DesignFile(file, made))


def _load(top: _DesignFile) -> Design:
    file, table = top.file, top.table
    for number, name in enumerate(table.promises):
        check_property(file, ("promises", number), name)
    lineage = _lineage(top)
    made = _choices(lineage)
    design = Design(
        name=table.name,
        title=table.title,
        kernel=table.kernel,
        source=table.source,
        promises=table.promises,
        choices=made,
        base=table.base or "",
        names=_names(lineage),
        historic=table.historic,
        shown_by=_shown(file, table.shown_by),
        patch=_patch(lineage, made),
        changes=load_design(lineage[-2].file.path) if len(lineage) > 1 else None,
        shipped=file.path.resolve().parent == (SPECS / "designs").resolve(),
    )
    if table.default and not design.shipped:
        raise file.error(
            ("default",), "default: only a design that comes with the tool can be that"
        )
    _check_name(file, design)
    return design


def _check_name(file: TomlFile, design: Design) -> None:
    """GenError if a file calls itself as a design that comes with the tool, and is another one.

    A verdict, a certificate and a trace say by a name what they are about.
    """
    ours = [] if design.shipped else [n for n in design_names() if _read_as(n, design.name)]
    if ours and replace(design, shipped=True) != find_design(ours[0]):
        raise file.error(
            ("name",),
            f"name = {design.name!r}: '{ours[0]}' comes with the tool, and is another design; "
            "another name fits",
        )


def _read_as(one: str, other: str) -> bool:
    """Whether two names look alike."""
    seen = ("".join(c for c in name if c.isprintable() and c != " ") for name in (one, other))
    return len({name.casefold() for name in seen}) == 1


@cache
def default_design() -> str:
    """The name of the design that is searched if none is named."""
    return next(name for name in design_names() if _read(_design_path(name)).table.default)


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
