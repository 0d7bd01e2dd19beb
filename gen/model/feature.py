"""Features: what a model can have beyond its core."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.errors import FieldError, near_miss
from gen.model.position import Key
from gen.model.reader import Line, TomlFile, Words, dotted, read
from gen.model.specs import SPECS

FEATURES = SPECS / "features.toml"


@dataclass(frozen=True)
class Feature:
    """A table of ``features.toml``."""

    called: ClassVar[str] = "feature"
    what: Annotated[Line, Meta(description="what is modelled with it")]
    proved: Annotated[bool, Meta(description="gen prove has a proof for it")] = False
    actor: Annotated[
        Words, Meta(description="who acts then, beside CPUs and callers: a file of actors/")
    ] = ""


@cache
def feature_tables() -> Mapping[str, Feature]:
    """The tables of ``features.toml``, by name."""
    return read(FEATURES, dict[str, Feature])


@cache
def features() -> dict[str, str]:
    """What a model can have beyond its core, by name: what it is."""
    return {name: one.what for name, one in feature_tables().items()}


def check_features(file: TomlFile, key: Key, names: Sequence[str]) -> None:
    """GenError if a list in a file names a feature that there is not."""
    for number, name in enumerate(names):
        if name not in features():
            at = (*key, number)
            raise file.error(at, f"{dotted(at)} = {name!r}: {near_miss(name, list(features()))}")


def proved_features() -> list[str]:
    """The features that gen prove has a proof for."""
    return [name for name, one in feature_tables().items() if one.proved]


def find_features(names: Collection[str]) -> tuple[str, ...]:
    """The features of these names, in the table's order, each once; FieldError if one is none."""
    for name in names:
        if name not in features():
            raise FieldError("features", name, near_miss(name, list(features())))
    return tuple(name for name in features() if name in names)
