"""Templates, a design and a zone to a TLA+ module and its TLC configuration."""

from __future__ import annotations

import contextlib
import functools
import marshal
import os
import re
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jinja2
import jinja2.compiler
import jinja2.lexer
import jinja2.parser

from gen import kept, printable
from gen.errors import ExitCode, GenError, near_miss
from gen.files import file_sha256, sha256
from gen.model.actor import actors
from gen.model.caller import caller_fields
from gen.model.choice import capabilities
from gen.model.design import Design
from gen.model.feature import find_features
from gen.model.overlay import Overlay
from gen.model.patch import Patch, placed, protected
from gen.model.property import BOOT, STEP, Kind, Property
from gen.model.section import kernel_functions, sections
from gen.model.specs import SPECS
from gen.model.variable import Variable, variables
from gen.model.zone import Zone
from gen.run_dir import cache_home
from gen.tlc import value
from gen.tlc.cache import without_header
from gen.tlc.spec import Spec
from gen.tlc.value import format_value

#: The name of the module that is searched, and of the one that is replayed.
MODULE = "pageblock"

REPLAY_MODULE = "replay"

LOCALITY_MODULE = "locality"

WINDOW_MODULE = "window"

SHORTEST_MODULE = "shortest"


#: How often a loop over a range goes round in a template of a user's.
_MOST_ROUNDS = 1000


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
    def kind(self) -> Kind:
        """The kind of the property that the last state, or step, violates."""
        return Kind.ACTION if self.prop.kind is Kind.COST else self.prop.kind


class _Compiled(jinja2.BytecodeCache):
    """The templates as Python, kept: to compile them takes as long as a JVM to start.

    What is there is run, so it has to be what we have made, of that very template, with this
    Jinja, this Python and these filters; else it is made again.  A directory that cannot be read
    or written, or not by us alone, costs time only.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # A filter of something constant is computed as a template is compiled.
        made_with = (jinja2.lexer, jinja2.parser, jinja2.compiler, value, sys.modules[__name__])
        digests = [file_sha256(Path(str(module.__file__))) for module in made_with]
        self._made_with = "\n".join([sys.version, *digests])

    def get_source_checksum(self, source: str) -> str:
        return sha256(f"{self._made_with}\n{source}")

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        code = kept.read(*self._place(bucket))
        if code is not None:
            with contextlib.suppress(EOFError, TypeError, ValueError):
                bucket.code = marshal.loads(code)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        kept.write(*self._place(bucket), marshal.dumps(bucket.code))

    def _place(self, bucket: jinja2.bccache.Bucket) -> tuple[Path, str]:
        """Where it is kept, and what it is made of."""
        about = f"a template, compiled: {bucket.key} {bucket.checksum}"
        return self._directory / f"{bucket.key}.template", about


@functools.cache
def _environment() -> jinja2.Environment:
    home = cache_home(os.environ)
    compiled = _Compiled(home / "templates") if home else None
    return _made(jinja2.Environment, jinja2.FileSystemLoader(SPECS), compiled)


@functools.cache
def _overlaid(files: tuple[tuple[str, str, str], ...]) -> jinja2.Environment:
    """Templates of a user's go before ours, and can do nothing but write text.

    ``files``: of each its path in ``specs/``, its text, and where it lies.
    """
    from jinja2.sandbox import SandboxedEnvironment

    known = {name: (text, path, None) for name, text, path in files}

    def find(name: str) -> tuple[str, str, None] | None:
        return known.get(name)

    loader = jinja2.ChoiceLoader([jinja2.FunctionLoader(find), jinja2.FileSystemLoader(SPECS)])
    made = _made(SandboxedEnvironment, loader)
    made.globals["range"] = _short_range
    return made


def _short_range(*args: int) -> range:
    """A loop of a user's template that ends soon."""
    made = range(*args)
    if len(made) > _MOST_ROUNDS:
        raise OverflowError(f"a range of {len(made):,}; up to {_MOST_ROUNDS:,} fit")
    return made


