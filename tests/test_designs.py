"""What TLC says of the designs: the shipped bugs are found, and gone without their cause.

That each entry of specs/gallery.toml is violated is told by test_gallery.py: it makes all
of them again.  Here are the other halves, in the same zone.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gen.check.request import Check
from gen.check.session import check
from gen.check.verdict import Result, Verdict
from gen.model.design import design_names, find_design
from gen.model.property import Kind, find_properties
from gen.model.zone import Zone
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain
from gen.trace.log import Call
from gen.trace.trace import Trace
from tools import golden

pytestmark = [pytest.mark.tlc, pytest.mark.slow]

NINE = Zone(alloc_order=9)
HISTORIC = [n for n in design_names() if find_design(n).historic]


@dataclass(frozen=True)
class Known:
    """A verdict; without a property it is that of all five that are checked by default."""

    design: str
    zone: Zone
    prop: str = ""
    result: Result = Result.HOLDS

    def __str__(self) -> str:
        return " ".join([self.design, self.prop or "default", *self.zone.features])


KNOWN = [
    # A scan that looks again ends, if the page is not missed for ever; so do those without.
    Known("max-order-isolate", Zone(), "IsolationTerminates"),
    # The seed's case: an unmovable page left of the range, in the same largest-order chunk.
    Known("max-order-isolate", Zone(), "StillSucceeds", Result.VIOLATED),
    Known("max-order-isolate", Zone(), "CanSucceed", Result.UNREACHABLE),
    Known("B12-isolate-twice", Zone(), "StillSucceeds", Result.VIOLATED),
    *(
        Known(design, zone, prop)
        for design in ("v6.5", "v6.12", "v7.2")
        for prop in ("StillSucceeds", "CanSucceed")
        for zone in (Zone(), Zone(pageblock_order=8, min_order=8))
    ),
    Known("v6.12", Zone(), "IsolationTerminates"),
    # Free page reporting puts a page back whole, though a pageblock of it is isolated now.
    *(
        Known(design, Zone(features=("reporting",)), prop, Result.VIOLATED)
        for design in ("v6.12", "v7.2")
        for prop in ("FreelistHygiene", "NoFreelistWarning", "IsolatedNotAllocated")
    ),
    # Not where no buddy covers two pageblocks; and no page of it is lost anywhere.
    Known("v7.2", Zone(pageblock_order=10, min_order=10, features=("reporting",))),
    Known("v7.2", Zone(features=("reporting",)), "Conservation"),
    # A huge page above pageblock_order waits on a pcp list, and is freed whole from there.
    *(
        Known("v7.2", Zone(features=("pcp",), huge_order=10), prop, Result.VIOLATED)
        for prop in ("FreelistHygiene", "IsolatedNotAllocated")
    ),
    Known("v7.2", Zone(features=("pcp",)), "IsolatedNotAllocated"),
    Known("v6.12", Zone(features=("pcp",), huge_order=10), "IsolatedNotAllocated"),
    # A page that is freed without a lock goes to a pcp list that is off, and to a caller.
    Known("v7.2", Zone(), "PcpNotAllocated", Result.VIOLATED),
    Known("v6.12", Zone(), "PcpNotAllocated"),
    # The proposals of the thread, and what became of them, without pages across pageblocks.
    Known("split-in-move-v2", NINE),
    Known("straddling-buddy", NINE),
    Known("v6.10", NINE),
    Known("split-in-move-v1", NINE, "OutsideUntouched", Result.VIOLATED),
    Known("max-order-isolate", NINE, "IsolatedNotAllocated", Result.VIOLATED),
]


def verdicts(design: str, zone: Zone, prop: str, run_dir: Path) -> list[Verdict]:
    return check(
        Check(
            design=find_design(design),
            zone=zone,
            properties=tuple(find_properties([prop] if prop else [])),
            toolchain=find_toolchain(),
            tlc=TlcOptions(),
            run_dir=run_dir,
            made_by="test",
        )
    )


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_a_design_has_this_verdict(known: Known, tmp_path: Path) -> None:
    found = verdicts(known.design, known.zone, known.prop, tmp_path)
    assert len(found) == (1 if known.prop else 5)
    assert {verdict.result for verdict in found} == {known.result}, [v.message for v in found]
    assert all(verdict.trace is not None for verdict in found if known.result is Result.VIOLATED)


@pytest.mark.parametrize("name", HISTORIC)
def test_the_kernel_without_the_bug_has_not_its_counterexample(name: str, tmp_path: Path) -> None:
    """In the zone where the bug shows its base holds, or the file says why it does not."""
    design = find_design(name)
    shown = design.shown_by
    assert shown is not None
    (found,) = verdicts(design.base, shown.zone, shown.prop, tmp_path)
    wanted = Result.VIOLATED if shown.base_too else Result.HOLDS
    assert found.result is wanted, found.message
    if shown.base_too:
        # Not by the same calls.
        assert calls(found.trace) - calls(golden.trace(name))


def calls(trace: Trace | None) -> set[str]:
    """The functions that a counterexample calls."""
    assert trace is not None
    return {c.name for step in trace.steps for c in step.walk() if isinstance(c, Call)}


#: One pageblock per chunk, two callers: what goes on between them, in few states.
PAIR = Zone(pageblock_order=10, min_order=10, isolators=2, migratetypes=("MOVABLE",))
HALVES = replace(PAIR, min_order=9)
HUGE = Zone(pageblocks=2, features=("compound",), migratetypes=("MOVABLE",))

TWO_AREAS = Zone(pageblocks=2, isolators=2, features=("cma",), migratetypes=("MOVABLE",))

#: What a version does, as a property of this test alone:
#: (what, design, zone, kind, formula, holds).
DOES = [
    (
        "the pageblock of a straddling page gets its own type back",
        *("v6.1", replace(HUGE, migratetypes=("UNMOVABLE", "MOVABLE")), "action"),
        r"""Own_action == \A i \in Isolators : \A b \in Pageblocks \intersect {isolator[i].b} :
             /\ isolator[i].pc \in {"unmark_first", "unmark_last"}
             /\ isolator'[i] # isolator[i]
             /\ Isolated(b)
             => Type(b)' = isolator[i].page_mt""",
        True,
    ),
    (
        "v6.10 goes on behind the page that it has migrated",
        *("v6.10", HUGE, "action"),
        r"""Own_action == \A i \in Isolators :
             isolator[i].pc = "migrate_first" => isolator[i]'.pc \notin {"scan_first"}""",
        True,
    ),
    *(
        (
            f"two cma_alloc() at a time: {not one}",
            *(design, TWO_AREAS, "state"),
            r'''Own == ~ \A i \in Isolators :
                      isolator[i].mt = "CMA" /\ isolator[i].pc = "isolated"''',
            one,
        )
        for design, one in (("v6.12", True), ("v7.2", False))
    ),
    (
        "v6.5 does not claim a HIGHATOMIC buddy of a pageblock",
        *("v6.5", Zone(isolators=0, features=("highatomic",)), "action"),
        r'''Own_action == inuse' # inuse /\ Type(0) = "HIGHATOMIC" => Type(0)' = "HIGHATOMIC"''',
        True,
    ),
    (
        "a test that begins inside of a pageblock may pass over the last one",
        *("v6.12", replace(HALVES, features=("contig",)), "state"),
        r"""Own == \A i \in Isolators : isolator[i].pc = "test" => Isolated(0)""",
        False,
    ),
    *(
        (
            f"a pageblock can be isolated that another caller has got pages of: {not never}",
            *(design, replace(PAIR, features=("contig",)), "action"),
            r"""Own_action == \A k \in taken, i \in Isolators :
                      i # k[3] /\ isolator[k[3]].pc = "allocated" /\ isolator[i].pc = "idle"
                      => 0 \notin Held(isolator'[i])""",
            never,
        )
        for design, never in (("v6.12", True), ("v7.2", False))
    ),
]


