"""How TLC is to run: workers, heap, time."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gen.errors import GenError

MIB = 1024 * 1024
#: The heap in bytes below which a JVM is not pressed, so that more of them fit.
LEAST_HEAP = 256 * MIB

_UNITS = {"k": 1024, "m": MIB, "g": 1024 * MIB}


@dataclass(frozen=True)
class TlcOptions:
    """How TLC is to run; GenError if a value does not fit.

    ``heap`` is Java's notation (``512m``, ``2g``), None stands for ``default_heap()``.
    ``timeout`` is in seconds, for the caller to hand to ``run``. ``profile``: ``short`` starts
    fast and suits runs of a few seconds, ``long`` has the faster compiler.
    """

    workers: int = 1
    heap: str | None = None
    timeout: float | None = None
    profile: Literal["short", "long"] = "short"

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise GenError(f"workers: {self.workers} does not fit; give 1 or more")
        if self.heap is not None:
            check_heap(self.heap)
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise GenError(f"timeout: {self.timeout} does not fit; give seconds, more than 0")
        if self.profile not in ("short", "long"):
            raise GenError(f"profile: '{self.profile}' is unknown; 'short' and 'long' fit")


def check_heap(text: str) -> str:
    """``text`` in lower case if it is a heap size that TLC starts with, else GenError."""
    found = re.fullmatch(r"([0-9]{1,9})([kmg])", text.lower())
    if found is None:
        raise GenError(f"heap: '{text}' is no size; 512m or 2g fit")
    # With less than this TLC fails before it has read the spec.
    if heap_bytes(found[0]) < 16 * MIB:
        raise GenError(f"heap: {text} is too small for TLC; 16m or more fits")
    return text.lower()


def memory_bytes() -> int:
    """The memory this process may use: the machine's, or its container's limit if that is less."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # cgroup v2, v1
        with contextlib.suppress(OSError, ValueError):  # no such file; "max"
            memory = min(memory, int(Path("/sys/fs/cgroup", limit).read_text(encoding="ascii")))
    return memory


def default_heap() -> str:
    """A quarter of the memory, at least 256m and at most 4g.

    A quarter leaves a small laptop usable, and leaves room for what TLC takes outside of the heap;
    the models here need far less than 4g.
    """
    return f"{min(max(memory_bytes() // 4, LEAST_HEAP) // MIB, 4096)}m"


def shared_heap(jvms: int, memory: int) -> str:
    """The heap for each of so many JVMs in ``memory`` bytes, half of which is for all of them.

    None gets less than 256m, or more than one that is alone.
    """
    alone = heap_bytes(default_heap())
    return f"{min(max(memory // 2 // jvms, LEAST_HEAP), alone) // MIB}m"


def heap_bytes(heap: str) -> int:
    """A heap in Java's notation as a number of bytes."""
    return int(heap[:-1]) * _UNITS[heap[-1].lower()]
