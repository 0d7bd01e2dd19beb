"""specs/renderings.json: digests of what the templates give, of many designs, zones and questions.

    python -m tools.renderings    renews them, and prints which are new, gone, or other than before

A change of how the templates are cut, or of the data that they read, leaves all of them as they
are.  A change of the model does not: then the list that this prints is to be read, and nothing may
be in it that has nothing to do with the change.  What TLC has said of a module that is as it was
stands: specs/manifest.json, and specs/certificates/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gen.files import sha256, write_json
from gen.model.acts import render_acts
from gen.model.choice import choice_needs, choices
from gen.model.design import Design, design_names, find_design
from gen.model.feature import features, proved_features
from gen.model.past import Known, render_past
from gen.model.property import Property, find_properties, properties
from gen.model.render import (
    Replay,
    render,
    render_boot,
    render_locality,
    render_replay,
    render_shortest,
    replay_state,
)
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.prove.obligations import locality_zones
from gen.tlc.spec import Spec

RENDERINGS = SPECS / "renderings.json"
FORMAT = "pageblock-gen renderings 1"

#: Renderings by name, each made when it is wanted.
Made = dict[str, Callable[[], Spec]]

#: One design for each way in which the functions differ at large.
FAMILIES = ("v6.5", "hygiene-v2", "v6.10", "v6.12", "v7.2", "isolate-flag", "isolate-larger-chunks")
#: What a new value of a choice is tried on: with and without a scan, and types read early.
BASES = ("v6.12", "hygiene-v2", "v6.5")

_FUSED = [name for name in features() if name != "reporting"]
_EDGES: dict[str, Any] = {"pageblocks": 2, "min_order": 8, "start": 256}

ZONES: dict[str, Zone] = {
    "four pageblocks per largest buddy": Zone(pageblock_order=8, min_order=8),
    "pageblocks of the largest order": Zone(pageblock_order=10, min_order=10),
    "two units": Zone(min_order=8),
    "no isolators": Zone(isolators=0),
    "two isolators": Zone(isolators=2),
    "whole zone": Zone(whole=True),
    "zone edge": Zone(**_EDGES),
    "zone edge, highatomic, two units": Zone(**_EDGES, isolators=0, features=("highatomic",)),
    "allocations up to order 9": Zone(alloc_order=9),
    **{f"with {name}": Zone(features=(name,)) for name in features()},
    "with pcp, cma": Zone(pageblock_order=10, min_order=10, isolators=0, features=("pcp", "cma")),
    "with pcp, offline": Zone(features=("pcp", "offline")),
    "with contig, cma": Zone(features=("cma", "contig")),
    "huge pages": Zone(features=("pcp", "compound"), huge_order=10),
    "everything": Zone(min_order=8, start=256, end=1792, features=tuple(features()), huge_order=10),
    "everything, in a window": Zone(features=tuple(features()), huge_order=10, isolators=2),
    "call by call": Zone(grain="step"),
    "call by call, zone edge": Zone(**_EDGES, grain="step"),
    "call by call, everything": Zone(grain="step", features=tuple(_FUSED), huge_order=10),
}


def asked(design: Design, zone: Zone, *names: str) -> list[Property]:
    """The properties of these names, or those by default, that say something here."""
    found = find_properties(names, grain=zone.grain)
    return [p for p in found if design.has(p.needs) and p.grain in ("", zone.grain)]


def _searched() -> Iterator[tuple[str, Callable[[], Spec]]]:
    for name in design_names():
        design = find_design(name)
        yield name, partial(render, design, Zone(), asked(design, Zone()))
    for name in FAMILIES:
        design = find_design(name)
        for zone_name, zone in ZONES.items():
            yield f"{name}, {zone_name}", partial(render, design, zone, asked(design, zone))


def _questions() -> Iterator[tuple[str, Callable[[], Spec]]]:
    for name in BASES:
        design = find_design(name)
        for prop in properties().values():
            zone = Zone(grain=prop.grain or "fused")
            if design.has(prop.needs):
                yield f"{name}, {prop.name}", partial(render, design, zone, [prop])
        for grain in ("fused", "step"):
            zone = Zone(grain=grain)
            every = asked(design, zone, "all")
            yield f"{name}, every property, {grain}", partial(render, design, zone, every)
    step = Zone(grain="step", features=("pcp", "cma"))
    yield (
        "v6.12, CanContend, call by call, with pcp, cma",
        partial(render, find_design("v6.12"), step, find_properties(["CanContend"])),
    )


def _valued() -> Iterator[tuple[str, Callable[[], Spec]]]:
    """Every value of every choice, with what goes with it, with everything there is."""
    for choice, values in choices().items():
        for value in values:
            for base in BASES if choice != "set_migratetype_isolate" else BASES[:1]:
                design = _with(find_design(base), choice, value)
                zone = ZONES["everything"]
                yield (
                    f"{base}, {choice} = {value}",
                    partial(render, design, zone, asked(design, zone, "all")),
                )
            design = _with(find_design(BASES[0]), choice, value)
            zone = ZONES["call by call, everything"]
            yield (
                f"{BASES[0]}, {choice} = {value}, replayed call by call",
                partial(_replayed, design, zone, "LockDiscipline"),
            )


def _with(design: Design, choice: str, value: str) -> Design:
    """A design with another value, and the first of those that the value needs."""
    made = {**design.choices, choice: value}
    for other, wanted in choice_needs().get((choice, value), {}).items():
        fits = [wanted] if isinstance(wanted, str) else wanted
        if made[other] not in fits:
            made[other] = fits[0]
    return replace(design, choices=made)


def _replayed(design: Design, zone: Zone, name: str) -> Spec:
    """A module that follows a behaviour whose values are made up: they are text to it."""
    prop = properties()[name]
    state = {variable: f"{variable}0" for variable in replay_state(design, zone, prop)}
    loop = 1 if prop.kind == "liveness" else None
    return render_replay(design, zone, Replay([state, state], prop, 12, loop))


def _others() -> Iterator[tuple[str, Callable[[], Spec]]]:
    kinds = ("FreelistHygiene", "IsolatedNotAllocated", "HotPathCost", "IsolationTerminates")
    for name in FAMILIES:
        design = find_design(name)
        every = ZONES["everything, in a window"]
        for prop in (*kinds, "NoKernelAssertion", "StillSucceeds"):
            yield f"{name}, replay of {prop}", partial(_replayed, design, Zone(), prop)
        yield f"{name}, replay, everything", partial(_replayed, design, every, "Conservation")
        for zone_name in ("zone edge", "call by call", "call by call, everything"):
            yield (
                f"{name}, replay, {zone_name}",
                partial(_replayed, design, ZONES[zone_name], "FreelistHygiene"),
            )
        for prop in ("FreelistHygiene", "IsolatedNotAllocated"):
            shortest = partial(render_shortest, design, Zone(), properties()[prop], 4)
            yield f"{name}, shortest for {prop}", shortest
        for zone in locality_zones(Zone()):
            one = f"{name}, locality, {zone.pageblocks} pageblocks"
            yield one, partial(render_locality, design, zone)
        for proved in ((), tuple(proved_features())):
            zone = Zone(isolators=0, features=proved)
            inductive = [p.by_induction() for p in asked(design, zone, "all") if p.inductive]
            called = ", ".join([f"{name}, induction", *proved])
            yield called, partial(render, design, zone, inductive, covers=True)
            yield f"{called}, boot", partial(render_boot, design, zone, inductive)
        reporting = Zone(isolators=0, features=("reporting",))
        hygiene = [properties()["FreelistHygiene"].by_induction()]
        yield f"{name}, induction, reporting", partial(render, design, reporting, hygiene)


def _changes() -> Iterator[tuple[str, Callable[[], Spec]]]:
    """Where a design differs from another one."""
    zone = ZONES["everything, in a window"]
    for name, base in (("hygiene-v2", "v6.5"), ("v6.12", "v6.10"), ("v7.2", "v6.18")):
        yield f"{name} beside {base}", partial(_beside, name, base, Zone())
        yield f"{name} beside {base}, everything", partial(_beside, name, base, zone)
        for prop in ("FreelistHygiene", "IsolatedNotAllocated"):
            yield f"{name} past {base}, {prop}", partial(_past, name, base, prop)


def _beside(name: str, base: str, zone: Zone) -> Spec:
    design, other = find_design(name), find_design(base)
    both = [p for p in asked(design, zone) if other.has(p.needs)]
    made = render_acts(design, other, zone, both)
    assert made is not None
    return made


def _past(name: str, base: str, prop: str) -> Spec:
    """What a design violates otherwise than its base, of some of whose actions that is known."""
    design, zone, one = find_design(name), Zone(), [properties()[prop]]
    known = Known(("AllocPages", "FreePages", "UndoRange"), find_design(base))
    return render_past(render(design, zone, one), design, zone, one, known)


def renderings() -> Made:
    """All of them, by what they are of."""
    made: Made = {}
    for part in (_searched, _questions, _valued, _others, _changes):
        for name, make in part():
            assert name not in made, name
            made[name] = make
    return made


#: The lines of comment above a module's EXTENDS: what it is of, and who made it.
_HEADER = re.compile(r"^(-{4,} MODULE \w+ -{4,}\n)(?:\\\*.*\n)+(?=EXTENDS)", re.MULTILINE)


def digest(spec: Spec) -> str:
    """SHA-256 of a module without its header, and of its configuration."""
    return sha256(_HEADER.sub(r"\1", spec.tla) + spec.cfg)


def measured() -> dict[str, str]:
    """The digest of each rendering, as it is now."""
    return {name: digest(make()) for name, make in renderings().items()}


def committed() -> dict[str, str]:
    """The digests of specs/renderings.json."""
    data = json.loads(RENDERINGS.read_text(encoding="utf-8"))
    assert data["format"] == FORMAT, RENDERINGS
    return dict(data["renderings"])


def differences(before: dict[str, str], now: dict[str, str]) -> Sequence[str]:
    """A line for each rendering that is not as it was."""
    told = [f"gone: {name}" for name in before if name not in now]
    told += [f"new: {name}" for name in now if name not in before]
    return told + [f"other: {name}" for name in now if before.get(name, now[name]) != now[name]]


def main() -> None:
    before = committed() if RENDERINGS.exists() else {}
    now = measured()
    for line in differences(before, now):
        print(line)
    write_json(RENDERINGS, {"format": FORMAT, "renderings": now})


if __name__ == "__main__":
    main()
