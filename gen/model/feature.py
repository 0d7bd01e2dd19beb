"""Features: what a model can have beyond its core."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from gen.errors import GenError, near_miss
from gen.model.specs import SPECS, load


@cache
def features() -> dict[str, str]:
    """What a model can have beyond its core, by name: what it is."""
    return {name: data["what"] for name, data in load(SPECS / "features.toml").items()}


def proved_features() -> list[str]:
    """The features that gen prove has a proof for."""
    return [name for name, data in load(SPECS / "features.toml").items() if data.get("proved")]


def find_features(names: Collection[str]) -> tuple[str, ...]:
    """The features of these names, in the table's order, each once."""
    for name in names:
        if name not in features():
            raise GenError(f"--with: unknown '{name}': {near_miss(name, list(features()))}")
    return tuple(name for name in features() if name in names)
