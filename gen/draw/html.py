"""How pages are made: the environment of the HTML templates."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from gen import printable
from gen.draw.svg import COLOURS, rules


def _printable(value: object) -> object:
    # What is marked as safe is an SVG or a style sheet of ours.
    text = isinstance(value, str) and not isinstance(value, Markup)
    return printable.lines(str(value)) if text else value


def environment() -> jinja2.Environment:
    """The environment of ``templates/``: all that is not an SVG of ours is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["colours"] = COLOURS
    made.globals["rules"] = Markup(rules({name: f"var(--{name})" for name in COLOURS}))
    return made
