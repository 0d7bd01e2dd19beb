"""A window of one chunk says of every property what the whole zone says, in less time.

Measured, not assumed: TLC runs both.  What is too big to run here, with an isolator in
a whole zone of four pageblocks of two per chunk, has the verdicts of its window (23 Nov
2026): v6.5 with 1,584,486 states, depth 32, four minutes on a busy machine, hygiene-v2 with
137,198, depth 21, and v6.10 with 104,522, depth 20.  Of these the properties that are
violated are compared, where TLC stops early; those that hold are compared in a zone of
three chunks of one pageblock each, and in other designs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gen.check.request import Check
from gen.check.session import check
from gen.check.verdict import Result, Verdict
from gen.model.design import Design, find_design, find_designs
from gen.model.property import find_properties, properties
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc import process
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain

pytestmark = [pytest.mark.tlc, pytest.mark.slow]

NONE = Zone(isolators=0)
ONE = Zone(isolators=1)
CHUNKS = Zone(pageblocks=3, pageblock_order=10, min_order=10)
TWO = replace(CHUNKS, pageblocks=2, isolators=2)


@dataclass(frozen=True)
class Run:
    """What is known of a search: states and depth where it is complete, and of each
    violated property the states in its shortest counterexample."""

    states: int
    depth: int
    violated: dict[str, int]


#: (design, zone): the window, and the whole zone.
KNOWN = {
    ("v6.5", NONE): (
        Run(84, 9, {"FreelistHygiene": 7}),
        Run(7038, 20, {"FreelistHygiene": 8}),
    ),
    ("hygiene-v2", NONE): (
        Run(38, 4, {"NoFreelistWarning": 5}),
        Run(1444, 9, {"NoFreelistWarning": 6}),
    ),
    ("v6.10", NONE): (Run(38, 4, {}), Run(1444, 9, {})),
    ("v6.12", NONE): (Run(38, 4, {}), Run(1444, 9, {})),
    ("v6.5", CHUNKS): (
        Run(627, 13, {"FreelistHygiene": 6}),
        Run(16985, 17, {"FreelistHygiene": 6}),
    ),
    ("v6.12", ONE): (Run(3194, 15, {}), Run(36053, 16, {})),
    ("v6.5", TWO): (
        Run(73113, 22, {"FreelistHygiene": 6, "IsolatedNotAllocated": 5}),
        Run(14114, 15, {"FreelistHygiene": 6, "IsolatedNotAllocated": 5}),
    ),
    ("hygiene-v2", TWO): (
        Run(37368, 21, {"IsolatedNotAllocated": 5}),
        Run(3880, 13, {"IsolatedNotAllocated": 5}),
    ),
}


def verdicts(run_dir: Path, design: str, zone: Zone, *properties: str) -> list[Verdict]:
    run_dir.mkdir()
    return check(
        Check(
            design=find_design(design),
            zone=zone,
            properties=tuple(find_properties(list(properties))),
            toolchain=find_toolchain(),
            tlc=TlcOptions(profile="short" if zone.windowed else "long"),
            run_dir=run_dir,
            made_by="test",
        )
    )


def summed_up(found: list[Verdict]) -> Run:
    assert not [v.message for v in found if v.result is Result.NO_VERDICT]
    complete = found[-1]  # Alignment holds in all of them, so that search is complete
    assert complete.result is Result.HOLDS
    lengths = {v.prop.name: v.length for v in found if v.result is Result.VIOLATED}
    return Run(complete.distinct, complete.depth, lengths)


@pytest.mark.parametrize(("design", "zone"), KNOWN, ids=lambda x: getattr(x, "describe", x))
def test_the_window_gives_the_verdicts_of_the_whole_zone(
    design: str, zone: Zone, tmp_path: Path
) -> None:
    window = verdicts(tmp_path / "window", design, zone)
    whole = verdicts(tmp_path / "whole", design, replace(zone, whole=True))
    assert [(v.prop.name, v.result) for v in window] == [(v.prop.name, v.result) for v in whole]
    assert (summed_up(window), summed_up(whole)) == KNOWN[design, zone]


#: Of these the whole zone takes too long to the end: its window, and what is violated.
LARGE = {
    "v6.5": Run(29043, 23, {"FreelistHygiene": 2, "IsolatedNotAllocated": 3}),
    "hygiene-v2": Run(
        5930, 15, {"NoFreelistWarning": 3, "FreelistHygiene": 2, "IsolatedNotAllocated": 3}
    ),
    "v6.10": Run(
        5420, 18, {"NoFreelistWarning": 5, "FreelistHygiene": 4, "IsolatedNotAllocated": 5}
    ),
}


@pytest.mark.parametrize("design", LARGE)
def test_what_is_violated_in_a_window_is_violated_in_the_whole_zone(
    design: str, tmp_path: Path
) -> None:
    known = LARGE[design]
    window = verdicts(tmp_path / "window", design, ONE)
    assert summed_up(window) == known
    whole = verdicts(tmp_path / "whole", design, replace(ONE, whole=True), *known.violated)
    assert {v.prop.name: v.length for v in whole} == known.violated
    assert all(v.result is Result.VIOLATED for v in whole)


def test_a_window_does_not_grow_with_the_zone(tmp_path: Path) -> None:
    (large,) = verdicts(tmp_path / "large", "v6.12", Zone(pageblocks=4096), "FreelistHygiene")
    known = KNOWN["v6.12", ONE][0]
    assert (large.result, large.distinct, large.depth) == (
        Result.HOLDS,
        known.states,
        known.depth,
    )


#: Two pageblocks per chunk, two chunks; with pages that cross pageblocks, or with a second
#: type, some whole zones take minutes.
PLAIN = Zone(alloc_order=9, migratetypes=("MOVABLE",))


def violated(run_dir: Path, design: Design, zone: Zone) -> set[str]:
    """The safety properties that a design violates; TLC has searched all for the others.

    All are asked of one search, so that few are needed: those that are left after each.
    """
    left = [
        p
        for p in properties().values()
        if p.kind in ("state", "action") and p.start == "Boot" and not p.features
        and p.grain in ("", zone.grain)
        # A question about the cost, not a promise; and its answer takes long to find.
        and p.name != "HotPathTypes" and design.has(p.needs) and zone.isolators >= p.isolators
    ]  # fmt: skip
    found: set[str] = set()
    while True:
        directory = run_dir / f"after-{len(found)}"
        directory.mkdir(parents=True)
        spec = render(design, zone, left)
        for name, text in (("tla", spec.tla), ("cfg", spec.cfg)):
            (directory / f"{spec.name}.{name}").write_text(text, encoding="utf-8")
        command = command_line(find_toolchain(), directory, spec.name, TlcOptions(profile="short"))
        report = process.run(command, directory)
        if report.ok:
            return found
        assert report.violated in {p.name for p in left}, report.message
        found.add(report.violated)
        left = [p for p in left if p.name != report.violated]


@pytest.mark.parametrize("name", find_designs(()))
def test_every_design_violates_the_same_in_a_window_as_in_the_whole_zone(
    name: str, tmp_path: Path
) -> None:
    design = find_design(name)
    window = violated(tmp_path / "window", design, PLAIN)
    assert window == violated(tmp_path / "whole", design, replace(PLAIN, whole=True))


@pytest.mark.parametrize("design", ["hygiene-v2", "v6.10", "v6.12"])
def test_with_one_pageblock_per_chunk_the_race_is_gone(design: str, tmp_path: Path) -> None:
    """B1 needs a buddy that is longer than the pageblock that is isolated."""
    flat = Zone(pageblock_order=10, min_order=10)
    (found,) = verdicts(tmp_path / "flat", design, flat, "NoFreelistWarning")
    assert found.result is Result.HOLDS


def test_without_an_isolator_it_is_the_merge_that_warns(tmp_path: Path) -> None:
    (found,) = verdicts(tmp_path / "none", "hygiene-v2", NONE, "NoFreelistWarning")
    assert found.result is Result.VIOLATED and found.trace is not None
    assert not any(step.actor[0] == "isolator" for step in found.trace.steps)
