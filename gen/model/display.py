"""How the variables of the state are read and shown: ``shape`` and ``block`` in variables.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from gen.model.variable import BlockTable, Migratetype, Shape, variable_tables


@dataclass(frozen=True, kw_only=True)
class BlockWords(BlockTable):
    """How a block of one kind is told.

    ``rank``: the place of its variable in the file.
    """

    rank: int


@dataclass(frozen=True)
class Display:
    """How a variable is read (``shape``), and what stands before its changes (``title``)."""

    name: str
    shape: Shape
    title: str
    block: BlockWords | None
    #: Of isolation bits: the type that is read where one is set.
    reads_as: str = ""


@cache
def displays() -> Mapping[str, Display]:
    """How each variable of ``variables.toml`` is read and shown, in the order of the file."""
    return {
        name: Display(
            name=name,
            shape=one.shape,
            title=one.title,
            block=BlockWords(rank=rank, **vars(one.block)) if one.block else None,
            reads_as=one.reads_as,
        )
        for rank, (name, one) in enumerate(variable_tables().items())
    }


@cache
def blocks() -> Mapping[str, BlockWords]:
    """How the blocks of each variable that has some are told, in the order of the file."""
    return {name: one.block for name, one in displays().items() if one.block is not None}


@cache
def migratetypes() -> Mapping[str, Migratetype]:
    """The types that there are, by name, in the kernel's order."""
    (types,) = (one.types for one in variable_tables().values() if one.types)
    return types


@cache
def isolated_as() -> str:
    """The type that a read gives of a pageblock with the isolation bit."""
    return next(one.reads_as for one in displays().values() if one.reads_as)


def letter(mt: str) -> str:
    """One letter for a type; a question mark for one that is not known."""
    return migratetypes()[mt].letter if mt in migratetypes() else "?"
