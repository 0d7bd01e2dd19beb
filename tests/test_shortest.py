"""Of all shortest counterexamples the one that is easiest to follow, and how many there are."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
from conftest import FakeJava, Gen

from gen.check.request import Check
from gen.check.session import check
from gen.check.shortest import Shortest, choose, cost
from gen.errors import GenError
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.tlc.cache import Cache
from gen.tlc.options import TlcOptions
from gen.tlc.report import TraceState
from gen.tlc.toolchain import find_toolchain
from gen.tlc.value import Function, Value, format_value
from gen.trace.interleaving import interleave
from gen.trace.trace import Trace
from tools.golden import GALLERY, trace, trace_names

ZONE = Zone(whole=True)


def run_check(*, easiest: bool, cache: Cache | None = None) -> Trace:
    """The counterexample that v6.12 is drawn with, to SingleIsolator."""
    with tempfile.TemporaryDirectory() as run_dir:
        (verdict,) = check(
            Check(
                design=find_design("v6.12"),
                zone=Zone(isolators=2),
                properties=tuple(find_properties(["SingleIsolator"])),
                toolchain=find_toolchain(),
                tlc=TlcOptions(),
                run_dir=Path(run_dir),
                made_by="test",
                cache=cache,
                easiest=easiest,
            )
        )
    assert verdict.trace is not None
    return verdict.trace


def state(number: int, actors: Sequence[int] = (0, 0), types: str = "MMMM") -> dict[str, Value]:
    """A state that no other is: two callers that have done so much, and four pageblocks."""
    names = {"M": "MOVABLE", "I": "ISOLATE"}
    return {
        "isolator": tuple(actors),
        "migratetype": Function({b: names[t] for b, t in enumerate(types)}),
        "free": frozenset(),
        "inuse": frozenset(),
        "warned": frozenset({number}),
    }


def dumped(
    states: Mapping[int, Mapping[str, Value]], edges: Sequence[tuple[int, int]], bad: Sequence[int]
) -> str:
    """A state graph as TLC writes it; state 0 is the initial one."""
    lines = ["strict digraph DiskGraph {"]
    for node, values in states.items():
        shown = {**values, "bad": node in bad}
        text = "\n".join(f"/\\ {name} = {format_value(v)}" for name, v in shown.items())
        label = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        first = ",style = filled]" if node == 0 else "];"
        lines.append(f'{node} [label="{label}"{first}')
    lines += [f'{one} -> {other} [label="Step",color="2"];' for one, other in edges]
    return "\n".join([*lines, "}"])


def found(*states: Mapping[str, Value]) -> list[TraceState]:
    return [TraceState(n, "", dict(values)) for n, values in enumerate(states, 1)]


# ---- which one -----------------------------------------------------------------------


def test_the_fewest_switches_come_first_then_the_fewest_pageblocks() -> None:
    states = {
        0: state(0),
        # The two callers take turns: two switches, one pageblock.
        1: state(1, (1, 0), "IMMM"),
        2: state(2, (1, 1), "MMMM"),
        3: state(3, (2, 1), "IMMM"),
        # One switch, three pageblocks.
        4: state(4, (1, 0), "IIMM"),
        5: state(5, (2, 0), "MMMM"),
        6: state(6, (2, 1), "MMIM"),
        # One switch, two pageblocks.
        7: state(7, (1, 0), "IMMM"),
        8: state(8, (2, 0), "MMMM"),
        9: state(9, (2, 1), "MMIM"),
    }
    edges = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9)]
    known = found(*(states[n] for n in (0, 1, 2, 3)))
    best = choose(dumped(states, edges, [3, 6, 9]), known, ZONE)
    assert [one.values for one in best.trace] == [states[n] for n in (0, 7, 8, 9)]
    assert [one.number for one in best.trace] == [1, 2, 3, 4]
    assert (best.count, best.compared) == (3, 3)


def test_among_equals_it_is_the_one_that_tlc_found_whatever_their_order() -> None:
    states = {0: state(0), 1: state(1, (1, 0)), 2: state(2, (1, 0)), 3: state(3, (1, 0))}
    edges = [(0, 1), (0, 2), (0, 3)]
    for end in (1, 2, 3):
        known = found(states[0], states[end])
        best = choose(dumped(states, edges, [1, 2, 3]), known, ZONE)
        assert best.trace == tuple(known) and best.count == 3


def test_a_graph_without_such_a_counterexample_is_no_verdict() -> None:
    states = {0: state(0), 1: state(1, (1, 0)), 2: state(2, (2, 0))}
    edges = [(0, 1), (1, 2)]
    known = found(states[0], states[1])
    for bad in ([], [2], [0]):
        with pytest.raises(GenError, match=r"no verdict: .* 2 states"):
            choose(dumped(states, edges, bad), known, ZONE)


def test_a_graph_that_has_others_but_not_the_one_that_tlc_found_is_no_verdict() -> None:
    states = {0: state(0), 1: state(1, (1, 0)), 2: state(2, (2, 0))}
    known = found(states[0], state(3, (1, 0)))
    with pytest.raises(GenError, match="no verdict: TLC's counterexample is not among those"):
        choose(dumped(states, [(0, 1), (0, 2)], [1, 2]), known, ZONE)


@pytest.mark.parametrize("seed", range(20))
def test_they_are_counted_as_networkx_counts_shortest_paths(seed: int) -> None:
    dice = random.Random(seed)
    nodes = range(12)
    edges = [(a, b) for a in nodes for b in nodes if a != b and dice.random() < 0.25]
    graph: nx.DiGraph[int] = nx.DiGraph([(0, 0), *edges])
    length = nx.single_source_shortest_path_length(graph, 0)
    furthest = max(length.values())
    bad = [n for n, d in length.items() if d == furthest]
    wanted = [p for end in bad for p in nx.all_shortest_paths(graph, 0, end)]
    states = {n: state(n, (n, 0)) for n in nodes}
    known = found(*(states[n] for n in wanted[0]))
    best = choose(dumped(states, edges, bad), known, ZONE)
    assert (best.count, best.compared) == (len(wanted), len(wanted))
    assert [one.values for one in best.trace] in [[states[n] for n in path] for path in wanted]


@pytest.mark.parametrize("name", trace_names())
def test_switches_are_counted_from_states_as_they_are_drawn_from_calls(name: str) -> None:
    given = trace(name)
    lanes = [event.lane for event in interleave(given, continuation=False).events]
    drawn = sum(a != b for a, b in pairwise(lanes))
    assert cost(given.zones[: given.length])[0] == drawn


def test_a_choice_is_read_as_it_was_kept() -> None:
    states = {0: state(0), 1: state(1, (1, 0)), 2: state(2, (2, 0))}
    known = found(states[0], states[1])
    best = choose(dumped(states, [(0, 1), (0, 2)], [1, 2]), known, ZONE)
    assert best.count == 2
    assert Shortest.from_text(best.to_text()) == best


@pytest.mark.parametrize(
    "text", ["", "7", "null", "{}", '{"count": 1, "compared": 1, "states": [{"a": "<<"}]}']
)
def test_what_is_no_choice_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError):
        Shortest.from_text(text)


# ---- with the real TLC ---------------------------------------------------------------


#: TLC's first counterexample to it has the callers in turns.
TURNS = [
    *("--pageblocks", "4", "--order", "10", "--isolators", "2", "--design", "v6.12"),
    *("--property", "SingleIsolator"),
]


@pytest.mark.tlc
def test_the_one_with_the_fewest_switches_is_drawn_without_being_asked_for(gen: Gen) -> None:
    ran = gen("check", *TURNS)
    assert ran.code == 12
    drawn = (GALLERY / "v6.12-undo-of-another" / "drawing.txt").read_text(encoding="utf-8")
    assert f"\n{drawn}\n" in ran.out
    assert "counterexamples of that length" not in ran.out
    first = run_check(easiest=False)
    best = run_check(easiest=True)
    assert cost(best.zones[: best.length]) < cost(first.zones[: first.length])


@pytest.mark.tlc
def test_after_a_long_search_the_first_is_drawn_unless_all_are_asked_for(
    gen: Gen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gen.check.easiest.MOST_TO_CHOOSE", 10)
    drawn = (GALLERY / "v6.12-undo-of-another" / "drawing.txt").read_text(encoding="utf-8")
    assert drawn not in gen("check", *TURNS).out
    assert drawn in gen("check", *TURNS, "--all-shortest").out


@pytest.mark.tlc
def test_a_choice_that_is_kept_is_not_made_again_and_a_damaged_one_is(tmp_path: Path) -> None:
    cache = Cache({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    first = run_check(easiest=True, cache=cache)
    assert cache.directory is not None and cache.misses == 4
    assert run_check(easiest=True, cache=cache) == first
    assert cache.misses == 4
    for path in cache.directory.glob("*"):
        if '"compared"' in path.read_text(encoding="utf-8"):
            path.write_text("damaged", encoding="utf-8")
    assert run_check(easiest=True, cache=cache) == first
    assert cache.misses == 5


@pytest.mark.tlc
def test_the_race_of_the_thread_is_the_best_of_six(gen: Gen) -> None:
    race = ["--pageblocks", "4", "--order", "10", "--property", "NoFreelistWarning"]
    ran = gen("check", *race, "--all-shortest")
    assert ran.code == 12
    assert "Of 6 counterexamples of that length" in ran.out
    drawn = (GALLERY / "hygiene-v2-isolation-race" / "drawing.txt").read_text(encoding="utf-8")
    assert f"\n{drawn}\n" in ran.out
    assert "--all-shortest\n" in ran.out, "the command that draws it again"


@pytest.mark.tlc
def test_an_action_property_s_counterexample_changes_one_pageblock_if_one_is_enough(
    gen: Gen,
) -> None:
    options = "--pageblocks 4 --order 10 --isolators 2 --design B7-isolate-twice"
    ran = gen("check", *options.split(), "--property", "ExclusiveIsolation", "--all-shortest")
    assert ran.code == 12
    assert "{ #0 isolates tail }\n{ #1 isolates tail }\n" in ran.out
    ran = gen(
        "check", *["--isolators", "2", "--property", "IsolatedNotAllocated", "--all-shortest"]
    )
    assert ran.code == 12 and " counterexamples of that length: " in ran.out


@pytest.mark.tlc
def test_a_violation_stays_one_if_the_others_of_its_length_cannot_be_counted(
    gen: Gen, fake_java: FakeJava, real_java: str
) -> None:
    java = fake_java(f'case "$*" in *shortest.tla*) exit 3;; esac; exec {real_java} "$@"')
    race = [
        "--pageblocks",
        "4",
        "--order",
        "10",
        "--property",
        "NoFreelistWarning",
        "--all-shortest",
    ]
    ran = gen("check", *race, "--java", java)
    assert ran.code == 12
    assert "TLC's first of that length; the others are not known: " in ran.out
    assert "WARN(head_mt != tail_mt)" in ran.out
