"""The table of verdicts: designs by properties."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.check import Check, Result, Verdict, check
from gen.report import drawing
from gen.run_dir import write_json, write_text
from gen.specs import Design, Property
from gen.zone import Zone


@dataclass(frozen=True)
class Matrix:
    """Verdicts by design and property, in one zone."""

    zone: Zone
    designs: tuple[Design, ...]
    properties: tuple[Property, ...]
    verdicts: Mapping[str, Mapping[str, Verdict]]

    def cell(self, design: Design, prop: Property) -> Verdict:
        """The verdict for one design and property."""
        return self.verdicts[design.name][prop.name]


def words(verdict: Verdict) -> str:
    """A verdict as a cell of the table says it."""
    if verdict.result is Result.HOLDS:
        return "proved within bounds"
    if verdict.result is Result.VIOLATED:
        return f"violated at depth {verdict.length}"
    return str(verdict.result.value)


def run(
    request: Callable[[Design], Check],
    zone: Zone,
    designs: Sequence[Design],
    properties: Sequence[Property],
    on_design: Callable[[Design, Sequence[Verdict]], None],
) -> Matrix:
    """Check every design; each check keeps its own two JVMs busy.

    ``request(design)`` makes the check of a design in a directory of its own;
    ``on_design(design, verdicts)`` is called when one is done.
    """
    verdicts: dict[str, dict[str, Verdict]] = {}
    for design in designs:
        done = check(request(design))
        verdicts[design.name] = {v.prop.name: v for v in done}
        on_design(design, done)
    return Matrix(zone, tuple(designs), tuple(properties), verdicts)


# ---- how it is written ---------------------------------------------------------------


def table(matrix: Matrix) -> str:
    """The table as Markdown; a violated cell links to its drawing."""
    names = [prop.name for prop in matrix.properties]
    lines = ["| design | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for design in matrix.designs:
        cells = []
        for prop in matrix.properties:
            verdict = matrix.cell(design, prop)
            text = words(verdict)
            cells.append(f"[{text}]({_drawing_name(design, prop)})" if verdict.trace else text)
        lines.append(f"| {design.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plain_table(matrix: Matrix) -> str:
    """The table for a terminal: a column for each design would be too wide, so rows pair up."""
    width = max(len(prop.name) for prop in matrix.properties)
    lines: list[str] = []
    for design in matrix.designs:
        lines.append(design.name)
        for prop in matrix.properties:
            lines.append(f"  {prop.name:{width}}  {words(matrix.cell(design, prop))}")
    return "\n".join(lines) + "\n"


def to_json(matrix: Matrix) -> dict[str, Any]:
    """The table as data."""
    return {
        "format": "pageblock-gen matrix",
        "version": 1,
        "zone": matrix.zone.describe,
        "verdicts": [
            {
                "design": design.name,
                "property": prop.name,
                "result": matrix.cell(design, prop).result.value,
                "length": matrix.cell(design, prop).length,
                "distinct": matrix.cell(design, prop).distinct,
                "depth": matrix.cell(design, prop).depth,
                "message": matrix.cell(design, prop).message,
            }
            for design in matrix.designs
            for prop in matrix.properties
        ],
    }


_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; }
th { position: sticky; top: 0; background: Canvas; }
.holds { background: #0072b233; }
.violated { background: #d55e0055; font-weight: 600; }
.vacuous, .no-verdict { color: GrayText; }
pre { overflow-x: auto; }
"""


def to_html(matrix: Matrix) -> str:
    """The table as one page without anything from outside; drawings stand below it."""
    head = "".join(f"<th>{html.escape(p.name)}</th>" for p in matrix.properties)
    rows, drawings = [], []
    for design in matrix.designs:
        cells = []
        for prop in matrix.properties:
            verdict = matrix.cell(design, prop)
            text = html.escape(words(verdict))
            if verdict.trace:
                anchor = html.escape(f"{design.name}-{prop.name}", quote=True)
                text = f'<a href="#{anchor}">{text}</a>'
                drawings.append(
                    f'<h2 id="{anchor}">{html.escape(design.name)}: {html.escape(prop.name)}</h2>'
                    f"<pre>{html.escape(drawing(verdict))}</pre>"
                )
            kind = verdict.result.value.replace(" ", "-")
            cells.append(f'<td class="{kind}">{text}</td>')
        title = html.escape(design.title, quote=True)
        rows.append(f'<tr><th title="{title}">{html.escape(design.name)}</th>{"".join(cells)}</tr>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Designs and properties</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Designs and properties</h1>\n<p>{html.escape(matrix.zone.describe)}</p>\n"
        f"<table><thead><tr><th>design</th>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table>\n"
        + "\n".join(drawings)
        + "\n</body></html>\n"
    )


def _drawing_name(design: Design, prop: Property) -> str:
    return f"{design.name}-{prop.name}.txt"


def write(matrix: Matrix, directory: Path) -> list[Path]:
    """Write the table as Markdown, JSON and HTML, and a drawing for each violated cell."""
    for design in matrix.designs:
        for prop in matrix.properties:
            verdict = matrix.cell(design, prop)
            if verdict.trace:
                write_text(directory / _drawing_name(design, prop), drawing(verdict))
    write_text(directory / "matrix.md", table(matrix))
    write_json(directory / "matrix.json", to_json(matrix))
    write_text(directory / "matrix.html", to_html(matrix))
    return [directory / f"matrix.{kind}" for kind in ("md", "json", "html")]
