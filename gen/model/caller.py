"""The record of a caller of ``start_isolate_page_range()``, as ``specs/callers.toml`` has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gen.model.design import Design
from gen.model.specs import SPECS, load


@dataclass(frozen=True)
class Field:
    """A field of the record; see ``callers.toml``."""

    name: str
    comment: str
    idle: str
    begins: str
    reset: bool
    undone: bool
    line: str


@cache
def caller_data() -> dict[str, Any]:
    """The tables of ``callers.toml``, by the names of the fields."""
    return load(SPECS / "callers.toml")


def _is_there(
    name: str,
    data: Mapping[str, Any],
    design: Design,
    features: Collection[str],
    kept: Collection[str],
) -> bool:
    """Whether a caller has the field: for a property's sake, or where all that it needs is."""
    if data.get("kept") and name in kept:
        return True
    if "features" in data and not any(feature in features for feature in data["features"]):
        return False
    return "can" not in data or data["can"] in design.capabilities


def caller_fields(design: Design, features: Collection[str], kept: Collection[str]) -> list[Field]:
    """The fields of a design's callers with these features.

    ``kept``: what the properties which are asked of it need.
    """
    return [
        Field(
            name=name,
            comment=data.get("comment", ""),
            idle=data["idle"],
            begins=data.get("begins", ""),
            reset=data.get("reset", False),
            undone=data.get("undone") is True or (data.get("undone") == "kept" and name in kept),
            line=data.get("line", ""),
        )
        for name, data in caller_data().items()
        if _is_there(name, data, design, features, kept)
    ]
