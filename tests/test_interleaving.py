"""Interleavings: which CPU does what, and which steps depend on which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx
import pytest

from gen.model.zone import Zone
from gen.trace.interleaving import Interleaving, interleave
from gen.trace.log import Call, Frame, Step
from gen.trace.state import State
from gen.trace.trace import Trace
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"
NOTHING = State(Zone(), {}, (), frozenset(), ())


def step(kind: str, ident: int = 0, frames: Sequence[str] = ()) -> Step:
    opened = tuple(Frame(name, {}, (), "") for name in frames)
    return Step((kind, ident), opened, (), NOTHING, NOTHING)


def lanes(*given: Step, after: Sequence[Step] = ()) -> list[int]:
    """The lanes that steps are given."""

    class Made(Trace):
        @property
        def steps(self) -> tuple[Step, ...]:
            return given

        @property
        def continuation(self) -> tuple[Step, ...]:
            return tuple(after)

    base = trace(B1)
    made = Made(base.design, base.zone, base.prop, len(given) + 1, (), (), base.witness)
    return [event.lane for event in interleave(made).events]


def kinds(it: Interleaving, kind: str) -> set[tuple[int, int]]:
    return {(a, b) for a, b, data in it.graph.edges(data=True) if kind in data["kinds"]}


# ---- lanes ---------------------------------------------------------------------------


def test_callers_that_keep_nothing_share_a_lane() -> None:
    assert lanes(step("any"), step("any"), step("any")) == [0, 0, 0]


def test_each_isolator_has_a_lane_of_its_own_in_the_order_in_which_they_appear() -> None:
    isolators = [step("isolator", i) for i in (2, 1, 2)]
    assert lanes(*isolators) == [0, 1, 0]
    assert lanes(isolators[0], step("any"), isolators[1], isolators[2]) == [0, 1, 2, 0]
    assert lanes(step("any"), isolators[0], step("any")) == [0, 1, 0]


def test_a_caller_with_a_page_on_its_way_keeps_its_lane_and_others_take_another() -> None:
    read, free = step("page", 8), step("page", 8)
    assert lanes(read, step("any"), free, step("any")) == [0, 1, 0, 0]
    assert lanes(read, step("page", 4), step("any"), step("page", 4), free) == [0, 1, 2, 1, 0]
    assert lanes(read, free, read, free) == [0, 0, 0, 0]


def test_the_freeing_cpu_of_v65_is_one_lane_around_the_isolation() -> None:
    it = interleave(trace("v6.5-lockless-free"))
    assert [event.lane for event in it.events] == [0, 0, 1, 1, 0]
    assert it.lanes == 2


# ---- after the violation -------------------------------------------------------------


def test_open_calls_run_on_and_nothing_else() -> None:
    call = ("start_isolate_page_range", "isolate_single_pageblock")
    mark, scan = step("isolator", 1, call), step("isolator", 1, (*call, "for"))
    middle, other = step("isolator", 1, call[:1]), step("isolator", 2, call)
    assert lanes(mark, step("any"), after=[scan, scan]) == [0, 1, 0, 0]
    # isolate_single_pageblock() has returned: what its caller does next explains nothing.
    assert lanes(mark, step("any"), after=[scan, middle, scan]) == [0, 1, 0]
    assert lanes(mark, step("any"), after=[other]) == [0, 1]
    assert lanes(step("any"), after=[mark]) == [0]


@pytest.mark.parametrize("name", trace_names())
def test_without_continuation_the_failing_step_is_the_last(name: str) -> None:
    whole, short = interleave(trace(name)), interleave(trace(name), continuation=False)
    assert short.failing == len(short.events) - 1 == whole.failing
    assert whole.events[: len(short.events)] == short.events
    assert not any(event.continued for event in short.events)
    assert all(event.continued for event in whole.events[whole.failing + 1 :])


# ---- the graph -----------------------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_time_runs_forward_and_program_order_is_one_path_down_each_lane(name: str) -> None:
    it = interleave(trace(name))
    assert sorted(it.graph) == list(range(len(it.events)))
    assert all(earlier < later for earlier, later in it.graph.edges)
    expected = set()
    for lane in range(it.lanes):
        expected |= set(pairwise(i for i, event in enumerate(it.events) if event.lane == lane))
    assert kinds(it, "program order") == expected


@pytest.mark.parametrize("name", trace_names())
def test_the_lock_is_handed_over_between_consecutive_holds_of_two_lanes(name: str) -> None:
    it = interleave(trace(name))
    holds = [i for i, event in enumerate(it.events) if event.step.locked]
    expected = {(a, b) for a, b in pairwise(holds) if it.events[a].lane != it.events[b].lane}
    assert kinds(it, "lock") == expected


@pytest.mark.parametrize("name", trace_names())
def test_a_conflict_is_between_lanes_over_places_that_one_of_the_two_wrote(name: str) -> None:
    it = interleave(trace(name))
    for a, b, data in it.graph.edges(data=True):
        assert bool(data["places"]) == ("conflict" in data["kinds"])
        one, other = it.events[a], it.events[b]
        for place in data["places"]:
            assert one.lane != other.lane
            assert place in one.step.writes | other.step.writes
            assert place in one.step.writes | one.step.reads
            assert place in other.step.writes | other.step.reads


@pytest.mark.parametrize("name", trace_names())
def test_a_conflict_is_with_the_nearest_earlier_step_and_not_with_all(name: str) -> None:
    it = interleave(trace(name))
    for a, b, data in it.graph.edges(data=True):
        for place in data["places"]:
            for between in it.events[a + 1 : b]:
                assert place not in between.step.writes, (a, b, place)


@pytest.mark.parametrize("name", trace_names())
def test_any_two_conflicting_steps_are_ordered_by_the_graph(name: str) -> None:
    """Happens-before is the transitive closure: no conflict may be left out of it."""
    it = interleave(trace(name))
    before = nx.transitive_closure(it.graph)
    for b, later in enumerate(it.events):
        for a, earlier in enumerate(it.events[:b]):
            one, other = earlier.step, later.step
            if one.writes & (other.reads | other.writes) or one.reads & other.writes:
                assert before.has_edge(a, b), (a, b)


def test_a_node_says_which_cpu_called_what() -> None:
    graph = interleave(trace(B1)).graph
    assert graph.nodes[0]["cpu"] == 0 and graph.nodes[0]["function"] == "set_migratetype_isolate"
    assert graph.nodes[0]["args"] == {"b": 1, "mt": "MOVABLE"}
    assert ("migratetype", 1) in graph.nodes[0]["writes"]
    assert graph.nodes[1]["cpu"] == 1 and graph.nodes[1]["function"] == "rmqueue_buddy"
    assert not graph.nodes[1]["continued"] and graph.nodes[2]["continued"]


def test_the_racing_step_of_the_thread_s_race_is_the_isolator_s_mark() -> None:
    it = interleave(trace(B1))
    assert it.racing == (0,)
    places = it.graph.edges[0, 1]["places"]
    assert ("migratetype", 1) in places, "it reads the type that the isolator has just set"
    assert set(it.graph.edges[0, 1]["kinds"]) == {"conflict", "lock"}
    functions = {c.name for c in it.events[0].step.walk() if isinstance(c, Call)}
    assert "set_pageblock_migratetype" in functions


def test_what_races_with_a_page_that_is_freed_whole_is_the_isolation_under_it() -> None:
    it = interleave(trace("v6.10-freed-whole"))
    assert [it.graph.nodes[i]["function"] for i in it.racing] == ["set_migratetype_isolate"]


def test_the_merge_order_needs_no_other_cpu() -> None:
    it = interleave(trace("hygiene-v2-merge-order"))
    assert (it.lanes, it.racing) == (1, ())
    assert kinds(it, "lock") == kinds(it, "conflict") == set()