def _made(
    kind: type[jinja2.Environment],
    loader: jinja2.BaseLoader,
    compiled: jinja2.BytecodeCache | None = None,
) -> jinja2.Environment:
    # Delimiters that TLA+ does not use; a line statement is a TLA+ comment, so that
    # an editor still reads a template as TLA+.
    made = kind(
        loader=loader,
        bytecode_cache=compiled,
        undefined=jinja2.StrictUndefined,
        variable_start_string="$[",
        variable_end_string="]$",
        block_start_string="$%",
        block_end_string="%$",
        comment_start_string="$#",
        comment_end_string="#$",
        line_statement_prefix="\\*%",
        line_comment_prefix="\\*#",
        auto_reload=False,  # they do not change under a command
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["tla"] = format_value
    made.filters["each"] = _each
    made.filters["on"] = _on
    made.filters["line"] = printable.line
    return made


def _each(things: Sequence[str], text: str) -> list[str]:
    """A text for each of some things, which stand where it has %s."""
    return [text.replace("%s", thing) for thing in things]


def _on(text: str, zone: str) -> str:
    """An expression on z, of the zone with another name; strings, and fields called z, stay."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    parts[::2] = [re.sub(r"(?<![\w.!])z(?!\w)", zone, part) for part in parts[::2]]
    return "".join(parts)


def template(name: str) -> jinja2.Template:
    """A template of ``specs/``."""
    return _environment().get_template(name)


def filled(text: str, **given: Any) -> str:
    """A text of the TOML files that is a template, as the templates are."""
    return _environment().from_string(text).render(given)


def _tidy(text: str) -> str:
    """What loops and line statements leave behind: no trailing blanks, one empty line
    between a definition of several lines and what follows it."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    lines = re.sub(r"(?<=\n)( .*\n)(?=[\\\w])", r"\1\n", lines)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


@dataclass(frozen=True)
class Module:
    """What a module is rendered of, and what TLC is asked of it.

    The last five fields are for a question other than whether the properties hold.
    """

    name: str
    design: Design
    zone: Zone
    properties: Sequence[Property]
    #: The command that makes it again; for its header.
    made_by: str
    #: This behaviour is followed, and every call logged.
    replay: Replay | None = None
    #: Every counterexample of so many states is in the state graph.
    shortest: int | None = None
    #: Which of the actions happen is printed.
    covers: bool = False
    #: The text of the module that every chunk has to behave like.
    window: str | None = None
    #: Variables that it does without.
    without: Collection[str] = ()

    @property
    def kept(self) -> set[str]:
        """The variables that are in the state for the properties' sake."""
        return {variable for p in self.properties for variable in p.keeps}

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the zone, and those that the properties speak of."""
        return zone_for(self.zone, self.properties).features

    @property
    def state(self) -> list[Variable]:
        """The variables, but for those of the templates themselves."""
        known = variables(self.design, self.features, self.kept, self.zone.grain)
        return [v for v in known if v.name not in self.without]

    @property
    def step(self) -> bool:
        """Whether each call is a step of its own."""
        return self.zone.grain == "step"

    @property
    def live(self) -> bool:
        """Whether TLC looks at behaviours, for which there must be fairness."""
        return any(p.kind is Kind.LIVENESS for p in self.properties)

    @property
    def start(self) -> str:
        """Where the behaviours begin."""
        return next((p.start for p in self.properties), BOOT)

    @property
    def steps(self) -> str:
        """What happens in them."""
        return next((p.steps for p in self.properties), STEP)

    @property
    def tla(self) -> str:
        """The text of the module."""
        patch, plain = self._patch if self.design.patch else (self.design.patch, "")
        own = [*patch.operators.values()]
        text = replace(self, design=replace(self.design, patch=patch))._text()
        if own:
            kernel = {*kernel_functions(), *sections(self.design.choices)}
            calls = [c.call for some in patch.sections.values() for c in some]
            protected(text, own, [p.name for p in self.properties], kernel, calls)
            text = placed(text, own, kernel_functions(), plain)
        _check_header(text)
        return text

    @cached_property
    def _patch(self) -> tuple[Patch, str]:
        """The design's own text as it is in this module, and the module without it."""
        patch = self.design.patch
        plain = replace(self, design=replace(self.design, patch=Patch()), replay=None)
        if patch.overlay:
            # Whatever is asked, and whoever asks: a template cannot tell a search from a replay.
            bare = replace(plain, made_by="", covers=False, shortest=None, window=None)
            patch = patch.rendered(bare._text(), _render_overlaid(patch.overlay, bare))
        return patch, plain._text() if patch.operators else ""

    def _text(self) -> str:
        return _tidy(template("pageblock.tla.j2").render(_context(self)))

    def spec(self, cfg: Sequence[str]) -> Spec:
        """The module, with a configuration of these lines."""
        return Spec(self.name, self.tla, "\n".join(cfg) + "\n")


def _render_overlaid(overlay: Overlay, module: Module) -> str:
    """The module with templates of a user's; GenError with the file and the line if one fails."""
    files = tuple((name, text, str(overlay.paths[name])) for name, text in overlay.files.items())
    try:
        found = _overlaid(files).get_template("pageblock.tla.j2")
        return _tidy(found.render(_context(module)))
    except jinja2.TemplateSyntaxError as error:
        place, why = f"{error.filename or error.name}:{error.lineno}", error.message
    except Exception as error:  # a template may do anything that Python can refuse
        paths = {str(path) for path in overlay.paths.values()}
        frames = traceback.extract_tb(error.__traceback__)
        at = next((f"{f.filename}:{f.lineno}" for f in frames[::-1] if f.filename in paths), "")
        place, why = at or ", ".join(sorted(paths)), str(error)
    raise GenError(f"{place}: {' '.join((why or 'it cannot be rendered').split())}")


def own_patch(design: Design, zone: Zone, properties: Sequence[Property]) -> Patch:
    """What a design says by text of its own, as it is in a module that is asked these."""
    if not design.patch.overlay:
        return design.patch
    return Module(MODULE, design, zone, properties, "")._patch[0]


def _check_header(tla: str) -> None:
    """GenError unless what users write stands in comments alone: the header of a module is them,
    and behind it comes what is ours."""
    below = without_header(tla).partition("\n")[2]
    header = tla.removesuffix(below)
    if not below.startswith("EXTENDS ") or not all(map(printable.is_line, header.split("\n"))):
        raise GenError(
            "no verdict: the header of the module has an end before its end", ExitCode.PARSE
        )


def _can(provided: Collection[str], name: str) -> bool:
    """Whether a capability is among those provided; GenError if none is called so."""
    if name not in capabilities():
        raise GenError(f"can({name!r}): {near_miss(name, sorted(capabilities()))}")
    return name in provided


def _blocks(state: Sequence[Variable]) -> list[str]:
    """The variables that are sets of blocks: what is free or in use, then what is on its way."""
    found = [v.name for v in state if v.blocks]
    first = [name for name in ("free", "inuse", "freeing") if name in found]
    return [*first, *(name for name in found if name not in first)]


def _context(module: Module) -> dict[str, Any]:
    """What the templates speak of."""
    design, state = module.design, module.state
    given = {
        "choice": design.choices,
        "step": module.step,
        "protected": ", ".join(v.name for v in state if v.protected),
    }
    return {
        "module": module.name,
        "design": design,
        "choice": design.choices,
        "can": partial(_can, design.capabilities),
        "named": design.named,
        "sections": sections(design.choices, design.patch.sections),
        "operators": {n: one.body for n, one in design.patch.operators.items() if one.body},
        "zone": zone_for(module.zone, module.properties),
        "properties": [replace(p, formula=filled(p.formula, **given)) for p in module.properties],
        "kept": module.kept,
        "variables": [replace(v, at_unlock=filled(v.at_unlock, **given)) for v in state],
        "has": frozenset((*module.features, *(v.name for v in state))),
        "actors": actors(module.features),
        "blocks": _blocks(state),
        "callers": caller_fields(design, module.features, module.kept),
        "made_by": module.made_by,
        "step": module.step,
        "explained": module.replay is not None,
        "replay": module.replay,
        "shortest": module.shortest,
        "window": module.window,
        "covers": module.covers or any(p.kind is Kind.COVERAGE for p in module.properties),
        "live": module.live,
        "bound": max((p.bound for p in module.properties), default=0),
        "start": module.start,
        "steps": module.steps,
    }


def zone_for(zone: Zone, properties: Sequence[Property]) -> Zone:
    """The zone with the features that these properties speak of."""
    wanted = {*zone.features, *(feature for p in properties for feature in p.features)}
    return replace(zone, features=find_features(wanted))


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
    module = Module(MODULE, design, zone, properties, made_by, covers=covers)
    invariants = [p.name for p in properties if p.kind in (Kind.STATE, Kind.REACHABLE)]
    actions = [p.name for p in properties if p.kind in (Kind.ACTION, Kind.COST, Kind.LIVENESS)]
    if module.live:
        cfg = ["SPECIFICATION Live"]
    else:
        cfg = [f"INIT {module.start}", f"NEXT {module.steps}"]
    invariants += dict.fromkeys(p.rests_on for p in properties if p.rests_on)
    if invariants:
        cfg.append("INVARIANTS " + " ".join(invariants))
    if actions:
        cfg.append("PROPERTIES " + " ".join(actions))
    return module.spec(cfg)


def render_boot(
    design: Design, zone: Zone, properties: Sequence[Property], made_by: str = "gen prove"
) -> Spec:
    """The module in which TLC finds the state after boot among those of an induction."""
    module = Module(MODULE, design, zone, properties, made_by)
    return module.spec(["INIT BootIsAny", "NEXT Nothing"])


def render_locality(design: Design, zone: Zone, made_by: str = "gen prove") -> Spec:
    """The module in which every chunk of the whole zone has to behave like the window.

    Whether a pageblock elsewhere is isolated (``has_isolate_pageblock()``) is left open in
    the window, so that it needs no count of the isolated pageblocks.
    """
    count = ["nr_isolate_pageblock"]
    window = Module(WINDOW_MODULE, design, replace(zone, whole=False), [], made_by, without=count)
    whole = Module(
        *(LOCALITY_MODULE, design, replace(zone, whole=True), [], made_by),
        window=without_header(window.tla),
    )
    chunks = " ".join(f"Chunk{c}" for c in range(zone.pageblocks // zone.chunk_pageblocks))
    return whole.spec([f"INIT {BOOT}", f"NEXT {STEP}", f"PROPERTIES {chunks}"])


def replay_state(design: Design, zone: Zone, prop: Property) -> list[str]:
    """The variables of a replay's states: those of a module that is asked this property alone."""
    module = Module(REPLAY_MODULE, design, zone, [prop], "")
    hold = ["hold"] if module.step else []
    return [*(v.name for v in module.state), "isolator", *hold]


def render_replay(design: Design, zone: Zone, replay: Replay, made_by: str = "gen check") -> Spec:
    """The module that follows one behaviour again, with every call logged."""
    # Other properties' variables may have been in the state that was searched.
    state = replay_state(design, zone, replay.prop)
    found = [{name: values[name] for name in state} for values in replay.states]
    module = Module(
        *(REPLAY_MODULE, design, zone, [replay.prop], made_by),
        replay=replace(replay, states=found),
    )
    if replay.kind is Kind.LIVENESS:
        return module.spec(["SPECIFICATION ReplayLive", f"PROPERTIES {replay.prop.name}"])
    return module.spec(["INIT ReplayInit", "NEXT ReplayNext", "INVARIANTS NotReplayed"])


def render_shortest(
    design: Design, zone: Zone, prop: Property, length: int, made_by: str = "gen check"
) -> Spec:
    """The module whose state graph has every counterexample of so many states."""
    module = Module(SHORTEST_MODULE, design, zone, [prop], made_by, shortest=length)
    return module.spec(["INIT ShortestInit", "NEXT ShortestNext"])
