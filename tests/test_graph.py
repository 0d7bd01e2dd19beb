"""The graph of an interleaving, and its files: what other people's tools may rely on."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import networkx as nx
import pydot
import pytest
from made import made_trace

from gen.draw.formats import FORMATS
from gen.draw.options import DrawOptions
from gen.trace.graph import CONFLICTS, FORMAT, flat, happens_before, place, racing, to_networkx
from gen.trace.interleaving import interleave
from gen.trace.trace import Trace
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"
MADE = {"many": made_trace(), "loop": made_trace(lanes=2, steps=6, loop=3)}
ALL = [*trace_names(), *MADE]


def given(name: str) -> Trace:
    return MADE[name] if name in MADE else trace(name)


def graph(name: str) -> nx.DiGraph[int]:
    return to_networkx(interleave(given(name)))


def text(name: str, fmt: str) -> str:
    made = FORMATS[fmt].render(given(name), DrawOptions())
    assert isinstance(made, str)
    return made


# ---- the schema ----------------------------------------------------------------------

NODE = {
    "cpu": int,
    "function": str,
    "args": dict,
    "callers": tuple,
    "section": int,
    "reads": tuple,
    "writes": tuple,
    "continued": bool,
}


@pytest.mark.parametrize("name", ALL)
def test_the_schema_is_the_one_that_is_documented(name: str) -> None:
    found = graph(name)
    assert found.graph["format"] == FORMAT and found.graph["version"] == 1
    assert set(found.graph) == {"format", "version", "design", "property", "fails", "loop"}
    assert [*found] == list(range(len(found)))
    for _, data in found.nodes(data=True):
        assert {key: type(value) for key, value in data.items()} == NODE
        for kind, number in (*data["reads"], *data["writes"]):
            assert kind in ("migratetype", "page") and isinstance(number, int)
        assert data["function"] not in ("look_at", "is_still_free", "take_off", "")
    for earlier, later, data in found.edges(data=True):
        assert earlier < later
        assert set(data) == {"kinds", "places"}
        assert data["kinds"] == tuple(sorted(set(data["kinds"]))) != ()
        assert {*data["kinds"]} <= {"program order", "lock", *CONFLICTS}
        assert bool(data["places"]) == bool({*data["kinds"]} & {*CONFLICTS})


@pytest.mark.parametrize("name", ALL)
def test_an_edge_says_what_a_step_reads_from_or_overwrites(name: str) -> None:
    found = graph(name)
    for earlier, later, data in found.edges(data=True):
        one, other = found.nodes[earlier], found.nodes[later]
        if "read-from" in data["kinds"]:
            assert {*one["writes"]} & {*other["reads"]} & {*data["places"]}
        if "overwritten" in data["kinds"]:
            assert {*other["writes"]} & {*data["places"]} & {*one["writes"], *one["reads"]}
        if {*data["kinds"]} & {*CONFLICTS}:
            assert one["cpu"] != other["cpu"]


@pytest.mark.parametrize("name", ALL)
def test_sections_are_numbered_as_the_lock_was_taken(name: str) -> None:
    held = [data["section"] for _, data in graph(name).nodes(data=True) if data["section"]]
    assert held == list(range(1, len(held) + 1))
    steps = interleave(given(name)).events
    assert len(held) == sum(event.step.locked for event in steps)


@pytest.mark.parametrize("name", ALL)
def test_holds_of_the_lock_are_ordered_by_happens_before(name: str) -> None:
    found = graph(name)
    before = happens_before(found)
    held = [node for node, data in found.nodes(data=True) if data["section"]]
    assert all(before.has_edge(one, other) for one, other in pairwise(held))
    assert nx.is_directed_acyclic_graph(before)


def test_what_races_is_found_from_the_graph_alone() -> None:
    found = graph(B1)
    assert racing(found) == (0,) == interleave(trace(B1)).racing
    assert found.edges[0, 1] == {
        "kinds": ("lock", "overwritten", "read-from"),
        "places": (("migratetype", 1), ("page", 1)),
    }
    assert found.nodes[2]["function"] == "PageBuddy"
    # Without that edge nothing races, whatever else the graph holds.
    found.remove_edge(0, 1)
    assert racing(found) == ()
    for name in trace_names():
        assert racing(graph(name)) == interleave(trace(name)).racing


# ---- files ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_graphml_is_read_back_as_the_same_graph(name: str) -> None:
    file = io.BytesIO(text(name, "graphml").encode())
    back = nx.read_graphml(file, node_type=int)
    wanted = flat(to_networkx(DrawOptions().interleave(given(name))))
    assert {*back} == {*wanted} and {*back.edges} == {*wanted.edges}
    for node, data in wanted.nodes(data=True):
        # An empty text is read back as none.
        read = {k: "" if v is None else v for k, v in back.nodes[node].items()}
        assert read == data
    for edge, data in wanted.edges.items():
        assert {k: v or "" for k, v in back.edges[edge].items()} == data


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # pydot uses pyparsing so
@pytest.mark.parametrize("name", ALL)
def test_graphviz_s_grammar_holds_and_every_step_and_edge_is_there(name: str) -> None:
    (read,) = pydot.graph_from_dot_data(text(name, "dot")) or []
    wanted = to_networkx(DrawOptions().interleave(given(name)))
    clusters = read.get_subgraphs()
    nodes = {n.get_name() for c in clusters for n in c.get_nodes()}
    assert nodes == {str(node) for node in wanted}
    assert len(clusters) == len({data["cpu"] for _, data in wanted.nodes(data=True)})
    drawn = [e for e in read.get_edges() if e.get("style") != "invis"]
    edges = {(int(str(e.get_source())), int(str(e.get_destination()))) for e in drawn}
    again = {(a, b) for a, b in edges if b <= a}
    # Each step is below the one before it, on whatever CPU.
    every = {(str(e.get_source()), str(e.get_destination())) for e in read.get_edges()}
    assert {(str(a), str(b)) for a, b in pairwise(wanted)} <= every
    assert edges - again == {*wanted.edges}
    # A behaviour without end goes back once, from its last step.
    assert len(again) == (given(name).loop is not None)
    assert all(a == max(wanted) for a, _ in again)


@pytest.mark.parametrize("name", ALL)
def test_a_sequence_diagram_has_every_row_and_no_sign_that_mermaid_takes_for_its_own(
    name: str,
) -> None:
    first, *lines = text(name, "mermaid").splitlines()
    assert first == "sequenceDiagram"
    message = r"(C\d+->>C\d+|C\d+->>Z|Z-->>C\d+): \S.*"
    note = r"Note over C\d+(,Z)?: \S.*"
    for line in lines:
        assert re.fullmatch(f"    ({message}|{note}|participant \\w+ as [\\w ]+)", line), line
        assert not re.search(r"[;%<>]|#(?!\d+;)", re.sub(r"-?->>|#\d+;|<br/>", "", line)), line
    taken = [line for line in lines if line.endswith((": lock", ": unlock"))]
    drawn = FORMATS["ftrace"].render(given(name), DrawOptions())
    assert isinstance(drawn, str)
    assert len(taken) == len(re.findall(r"\block zone->lock$", drawn, re.M)) + len(
        re.findall(r"\bunlock zone->lock$", drawn, re.M)
    )


def test_a_place_is_written_as_an_element_of_an_array() -> None:
    assert place(("migratetype", 3)) == "migratetype[3]"
