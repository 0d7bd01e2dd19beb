"""How the variables of the state are read and shown: ``shape`` and ``block`` in variables.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from gen.model.variable import variable_data

Shape = Literal["types", "isolated", "blocks", "pfns", "pageblocks", "by pageblock", "count", ""]


@dataclass(frozen=True)
class Migratetype:
    """A type: its number in ``enum migratetype``, and the letter that stands for it."""

    number: int
    letter: str


@dataclass(frozen=True)
class BlockWords:
    """How a block of one kind is told; see ``variables.toml`` for the fields.

    ``rank``: the place of its variable in the file.
    """

    rank: int
    fields: tuple[str, ...]
    type: str
    free: bool
    dashed: bool
    carried: bool
    noun: tuple[str, str]
    setting: str
    brace: str
    short: str
    medium: str
    long: str


@dataclass(frozen=True)
class Display:
    """How a variable is read (``shape``), and what stands before its changes (``title``)."""

    name: str
    shape: Shape
    title: str
    block: BlockWords | None
    #: Of isolation bits: the type that is read where one is set.
    reads_as: str = ""


def _block_words(rank: int, data: Mapping[str, object] | None) -> BlockWords | None:
    if data is None:
        return None
    defaults = {"rank": rank, "type": "", "free": False, "dashed": False, "carried": False}
    return BlockWords(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in (defaults | dict(data)).items()}  # type: ignore[arg-type]
    )


@cache
def displays() -> Mapping[str, Display]:
    """How each variable of ``variables.toml`` is read and shown, in the order of the file."""
    return {
        name: Display(
            name=name,
            shape=data.get("shape", ""),
            title=data.get("title", ""),
            block=_block_words(rank, data.get("block")),
            reads_as=data.get("reads_as", ""),
        )
        for rank, (name, data) in enumerate(variable_data().items())
    }


@cache
def blocks() -> Mapping[str, BlockWords]:
    """How the blocks of each variable that has some are told, in the order of the file."""
    return {name: one.block for name, one in displays().items() if one.block is not None}


@cache
def migratetypes() -> Mapping[str, Migratetype]:
    """The types that there are, by name, in the kernel's order."""
    (types,) = (data["types"] for data in variable_data().values() if "types" in data)
    return {name: Migratetype(**one) for name, one in types.items()}


@cache
def isolated_as() -> str:
    """The type that a read gives of a pageblock with the isolation bit."""
    return next(one.reads_as for one in displays().values() if one.reads_as)


def letter(mt: str) -> str:
    """One letter for a type; a question mark for one that is not known."""
    return migratetypes()[mt].letter if mt in migratetypes() else "?"
