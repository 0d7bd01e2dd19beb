"""The drawing for other places than a mail: a commit message, a C comment, one column for all."""

from __future__ import annotations

from dataclasses import replace

from gen.draw.lkml import draw, draw_trace
from gen.draw.options import DrawOptions
from gen.trace.trace import Trace


def commit(trace: Trace, options: DrawOptions) -> str:
    """Indented by two: git drops lines of a message that start with ``#``, and cuts at ``---``."""
    return _behind("  ", trace, options)


def comment(trace: Trace, options: DrawOptions) -> str:
    """A comment block for a C source file; nothing in it ends it."""
    text = _behind(" * ", trace, options).replace("*/", "*\\/")
    return f"/*\n{text} */\n"


def ftrace(trace: Trace, options: DrawOptions) -> str:
    """One column with the CPU in front of each row, as ftrace prints calls."""
    it = options.interleave(trace)
    return draw(
        it, depth=options.depth, width=options.columns, state=options.state, one_column=True
    )


def _behind(prefix: str, trace: Trace, options: DrawOptions) -> str:
    text = draw_trace(trace, replace(options, columns=options.columns - len(prefix)))
    return "".join(f"{prefix}{line}".rstrip() + "\n" for line in text.splitlines())
