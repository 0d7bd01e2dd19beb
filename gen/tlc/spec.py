"""A module and its configuration, as TLC reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """A rendered module and its configuration: ``name``.tla and ``name``.cfg."""

    name: str
    tla: str
    cfg: str
