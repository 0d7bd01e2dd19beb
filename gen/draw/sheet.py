"""What a drawing says, before it is broken into lines: for pictures that lay it out themselves."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from gen.draw.layout import WRAPPED, columns, fit, pieces_of
from gen.draw.names import Names
from gen.draw.rows import ALL, Row, rows_of
from gen.draw.sentence import Told, tell
from gen.draw.setting import setting
from gen.trace.interleaving import Interleaving


@dataclass(frozen=True)
class Sheet:
    """What a drawing says, for a picture that lays it out by itself.

    ``setting``: the initial state and the ranges, a brace each.  ``told``: the sentence.
    """

    lanes: int
    setting: tuple[str, ...]
    rows: tuple[Row, ...]
    told: Told

    def lines(self, width: int) -> tuple[list[int], list[list[str]]]:
        """Where each lane starts, and for each row its lines, as in a drawing of that width."""
        starts = columns(self.rows, self.lanes, width)
        begin = dict(enumerate(starts)) | {ALL: 0}
        return starts, [self.fold(row, begin[row.lane], width) for row in self.rows]

    @property
    def least(self) -> int:
        """So wide a lane has to be, beside the indentation, for every row to fit in somehow."""
        pieces = [piece for row in self.rows for piece in pieces_of(row.text)]
        return len(WRAPPED) + max(map(len, pieces), default=0)

    @staticmethod
    def fold(row: Row, start: int, width: int) -> list[str]:
        """The lines of one row whose lane starts at a column."""
        return fit(" " * (start + 2 * row.depth), row.text, width)


def sheet(it: Interleaving, *, depth: str = "", state: str = "none") -> Sheet:
    """What ``draw`` writes, before it is broken into lines."""
    names = Names(it)
    rows = rows_of(it, names, depth, state)
    return Sheet(
        it.lanes, tuple(setting(it, names, sys.maxsize, "#")), tuple(rows), tell(names, it.trace)
    )
