"""The start of a design file of a user's own: ``specs/new-design.toml.j2``."""

from __future__ import annotations

from gen.model.design import Design
from gen.model.render import template


def starting_design(name: str, given: str, base: Design) -> str:
    """A design file that changes nothing yet, with comments that say what could be changed.

    ``given``: what the base is called in it.
    """
    return template("new-design.toml.j2").render(name=name, given=given, kernel=base.kernel) + "\n"
