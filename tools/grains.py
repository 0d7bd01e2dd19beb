"""Do both grains say the same?  A hold of zone->lock as one step, and each of its calls as one.

The zone is small, as every call makes for more states: one chunk of two pageblocks, one
isolator, movable pages only, and in the step grain two CPUs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from gen.errors import GenError
from gen.files import write_text
from gen.model.design import Design
from gen.model.property import Property, find_properties
from gen.model.render import render
from gen.model.section import Edited, Section, sections
from gen.model.zone import Zone
from gen.tlc import process
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions
from gen.tlc.spec import Spec
from gen.tlc.toolchain import find_toolchain
from tools.mutations import Search

FUSED = Zone(pageblocks=2, migratetypes=("MOVABLE",))
STEP = replace(FUSED, grain="step")
_COUNTERS = ("nr_free", "nr_isolate_pageblock")
#: What is violated is searched for until Conservation is: then no search has an end.
UNBOUNDED = "Conservation"


@dataclass(frozen=True)
class Said:
    """What TLC says of a design: by property, the states of its shortest counterexample.

    0: it holds; None: not known.  ``distinct``: the states of the last search.
    """

    lengths: dict[str, int | None]
    distinct: int

    @property
    def holding(self) -> dict[str, bool | None]:
        """Whether each property holds: what both grains have to agree on."""
        return {name: None if n is None else n == 0 for name, n in self.lengths.items()}


def asked(design: Design, zone: Zone) -> list[Property]:
    """The safety properties that every design is asked, and those of the grain.

    LockDiscipline without the counters that nothing reads: in a wrong design they drift, without
    end in split-in-move-v1.  ``gen check --grain step`` asks it whole.
    """
    return [
        replace(p, keeps=tuple(v for v in p.keeps if v not in _COUNTERS))
        for p in find_properties([], grain=zone.grain)
        if design.has(p.needs)
    ]


def say(search: Search, design: Design, zone: Zone) -> Said:
    """Search, set aside what is violated, and search again."""
    left = asked(design, zone)
    lengths: dict[str, int | None] = dict.fromkeys(p.name for p in left)
    while True:
        report = search.ask(render(design, zone, left))
        if report.ok:
            return Said({**lengths, **{p.name: 0 for p in left}}, report.distinct or 0)
        if report.violated not in [p.name for p in left]:
            raise GenError(f"{design.name}: {report.message or report.outcome.value}")
        lengths[report.violated] = len(report.trace)
        left = [p for p in left if p.name != report.violated]
        if report.violated == UNBOUNDED:
            return Said(lengths, report.distinct or 0)


def compared(fused: Said, step: Said) -> list[str]:
    """The properties that the grains do not agree on."""
    return [name for name, holds in fused.holding.items() if step.holding[name] != holds]


def without_lock(design: Design, zone: Zone, name: str, properties: Sequence[Property]) -> Spec:
    """The module of the design with the lock of one section taken away."""

    def changed(choices: Mapping[str, str], edited: Edited) -> dict[str, Section]:
        known = sections(choices, edited)
        calls = tuple(c for c in known[name].calls if c.function != "spin_lock")
        assert len(calls) == len(known[name].calls) - 1
        return {**known, name: replace(known[name], calls=calls)}

    with mock.patch("gen.model.render.sections", changed):
        return render(design, zone, properties)


def resting(design: Design, zone: Zone, directory: Path) -> set[str]:
    """Every state in which nobody is in a section, as TLC prints it; without what a grain adds.

    Whether a page in use is pinned is left out, as in the step grain it becomes so when the lock
    is free again: isolation may have come between.
    """
    tla = render(design, zone, find_properties(["Alignment"])).tla
    declared = re.search(r"^VARIABLES\n((?:  .*\n)+)", tla, re.MULTILINE)
    assert declared
    names = [line.split()[0].rstrip(",") for line in declared[1].splitlines()]
    shown = ", ".join(name for name in names if name not in ("zone_lock", "hold"))
    guard = r"(\A a \in Actors : Outside(a)) => " if zone.grain == "step" else ""
    seen = f"Seen == {guard}PrintT(<<{shown}>>)\n"
    write_text(directory / "pageblock.tla", tla.rstrip().rstrip("=") + seen + "=" * 20 + "\n")
    write_text(directory / "pageblock.cfg", "INIT Boot\nNEXT Step\nINVARIANTS Seen\n")
    command = command_line(find_toolchain(), directory, "pageblock", TlcOptions())
    command[-3:-3] = ["-userFile", str(directory / "user.log")]  # before the files' names
    report = process.run(command, directory)
    if not report.ok:
        raise GenError(f"{design.name}: {report.message}")
    # TLC's PrintT goes to that file; a value that is too wide goes over several lines.
    printed = re.split(r"\n(?=<<)", (directory / "user.log").read_text(encoding="utf-8"))
    states = {" ".join(text.split()) for text in printed if text.startswith("<<")}
    return {state.replace('"pinned"', '"movable"') for state in states}
