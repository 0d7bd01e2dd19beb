"""The state: the variables of a module, as ``specs/variables.toml`` has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from gen.errors import near_miss
from gen.model.choice import check_needs
from gen.model.design import Design
from gen.model.feature import check_features
from gen.model.position import Key
from gen.model.reader import Line, TomlFile, Words, open_toml
from gen.model.section import Needs
from gen.model.specs import SPECS, actor_files
from gen.model.zone import Grain

VARIABLES = SPECS / "variables.toml"


@dataclass(frozen=True)
class Variable:
    """A variable of the state; see ``VariableTable`` for the fields."""

    name: str
    what: str
    boot: str
    any: str
    at_lock: str
    at_unlock: str
    #: Whether zone->lock protects it.
    protected: bool
    #: Whether it is a set of blocks.
    blocks: bool
    held: str


Shape = Literal["types", "isolated", "blocks", "pfns", "pageblocks", "by pageblock", "count", ""]


@dataclass(frozen=True)
class Migratetype:
    """A type of pageblocks."""

    called: ClassVar[str] = "type"
    number: Annotated[int, Meta(description="its number in enum migratetype")]
    letter: Annotated[Line, Meta(description="what stands for it in pictures")]


@dataclass(frozen=True, kw_only=True)
class BlockTable:
    """How a block of one kind is told: texts with the fields of its tuple in braces."""

    fields: Annotated[
        tuple[Line, ...], Meta(description="of its tuple; the first two are pfn and order")
    ]
    type: Annotated[
        Words, Meta(description="the field that is a type, and its colour; empty if none is")
    ] = ""
    free: Annotated[
        bool,
        Meta(description="on a free list: every pageblock under it should have the list's type"),
    ] = False
    dashed: Annotated[bool, Meta(description="on its way from one place to another")] = False
    carried: Annotated[
        bool,
        Meta(description="in one caller's hands: what becomes of its page stays on that lane"),
    ] = False
    noun: Annotated[tuple[Line, Line], Meta(description="what one is called, and several")]
    setting: Annotated[Line, Meta(description="in the initial state")]
    brace: Annotated[Words, Meta(description="after 'order-9 at head' in --state")]
    short: Annotated[Line, Meta(description="in a picture, with little room")]
    medium: Annotated[Line, Meta(description="in a picture, with some room")]
    long: Annotated[Line, Meta(description="in a picture, with room enough")]


@dataclass(frozen=True, kw_only=True)
class VariableTable:
    """A table of ``variables.toml``: what a variable means, and when it is in the state."""

    called: ClassVar[str] = "variable"
    what: Annotated[Line, Meta(description="its meaning, as a comment")]
    boot: Annotated[Line, Meta(description="TLA+: its value after boot")]
    any: Annotated[
        Words,
        Meta(description="its value where the invariant holds, if that is not as after boot"),
    ] = ""
    at_lock: Annotated[
        Words, Meta(description="its value when a section begins, if that is not what it was")
    ] = ""
    at_unlock: Annotated[
        Words,
        Meta(description="a template: what is kept of z when a section ends, if not the field"),
    ] = ""
    needs: Annotated[
        Needs | None, Meta(description="only in designs that have made these choices")
    ] = None
    features: Annotated[
        tuple[Line, ...] | None, Meta(description="only with one of these features")
    ] = None
    kept: Annotated[bool, Meta(description="only where a property keeps it")] = False
    protected: Annotated[bool, Meta(description="written by the holder of zone->lock alone")] = (
        False
    )
    grain: Annotated[Grain | None, Meta(description="only with this --grain")] = None
    after: Annotated[Words, Meta(description="of an actor's: the variable it comes after")] = ""
    held: Annotated[
        Words, Meta(description="of blocks: TLA+: how a block is held as a whole, for induction")
    ] = ""
    shape: Annotated[
        Shape,
        Meta(description="how it is read; without one it is compared, and told as TLA+ has it"),
    ] = ""
    title: Annotated[
        Words, Meta(description="what stands before its changes; without one --state leaves it out")
    ] = ""
    types: Annotated[
        Mapping[str, Migratetype] | None, Meta(description="of the shape types: all there are")
    ] = None
    reads_as: Annotated[
        Words, Meta(description="of the shape isolated: the type that is read where the bit is set")
    ] = ""
    block: Annotated[
        BlockTable | None, Meta(description="of the shapes blocks and pfns: how one is told")
    ] = None


@cache
def variable_tables() -> Mapping[str, VariableTable]:
    """The tables of ``variables.toml``, and of the actors, by the names of the variables."""
    file = open_toml(VARIABLES)
    tables = file.get(dict[str, VariableTable])
    _check(file, (), tables)
    for path in actor_files():
        own = open_toml(path)
        if "variables" in own.data:
            more = own.get(dict[str, VariableTable], "variables")
            _check(own, ("variables",), more)
            for name, one in more.items():
                tables = _put_in(own, tables, name, one)
    if len([name for name, one in tables.items() if one.types]) != 1:
        raise file.error((), "one variable has a table of types, no more and no less")
    return tables


def _check(file: TomlFile, key: Key, tables: Mapping[str, VariableTable]) -> None:
    """GenError if a variable needs what there is not, or lacks what goes with its shape."""
    for name, one in tables.items():
        at = (*key, name)
        check_needs(file, (*at, "needs"), one.needs or {})
        check_features(file, (*at, "features"), one.features or ())
        if (one.shape in ("blocks", "pfns")) != (one.block is not None):
            raise file.error(at, f"variable '{name}': a block goes with the shapes that have some")


def _put_in(
    file: TomlFile, tables: Mapping[str, VariableTable], name: str, one: VariableTable
) -> dict[str, VariableTable]:
    """The variables with an actor's, which says where it comes."""
    at = ("variables", name)
    if name in tables:
        raise file.error(at, f"variable '{name}' is there already")
    if one.after not in tables:
        fits = near_miss(one.after, list(tables))
        raise file.error(at, f"variable '{name}': after = {one.after!r}: {fits}")
    before = [*tables].index(one.after) + 1
    found = [*tables.items()]
    return dict([*found[:before], (name, one), *found[before:]])


def variables(
    design: Design, features: Collection[str], kept: Collection[str], grain: str = "fused"
) -> list[Variable]:
    """The state of a design's module with these features.

    ``kept``: the variables that the properties which are asked of it need.
    """
    return [
        Variable(
            name=name,
            what=one.what,
            boot=one.boot,
            any=one.any or one.boot,
            at_lock=one.at_lock,
            at_unlock=one.at_unlock,
            protected=one.protected,
            blocks=one.shape == "blocks",
            held=one.held,
        )
        for name, one in variable_tables().items()
        if _is_there(name, one, design, features, kept, grain)
    ]


def _is_there(
    name: str,
    one: VariableTable,
    design: Design,
    features: Collection[str],
    kept: Collection[str],
    grain: str,
) -> bool:
    """Whether a variable is in the state: always, or for one of the reasons that it names."""
    if one.grain not in (None, grain):
        return False
    reasons = []
    if one.kept:
        reasons.append(name in kept)
    if one.needs is not None:
        reasons.append(design.has(one.needs))
    if one.features is not None:
        reasons.append(any(feature in features for feature in one.features))
    return any(reasons) or not reasons
