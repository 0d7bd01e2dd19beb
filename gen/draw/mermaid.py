"""A Mermaid sequence diagram, which forges render in Markdown."""

from __future__ import annotations

import re
import textwrap

from gen import printable
from gen.draw.options import DrawOptions
from gen.draw.rows import ALL, Row
from gen.draw.sheet import sheet
from gen.model.vocabulary import vocabulary
from gen.trace.trace import Trace

#: Columns of a note.
_NOTE = 50


def mermaid(trace: Trace, options: DrawOptions) -> str:
    """A participant per CPU and one for the zone, which a CPU holds from lock to unlock."""
    it = options.interleave(trace)
    made = sheet(it, depth=options.depth, state=options.state)
    lines = ["sequenceDiagram"]
    lines += [f"    participant C{lane} as CPU {lane}" for lane in range(made.lanes)]
    lines.append("    participant Z as zone")
    over = "    Note over C0,Z: "
    lines += [over + _folded(brace.replace("#", "CPU ")) for brace in made.setting]
    for row in made.rows:
        lines.append(over + _folded(row.text) if row.lane == ALL else "    " + _message(row))
    lines.append(over + "<br/>".join(map(_text, made.told.lines(_NOTE))))
    return printable.joined(lines)


def _message(row: Row) -> str:
    cpu = f"C{row.lane}"
    if row.text == vocabulary().lock.taken:
        return f"{cpu}->>Z: lock"
    if row.text == vocabulary().lock.dropped:
        return f"Z-->>{cpu}: unlock"
    if row.fails:
        return f"Note over {cpu}: {_text(row.text.removeprefix('// '))}"
    return f"{cpu}->>{cpu}: {_text(row.text)}"


def _folded(text: str) -> str:
    """A note is as wide as its longest line, and may be wider than what it stands over."""
    return "<br/>".join(map(_text, textwrap.wrap(text, _NOTE)))


def _text(text: str) -> str:
    """With the signs that mean something to Mermaid, or to HTML, as it escapes them."""
    return re.sub(r"[#;<>%]", lambda sign: f"#{ord(sign[0])};", text)
