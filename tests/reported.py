"""Bugs that people reported, as patches of a few lines, and the options that find each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

PATCHES = Path(__file__).parent / "data" / "patches"


@dataclass(frozen=True)
class Reported:
    """A patch of ``tests/data/patches``: where it is found, and in how many states."""

    name: str
    options: str
    violated: str
    length: int

    @property
    def path(self) -> Path:
        return PATCHES / f"{self.name}.toml"


_ALL = (
    Reported("4-claim-moves-only", "--min-order 8 --isolators 0", "NoFreelistWarning", 4),
    Reported("6-undo-passes-by", "--property StillSucceeds", "StillSucceeds", 4),
    Reported("8-put-back-what-stayed", "--property Conservation", "Conservation", 3),
    Reported("9-never-counted-down", "--with offline --property IsolateCount", "IsolateCount", 6),
    Reported("20-warns-less", "--property NoFreelistWarning", "NoFreelistWarning", 6),
)

each_reported = pytest.mark.parametrize("bug", _ALL, ids=lambda bug: bug.name)
