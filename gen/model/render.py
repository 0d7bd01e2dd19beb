"""Templates, a design and a zone to a TLA+ module and its TLC configuration."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from gen.model.design import Design
from gen.model.feature import find_features
from gen.model.property import COST, COVERAGE, LIVENESS, REACHABLE, Property
from gen.model.section import sections
from gen.model.specs import SPECS
from gen.model.variable import variables
from gen.model.zone import Zone
from gen.run_dir import cache_home
from gen.tlc.spec import Spec

#: The name of the module that is searched, and of the one that is replayed.
MODULE = "pageblock"

REPLAY_MODULE = "replay"

LOCALITY_MODULE = "locality"

WINDOW_MODULE = "window"
#: What its fairness rests on; an invariant of every search for a loop.
FAIRNESS = "CallersGoOn"

SHORTEST_MODULE = "shortest"


@dataclass(frozen=True)
class Replay:
    """A behaviour to be replayed: TLA+ values by variable, state by state."""

    states: Sequence[Mapping[str, str]]
    prop: Property
    #: How many steps the open calls may run on after the violation.
    go_on: int
    #: For liveness: the state, counted from 1, that the last one goes on to.
    loop: int | None = None

    @property
    def kind(self) -> str:
        """The kind of the property that the last state, or step, violates."""
        return "action" if self.prop.kind == COST else self.prop.kind


class _Compiled(jinja2.FileSystemBytecodeCache):
    """The templates as Python, kept: to compile them takes as long as a JVM to start.

    What is there is used if its template is the same; a directory that cannot be read or
    written costs time alone.
    """

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except Exception:  # bytes that are no pickle raise nearly anything
            bucket.reset()

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


@functools.cache
def _environment() -> jinja2.Environment:
    home = cache_home(os.environ)
    # Delimiters that TLA+ does not use; a line statement is a TLA+ comment, so that
    # an editor still reads a template as TLA+.
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(SPECS),
        bytecode_cache=_Compiled(str(home / "templates")) if home else None,
        undefined=jinja2.StrictUndefined,
        variable_start_string="$[",
        variable_end_string="]$",
        block_start_string="$%",
        block_end_string="%$",
        comment_start_string="$#",
        comment_end_string="#$",
        line_statement_prefix="\\*%",
        line_comment_prefix="\\*#",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _tidy(text: str) -> str:
    """What loops and line statements leave behind: no trailing blanks, one empty line
    between a definition of several lines and what follows it."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    lines = re.sub(r"(?<=\n)( .*\n)(?=[\\\w])", r"\1\n", lines)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _render(
    name: str,
    design: Design,
    zone: Zone,
    properties: Sequence[Property],
    made_by: str,
    replay: Replay | None,
    shortest: int | None = None,
    covers: bool = False,
    window: str | None = None,
    without: Collection[str] = (),
) -> str:
    zone = zone_for(zone, properties)
    kept = {variable for p in properties for variable in p.keeps}
    known = variables(design, zone.features, kept, zone.grain)
    state = [v for v in known if v.name not in without]
    step = zone.grain == "step"
    protected = ", ".join(v.name for v in state if v.protected)

    def filled(text: str) -> str:
        given = {"choice": design.choices, "step": step, "protected": protected}
        return _environment().from_string(text).render(given)

    properties = [dataclasses.replace(p, formula=filled(p.formula)) for p in properties]
    state = [dataclasses.replace(v, at_unlock=filled(v.at_unlock)) for v in state]
    template = _environment().get_template("pageblock.tla.j2")

    return _tidy(
        template.render(
            module=name,
            design=design,
            choice=design.choices,
            named=design.named,
            sections=sections(design.choices),
            zone=zone,
            properties=properties,
            kept=kept,
            variables=state,
            made_by=made_by,
            step=step,
            explained=replay is not None,
            replay=replay,
            shortest=shortest,
            window=window,
            has=frozenset((*zone.features, *(v.name for v in state))),
            covers=covers or any(p.kind == COVERAGE for p in properties),
            live=any(p.kind == LIVENESS for p in properties),
            bound=max((p.bound for p in properties), default=0),
            start=_behaviours(properties)[0],
            steps=_behaviours(properties)[1],
        )
    )


def zone_for(zone: Zone, properties: Sequence[Property]) -> Zone:
    """The zone with the features that these properties speak of."""
    wanted = {*zone.features, *(feature for p in properties for feature in p.features)}
    return dataclasses.replace(zone, features=find_features(wanted))


