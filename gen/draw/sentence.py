"""The plain sentence below a drawing."""

from __future__ import annotations

from gen.draw.names import NUMBERS, Names
from gen.tlc.value import Value
from gen.trace.interleaving import interleave
from gen.trace.trace import Trace

# ---- the sentence --------------------------------------------------------------------


class _Field:
    """A field of a witness, as a sentence writes it: ``{type}``, ``{type:number}``, ..."""

    def __init__(self, name: str, value: Value, names: Names, in_drawing: bool) -> None:
        self.name, self.value, self.names, self.in_drawing = name, value, names, in_drawing

    def __format__(self, spec: str) -> str:
        value, zone = self.value, self.names.zone
        if spec == "number" and isinstance(value, str):
            return str(NUMBERS.get(value, value))  # a proposal may have types of its own
        if spec == "nr" and isinstance(value, int):
            return str(1 << value)
        if spec == "pages" and isinstance(value, int):
            return str(value * zone.unit_pages)
        if self.name == "b" and isinstance(value, int):
            return self._pageblock(value)
        if self.name == "page" and isinstance(value, int):
            b, unit = divmod(value, zone.pageblock_units)
            inside = f"pfn {value * zone.unit_pages} (in {self._pageblock(b)})"
            return self._pageblock(b) if unit == 0 else inside
        return str(value)

    def _pageblock(self, b: int) -> str:
        name = self.names.pageblock(b)
        return (
            f"pageblock {b} ({name})" if self.names.head_and_tail and not self.in_drawing else name
        )


def tell(names: Names, trace: Trace, text: str, *, in_drawing: bool = False) -> str:
    return text.format(**{k: _Field(k, v, names, in_drawing) for k, v in trace.witness.items()})


def sentence(trace: Trace, text: str) -> str:
    """A text of the property, with the pageblocks, types and orders of this trace."""
    return tell(Names(interleave(trace)), trace, text)
