"""The plain sentence below a drawing."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from gen import printable
from gen.draw.names import Names
from gen.model.display import migratetypes
from gen.model.vocabulary import vocabulary
from gen.tlc.value import Value
from gen.trace.interleaving import interleave
from gen.trace.trace import Trace


class _Field:
    """A field of a witness, as a sentence writes it: ``{type}``, ``{type:number}``, ..."""

    def __init__(self, name: str, value: Value, names: Names, in_drawing: bool) -> None:
        self.name, self.value, self.names, self.in_drawing = name, value, names, in_drawing

    def __format__(self, spec: str) -> str:
        value, zone = self.value, self.names.zone
        if spec == "number" and isinstance(value, str):
            known = migratetypes().get(value)  # a proposal may have types of its own
            return str(known.number) if known else value
        if spec == "nr" and isinstance(value, int):
            return str(1 << value)
        if spec == "pages" and isinstance(value, int):
            return str(value * zone.unit_pages)
        if self.name in vocabulary().fields.pageblock and isinstance(value, int):
            return self._pageblock(value)
        if self.name in vocabulary().fields.page and isinstance(value, int):
            b, unit = divmod(value, zone.pageblock_units)
            inside = f"pfn {value * zone.unit_pages} (in {self._pageblock(b)})"
            return self._pageblock(b) if unit == 0 else inside
        return str(value)

    def _pageblock(self, b: int) -> str:
        name = self.names.pageblock(b)
        return (
            f"pageblock {b} ({name})" if self.names.head_and_tail and not self.in_drawing else name
        )


@dataclass(frozen=True)
class Told:
    """What went wrong: a sentence, and below it what the kernel itself prints of it, if it does.

    ``warning`` is what people search for, so it is one line, however narrow the drawing.
    """

    text: str
    warning: str

    def lines(self, width: int) -> list[str]:
        """The sentence in lines of at most ``width`` columns, then the warning."""
        return [*textwrap.wrap(self.text, width), *([self.warning] if self.warning else [])]

    def __str__(self) -> str:
        return f"{self.text} {self.warning}".rstrip()


def _filled(names: Names, trace: Trace, text: str, *, in_drawing: bool = False) -> str:
    fields = {k: _Field(k, v, names, in_drawing) for k, v in trace.witness.items()}
    return printable.line(text.format(**fields))


def tell(names: Names, trace: Trace) -> Told:
    """What a trace violates, with its pageblocks, types and orders."""
    prop = trace.prop
    return Told(_filled(names, trace, prop.sentence), _filled(names, trace, prop.warning))


def remark(names: Names, trace: Trace) -> str:
    """What stands last in a drawing; "" if the log has a line of its own that fails."""
    return _filled(names, trace, trace.prop.failure, in_drawing=True)


def sentence(trace: Trace) -> Told:
    """The same as ``tell``, for who has no drawing at hand."""
    return tell(Names(interleave(trace)), trace)