def _behaviours(properties: Sequence[Property]) -> tuple[str, str]:
    """Where the behaviours begin that these properties are about, and the steps in them."""
    return next(((p.start, p.steps) for p in properties), ("Boot", "Step"))


#: What a module says of its actions that happen; and how it names those that may.
_HAPPENS = re.compile(r'"happens: (\w+)"')

_MAY_HAPPEN = re.compile(r'Happens\("(\w+)"\)')


def actions(spec: Spec) -> set[str]:
    """The actions that a module which asks whether they happen has."""
    return {*_MAY_HAPPEN.findall(spec.tla)}


def happening(printed: Sequence[str]) -> set[str]:
    """The actions of which TLC has printed that they happen."""
    return {*_HAPPENS.findall("\n".join(printed))}


def render(
    design: Design,
    zone: Zone,
    properties: Sequence[Property],
    made_by: str = "gen render",
    *,
    covers: bool = False,
) -> Spec:
    """The module that TLC searches for a violation of any of these properties.

    ``covers``: it says which of its actions happen.
    """
    live = any(p.kind == LIVENESS for p in properties)
    start, steps = _behaviours(properties)
    lines = ["SPECIFICATION Live"] if live else [f"INIT {start}", f"NEXT {steps}"]
    invariants = [p.name for p in properties if p.kind in ("state", REACHABLE)]
    if live:
        invariants.append(FAIRNESS)
    if invariants:
        lines.append("INVARIANTS " + " ".join(invariants))
    if actions := [p.name for p in properties if p.kind in ("action", COST, LIVENESS)]:
        lines.append("PROPERTIES " + " ".join(actions))
    tla = _render(MODULE, design, zone, properties, made_by, None, covers=covers)
    return Spec(MODULE, tla, "\n".join(lines) + "\n")


def render_locality(design: Design, zone: Zone, made_by: str = "gen prove") -> Spec:
    """The module in which every chunk of the whole zone has to behave like the window.

    Whether a pageblock elsewhere is isolated (``has_isolate_pageblock()``) is left open in
    the window, so that it needs no count of the isolated pageblocks.
    """
    count = ["nr_isolate_pageblock"]
    inner = dataclasses.replace(zone, whole=False)
    window = _render(WINDOW_MODULE, design, inner, [], made_by, None, without=count)
    whole = dataclasses.replace(zone, whole=True)
    tla = _render(LOCALITY_MODULE, design, whole, [], made_by, None, window=window)
    chunks = " ".join(f"Chunk{c}" for c in range(zone.pageblocks // zone.chunk_pageblocks))
    return Spec(LOCALITY_MODULE, tla, f"INIT Boot\nNEXT Step\nPROPERTIES {chunks}\n")


def replay_state(design: Design, zone: Zone, prop: Property) -> list[str]:
    """The variables of a replay's states: those of a module that is asked this property alone."""
    state = variables(design, zone_for(zone, [prop]).features, prop.keeps, zone.grain)
    hold = ["hold"] if zone.grain == "step" else []
    return [*(v.name for v in state), "isolator", *hold]


def render_replay(design: Design, zone: Zone, replay: Replay, made_by: str = "gen check") -> Spec:
    """The module that follows one behaviour again, with every call logged."""
    # Other properties' variables may have been in the state that was searched.
    state = replay_state(design, zone, replay.prop)
    found = [{name: values[name] for name in state} for values in replay.states]
    replay = dataclasses.replace(replay, states=found)
    tla = _render(REPLAY_MODULE, design, zone, [replay.prop], made_by, replay)
    cfg = "INIT ReplayInit\nNEXT ReplayNext\nINVARIANTS NotReplayed\n"
    if replay.kind == LIVENESS:
        cfg = f"SPECIFICATION ReplayLive\nPROPERTIES {replay.prop.name}\n"
    return Spec(REPLAY_MODULE, tla, cfg)


def render_shortest(
    design: Design, zone: Zone, prop: Property, length: int, made_by: str = "gen check"
) -> Spec:
    """The module whose state graph has every counterexample of so many states."""
    tla = _render(SHORTEST_MODULE, design, zone, [prop], made_by, None, length)
    return Spec(SHORTEST_MODULE, tla, "INIT ShortestInit\nNEXT ShortestNext\n")
