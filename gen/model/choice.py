"""What a design has to choose: for each choice its values, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.errors import near_miss
from gen.model.position import Key
from gen.model.reader import Line, TomlFile, Words, dotted, open_toml
from gen.model.section import Needs, SectionTable, section_tables, sections_file
from gen.model.specs import SPECS

CHOICES = SPECS / "choices.toml"


@dataclass(frozen=True)
class Choice:
    """A table of ``choices.toml``: what is decided in a function of the kernel."""

    called: ClassVar[str] = "choice"
    function: Annotated[Line, Meta(description="where the kernel decides it, with its C file")]
    values: Annotated[
        Mapping[str, Line], Meta(description="what a design may choose, and what that means")
    ]
    default: Annotated[
        Words, Meta(description="the value that a design has which does not choose")
    ] = ""
    needs: Annotated[
        Mapping[str, Needs],
        Meta(description="by value: the values of other choices that it goes with"),
    ] = field(default_factory=dict)
    provides: Annotated[
        Mapping[str, tuple[Line, ...]],
        Meta(description="by value: what goes with it, that templates ask for"),
    ] = field(default_factory=dict)


@cache
def _file() -> TomlFile:
    return open_toml(CHOICES)


@cache
def _tables() -> Mapping[str, Choice]:
    return _file().get(dict[str, Choice])


@cache
def choices() -> dict[str, dict[str, str]]:
    """What a design has to choose: for each choice its values, and what they mean."""
    known = {name: dict(one.values) for name, one in _tables().items()}
    for name, section in section_tables().items():
        if not isinstance(section, SectionTable):
            known[name] = {value: variant.what for value, variant in section.items()}
    return known


@cache
def choice_defaults() -> dict[str, str]:
    """What a design has that does not choose, for the choices where that is said."""
    made: dict[str, str] = {}
    for name, one in _tables().items():
        if one.default and one.default not in one.values:
            at = (name, "default")
            fits = near_miss(one.default, list(one.values))
            raise _file().error(at, f"{dotted(at)} = {one.default!r}: {fits}")
        if one.default:
            made[name] = one.default
    for name, section in section_tables().items():
        if not isinstance(section, SectionTable):
            chosen = [value for value, variant in section.items() if variant.default]
            if len(chosen) > 1:
                key = (name, chosen[1], "default")
                raise sections_file().error(key, f"{dotted(key)}: '{chosen[0]}' is the default")
            if chosen:
                made[name] = chosen[0]
    return made


def check_needs(file: TomlFile, key: Key, needs: Needs) -> None:
    """GenError if something in a file needs a choice, or a value of one, that there is not."""
    for choice, wanted in needs.items():
        at = (*key, choice)
        if choice not in choices():
            raise file.error(at, f"{dotted(at)}: {near_miss(choice, list(choices()))}")
        for value in [wanted] if isinstance(wanted, str) else wanted:
            if value not in choices()[choice]:
                fits = near_miss(value, list(choices()[choice]))
                raise file.error(at, f"{dotted(at)} = {value!r}: {fits}")


@cache
def choice_needs() -> dict[tuple[str, str], Needs]:
    """What a choice's value needs of other choices, by (choice, value)."""
    needs: dict[tuple[str, str], Needs] = {}
    file = _file()
    for name, one in _tables().items():
        for value, wanted in one.needs.items():
            at = (name, "needs", value)
            if value not in one.values:
                raise file.error(at, f"{dotted(at)}: {near_miss(value, list(one.values))}")
            check_needs(file, at, wanted)
            needs[name, value] = wanted
    file = sections_file()
    for name, section in section_tables().items():
        if not isinstance(section, SectionTable):
            for value, variant in section.items():
                check_needs(file, (name, value, "needs"), variant.needs)
                needs[name, value] = variant.needs
    return needs


@cache
def provided() -> dict[tuple[str, str], tuple[str, ...]]:
    """What goes with a choice's value beyond its own text, by (choice, value)."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, one in _tables().items():
        for value, things in one.provides.items():
            if value not in one.values:
                at = (name, "provides", value)
                raise _file().error(at, f"{dotted(at)}: {near_miss(value, list(one.values))}")
            found[name, value] = things
    for name, section in section_tables().items():
        if not isinstance(section, SectionTable):
            for value, variant in section.items():
                found[name, value] = variant.provides
    return found


@cache
def capabilities() -> frozenset[str]:
    """All that any value provides."""
    return frozenset(thing for things in provided().values() for thing in things)


def check_provided(file: TomlFile, key: Key, name: str) -> None:
    """GenError if something in a file asks for what no value of a choice provides."""
    if name not in capabilities():
        raise file.error(
            key, f"{dotted(key)} = {name!r}: {near_miss(name, sorted(capabilities()))}"
        )
