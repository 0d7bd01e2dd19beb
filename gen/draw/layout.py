"""Where the columns of a drawing start, and how its rows are broken into lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gen.draw.rows import Row

#: Where the second column starts if there is room: as in the drawing of the thread.
COLUMN = 40
#: How close two columns may come before long rows are wrapped; more columns: closer.
APART = 24
#: Before the second line of a row that is too long: no call is nested by two levels.
WRAPPED = " " * 4
#: Lanes closer than this are not told apart by eye: one column for all is drawn instead.
CLOSEST = 6


def columns(rows: Sequence[Row], lanes: int, width: int) -> list[int]:
    """Where each lane starts: evenly, at most COLUMN apart, so that every line fits.

    Lines are wrapped instead if the lanes would come too close to each other, or a lane
    would start among the nested calls of its neighbour to the left; what is not broken
    always fits.
    """
    fits = unbroken = COLUMN
    apart = min(APART, width // (lanes + 1))
    for row in rows:
        if row.lane > 0:
            room = width - 2 * row.depth
            first, *others = map(len, pieces_of(row.text))
            longest = max(first, *(len(WRAPPED) + piece for piece in others), 0)
            fits = min(fits, (room - len(row.text)) // row.lane)
            unbroken = min(unbroken, (room - longest) // row.lane)
        if 0 <= row.lane < lanes - 1:
            apart = max(apart, 2 * row.depth + 4)
    gap = min(max(fits, apart), unbroken)
    return [gap * lane for lane in range(lanes)]


def _words(text: str) -> list[str]:
    """What a row is broken between: "pageblock 1" is one word, "// => -EBUSY" and "x }" too."""
    return re.split(r"(?<!//)(?<!=>) (?!\d|\}$)|(?<=,) ", text)


def pieces_of(text: str) -> list[str]:
    """What is never broken: a long call may be, after its parenthesis."""
    return [piece for word in _words(text) for piece in re.split(r"(?<=\w\()(?!\)|$)", word)]


def fit(indent: str, text: str, width: int) -> list[str]:
    """The lines of a row, at most ``width`` columns; it moves left if its pieces are too long."""
    longest = max(map(len, pieces_of(text)))
    indent = indent[: max(min(len(indent), width - longest - len(WRAPPED)), 0)]
    lines = [indent]

    def put(words: Sequence[str], between: str) -> None:
        for word in words:
            begun = lines[-1] != indent
            added = between + word if begun else word
            if len(lines[-1] + added) <= width:
                lines[-1] += added
            elif len(indent + WRAPPED + word) > width and (pieces := pieces_of(word)) != [word]:
                lines[-1] += between if begun else ""
                put(pieces, "")
            elif begun:
                lines.append(indent + WRAPPED + word)
            else:
                lines[-1] += word

    put(_words(text), " ")
    return [line.rstrip() for line in lines]
