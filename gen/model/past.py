"""Past a violation that is known: what else violates the property.

A step that violates it is not taken if it is one of an action in which the base violates it too;
and where the action is another one there, only if the base's would do so in the same state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gen.model.caller import caller_fields
from gen.model.definitions import Definition, affected, copied, definitions, used, wrapped
from gen.model.design import Design
from gen.model.property import Kind, Property
from gen.model.render import MODULE, Module, render, template
from gen.model.zone import Zone
from gen.tlc.spec import Spec

#: What an action is called with all its steps, and what the base's definitions end in.
_ALL, _IN_BASE = "_all", "_in_base"


@dataclass(frozen=True)
class Known:
    """The actions, by name, in which a design violates a property; at least one.

    ``base``: the design, if it is another one than that of the module.
    """

    actions: tuple[str, ...]
    base: Design | None = None


def render_past(
    spec: Spec, design: Design, zone: Zone, properties: Sequence[Property], known: Known
) -> Spec:
    """The module without the steps that violate the first of its properties as it is known.

    What it still violates it violates otherwise.  An action that it has not is passed over.
    ``properties``: those that it was rendered with; the first is one of a state or of a step.
    """
    here, prop = definitions(spec.tla), properties[0]
    actions = [here[name] for name in known.actions if name in here]
    if not actions:
        return spec
    there: Mapping[str, Definition] = {}
    if known.base is not None and is_comparable(design, known.base, zone, properties):
        there = definitions(render(known.base, zone, properties).tla)
    other = affected(there, here)
    needed = used({one.name for one in actions} & other, there) & other
    text = template("questions/past.tla.j2").render(
        name=prop.name,
        kept=_kept(prop),
        base=known.base,
        copies=copied(needed, there, _IN_BASE),
        actions=[_action(one, one.name in other) for one in actions],
    )
    return replace(spec, tla=wrapped(spec.tla, [one.name for one in actions], _ALL, text))


def is_comparable(design: Design, base: Design, zone: Zone, properties: Sequence[Property]) -> bool:
    """Whether a state of one design is one of the other, and the first property says the same."""
    modules = [Module(MODULE, one, zone, properties, "") for one in (design, base)]
    states = [(one.state, caller_fields(one.design, one.features, one.kept)) for one in modules]
    here, there = (definitions(one.tla) for one in modules)
    return states[0] == states[1] and properties[0].name not in affected(there, here)


@dataclass(frozen=True)
class _Action:
    """An action with its parameters: how it is written, with all its steps, and in the base.

    ``in_base``: "" if it is the same there.  ``called``: its name and its arguments, as values.
    """

    head: str
    all_steps: str
    in_base: str
    called: str


def _action(one: Definition, is_other: bool) -> _Action:
    in_base = one.called(_IN_BASE) if is_other else ""
    called = f'"{one.name}", <<{", ".join(one.params)}>>'
    return _Action(one.called(), one.called(_ALL), in_base, called)


def _kept(prop: Property) -> str:
    """That a step does not violate it."""
    return f"{prop.name}_action" if prop.kind is Kind.ACTION else f"{prop.name}'"
