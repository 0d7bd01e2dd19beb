"""Properties: what developers promise, as ``specs/properties.toml`` has it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from gen.errors import GenError, near_miss
from gen.model.choice import check_needs
from gen.model.feature import check_features
from gen.model.reader import Line, Text, TomlFile, Words, open_toml
from gen.model.section import Needs
from gen.model.specs import SPECS

PROPERTIES = SPECS / "properties.toml"


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


@dataclass(frozen=True, kw_only=True)
class SameCall:
    """How a call that fails in one of two designs is looked for in the other."""

    property: Annotated[Line, Meta(description="the property that is asked there")]
    start: Annotated[Line, Meta(description="TLA+: where its behaviours begin")]
    formula: Annotated[Text, Meta(description="TLA+: its formula there, a template")]


@dataclass(frozen=True, kw_only=True)
class PropertyTable:
    """What developers promise, as ``properties.toml`` has it."""

    called: ClassVar[str] = "property"
    kind: Annotated[Kind, Meta(description="what it is about: states, steps, behaviours...")]
    statement: Annotated[Line, Meta(description="what is promised, in a sentence")]
    formula: Annotated[Text, Meta(description="TLA+, over the variables; a template")]
    witness: Annotated[
        Text,
        Meta(
            description="TLA+: records that say what is wrong in the state, or the step, "
            "that violates it"
        ),
    ]
    sentence: Annotated[
        Line, Meta(description="the line below a drawing, with the fields of such a record")
    ]
    failure: Annotated[
        Words,
        Meta(
            description="a remark that stands last in a drawing; empty if the log has a failure "
            "line itself"
        ),
    ]
    source: Annotated[Line, Meta(description="where the kernel, or a mail, promises it")]
    warning: Annotated[
        Words, Meta(description="what the kernel itself prints then; empty if it prints nothing")
    ] = ""
    keeps: Annotated[
        tuple[Line, ...],
        Meta(description="variables that are in the state only if this property is asked"),
    ] = ()
    isolators: Annotated[
        int,
        Meta(description="with fewer callers of start_isolate_page_range() it says nothing"),
    ] = 0
    grain: Annotated[
        Literal["fused", "step", ""],
        Meta(description="the --grain that it is said of; empty if of either"),
    ] = ""
    by_default: Annotated[bool, Meta(description="checked if no property is named")] = True
    inductive: Annotated[
        bool,
        Meta(
            description="it speaks of a state alone, so gen prove proves it by induction; see "
            "specs/induction.tla.j2"
        ),
    ] = False
    needs: Annotated[Needs, Meta(description="choices without which it says nothing")] = field(
        default_factory=dict
    )
    features: Annotated[
        tuple[Line, ...],
        Meta(description="what is modelled for it, whether it was asked for or not"),
    ] = ()
    start: Annotated[Line, Meta(description="TLA+: where the behaviours begin")] = BOOT
    steps: Annotated[Line, Meta(description="TLA+: what happens in them")] = STEP
    rests_on: Annotated[
        Words, Meta(description="an invariant that is checked along with it; empty if none is")
    ] = ""
    unbounded: Annotated[
        Words,
        Meta(description="why no search has an end where it is violated; empty if that is not so"),
    ] = ""
    measures: Annotated[Words, Meta(description="of a cost: the variable that is the number")] = ""
    compared: Annotated[bool, Meta(description="gen compare asks for it besides")] = False
    of_a_change: Annotated[
        bool, Meta(description="it is asked of a design beside its base alone, and by itself")
    ] = False
    same_call: Annotated[
        SameCall | None,
        Meta(description="how a call that fails in one design is looked for in another"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Property(PropertyTable):
    """What developers promise.

    ``bound``: of a cost, the number that is not to be exceeded.
    """

    name: str
    bound: int = 0

    def by_induction(self) -> Property:
        """The same, of one section from any state in which the invariant holds."""
        return replace(self, start="AnyState", steps="AnySection")


@cache
def _file() -> TomlFile:
    return open_toml(PROPERTIES)


@cache
def _tables() -> dict[str, Property]:
    tables = _file().get(dict[str, PropertyTable])
    return {name: Property(name=name, **vars(one)) for name, one in tables.items()}


@cache
def properties() -> dict[str, Property]:
    """All that can be asked of a design, by name, the one that the kernel itself prints first."""
    return {name: prop for name, prop in _tables().items() if not prop.of_a_change}


@cache
def _check_names() -> None:
    """GenError if a property speaks of a choice, a feature or a property that there is not.

    Not for a list of them: it would have to wait for the other files.
    """
    for name, one in _tables().items():
        check_needs(_file(), (name, "needs"), one.needs)
        check_features(_file(), (name, "features"), one.features)


def compared() -> list[str]:
    """The names of the properties that gen compare asks for besides."""
    return [prop.name for prop in properties().values() if prop.compared]


def acting() -> Property:
    """What is asked of a design beside its base: that its change acts somewhere."""
    return next(prop for prop in _tables().values() if prop.of_a_change)


def find_properties(
    names: Collection[str], *, liveness: bool = False, grain: str = "fused"
) -> list[Property]:
    """The properties of these names, in the table's order.

    Without a name: those that are checked by default; "all" stands for every one that is
    said of the ``grain``.  ``liveness``: those of that kind as well.
    """
    _check_names()
    known = properties()
    if acting().name in names:
        raise GenError(f"'{acting().name}' is asked of a design with a base, by itself")
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
