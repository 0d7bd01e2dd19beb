"""The record of a caller of ``start_isolate_page_range()``, as ``specs/callers.toml`` has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from gen.model.choice import check_provided
from gen.model.design import Design
from gen.model.feature import check_features
from gen.model.reader import Line, Words, open_toml
from gen.model.specs import SPECS

CALLERS = SPECS / "callers.toml"


@dataclass(frozen=True)
class Field:
    """A field of the record; see ``FieldTable``."""

    name: str
    comment: str
    idle: str
    begins: str
    reset: bool
    undone: bool
    line: str


@dataclass(frozen=True, kw_only=True)
class FieldTable:
    """A table of ``callers.toml``: what a field of the record means, and when it is there."""

    called: ClassVar[str] = "field"
    what: Annotated[Line, Meta(description="its meaning")]
    comment: Annotated[
        Words, Meta(description="the line that says so in the module, where the template does not")
    ] = ""
    idle: Annotated[Line, Meta(description="TLA+: its value while there is no call")]
    begins: Annotated[
        Words, Meta(description="TLA+: its value when a call begins, where that is another one")
    ] = ""
    reset: Annotated[bool, Meta(description="each step leaves it idle, unless it says more")] = (
        False
    )
    undone: Annotated[
        bool | Literal["kept"],
        Meta(description="a failed call keeps it while it undoes its range; or if it is kept"),
    ] = False
    features: Annotated[
        tuple[Line, ...] | None, Meta(description="only with one of these features")
    ] = None
    can: Annotated[Words, Meta(description="only in designs that can do this")] = ""
    kept: Annotated[bool, Meta(description="where a property keeps it, it is there anyway")] = False
    line: Annotated[
        Literal["idle", "begins", ""], Meta(description="where it begins a line of the module")
    ] = ""


@cache
def caller_tables() -> Mapping[str, FieldTable]:
    """The tables of ``callers.toml``, by the names of the fields."""
    file = open_toml(CALLERS)
    tables = file.get(dict[str, FieldTable])
    for name, one in tables.items():
        check_features(file, (name, "features"), one.features or ())
        if one.can:
            check_provided(file, (name, "can"), one.can)
    return tables


def caller_fields(design: Design, features: Collection[str], kept: Collection[str]) -> list[Field]:
    """The fields of a design's callers with these features.

    ``kept``: what the properties which are asked of it need.
    """
    return [
        Field(
            name=name,
            comment=one.comment,
            idle=one.idle,
            begins=one.begins,
            reset=one.reset,
            undone=one.undone is True or (one.undone == "kept" and name in kept),
            line=one.line,
        )
        for name, one in caller_tables().items()
        if _is_there(name, one, design, features, kept)
    ]


def _is_there(
    name: str,
    one: FieldTable,
    design: Design,
    features: Collection[str],
    kept: Collection[str],
) -> bool:
    """Whether a caller has the field: for a property's sake, or where all that it needs is."""
    if one.kept and name in kept:
        return True
    if one.features is not None and not any(feature in features for feature in one.features):
        return False
    return not one.can or one.can in design.capabilities
