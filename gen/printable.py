"""Text as it may be shown: nothing in it moves a cursor, ends a line or hides what stands beside.

What users write is refused at reading if it is no printable line (``gen.model.reader``,
``gen.trace.trace``).  This is the second wall: whatever goes to a terminal or into a file goes
through here, so that what came another way (a path, a variable of the environment) does no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

#: What stands on no line of text, as a part of a class of a regular expression: controls, ends
#: of lines, what changes the direction of writing or cannot be seen, what XML cannot hold.
CONTROLS = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\ufffe\uffff"
)
# And what no file can hold that is UTF-8, half of a surrogate pair; and invisible tags.
_UNSEEN = CONTROLS + r"\ud800-\udfff\U000e0000-\U000e007f"

_ON_NO_LINE = re.compile(f"[{_UNSEEN}]")
_IN_NO_TEXT = re.compile(rf"(?![\n\t])[{_UNSEEN}]")


def is_line(text: str) -> bool:
    """Whether a text is one line, and can be shown as it is."""
    return _ON_NO_LINE.search(text) is None


def line(text: str) -> str:
    r"""A text as one line: what may not stand on one is told as ``\n``, ``\x1b`` or ``\u2028``."""
    return _ON_NO_LINE.sub(_escaped, text)


def lines(text: str, ours: Iterable[str] = ()) -> str:
    """The same of a text of several lines: its line feeds and tabs stay.

    So does what is ``ours``: whole sequences, such as a terminal's colours.
    """
    kept = "|".join(map(re.escape, ours))
    parts = re.split(f"({kept})", text) if kept else [text]
    parts[::2] = [_IN_NO_TEXT.sub(_escaped, part) for part in parts[::2]]
    return "".join(parts)


def joined(some: Iterable[str]) -> str:
    """A text of these lines; one that has an end of a line in itself is still one."""
    return "".join(f"{line(one)}\n" for one in some)


def json_text(obj: object) -> str:
    """Indented JSON, keys in the order they were put in; it reads back as it was.

    Whatever may not be shown is written as JSON's own escapes.
    """
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False)
    return _IN_NO_TEXT.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n"


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
