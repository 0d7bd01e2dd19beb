"""The formats in which ``gen show`` writes a trace, by name; each is made in its own module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gen import printable
from gen.draw import page, picture, strip_svg, strip_text
from gen.draw.dot import dot
from gen.draw.flavours import comment, commit, ftrace
from gen.draw.graphml import graphml
from gen.draw.itf import itf
from gen.draw.lkml import draw_trace
from gen.draw.mermaid import mermaid
from gen.draw.options import DrawOptions
from gen.trace.trace import Trace


@dataclass(frozen=True)
class Format:
    """``file``: its name in a directory of one trace.  ``what``: a few words for --help.

    ``render`` gives all of the file: text (UTF-8 where it is written), or bytes if it is none.
    """

    file: str
    what: str
    render: Callable[[Trace, DrawOptions], str | bytes]


def _json(trace: Trace, _options: DrawOptions) -> str:
    return printable.json_text(trace.to_json())


FORMATS: Mapping[str, Format] = {
    "lkml": Format("drawing.txt", "the drawing, for a mail", draw_trace),
    "commit": Format("commit.txt", "the drawing, for a commit message", commit),
    "comment": Format("comment.c", "the drawing, as a comment for a C source file", comment),
    "ftrace": Format("ftrace.txt", "the drawing in one column, for many CPUs", ftrace),
    "dot": Format("graph.dot", "the graph of steps, for Graphviz", dot),
    "graphml": Format("graph.graphml", "the graph of steps, for yEd, Gephi and networkx", graphml),
    "mermaid": Format(
        "sequence.mmd", "a sequence diagram, which forges render in Markdown", mermaid
    ),
    "itf": Format("states.itf.json", "the states, for the ITF viewer of VS Code", itf),
    "svg": Format("interleaving.svg", "the interleaving as a picture", picture.svg),
    "png": Format("interleaving.png", "the same, as PNG", picture.svg_as_png),
    "strip": Format("memory.txt", "the zone after each step, for a terminal", strip_text.text),
    "strip-svg": Format("memory.svg", "the zone after each step, as a picture", strip_svg.svg),
    "strip-png": Format("memory.png", "the same, as PNG", strip_svg.svg_as_png),
    "html": Format("page.html", "a page that goes through it step by step", page.html),
    "json": Format("trace.json", "the trace itself, which gen show reads", _json),
}

#: The formats that are the drawing, which a check can print.
FLAVOURS = ("lkml", "commit", "comment", "ftrace")

#: The formats that take most of the time, and a package that is optional.
PNG = ("png", "strip-png")


def files(
    trace: Trace, names: Iterable[str], heading: page.Heading | None = None
) -> dict[str, bytes]:
    """A trace in these formats, by the names of their files; ``heading``: that of its page."""
    options = DrawOptions()
    made: dict[str, bytes] = {}
    for name in names:
        form = FORMATS[name]
        data = page.html(trace, options, heading) if name == "html" else form.render(trace, options)
        made[form.file] = data.encode() if isinstance(data, str) else data
    return made
