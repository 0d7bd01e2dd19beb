"""What lies in ``specs/``: designs, choices, sections and properties, as typed data.

Nothing here knows a kernel version: a design is a data file, and what it may choose
is said by ``choices.toml`` and by the variants in ``sections.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gen.errors import GenError, near_miss
from gen.zone import Zone, zone_from_data

_PACKAGE = Path(__file__).parent
#: In a wheel the specs travel inside the package; in a checkout they are beside it.
SPECS = next(p for p in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if p.is_dir())
#: What gen prove has said of the designs that come with the tool.
CERTIFICATES = SPECS / "certificates"


#: Choices that must have been made: one value, or one of several, for each.
Needs = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Variable:
    """A variable of the state; see ``variables.toml`` for the fields."""

    name: str
    what: str
    boot: str
    any: str
    at_lock: str
    at_unlock: str
    #: Whether zone->lock protects it.
    protected: bool


@cache
def features() -> dict[str, str]:
    """What a model can have beyond its core, by name: what it is."""
    return {name: data["what"] for name, data in _load(SPECS / "features.toml").items()}


def find_features(names: Collection[str]) -> tuple[str, ...]:
    """The features of these names, in the table's order, each once."""
    for name in names:
        if name not in features():
            raise GenError(f"--with: unknown '{name}': {near_miss(name, list(features()))}")
    return tuple(name for name in features() if name in names)


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


