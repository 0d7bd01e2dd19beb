"""What lies in ``specs/``: designs, choices, sections and properties, as typed data.

Nothing here knows a kernel version: a design is a data file, and what it may choose
is said by ``choices.toml`` and by the variants in ``sections.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gen.errors import GenError, near_miss

_PACKAGE = Path(__file__).parent
#: In a wheel the specs travel inside the package; in a checkout they are beside it.
SPECS = next(p for p in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if p.is_dir())


@dataclass(frozen=True)
class Call:
    """One call of a section: an operator of the templates, and when it is made."""

    function: str
    args: str
    when: str
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
    """What developers promise; ``kind`` is "state" or "action"."""

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
    needs: Mapping[str, str]


@dataclass(frozen=True)
class Design:
    """A kernel version or a proposed patch: one value for every choice."""

    name: str
    title: str
    kernel: str
    source: str
    promises: tuple[str, ...]
    choices: Mapping[str, str]

    def has(self, needs: Mapping[str, str]) -> bool:
        """Whether the design has made all of these choices."""
        return all(self.choices[choice] == value for choice, value in needs.items())


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
            Call(function, args, when, fails, given.get("outcomes", False), " /\\ ".join(guards))
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
        name: {k: v for k, v in data.items() if k != "function"}
        for name, data in _load(SPECS / "choices.toml").items()
    }
    for name, data in _section_data().items():
        if "calls" not in data:
            known[name] = {variant: one["what"] for variant, one in data.items()}
    return known


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
            needs=data.get("needs", {}),
        )
        for name, data in _load(SPECS / "properties.toml").items()
    }


def find_properties(names: list[str]) -> list[Property]:
    """The properties of these names in the table's order; all if no name is given."""
    known = properties()
    for name in names:
        if name not in known:
            raise GenError(f"unknown property '{name}': {near_miss(name, list(known))}")
    return [p for p in known.values() if not names or p.name in names]


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
    if name.endswith(".toml"):
        return load_design(Path(name))
    if name not in design_names():
        raise GenError(f"unknown design '{name}': {near_miss(name, design_names())}")
    return load_design(SPECS / "designs" / f"{name}.toml")


def load_design(path: Path) -> Design:
    """A design file, checked: every choice made, with a value that exists."""
    data = _load(path)
    made = data.get("choices")
    if not isinstance(made, dict):
        raise GenError(f"{path}: there is no table [choices]")
    known = choices()
    for choice, value in made.items():
        if choice not in known:
            raise GenError(f"{path}: unknown choice '{choice}': {near_miss(choice, list(known))}")
        if value not in known[choice]:
            raise GenError(
                f"{path}: {choice} = '{value}': {near_miss(str(value), list(known[choice]))}"
            )
    if missing := [choice for choice in known if choice not in made]:
        values = ", ".join(known[missing[0]])
        raise GenError(f"{path}: the choice '{missing[0]}' is not made; one of: {values}")
    where = str(path)
    promises = data.get("promises", [])
    find_properties(list(promises))
    return Design(
        name=_text(data, "name", where),
        title=_text(data, "title", where),
        kernel=_text(data, "kernel", where),
        source=_text(data, "source", where),
        promises=tuple(promises),
        choices=made,
    )