@pytest.mark.parametrize(
    ("design", "zone", "kind", "formula", "holds"),
    [one[1:] for one in DOES],
    ids=[one[0] for one in DOES],
)
def test_a_version_does_what_its_source_says(
    design: str, zone: Zone, kind: Kind, formula: str, holds: bool, tmp_path: Path
) -> None:
    whole = formula + ("\nOwn == [][Own_action]_vars" if kind == "action" else "")
    own = replace(
        find_properties(["Alignment"])[0],
        name="Own",
        kind=Kind(kind),
        formula=whole,
        witness="{[page |-> 0]}",
        sentence="{page}.",
        failure="",
    )
    (verdict,) = check(
        Check(
            design=find_design(design),
            zone=zone,
            properties=(own,),
            toolchain=find_toolchain(),
            tlc=TlcOptions(),
            run_dir=tmp_path,
            made_by="test",
        )
    )
    assert verdict.result is (Result.HOLDS if holds else Result.VIOLATED), verdict.message


def test_v6_5_fails_if_and_only_if_something_unmovable_begins_in_its_range(tmp_path: Path) -> None:
    """StillSucceeds compares with what v6.5 can do, so this is measured, in both directions."""
    (only_if,) = find_properties(["StillSucceeds"])
    succeeds = r'\A i \in Isolators : isolator[i].pc = "isolated" => PinnedIn(i) = {}'
    head, _, _ = only_if.formula.partition("StillSucceeds ==")
    converse = replace(only_if, formula=f"{head}StillSucceeds == {succeeds}")
    for zone in (Zone(), Zone(pageblock_order=8, min_order=8)):
        for prop in (only_if, converse):
            (tmp_path / "run").mkdir()
            request = Check(
                design=find_design("v6.5"),
                zone=zone,
                properties=(prop,),
                toolchain=find_toolchain(),
                tlc=TlcOptions(),
                run_dir=tmp_path / "run",
                made_by="test",
            )
            (verdict,) = check(request)
            assert verdict.result is Result.HOLDS, verdict.message
            shutil.rmtree(tmp_path / "run")
