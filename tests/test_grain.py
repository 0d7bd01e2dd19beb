"""--grain step: the same verdicts call by call, and whoever forgets zone->lock is caught."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Gen

from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.render import render
from gen.tlc.report import Outcome
from gen.trace.trace import trace_from_json
from tools import grains
from tools.mutations import Search

#: The others are compared by python -m tools.finer.
DESIGNS = ("v6.5", "hygiene-v2", "v6.12", "v7.2")
SECTIONS = (
    "rmqueue_buddy",
    "free_one_page",
    "set_migratetype_isolate",
    "unset_migratetype_isolate",
)
#: Small enough for many searches.
TINY = ["--pageblocks", "2", "--migratetypes", "movable", "--grain", "step"]


@pytest.mark.tlc
@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_both_grains_give_a_design_the_same_verdicts(name: str, tmp_path: Path) -> None:
    search = Search(tmp_path, keep=False)
    fused, step = (
        grains.say(search, find_design(name), zone) for zone in (grains.FUSED, grains.STEP)
    )
    assert grains.compared(fused, step) == []
    assert step.distinct > fused.distinct > 1
    assert step.lengths["LockDiscipline"] == 0
    # What is violated takes more steps where each call is one.
    for prop, length in fused.lengths.items():
        assert length is not None
        assert not length or (step.lengths[prop] or 0) > length


@pytest.mark.tlc
@pytest.mark.parametrize("name", DESIGNS[:3])
def test_free_pages_are_counted_under_the_lock(name: str, tmp_path: Path) -> None:
    asked = find_properties(["LockDiscipline"])
    spec = render(find_design(name), replace(grains.STEP, isolators=0), asked)
    assert "nr_free>>" in spec.tla
    report = Search(tmp_path, keep=False).ask(spec)
    assert report.ok, report.message


@pytest.mark.tlc
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_does_not_take_the_lock_is_caught(section: str, tmp_path: Path) -> None:
    asked = find_properties(["LockDiscipline"])
    design = find_design("v6.12")
    spec = grains.without_lock(design, grains.STEP, section, asked)
    report = Search(tmp_path, keep=False).ask(spec)
    assert report.outcome is Outcome.ACTION_PROPERTY, report.message
    assert report.violated == "LockDiscipline"
    before, after = (state.values for state in report.trace[-2:])
    assert (before["free"], before["migratetype"]) != (after["free"], after["migratetype"])


@pytest.mark.tlc
@pytest.mark.slow
@pytest.mark.parametrize("isolators", [0, 1])
def test_nobody_is_ever_where_the_fused_grain_cannot_be(isolators: int, tmp_path: Path) -> None:
    """Fusing loses no state in which nobody is in a section, and adds none."""
    found = []
    for zone in (grains.FUSED, grains.STEP):
        directory = tmp_path / zone.grain
        directory.mkdir()
        found.append(
            grains.resting(find_design("v6.12"), replace(zone, isolators=isolators), directory)
        )
    assert found[0] == found[1]
    assert len(found[0]) > 4


@pytest.mark.tlc
def test_a_counterexample_call_by_call_is_replayed_drawn_and_saved(
    gen: Gen, tmp_path: Path
) -> None:
    ran = gen("check", *TINY, "--property", "NoFreelistWarning", "--run-dir", str(tmp_path / "run"))
    assert ran.code == 12, ran.err
    lines = ran.out.splitlines()
    waits, marks = (
        next(i for i, line in enumerate(lines) if name in line)
        for name in ("rmqueue_buddy(9, ", "set_migratetype_isolate(tail)")
    )
    warns = next(i for i, line in enumerate(lines) if "WARN(head_mt != tail_mt)" in line)
    # An allocation has begun, and gets the lock only after the pageblock was isolated.
    assert waits < marks < warns
    (saved,) = (tmp_path / "run").glob("*.trace.json")
    data = json.loads(saved.read_text(encoding="utf-8"))
    assert data["zone"]["grain"] == "step"
    assert trace_from_json(data).to_json() == data
    again = gen("replay", str(saved), "--run-dir", str(tmp_path / "again"))
    assert again.code == 0, again.err
    assert "[confirmed] hygiene-v2: NoFreelistWarning" in again.out


@pytest.mark.tlc
@pytest.mark.slow
def test_that_a_cpu_waits_for_the_lock_is_something_that_happens(tmp_path: Path) -> None:
    """What CanContend counts; where nobody ever contends the step grain would say nothing."""
    (prop,) = find_properties(["CanContend"])
    assert "Waits ==" not in render(find_design("v6.12"), grains.FUSED, [prop]).tla
    spec = render(find_design("v6.12"), replace(grains.STEP, isolators=0), [prop])
    wanted = spec.tla.rstrip().rstrip("=") + "Never == ~ENABLED Waits\n" + "=" * 20 + "\n"
    cfg = "INIT Boot\nNEXT Step\nINVARIANTS Never\n"
    report = Search(tmp_path, keep=False).ask(replace(spec, tla=wanted, cfg=cfg))
    assert report.violated == "Never", report.message


def test_lock_discipline_says_nothing_where_a_hold_is_one_step(gen: Gen) -> None:
    ran = gen("check", "--property", "LockDiscipline")
    assert ran.code == 3
    assert "[vacuous] LockDiscipline: it is said of --grain step alone" in ran.out


@pytest.mark.parametrize("name", ["HotPathCost", "HotPathTypes", "IsolationTerminates"])
def test_a_property_of_the_fused_grain_is_not_asked_call_by_call(gen: Gen, name: str) -> None:
    ran = gen("check", *TINY, "--property", name)
    assert ran.code == 3
    assert f"[vacuous] {name}: it is said of --grain fused alone" in ran.out


def test_the_fused_module_has_nothing_of_the_step_grain() -> None:
    design = find_design("v6.12")
    fused = render(design, grains.FUSED, find_properties([])).tla
    assert not any(word in fused for word in ("zone_lock", "hold'", "LockFree", "Section("))
    step = render(design, grains.STEP, find_properties([], grain="step"))
    assert "FreelistHygiene == LockFree =>" in step.tla
    assert "LockDiscipline" in step.cfg
