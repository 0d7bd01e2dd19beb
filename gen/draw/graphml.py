"""The graph of an interleaving as GraphML, for yEd, Gephi and networkx."""

from __future__ import annotations

from gen.draw.options import DrawOptions
from gen.trace.graph import flat, to_networkx
from gen.trace.trace import Trace


def graphml(trace: Trace, options: DrawOptions) -> str:
    """The schema of ``gen.graph``; lists of words and of places are texts with blanks between."""
    import networkx as nx

    lines = nx.generate_graphml(flat(to_networkx(options.interleave(trace))))
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *lines]) + "\n"
