"""What is set side by side: the commands of each contender, in a directory of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import peers
from gen.model.zone import Zone
from gen.tlc.toolchain import Toolchain

Commands = list[list[str]]
Prepare = Callable[[Path], Commands]

EMPTY = "---- MODULE Empty ----\nVARIABLE x\nInit == x = 0\nNext == x' = x\n====\n"


@dataclass(frozen=True)
class Contender:
    """Who runs: ``prepare`` writes what the commands need into a directory, and gives them.

    ``codes``: the exit codes of a run that came to its end.
    """

    name: str
    prepare: Prepare
    codes: tuple[int, ...] = (0,)
    #: The file that says what was seen; out.txt: what the last command printed.
    log: str = "out.txt"


@dataclass(frozen=True)
class Case:
    """Contenders that do the same; the last one is what the others are measured by.

    ``target``: what the ratio of the first to the last should be at most; None: no target.
    ``once``: it takes minutes, and needs no fifth run to be told from what takes seconds.
    """

    title: str
    contenders: tuple[Contender, ...]
    target: float | None = None
    once: bool = False


def gen(*argv: str) -> Prepare:
    """The command gen of this Python."""
    return lambda _room: [[str(Path(sys.executable).with_name("gen")), *argv]]


def cases(toolchain: Toolchain, quick: bool) -> list[Case]:
    """All comparisons; quick: in a zone so small that the whole of it is searched in seconds."""
    zone = Zone(pageblocks=2 if quick else 4, min_order=8, whole=True)
    # Small enough for all to come to their end, as rates are told of complete searches alone.
    complete = replace(zone, min_order=8 if quick else 9)
    empty = Contender("TLC, default flags, an empty spec", lambda room: _empty(room, toolchain))
    whole = ["--whole-zone", "--property", "Conservation", "--run-dir", "run"]
    explore = Contender(
        "gen check --whole-zone", gen("check", *_size(complete), *whole), log="run/first/tlc.out"
    )
    plain = Contender("TLC, a spec by hand", lambda room: _plain(room, complete, toolchain))
    spin = Contender("spin, compiled", lambda _: peers.spin_commands(complete))
    return [
        Case(
            f"v6.12, {_units(zone)}, exhaustive",
            (Contender("gen check", gen("check", *_size(zone))), _rumur(zone)),
            None if quick else 0.2,
            once=True,
        ),
        Case(
            f"v6.12, {_units(complete)}, the whole zone at once",
            (explore, plain, spin, _rumur(complete)),
        ),
        *(
            Case(
                f"v6.12, {n} pageblocks against 4",
                (_pageblocks(n), _pageblocks(4)),
                1.2,
            )
            for n in (8, 16, 64)
        ),
        Case(
            "from a cold start to the drawing of the seed's race",
            (
                Contender("gen check", gen("check", "--property", "NoFreelistWarning"), (12,)),
                empty,
            ),
            2.5,
        ),
        *(
            Case(
                f"proof of v6.12, induction and vacuity, largest order pageblock_order + {n}"
                f"{', exhaustive' if n > 1 else ''}",
                (_prove(9 + n), empty),
                3.0 if n == 1 else None,
                once=n > 1,
            )
            for n in ((1,) if quick else (1, 2, 3))
        ),
    ]


def _units(zone: Zone) -> str:
    units = "two units" if zone.min_order < zone.pageblock_order else "one unit"
    return f"{zone.pageblocks} pageblocks of {units}"


def _size(zone: Zone) -> list[str]:
    size = ["--pageblocks", str(zone.pageblocks), "--order", str(zone.max_order)]
    return [*size, "--min-order", str(zone.min_order), "--design", "v6.12"]


def _rumur(zone: Zone) -> Contender:
    return Contender("rumur, compiled", lambda _: peers.rumur_commands("v6.12", zone))


def _pageblocks(n: int) -> Contender:
    return Contender(
        f"gen check --pageblocks {n}",
        gen("check", "--design", "v6.12", "--pageblocks", str(n), "--order", "10"),
    )


def _prove(order: int) -> Contender:
    asked = ["--design", "v6.12", "--order", str(order), "--no-cache"]
    # 3: what rests on the other obligations is not called proved.
    return Contender(
        f"gen prove --order {order}",
        gen("prove", *asked, "--obligations", "induction,vacuity"),
        (0, 3, 12),
    )


def _empty(room: Path, toolchain: Toolchain) -> Commands:
    (room / "Empty.tla").write_text(EMPTY, encoding="utf-8")
    (room / "Empty.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    return [[str(toolchain.java), "-cp", str(toolchain.jar), "tlc2.TLC", "Empty"]]


def _plain(room: Path, zone: Zone, toolchain: Toolchain) -> Commands:
    peers.write_plain(room, zone)
    heap: Sequence[str] = ["-XX:+UseParallelGC"]  # what TLC itself asks for
    options = ["-deadlock", "-workers", "1", "-config", "zone.cfg", "zone.tla"]
    return [[str(toolchain.java), *heap, "-cp", str(toolchain.jar), "tlc2.TLC", *options]]
