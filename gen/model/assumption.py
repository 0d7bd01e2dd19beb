"""Assumptions: what a verdict rests on, as ``specs/assumptions.toml`` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from gen.model.design import Design
from gen.model.feature import check_features, features
from gen.model.property import Kind, Property
from gen.model.reader import Line, Words, open_toml
from gen.model.specs import SPECS
from gen.model.zone import Zone

ASSUMPTIONS = SPECS / "assumptions.toml"


@dataclass(frozen=True, kw_only=True)
class AssumptionTable:
    """A table of ``assumptions.toml``: what is assumed, and where that applies."""

    called: ClassVar[str] = "assumption"
    sentence: Annotated[Line, Meta(description="what is assumed, in a sentence")]
    short: Annotated[
        Words, Meta(description="the same in a few words, for one line of all; empty: not there")
    ] = ""
    features: Annotated[
        tuple[Line, ...], Meta(description="it applies if all of these are modelled")
    ] = ()
    left_out: Annotated[bool, Meta(description="it is of each feature that is not modelled")] = (
        False
    )
    grain: Annotated[
        Literal["fused", "step", ""], Meta(description="it applies with this --grain; empty: both")
    ] = ""
    windowed: Annotated[
        bool | None, Meta(description="it applies if one chunk stands for the zone, or if not")
    ] = None
    liveness: Annotated[
        bool | None, Meta(description="it applies if a property of liveness is asked, or if not")
    ] = None
    proof: Annotated[bool | None, Meta(description="it applies to gen prove, or not to it")] = None

    def applies(self, zone: Zone, properties: Sequence[Property], proof: bool) -> bool:
        """Whether it is assumed there."""
        is_so = (
            (self.windowed, zone.windowed),
            (self.liveness, any(p.kind is Kind.LIVENESS for p in properties)),
            (self.proof, proof),
        )
        return (
            {*self.features} <= {*zone.features}
            and self.grain in ("", zone.grain)
            and all(wanted in (None, given) for wanted, given in is_so)
        )


@dataclass(frozen=True)
class Assumption:
    """What is assumed: a ``sentence``, and a few words, "" if it is not ``short``.

    ``left_out``: it is that a feature is not modelled.
    """

    name: str
    sentence: str
    short: str
    left_out: bool = False


@cache
def assumption_tables() -> Mapping[str, AssumptionTable]:
    """The tables of ``assumptions.toml``, by name."""
    file = open_toml(ASSUMPTIONS)
    tables = file.get(dict[str, AssumptionTable])
    for name, one in tables.items():
        check_features(file, (name, "features"), one.features)
    return tables


def assumptions(
    design: Design, zone: Zone, properties: Sequence[Property], *, proof: bool = False
) -> list[Assumption]:
    """All that a verdict on these properties rests on, in the order of the file.

    ``proof``: the verdict is one of gen prove.
    """
    words: dict[str, object] = {
        "max_order": zone.max_order,
        "pageblock_order": zone.pageblock_order,
        "min_order": zone.min_order,
        "pageblocks": zone.pageblocks,
        "alloc_order": zone.largest_allocation,
        "types": " and ".join(t.lower() for t in zone.migratetypes),
        "isolators": f"{zone.isolators or 'no'} isolator{'s' * (zone.isolators != 1)}",
        "source": design.source,
    }
    left_out = {name: what for name, what in features().items() if name not in zone.features}
    found: list[Assumption] = []
    for name, one in assumption_tables().items():
        if not one.applies(zone, properties, proof):
            continue
        if not one.left_out:
            found.append(Assumption(name, *_said(one, words)))
        for feature, what in left_out.items() if one.left_out else ():
            said = _said(one, {"feature": feature, "what": what})
            found.append(Assumption(f"{name}, {feature}", *said, left_out=True))
    return found


def _said(one: AssumptionTable, words: Mapping[str, object]) -> tuple[str, str]:
    return one.sentence.format_map(words), one.short.format_map(words)


def in_short(found: Sequence[Assumption]) -> str:
    """What has a few words, in one line; what is left out stands together."""
    parts: list[str] = []
    for left_out, some in groupby(found, lambda one: one.left_out):
        short = [one.short for one in some if one.short]
        parts += [f"without {', '.join(short)}"] if left_out and short else short
    return "; ".join(parts)
