"""The state: the variables of a module, as ``specs/variables.toml`` has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gen.model.design import Design
from gen.model.specs import SPECS, load


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
def variable_data() -> dict[str, Any]:
    """The tables of ``variables.toml``, by the names of the variables."""
    return load(SPECS / "variables.toml")


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
        for name, data in variable_data().items()
        if _is_there(name, data, design, features, kept, grain)
    ]
