"""The golden files of tests/data/golden: what is rendered and drawn today, kept to the byte.

    python -m tools.golden             renews them and specs/rendered, and prints what changed
    python -m tools.golden --record    records tests/data/traces with the real TLC before that

A change of a template or of the drawing shows up as a diff of these files, to be read
before it is committed.  The traces are fixtures: record them again only when the log that
the replay writes has changed.  Those of the counterexamples/ are drawn as well.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from gen.cli.main import main as gen
from gen.draw.lkml import draw
from gen.draw.options import DrawOptions
from gen.model.design import Design, find_design
from gen.model.property import Property, find_properties
from gen.model.render import Replay, render, render_replay
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.tlc.spec import Spec
from gen.tlc.value import format_value
from gen.trace.trace import Trace, trace_from_json

TESTS = Path(__file__).parent.parent / "tests"
DATA = TESTS / "data"
GOLDEN = DATA / "golden"
TRACES = DATA / "traces"
GALLERY = TESTS.parent / "counterexamples"

DESIGNS = ("v6.5", "hygiene-v2", "v6.10", "v6.12")
#: The modules that are committed to be read, as TLC gets them in the default zone.
RENDERED = SPECS / "rendered"
READ = ("v6.5", "v6.12", "v7.2")

#: The options of ``gen check`` that find each trace of tests/data/traces.
RECORDED = {
    # A pageblock is isolated under an allocated order-10 page, which is freed whole.
    "v6.10-freed-whole": "--design v6.10 --property FreelistHygiene",
    # The type is read without the lock; the page on its way keeps its caller's lane.
    "v6.5-lockless-free": "--design v6.5 --pageblock-order 10 --property FreelistHygiene",
    # Long: mark, mark, undo; four pageblocks in a buddy, so they go by number.
    "v6.12-undo": "--design v6.12 --pageblock-order 8 --property NoFreelistWarning",
    "two-isolators": "--isolators 2 --property IsolatedNotAllocated",
    # Two units per pageblock: some pages have a pfn that is no pageblock's.
    "half-pageblocks": "--min-order 8 --property NoFreelistWarning",
}


def applicable(design: Design) -> list[Property]:
    """The properties that say something about a design."""
    return [p for p in find_properties([]) if design.has(p.needs)]


def rendered(name: str, zone: Zone) -> Spec:
    """The module of a design that comes with the tool."""
    design = find_design(name)
    made_by = " ".join(["gen render", *zone.flags, "--design", name])
    return render(design, zone, applicable(design), made_by)


@cache
def trace(name: str) -> Trace:
    """A trace of tests/data/traces, or of the gallery."""
    recorded = TRACES / f"{name}.json"
    path = recorded if name in RECORDED else GALLERY / name / "trace.json"
    return trace_from_json(json.loads(path.read_text(encoding="utf-8")))


def trace_names() -> list[str]:
    """All traces there are."""
    return [*RECORDED, *sorted(path.parent.name for path in GALLERY.glob("*/trace.json"))]


def replayed(name: str) -> Spec:
    """The module that follows a trace once more."""
    found = trace(name)
    states = [{k: format_value(v) for k, v in s.items()} for s in found.states[: found.length]]
    return render_replay(
        find_design(found.design), found.zone, Replay(states, found.prop, 12, found.loop)
    )


def drawn(name: str, *, depth: str = "", continuation: bool = True) -> str:
    """The drawing of a trace, as the tool prints it."""
    shown = DrawOptions(continuation=continuation).interleave(trace(name))
    return draw(shown, depth=depth)


def _goldens() -> dict[str, Callable[[], str]]:
    made: dict[str, Callable[[], str]] = {}

    def add(name: str, make: Callable[[], Spec]) -> None:
        made[f"{name}.tla"] = lambda: make().tla
        made[f"{name}.cfg"] = lambda: make().cfg

    for design in dict.fromkeys((*DESIGNS, *READ)):
        folder = "rendered" if design in READ else "render"
        add(f"{folder}/{design}", partial(rendered, design, Zone()))
    add("render/v6.12-whole-zone", partial(rendered, "v6.12", Zone(whole=True)))
    add("render/replay", partial(replayed, "hygiene-v2-isolation-race"))
    for name in trace_names():
        made[f"draw/{name}.txt"] = partial(drawn, name)
        made[f"draw/{name}.all.txt"] = partial(drawn, name, depth="all")
        if trace(name).prop.warning:
            made[f"draw/{name}.short.txt"] = partial(drawn, name, continuation=False)
    return made


#: What each golden file holds, by its path below tests/data/golden; rendered/ is in specs/.
GOLDENS = _goldens()


def path_of(name: str) -> Path:
    """Where a golden file is."""
    return (SPECS if name.startswith("rendered/") else GOLDEN) / name


def committed() -> dict[str, Path]:
    """The golden files that there are, by name."""
    return {
        str(path.relative_to(folder.parent if folder is RENDERED else folder)): path
        for folder in (GOLDEN, RENDERED)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _record() -> None:
    for name, options in RECORDED.items():
        with tempfile.TemporaryDirectory() as run_dir:
            argv = ["check", *options.split(), "--run-dir", f"{run_dir}/run"]
            with contextlib.redirect_stdout(io.StringIO()):
                gen(argv)
            (found,) = Path(run_dir, "run").glob("*.trace.json")
            TRACES.mkdir(parents=True, exist_ok=True)
            (TRACES / f"{name}.json").write_bytes(found.read_bytes())
        print(f"recorded {name}: gen {' '.join(argv[:-2])}")


def _renew() -> None:
    for name, stale in committed().items():
        if name not in GOLDENS:
            stale.unlink()
            print(f"removed {stale}")
    for name, make in GOLDENS.items():
        path = path_of(name)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = make()
        if before != after:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(after, encoding="utf-8")
            diff = difflib.unified_diff(
                before.splitlines(), after.splitlines(), f"{name} before", name, lineterm=""
            )
            print("\n".join(diff) if before else f"new: {name}")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--record"]):
        sys.exit(__doc__)
    if sys.argv[1:]:
        _record()
        trace.cache_clear()
    _renew()
