"""Traces: what TLC replayed, read whole or refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Gen

from gen.errors import GenError
from gen.model.property import find_properties
from gen.tlc.report import TraceState
from gen.tlc.stream import read_report
from gen.tlc.value import Record, from_json
from gen.trace.log import Call, Skipped, Step, Warned
from gen.trace.trace import trace_from_json, trace_from_replay
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"


def as_json(name: str = B1) -> Any:
    """A trace as the file has it, free to be damaged."""
    return json.loads(json.dumps(trace(name).to_json()))


def complaint(obj: Any) -> str:
    with pytest.raises(GenError) as caught:
        trace_from_json(obj)
    assert "\n" not in caught.value.message
    return caught.value.message


def calls(step: Step) -> list[str]:
    return [call.name for call in step.walk() if isinstance(call, Call)]


# ---- JSON ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_a_trace_survives_its_file(name: str) -> None:
    before = trace(name)
    after = trace_from_json(as_json(name))
    assert after == before
    assert after.to_json() == before.to_json()
    assert after.steps == before.steps and after.continuation == before.continuation


@pytest.mark.parametrize("obj", [None, 5, [], "trace", {}, {"format": "x"}, {"format": []}])
def test_a_file_of_something_else_is_refused(obj: Any) -> None:
    assert complaint(obj).startswith("not a trace of pageblock-gen")


@pytest.mark.parametrize("version", [0, 3, 1.0, True, "2", None, [], {}])
def test_a_trace_of_another_version_is_refused(version: object) -> None:
    told = complaint({**as_json(), "version": version})
    assert told == f"a trace of version {version}; this tool reads 1 and 2"


def test_a_trace_of_version_1_is_read_without_names_of_actions() -> None:
    old = {**as_json(), "version": 1}
    old["states"] = [{k: v for k, v in s.items() if k != "action"} for s in old["states"]]
    read = trace_from_json(old)
    assert read.actions == () and {step.action for step in read.steps} == {""}
    assert replace(trace(B1), actions=()) == read


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("design", {}),
        ("design", None),
        ("design", ""),
        ("design", "v6.12\n[ok]"),
        ("property", "all"),
        ("property", None),
        ("property", ["Alignment"]),
        ("states", [{"variables": {}, "calls": [], "action": "Mark First"}]),
        ("states", [{"variables": {}, "calls": [], "action": 7}]),
    ],
)
def test_what_is_no_design_no_property_or_no_action_is_refused(key: str, value: object) -> None:
    with pytest.raises(GenError):
        trace_from_json({**as_json(), key: value})


@pytest.mark.parametrize(
    "key", ["zone", "property", "length", "states", "witness", "design", "version"]
)
def test_a_missing_part_is_named(key: str) -> None:
    obj = as_json()
    del obj[key]
    assert key in complaint(obj)


@pytest.mark.parametrize("length", [0, -1, 99, None, "3", True, 2.5])
def test_a_length_that_the_states_do_not_have_is_refused(length: Any) -> None:
    assert complaint({**as_json(), "length": length}).startswith("this trace is damaged")


def test_a_zone_that_cannot_be_is_refused() -> None:
    obj = as_json()
    obj["zone"]["max_order"] = 99
    assert "zone.max_order = 99: the largest order is 0 to 16" in complaint(obj)
    obj["zone"]["max_order"] = 10
    obj["zone"]["migratetypes"] = ["CMA"]
    assert "zone.migratetypes = ['CMA']: one or more of UNMOVABLE, MOVABLE" in complaint(obj)
    obj["zone"]["migratetypes"] = ["MOVABLE"]
    obj["zone"]["features"] = ["pcb"]
    assert "zone.features = 'pcb': did you mean 'pcp'?" in complaint(obj)
    obj["zone"]["featurs"] = obj["zone"].pop("features")
    assert "zone.featurs: did you mean 'features'?" in complaint(obj)


def _paths(obj: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = (
        obj.items() if isinstance(obj, dict) else enumerate(obj) if isinstance(obj, list) else ()
    )
    for key, value in items:
        yield from _paths(value, (*path, key))


OTHERS: tuple[Any, ...] = (None, [], {"record": {"x": 1}}, "gone")


def test_damage_anywhere_in_the_file_is_no_traceback() -> None:
    """Every value in turn is replaced by one of another kind, or taken out."""
    whole = as_json()
    refused = 0
    paths = [p for p in _paths(whole) if p[:2] != ("states", 2)]
    for path in paths:
        for other in OTHERS:
            obj = copy.copy(whole)
            place = obj
            for key in path[:-1]:
                place[key] = copy.copy(place[key])
                place = place[key]
            if other == "gone":
                del place[path[-1]]
            else:
                place[path[-1]] = other
            try:
                read = trace_from_json(obj)
            except GenError as error:
                assert "\n" not in error.message
                refused += 1
            else:
                assert len(read.steps) + len(read.continuation) == len(read.states) - 1
    assert refused > 2 * len(paths)


# ---- steps and calls -----------------------------------------------------------------


def test_the_steps_of_the_race_are_who_did_what_with_which_places() -> None:
    mark, allocate = trace(B1).steps
    assert mark.actor == ("isolator", 1)
    assert [f.name for f in mark.frames] == ["start_isolate_page_range", "isolate_single_pageblock"]
    assert calls(mark)[:2] == ["set_migratetype_isolate", "spin_lock"]
    assert mark.locked and allocate.locked
    assert ("migratetype", 1) in mark.writes
    assert ("migratetype", 1) in allocate.reads
    assert allocate.actor == ("any", 0) and allocate.frames == ()
    expand = calls(allocate).index("expand")
    assert calls(allocate)[expand - 1 : expand + 2] == [
        "del_page_from_free_list",
        "expand",
        "add_to_free_list",
    ]
    warned = [w for w in allocate.walk() if isinstance(w, Warned)]
    assert warned == [Warned("add_to_free_list", 1, 9, "ISOLATE", "MOVABLE")]


def test_states_before_and_after_a_step_are_those_of_the_zone() -> None:
    for name in trace_names():
        found = trace(name)
        steps = [*found.steps, *found.continuation]
        assert len(found.steps) == found.length - 1
        assert len(steps) == len(found.states) - 1
        for i, step in enumerate(steps):
            assert step.before is found.zones[i] and step.after is found.zones[i + 1]
            was, now = step.before.values, step.after.values
            assert (was, now) == (found.states[i], found.states[i + 1])
            changed = {name for name in was if was[name] != now[name]}
            types = {b for p, b in step.writes if p == "migratetype"}
            assert "migratetype" not in changed or types, "a type changed, no call says so"
            pages = {b for p, b in step.writes if p == "page"}
            assert "free" not in changed or pages, "a list changed, no call says so"


def test_a_call_that_moved_nothing_is_idle_and_one_not_made_is_skipped() -> None:
    # The flag of the free buddy is in the other pageblock: there is nothing to move here.
    mark = trace(B1).steps[0]
    (move,) = [c for c in mark.walk() if isinstance(c, Call) and c.name == "move_freepages_block"]
    assert move.idle == "nop" and not move.wrote and move.ret == 0
    (late,) = trace(B1).continuation
    assert not late.locked
    assert [c.name for c in late.walk() if isinstance(c, Skipped)] == ["split_free_page"]


def test_the_continuation_is_no_part_of_the_counterexample() -> None:
    found = trace("v6.12-undo")
    assert (found.length, len(found.states)) == (7, 8)
    assert not any(isinstance(c, Warned) for s in found.steps[:-1] for c in s.walk())
    assert any(isinstance(c, Warned) for c in found.steps[-1].walk())


# ---- the witness ---------------------------------------------------------------------


def _warn(page: int) -> dict[str, Any]:
    told = {"warn": "add_to_free_list", "page": page, "order": 9, "type": "ISOLATE"}
    return {"record": {**told, "passed": "MOVABLE"}}


def _witness(page: int) -> dict[str, Any]:
    told = {"where": "add_to_free_list", "page": page, "order": 9, "type": "ISOLATE"}
    return {"record": {**told, "list": "MOVABLE", "is": "is put on"}}


@pytest.mark.parametrize("pages", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_sentence_tells_the_warning_that_the_drawing_ends_with(pages: tuple[int, ...]) -> None:
    states = [
        TraceState(1, "", {"migratetype": 0, "calls": (), "did": "", "witness": frozenset()}),
        TraceState(
            2,
            "FreePages",
            {
                "migratetype": 0,
                "did": "FreePages",
                "calls": from_json([_warn(page) for page in pages]),
                "witness": from_json({"set": [_witness(page) for page in sorted(pages)]}),
            },
        ),
    ]
    found = trace(B1)
    prop = find_properties(["NoFreelistWarning"])[0]
    told = trace_from_replay("hygiene-v2", found.zone, prop, 2, states)
    assert Record(told.witness)["page"] == pages[0]
    assert set(told.states[0]) == {"migratetype"}
    assert told.actions == ("", "FreePages")


# ---- with the real TLC ---------------------------------------------------------------


@pytest.mark.tlc
@pytest.mark.parametrize(
    "argv",
    [
        "--design hygiene-v2 --property NoFreelistWarning",
        "--design v6.5 --grain step --pageblocks 2 --migratetypes movable "
        "--property FreelistHygiene",
        "--design v7.2 --with reporting --property IsolatedNotAllocated",
    ],
)
def test_the_names_of_actions_are_those_that_tlc_has_in_its_search(
    gen: Gen, tmp_path: Path, argv: str
) -> None:
    ran = gen("check", *argv.split(), "--run-dir", str(tmp_path / "run"))
    assert ran.code == 12
    (saved,) = (tmp_path / "run").glob("*.trace.json")
    made = trace_from_json(json.loads(saved.read_text(encoding="utf-8")))
    searched = read_report((tmp_path / "run/first/tlc.out").read_text(encoding="utf-8"), 12).trace
    # What TLC came upon first is what is drawn in these.
    names = {"isolator", *made.states[0]} & searched[0].values.keys()
    for found, drawn in zip(searched, made.states, strict=False):
        assert all(found.values[name] == drawn[name] for name in names)
    assert made.actions[: made.length] == tuple(s.action for s in searched)
    assert len(made.actions) == len(made.states)
