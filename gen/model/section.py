"""Sections: every hold of ``zone->lock`` as a named list of calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.errors import near_miss
from gen.model.position import Key
from gen.model.reader import Line, TomlFile, Words, dotted, open_toml
from gen.model.specs import SPECS, actor_files

SECTIONS = SPECS / "sections.toml"
#: Calls that take zone->lock, and drop it.
_LOCK = ("spin_lock", "spin_unlock")

#: Choices that must have been made: one value, or one of several, for each.
Needs = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class CallTable:
    """A call of a section that is more than an operator and its arguments."""

    called: ClassVar[str] = "call"
    call: Annotated[Line, Meta(description="an operator of the templates, and its arguments")]
    fails: Annotated[
        bool,
        Meta(description="it can set z.ret: what follows is skipped, up to the unlock"),
    ] = False
    outcomes: Annotated[bool, Meta(description="it has several possible outcomes")] = False
    when: Annotated[Words, Meta(description="a condition on z: called only then")] = ""


@dataclass(frozen=True, kw_only=True)
class SectionTable:
    """One hold of zone->lock, as ``sections.toml`` has it."""

    called: ClassVar[str] = "section"
    file: Annotated[Line, Meta(description="the C file that it is in, such as mm/page_alloc.c")]
    args: Annotated[tuple[Line, ...], Meta(description="its arguments, in the model")]
    shown: Annotated[tuple[Line, ...], Meta(description="those of them that a drawing shows")]
    models: Annotated[Line, Meta(description="the kernels that it is of")]
    calls: Annotated[
        tuple[Line | CallTable, ...], Meta(description="what it calls, in the order of the C code")
    ]
    function: Annotated[
        Words, Meta(description="the kernel's function, if the section is not called so")
    ] = ""
    idle: Annotated[Words, Meta(description="what a drawing remarks if it wrote nothing")] = ""


@dataclass(frozen=True, kw_only=True)
class VariantTable(SectionTable):
    """A section as designs have it that make a choice so."""

    called: ClassVar[str] = "variant"
    what: Annotated[Line, Meta(description="what a design chooses with it")]
    needs: Annotated[Needs, Meta(description="the choices that it goes with")] = field(
        default_factory=dict
    )
    provides: Annotated[
        tuple[Line, ...], Meta(description="what goes with it, that templates ask for")
    ] = ()
    default: Annotated[bool, Meta(description="a design has it that does not choose")] = False


@dataclass(frozen=True, kw_only=True)
class LikeTable:
    """A variant that is as another one of its section, but for some calls."""

    called: ClassVar[str] = "variant"
    like: Annotated[Line, Meta(description="the variant that it is as")]
    models: Annotated[Line, Meta(description="the kernels that it is of")]
    what: Annotated[Line, Meta(description="what a design chooses with it")]
    shown: Annotated[
        tuple[Line, ...] | None, Meta(description="the arguments that a drawing shows")
    ] = None
    skip: Annotated[tuple[Line, ...], Meta(description="calls that are not made")] = ()
    replace: Annotated[
        Mapping[str, Line], Meta(description="calls that are made instead, by the operator there")
    ] = field(default_factory=dict)
    needs: Annotated[Needs, Meta(description="the choices that it goes with")] = field(
        default_factory=dict
    )
    provides: Annotated[
        tuple[Line, ...], Meta(description="what goes with it, that templates ask for")
    ] = ()
    default: Annotated[bool, Meta(description="a design has it that does not choose")] = False


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


def function_of(call: str) -> str:
    """The operator of a call: its name, without its arguments."""
    return _split_call(call)[0]


def _split_call(text: str) -> tuple[str, str]:
    function, _, rest = text.partition("(")
    return function.strip(), rest.strip().removesuffix(")")


def calls_of(entries: Sequence[str | CallTable]) -> tuple[Call, ...]:
    """The calls of a section; one that follows a call which may fail is guarded."""
    calls: list[Call] = []
    may_have_failed = False
    for entry in entries:
        given = as_table(entry)
        function, args = _split_call(given.call)
        guards = ["z.ret = 0"] if may_have_failed and function != "spin_unlock" else []
        if given.when:
            guards.append(given.when)
        calls.append(Call(function, args, given.fails, given.outcomes, " /\\ ".join(guards)))
        may_have_failed = may_have_failed or given.fails
    return tuple(calls)


def _section(name: str, table: SectionTable) -> Section:
    return Section(
        name=name,
        function=table.function or name,
        file=table.file,
        models=table.models,
        args=table.args,
        shown=table.shown,
        idle=table.idle,
        calls=calls_of(table.calls),
    )


@cache
def sections_file() -> TomlFile:
    """``sections.toml``."""
    return open_toml(SECTIONS)


@cache
def section_tables() -> Mapping[str, SectionTable | Mapping[str, VariantTable]]:
    """The tables of ``sections.toml``, by name; of a section that is a choice, by its values.

    Those of the actors come last.
    """
    file = sections_file()
    tables: dict[str, SectionTable | Mapping[str, VariantTable]] = {}
    for name, data in file.data.items():
        # Nothing but tables in it: one for each value of a choice.
        variants = (
            isinstance(data, dict) and data and all(isinstance(one, dict) for one in data.values())
        )
        if variants:
            tables[name] = _variants(file, name)
        else:
            tables[name] = file.get(SectionTable, name)
    for path in actor_files():
        file = open_toml(path)
        for name in file.data.get("sections", {}):
            if name in tables:
                raise file.error(("sections", name), f"section '{name}' is there already")
            tables[name] = file.get(SectionTable, "sections", name)
    return tables


def _variants(file: TomlFile, name: str) -> dict[str, VariantTable]:
    """The variants of a section; one that is like another has what that one has."""
    whole = {
        value: file.get(VariantTable, name, value)
        for value, data in file.data[name].items()
        if "like" not in data
    }
    return {
        value: whole[value] if value in whole else _like(file, name, value, whole)
        for value in file.data[name]
    }


def _like(file: TomlFile, name: str, value: str, whole: Mapping[str, VariantTable]) -> VariantTable:
    one = file.get(LikeTable, name, value)
    if one.like not in whole:
        at = (name, value, "like")
        raise file.error(at, f"{dotted(at)} = {one.like!r}: {near_miss(one.like, list(whole))}")
    other = whole[one.like]
    there = [(function_of(given.call), given) for given in map(as_table, other.calls)]
    known = [called for called, _ in there]
    for called in one.skip:
        _is_called(file, (name, value, "skip"), called, known)
    for called in one.replace:
        _is_called(file, (name, value, "replace", called), called, known)
    made = [
        replace(given, call=one.replace.get(called, given.call))
        for called, given in there
        if called not in one.skip
    ]
    return replace(
        other,
        calls=tuple(made),
        shown=other.shown if one.shown is None else one.shown,
        **{key: getattr(one, key) for key in ("models", "what", "needs", "provides", "default")},
    )


def _is_called(file: TomlFile, key: Key, called: str, known: list[str]) -> None:
    if known.count(called) != 1:
        fits = "it is called more than once" if called in known else near_miss(called, known)
        raise file.error(key, f"{dotted(key)}: no call {called!r}: {fits}")


def as_table(entry: str | CallTable) -> CallTable:
    """A call as a table, which one that is a line is short for."""
    return CallTable(call=entry) if isinstance(entry, str) else entry


#: The lists of calls of a design's own, by the names of sections.
Edited = Mapping[str, Sequence[CallTable]]


def sections(choices: Mapping[str, str], edited: Edited | None = None) -> dict[str, Section]:
    """The sections as a design with these choices has them, by name; ``edited`` go before."""
    made: dict[str, Section] = {}
    for name, one in section_tables().items():
        table = one if isinstance(one, SectionTable) else one[choices[name]]
        made[name] = _section(name, table)
        if edited and name in edited:
            made[name] = replace(made[name], calls=calls_of(edited[name]))
    return made


def locks_of(choices: Mapping[str, str], edited: Edited | None = None) -> dict[str, list[str]]:
    """Where each section takes zone->lock and drops it."""
    return {
        name: [call.function for call in one.calls if call.function in _LOCK]
        for name, one in sections(choices, edited).items()
    }


@cache
def template_operators() -> frozenset[str]:
    """The names of all operators of the templates, whatever they are rendered for."""
    texts = [path.read_text(encoding="utf-8") for path in SPECS.rglob("*.j2")]
    defined = {
        n for text in texts for n in re.findall(r"^([A-Za-z_]\w*)(?:\(.*\))? ==", text, re.M)
    }
    return kernel_functions() | defined | section_tables().keys()


@cache
def kernel_functions() -> frozenset[str]:
    """The operators that the templates make with the macro ``kernel_function``."""
    texts = [path.read_text(encoding="utf-8") for path in SPECS.rglob("*.tla.j2")]
    return frozenset(
        name for text in texts for name in re.findall(r'kernel_function\("(\w+)"', text)
    )


#: Where a template, or a part of one, says which C file it is about; and a name in a drawing.
_C_FILE = re.compile(r"(?:\$#|\\\*# ----) (mm/\w+\.c)\b")
_DRAWN = re.compile(r'\b(?:frame|kernel_function|named)\("(\w+)"')


@cache
def drawn_functions() -> Mapping[str, frozenset[str]]:
    """The names that the templates have for the kernel's functions, with their C files.

    Of a section the templates do not say it, but ``sections.toml``.
    """
    files: dict[str, frozenset[str]] = dict.fromkeys(section_tables(), frozenset())
    for path in sorted(SPECS.rglob("*.j2")):
        where: set[str] = set()
        for line in path.read_text(encoding="utf-8").splitlines():
            if head := _C_FILE.match(line):
                where = {head[1]}
            for name in _DRAWN.findall(line):
                files[name] = files.get(name, frozenset()) | where
    return files
