"""Does a change act?  A design beside its base, in one module that TLC searches.

Each action of the design is held against the same action of its base, step by step: a step that
only one of the two has is where the change acts.  That is asked of whole sections, as nothing else
can see what a section does between taking the lock and dropping it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gen.model.definitions import (
    Definition,
    affected,
    copied,
    definitions,
    difference,
    used,
    wrapped,
)
from gen.model.design import Design
from gen.model.property import BOOT, STEP, Property, acting
from gen.model.render import MODULE, Module, actions, own_patch, render, template
from gen.model.variable import Variable
from gen.model.zone import Zone
from gen.tlc.spec import Spec

#: What the base's definitions, and the actions as the design itself has them, end in.
_IN_BASE, _HERE = "_in_base", "_here"


@dataclass(frozen=True)
class _Action:
    """An action: how it is written with its parameters, here and in the base; "" if it is not."""

    head: str
    here: str
    in_base: str = ""
    added: bool = False


def render_acts(
    design: Design,
    base: Design,
    zone: Zone,
    properties: Sequence[Property],
    made_by: str = "gen check",
) -> Spec | None:
    """The module in which a state with ``met`` is one that a change leads to, or keeps from.

    ``properties``: what they keep is in the state, so that a warning is a difference too.  None
    if the two modules are the same: then nothing has changed.
    """
    if not difference(*(render(d, zone, properties, made_by).tla for d in (base, design))):
        return None
    properties = _keeping_alike(design, base, zone, properties)
    before, patched = (render(d, zone, properties, made_by).tla for d in (base, design))
    here, there = (_state(d, zone, properties) for d in (design, base))
    own = [v.name for v in here if v.name not in {w.name for w in there}]
    # Of what is the design's alone the base knows nothing, and leaves it as it is.
    rest = f" /\\ UNCHANGED <<{', '.join(own)}>>" if own else ""
    sides = _Side.of(base, zone, properties, before), _Side.of(design, zone, properties, patched)
    old, new = sides
    wanted = _to_be_copied(old, new)
    text = template("questions/acts.tla.j2").render(
        base=base.name,
        gone=[v for v in there if v.name not in {w.name for w in here}],
        copies=copied(wanted, old.known, _IN_BASE),
        actions=[
            _action(new.known[n], n in wanted, n not in old.known, rest) for n in new.in_order
        ],
    )
    lost = [_call(old.known[n], rest) for n in old.in_order if n not in new.actions]
    tail = [
        f"ActsInit == {BOOT} /\\ met = FALSE",
        " \\/ ".join([f"ActsNext == {STEP}", *(f"({call} /\\ met' = TRUE)" for call in lost)]),
    ]
    module = wrapped(patched, new.actions, _HERE, text, tail)
    return Spec(MODULE, module, "INIT ActsInit\nNEXT ActsNext\nINVARIANTS NotMet\n")


@dataclass(frozen=True)
class _Side:
    """One of the two modules: its definitions, and which of them are actions."""

    known: Mapping[str, Definition]
    actions: frozenset[str]

    @classmethod
    def of(cls, design: Design, zone: Zone, properties: Sequence[Property], tla: str) -> _Side:
        names = actions(render(design, zone, properties, covers=True))
        return cls(definitions(tla), frozenset(names))

    @property
    def in_order(self) -> list[str]:
        """The actions as they stand in the module."""
        return [name for name in self.known if name in self.actions]


def left_out(design: Design, zone: Zone, properties: Sequence[Property]) -> list[str]:
    """The operators and sections of a design's own text that the module does not have."""
    known = definitions(render(design, zone, properties).tla)
    patch, whole = design.patch, own_patch(design, zone, properties)
    out = [n for n in (*whole.sections, *whole.operators) if n not in known]
    for name in patch.overlay.files:
        less = replace(patch, overlay=patch.overlay.without(name))
        if own_patch(replace(design, patch=less), zone, properties) == whole:
            out.append(name)
    return out


def acting_on(design: Design, base: Design, zone: Zone, properties: Sequence[Property]) -> Property:
    """What is asked of a change, with all in the state that the search for it has there."""
    asked = _keeping_alike(design, base, zone, properties)
    keeps = dict.fromkeys(name for p in asked for name in p.keeps)
    more = dict.fromkeys(name for p in asked for name in p.features)
    return replace(acting(), keeps=tuple(keeps), features=tuple(more))


def _keeping_alike(
    design: Design, base: Design, zone: Zone, properties: Sequence[Property]
) -> list[Property]:
    """The properties, so that both designs keep what one of them has in its state."""
    states = [{v.name for v in _state(d, zone, properties)} for d in (design, base)]
    first, *others = properties
    more = sorted(states[0] ^ states[1])
    return [replace(first, keeps=(*first.keeps, *more)), *others]


def _state(design: Design, zone: Zone, properties: Sequence[Property]) -> list[Variable]:
    return Module(MODULE, design, zone, properties, "").state


def _to_be_copied(old: _Side, new: _Side) -> set[str]:
    """What is needed of the base: its actions that are other ones, and what they are made of."""
    other = affected(old.known, new.known)
    return used(other & old.actions, old.known) & other


def _call(one: Definition, rest: str) -> str:
    """An action of the base with what it speaks of: a caller, i, is one of all."""
    name = one.name + _IN_BASE
    if not one.params:
        return name + rest
    (param,) = one.params
    return f"\\E {param} \\in {'Isolators' if param == 'i' else 'CPUs'} : {name}({param}){rest}"


def _action(one: Definition, is_other: bool, added: bool, rest: str) -> _Action:
    in_base = f"({one.called(_IN_BASE)}{rest})" if is_other else ""
    return _Action(one.called(), one.called(_HERE), in_base, added)
