"""The graph of an interleaving in DOT, for Graphviz: a cluster per CPU, time runs down."""

from __future__ import annotations

from itertools import pairwise

from gen import printable
from gen.draw.options import DrawOptions
from gen.trace.graph import CONFLICTS, call, place, racing, to_networkx
from gen.trace.trace import Trace


def dot(trace: Trace, options: DrawOptions) -> str:
    """A digraph; the step that fails has a double frame, those it races with are filled.

    Written here: the writers of networkx need pydot or pygraphviz, and know no clusters.
    """
    graph = to_networkx(options.interleave(trace))
    races = racing(graph)
    lines = [
        f"digraph {_quoted(f'{trace.design}: {trace.prop.name}')} {{",
        "  newrank=true;",
        '  node [shape=box fontname="Courier"];',
        '  edge [fontname="Courier" fontsize=10];',
    ]
    for cpu in sorted({data["cpu"] for _, data in graph.nodes(data=True)}):
        lines.append(f'  subgraph cluster_{cpu} {{ label="CPU {cpu}";')
        for node, data in graph.nodes(data=True):
            if data["cpu"] == cpu:
                style = "peripheries=2 color=red" * (node == graph.graph["fails"])
                style += "style=filled fillcolor=orange" * (node in races)
                style += "style=dashed" * data["continued"]
                lines.append(f"    {node} [label={_quoted(f'{node + 1}: {call(data)}')} {style}];")
        lines.append("  }")
    for earlier, later, data in graph.edges(data=True):
        kinds = [kind for kind in data["kinds"] if kind != "program order"]
        label = ", ".join(kinds) + "\n" * bool(data["places"])
        label += " ".join(map(place, data["places"]))
        style = "color=red" if {*kinds} & {*CONFLICTS} else "style=dotted" if kinds else ""
        lines.append(f"  {earlier} -> {later} [label={_quoted(label)} {style}];")
    for earlier, later in pairwise(graph):
        if not graph.has_edge(earlier, later):  # time runs down in all clusters alike
            lines.append(f"  {earlier} -> {later} [style=invis];")
    if graph.graph["loop"] >= 0 and graph.graph["loop"] in graph:
        back = f"{graph.graph['fails']} -> {graph.graph['loop']}"
        lines.append(f'  {back} [label="again" style=bold constraint=false];')
    return printable.joined([*lines, "}"]).replace(" ]", "]")


def _quoted(text: str) -> str:
    plain = printable.lines(text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
