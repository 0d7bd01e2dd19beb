"""The names in the model that drawings and pictures know: ``specs/drawing.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gen.model.specs import SPECS, load


@dataclass(frozen=True)
class Vocabulary:
    """See ``drawing.toml``: ``take`` and ``drop`` are calls, ``taken`` and ``dropped`` rows.

    ``pageblocks`` and ``pages``: the names of arguments that are one.  ``isolates``: the function
    that isolates the range from ``start`` to ``end``.
    """

    take: str
    drop: str
    taken: str
    dropped: str
    pageblocks: tuple[str, ...]
    pages: tuple[str, ...]
    isolates: str
    start: str
    end: str

    def is_lock(self, call: str) -> bool:
        """Whether a call takes or drops the lock."""
        return call in (self.take, self.drop)


@cache
def vocabulary() -> Vocabulary:
    """The names of ``drawing.toml``."""
    data = load(SPECS / "drawing.toml")
    lock, fields, isolated = data["lock"], data["fields"], data["range"]
    return Vocabulary(
        **lock,
        pageblocks=tuple(fields["pageblock"]),
        pages=tuple(fields["page"]),
        isolates=isolated["function"],
        start=isolated["start"],
        end=isolated["end"],
    )
