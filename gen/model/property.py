"""Properties: what developers promise, as ``specs/properties.toml`` has it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from gen.errors import GenError, near_miss
from gen.model.choice import Needs
from gen.model.specs import SPECS, load


class Kind(StrEnum):
    """What a property is about, as ``properties.toml`` has it."""

    #: An invariant: of every state.
    STATE = "state"
    #: Of every step.
    ACTION = "action"
    #: Of behaviours: TLC checks their loops.
    LIVENESS = "liveness"
    #: It holds if TLC finds a behaviour, which is then its witness.
    REACHABLE = "reachable"
    #: A number: the least bound under which its action holds.
    COST = "cost"
    #: Whether every action happens.
    COVERAGE = "coverage"


#: The kinds that a behaviour without a loop violates.
SAFETY = (Kind.STATE, Kind.ACTION)
#: Where behaviours begin, and what happens in them, if a property does not say otherwise.
BOOT, STEP = "Boot", "Step"


@dataclass(frozen=True)
class SameCall:
    """How a call that fails in one of two designs is looked for in the other.

    ``property``: the name of what is asked there, with another start and ``formula``.
    """

    property: str
    start: str
    formula: str


@dataclass(frozen=True)
class Property:
    """What developers promise; for the fields see ``properties.toml``."""

    name: str
    kind: Kind
    statement: str
    formula: str
    #: TLA+: records that say what is wrong in the state, or the step, that violates it.
    witness: str
    #: The plain sentence below a drawing, with the fields of such a record.
    sentence: str
    #: What the kernel itself prints then; "" if it prints nothing.
    warning: str
    #: A remark that stands last in a drawing; "" if the log has a failure line itself.
    failure: str
    source: str
    #: Variables that a module has only if this property is asked of it.
    keeps: tuple[str, ...]
    #: With fewer callers of start_isolate_page_range() it says nothing.
    isolators: int
    #: The --grain that it is said of; "" if of either.
    grain: str
    by_default: bool
    #: It speaks of a state alone, so it is proved by induction; see specs/induction.tla.j2.
    inductive: bool
    needs: Needs
    #: What is modelled for it, whether it was asked for or not: features by name.
    features: tuple[str, ...]
    #: TLA+: where the behaviours begin, and the steps in them.
    start: str = BOOT
    steps: str = STEP
    #: An invariant that is checked along with it; "" if there is none.
    rests_on: str = ""
    #: Why no search has an end where it is violated; "" if that is not so.
    unbounded: str = ""
    #: Of a cost: the variable that is the number, and the number that is not to be exceeded.
    measures: str = ""
    bound: int = 0
    #: Whether gen compare asks for it.
    compared: bool = False
    same_call: SameCall | None = None

    def by_induction(self) -> Property:
        """The same, of one section from any state in which the invariant holds."""
        return replace(self, start="AnyState", steps="AnySection")


@cache
def properties() -> dict[str, Property]:
    """All properties, by name, the one that the kernel itself prints first."""
    return {
        name: Property(
            name=name,
            kind=Kind(data["kind"]),
            statement=data["statement"],
            formula=data["formula"],
            witness=data["witness"],
            sentence=data["sentence"],
            warning=data.get("warning", ""),
            failure=data["failure"],
            source=data["source"],
            keeps=tuple(data.get("keeps", ())),
            isolators=data.get("isolators", 0),
            inductive=data.get("inductive", False),
            grain=data.get("grain", ""),
            by_default=data.get("by_default", True),
            needs=data.get("needs", {}),
            features=tuple(data.get("features", ())),
            start=data.get("start", BOOT),
            steps=data.get("steps", STEP),
            rests_on=data.get("rests_on", ""),
            unbounded=data.get("unbounded", ""),
            measures=data.get("measures", ""),
            compared=data.get("compared", False),
            same_call=SameCall(**data["same_call"]) if "same_call" in data else None,
        )
        for name, data in load(SPECS / "properties.toml").items()
    }


def compared() -> list[str]:
    """The names of the properties that gen compare asks for besides."""
    return [prop.name for prop in properties().values() if prop.compared]


def find_properties(
    names: Collection[str], *, liveness: bool = False, grain: str = "fused"
) -> list[Property]:
    """The properties of these names, in the table's order.

    Without a name: those that are checked by default; "all" stands for every one that is
    said of the ``grain``.  ``liveness``: those of that kind as well.
    """
    known = properties()
    for name in names:
        if name not in known and name != "all":
            raise GenError(f"unknown property '{name}': {near_miss(name, [*known, 'all'])}")

    def chosen(prop: Property) -> bool:
        if prop.name in names:
            return True
        if prop.grain not in ("", grain):
            return False
        if liveness and prop.kind is Kind.LIVENESS:
            return True
        return "all" in names if names else prop.by_default or prop.grain == "step"

    return [p for p in known.values() if chosen(p)]
