"""The two-column drawing that kernel developers write by hand.

The rules are those of the drawings on LKML: a heading ``#0 #1``, one step per row,
two spaces per call depth, a caller's line once, the failure line last, ASCII, no
tab, at most 75 columns.
"""

from __future__ import annotations

from gen import printable
from gen.draw.layout import CLOSEST, columns, fit
from gen.draw.names import Names
from gen.draw.options import WIDTH, DrawOptions
from gen.draw.rows import ALL, rows_of
from gen.draw.sentence import tell
from gen.draw.setting import setting
from gen.trace.interleaving import Interleaving
from gen.trace.trace import Trace


def draw(
    it: Interleaving,
    *,
    depth: str = "",
    width: int = WIDTH,
    state: str = "none",
    one_column: bool = False,
) -> str:
    """The drawing in flavour ``lkml``, with the sentence below it.

    ``depth`` and ``state``: as in DrawOptions.  Lines are at most ``width`` columns.  In
    ``one_column`` the CPU stands in front of each row; so do more CPUs than there is room for.
    """
    names = Names(it)
    rows = rows_of(it, names, depth, state)
    starts = columns(rows, it.lanes, width)
    one_column = one_column or (it.lanes > 1 and starts[1] < CLOSEST)
    heading = ""
    for lane, start in enumerate(starts):
        heading = heading.ljust(start) + f"#{lane}"
    lines = [] if one_column else [heading]
    lines += setting(it, names, width, "CPU" if one_column else "#")
    for row in rows:
        if row.lane == ALL:
            lines += fit("", row.text, width)
        elif one_column:
            front = f"{row.lane:>{len(str(it.lanes - 1)) + 1}}) "
            fitted = fit("  " * row.depth, row.text, width - len(front))
            lines += [front + line for line in fitted]
        else:
            lines += fit(" " * (starts[row.lane] + 2 * row.depth), row.text, width)
    return printable.joined([*lines, "", *tell(names, it.trace).lines(width)])


def draw_trace(trace: Trace, options: DrawOptions) -> str:
    """The drawing of a trace as the options want it."""
    it = options.interleave(trace)
    return draw(it, depth=options.depth, width=options.columns, state=options.state)
