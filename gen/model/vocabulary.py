"""The names in the model that drawings and pictures know: ``specs/drawing.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.model.reader import Line, read
from gen.model.specs import SPECS

DRAWING = SPECS / "drawing.toml"


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The calls that take and drop the lock, and how a drawing writes them."""

    take: Annotated[Line, Meta(description="the call that takes it")]
    drop: Annotated[Line, Meta(description="the call that drops it")]
    taken: Annotated[Line, Meta(description="how a drawing writes that it is taken")]
    dropped: Annotated[Line, Meta(description="how a drawing writes that it is dropped")]


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What an argument of a call, or a field of a witness, is, by its name."""

    pageblock: Annotated[tuple[Line, ...], Meta(description="those that are a pageblock")]
    page: Annotated[tuple[Line, ...], Meta(description="those that are a page")]


@dataclass(frozen=True, kw_only=True)
class Range:
    """The function whose call isolates a range of pageblocks, and its arguments for that."""

    function: Annotated[Line, Meta(description="its name")]
    start: Annotated[Line, Meta(description="the argument that is the first pageblock")]
    end: Annotated[Line, Meta(description="the argument that is the one after the last")]


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """``drawing.toml``."""

    called: ClassVar[str] = "vocabulary"
    lock: Lock
    fields: Fields
    range: Range

    def is_lock(self, call: str) -> bool:
        """Whether a call takes or drops the lock."""
        return call in (self.lock.take, self.lock.drop)


@cache
def vocabulary() -> Vocabulary:
    """The names of ``drawing.toml``."""
    return read(DRAWING, Vocabulary)