@dataclass(frozen=True)
class Property:
    """What developers promise; ``kind``: see ``properties.toml``."""

    name: str
    kind: str
    statement: str
    formula: str
    #: TLA+: records that say what is wrong in the state, or the step, that violates it.
    witness: str
    #: The plain sentence below a drawing, with the fields of such a record.
    sentence: str
    #: A remark that stands last in a drawing; "" if the log has a failure line itself.
    failure: str
    source: str
    #: Variables that a module has only if this property is asked of it.
    keeps: tuple[str, ...]
    #: With fewer callers of start_isolate_page_range() it says nothing.
    isolators: int
    #: The --grain that it is said of; "" if of either.
    grain: str
    by_default: bool
    #: It speaks of a state alone, so it is proved by induction; see specs/induction.tla.j2.
    inductive: bool
    needs: Needs
    #: What is modelled for it, whether it was asked for or not: features by name.
    features: tuple[str, ...]
    #: TLA+: where the behaviours begin, and the steps in them.
    start: str = "Boot"
    steps: str = "Step"
    #: Of a cost: the number that is not to be exceeded.
    bound: int = 0


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
    #: Of a historic variant: where its bug shows.
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


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise GenError(f"{path}: {e.strerror or e}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise GenError(f"{path}: not a TOML file: {e}") from e


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
def _section_data() -> dict[str, Any]:
    return _load(SPECS / "sections.toml")


def sections(design: Design) -> dict[str, Section]:
    """The sections as this design has them, by name."""
    return {
        name: _section(name, data if "calls" in data else data[design.choices[name]])
        for name, data in _section_data().items()
    }


@cache
def choices() -> dict[str, dict[str, str]]:
    """What a design has to choose: for each choice its values, and what they mean."""
    known = {
        name: {k: v for k, v in data.items() if k not in ("function", "needs")}
        for name, data in _load(SPECS / "choices.toml").items()
    }
    for name, data in _section_data().items():
        if "calls" not in data:
            known[name] = {variant: one["what"] for variant, one in data.items()}
    return known


@cache
def _choice_needs() -> dict[tuple[str, str], Needs]:
    """What a choice's value needs of other choices, by (choice, value)."""
    needs: dict[tuple[str, str], Needs] = {}
    for name, data in _load(SPECS / "choices.toml").items():
        for value, wanted in data.get("needs", {}).items():
            needs[name, value] = wanted
    for name, data in _section_data().items():
        if "calls" not in data:
            for value, variant in data.items():
                needs[name, value] = variant.get("needs", {})
    return needs


@cache
def _variable_data() -> dict[str, Any]:
    return _load(SPECS / "variables.toml")


def _is_there(
    name: str,
    data: Mapping[str, Any],
    design: Design,
    features: Collection[str],
    kept: Collection[str],
    grain: str,
) -> bool:
    """Whether a variable is in the state: always, or for one of the reasons that it names."""
    if data.get("grain", grain) != grain:
        return False
    reasons = []
    if data.get("kept"):
        reasons.append(name in kept)
    if "needs" in data:
        reasons.append(design.has(data["needs"]))
    if "features" in data:
        reasons.append(any(feature in features for feature in data["features"]))
    return any(reasons) or not reasons


def variables(
    design: Design, features: Collection[str], kept: Collection[str], grain: str = "fused"
) -> list[Variable]:
    """The state of a design's module with these features.

    ``kept``: the variables that the properties which are asked of it need.
    """
    return [
        Variable(
            name=name,
            what=data["what"],
            boot=data["boot"],
            any=data.get("any", data["boot"]),
            at_lock=data.get("at_lock", ""),
            at_unlock=data.get("at_unlock", ""),
            protected=data.get("protected", False),
        )
        for name, data in _variable_data().items()
        if _is_there(name, data, design, features, kept, grain)
    ]


@cache
def properties() -> dict[str, Property]:
    """All properties, by name, the one that the kernel itself prints first."""
    return {
        name: Property(
            name=name,
            kind=data["kind"],
            statement=data["statement"],
            formula=data["formula"],
            witness=data["witness"],
            sentence=data["sentence"],
            failure=data["failure"],
            source=data["source"],
            keeps=tuple(data.get("keeps", ())),
            isolators=data.get("isolators", 0),
            inductive=data.get("inductive", False),
            grain=data.get("grain", ""),
            by_default=data.get("by_default", True),
            needs=data.get("needs", {}),
            features=tuple(data.get("features", ())),
            start=data.get("start", "Boot"),
            steps=data.get("steps", "Step"),
        )
        for name, data in _load(SPECS / "properties.toml").items()
    }


def find_properties(
    names: Collection[str], *, liveness: bool = False, grain: str = "fused"
) -> list[Property]:
    """The properties of these names, in the table's order.

    Without a name: those that are checked by default; "all" stands for every one that is
    said of the ``grain``.  ``liveness``: those of that kind as well.
    """
    known = properties()
    for name in names:
        if name not in known and name != "all":
            raise GenError(f"unknown property '{name}': {near_miss(name, [*known, 'all'])}")

    def chosen(prop: Property) -> bool:
        if prop.name in names:
            return True
        if prop.grain not in ("", grain):
            return False
        if liveness and prop.kind == "liveness":
            return True
        return "all" in names if names else prop.by_default or prop.grain == "step"

    return [p for p in known.values() if chosen(p)]


def design_names() -> list[str]:
    """The designs that come with the tool."""
    return sorted(path.stem for path in (SPECS / "designs").glob("*.toml"))


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise GenError(f"{where}: '{key}' is missing; it is a line of text")
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
        path, data = below, _load(below)
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


@cache
def drawn_functions() -> Mapping[str, frozenset[str]]:
    """The names that the templates have for the kernel's functions, with their C files.

    Of a section the templates do not say it, but ``sections.toml``.
    """
    files: dict[str, frozenset[str]] = dict.fromkeys(_section_data(), frozenset())
    for path in SPECS.glob("*.tla.j2"):
        text = path.read_text(encoding="utf-8")
        header = re.findall(r"^\\\* (mm/\w+\.c), as in ", text, re.MULTILINE)
        for name in re.findall(r'(?:frame|kernel_function|named)\("(\w+)"', text):
            files[name] = files.get(name, frozenset()) | {*header[:1]}
    return files


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
    data = _load(path)
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
        shown_by=_shown(path, data),
    )
    for choice, value in made.items():
        for other, wanted in _choice_needs().get((choice, value), {}).items():
            if not design.has({other: wanted}):
                fits = wanted if isinstance(wanted, str) else "' or '".join(wanted)
                raise GenError(
                    f"{path}: {choice} = '{value}' goes with {other} = '{fits}' only, "
                    f"not with '{made[other]}'"
                )
    return design
