"""An interleaving as a networkx graph with a schema that stays, for tools of others.

Graph: ``format``, ``version``, ``design``, ``property``; ``fails``, the step that violates it
(-1: the boot state does); ``loop``, the first step of the loop, -1 if there is none.

Nodes are the steps, numbered from 0 in the order of time:

| attribute   | type                 | what it is                                             |
|-------------|----------------------|--------------------------------------------------------|
| `cpu`       | int                  | the lane                                               |
| `function`  | str                  | the kernel's function that it calls, or stands in      |
| `args`      | dict                 | its arguments by name                                  |
| `callers`   | tuple of str         | the calls that were open already, the outermost first  |
| `section`   | int                  | which hold of zone->lock it is, from 1; 0: none        |
| `reads`     | tuple of (str, int)  | ("migratetype", pageblock) and ("page", pfn in units)  |
| `writes`    | tuple of (str, int)  | the same                                               |
| `continued` | bool                 | it comes after the violation                           |

Edges go forward in time.  ``kinds`` is a sorted tuple of

- "program order": the next step of the same CPU,
- "lock": zone->lock went from one CPU to another,
- "read-from": a step of another CPU reads what the earlier one was the last to write,
- "overwritten": a step of another CPU writes what the earlier one read or wrote.

``places``: what the last two are about, a sorted tuple.  Happens-before is the transitive
closure, ``happens_before(graph)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gen import printable
from gen.trace.interleaving import Interleaving

if TYPE_CHECKING:  # see there
    import networkx as nx

FORMAT = "pageblock-gen interleaving"

VERSION = 1

#: The kinds of edges over which a step of one CPU changes what one of another finds.
CONFLICTS = ("overwritten", "read-from")


def to_networkx(it: Interleaving) -> nx.DiGraph[int]:
    """The graph of an interleaving, as the module's description has it."""
    import networkx as nx

    loop = it.trace.loop
    graph: nx.DiGraph[int] = nx.DiGraph(
        format=FORMAT,
        version=VERSION,
        design=it.trace.design,
        property=it.trace.prop.name,
        fails=it.failing,
        loop=-1 if loop is None else loop - 1,
    )
    section = 0
    for index, data in it.graph.nodes(data=True):
        step = it.events[index].step
        section += step.locked
        known = {name: data[name] for name in ("cpu", "function", "args")}
        graph.add_node(
            index,
            **known,
            callers=tuple(frame.name for frame in step.frames),
            section=section if step.locked else 0,
            reads=data["reads"],
            writes=data["writes"],
            continued=data["continued"],
        )
    for earlier, later, data in it.graph.edges(data=True):
        kinds = {kind for kind in data["kinds"] if kind != "conflict"}
        for place in data["places"]:
            wrote = place in graph.nodes[earlier]["writes"]
            if wrote and place in graph.nodes[later]["reads"]:
                kinds.add("read-from")
            if place in graph.nodes[later]["writes"]:
                kinds.add("overwritten")
        graph.add_edge(earlier, later, kinds=tuple(sorted(kinds)), places=data["places"])
    return graph


def happens_before(graph: nx.DiGraph[int]) -> nx.DiGraph[int]:
    """Which step comes before which by program order, the lock, or what it reads or writes."""
    import networkx as nx

    return nx.transitive_closure(graph)


def racing(graph: nx.DiGraph[int]) -> tuple[int, ...]:
    """The steps of other CPUs whose writes or reads the failing step runs into."""
    fails = graph.graph["fails"]
    if fails not in graph:
        return ()
    edges = graph.in_edges(fails, data=True)
    return tuple(sorted(earlier for earlier, _, data in edges if {*data["kinds"]} & {*CONFLICTS}))


def place(where: tuple[str, int]) -> str:
    """A place as text: ``migratetype[1]``."""
    return f"{where[0]}[{where[1]}]"


def call(data: dict[str, Any]) -> str:
    """The call of a node as text: ``set_migratetype_isolate(b=1)``."""
    return f"{data['function']}({', '.join(f'{k}={v}' for k, v in data['args'].items())})"


def flat(graph: nx.DiGraph[int]) -> nx.DiGraph[int]:
    """The same graph with strings for tuples and dicts, for formats that know no such thing.

    Its strings are printable lines.
    """
    import networkx as nx

    plain: nx.DiGraph[int] = nx.DiGraph(**_lines(graph.graph))
    for node, data in graph.nodes(data=True):
        texts = {name: " ".join(map(place, data[name])) for name in ("reads", "writes")}
        args = " ".join(f"{k}={v}" for k, v in data["args"].items())
        callers = " ".join(data["callers"])
        plain.add_node(node, **_lines({**data, **texts, "args": args, "callers": callers}))
    for earlier, later, data in graph.edges(data=True):
        places = " ".join(map(place, data["places"]))
        plain.add_edge(earlier, later, kinds=", ".join(data["kinds"]), places=places)
    return plain


def _lines(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: printable.line(v) if isinstance(v, str) else v for k, v in data.items()}
