"""What a user may choose of any picture of a trace."""

from __future__ import annotations

from dataclasses import dataclass

from gen.trace.interleaving import Interleaving, interleave
from gen.trace.trace import Trace

WIDTH = 75


@dataclass(frozen=True)
class DrawOptions:
    """What a user may choose of any picture of a trace.

    ``columns``: the longest line of a text.  ``depth``: "calls" that matter, "all" calls, or a
    number: calls that matter, nested to so many levels.  ``state``: after each step "none" of
    the zone's state, what has "changed", or "all" of it.  ``continuation``: show how the open
    calls run on after the kernel's own warning.  ``color``: what is for a terminal may use its
    colours.
    """

    columns: int = WIDTH
    depth: str = "calls"
    state: str = "none"
    continuation: bool = True
    color: bool = False

    def interleave(self, trace: Trace) -> Interleaving:
        """The trace on its lanes, with the steps after the violation if they are to be shown."""
        # A kernel that has printed its warning goes on.
        return interleave(trace, continuation=self.continuation and bool(trace.prop.warning))
