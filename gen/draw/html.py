"""How pages are made: the environment of the HTML templates."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from gen.draw.svg import COLOURS, rules


def environment() -> jinja2.Environment:
    """The environment of ``templates/``: all that is not an SVG of ours is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["colours"] = COLOURS
    made.globals["rules"] = Markup(rules({name: f"var(--{name})" for name in COLOURS}))
    return made
