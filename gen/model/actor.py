"""Actors: who takes pages beside CPUs and callers; a file of ``specs/actors/`` each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.errors import GenError, near_miss
from gen.model.feature import feature_tables
from gen.model.reader import Line, Words, read
from gen.model.section import SectionTable
from gen.model.specs import actor_files
from gen.model.variable import VariableTable


@dataclass(frozen=True, kw_only=True)
class ActorTable:
    """A file of ``specs/actors/``; its template, of the same name, has the operators."""

    called: ClassVar[str] = "actor"
    action: Annotated[Line, Meta(description="what it does: an operator of its template")]
    fair: Annotated[
        Words, Meta(description="TLA+: what it does some time, where a property rests on that")
    ] = ""
    sections: Annotated[
        Mapping[str, SectionTable], Meta(description="its holds of zone->lock, by name")
    ] = field(default_factory=dict)
    variables: Annotated[
        Mapping[str, VariableTable], Meta(description="what it adds to the state, by name")
    ] = field(default_factory=dict)


@dataclass(frozen=True)
class Actor:
    """Somebody who acts in a module; see ``ActorTable``."""

    name: str
    action: str
    fair: str


@cache
def _tables() -> Mapping[str, ActorTable]:
    return {path.stem: read(path, ActorTable) for path in actor_files()}


def actors(features: Collection[str]) -> list[Actor]:
    """Who acts where these features are modelled; GenError if a feature names nobody."""
    found = []
    for name, one in feature_tables().items():
        if one.actor and one.actor not in _tables():
            fits = near_miss(one.actor, list(_tables()))
            raise GenError(f"features.toml: {name}: actor = {one.actor!r}: {fits}")
        if one.actor and name in features:
            table = _tables()[one.actor]
            found.append(Actor(one.actor, table.action, table.fair))
    return found
