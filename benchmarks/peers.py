"""The same zone in other hands: Murphi for rumur, Promela for spin, TLA+ without gen for TLC."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gen.zone import Zone

HERE = Path(__file__).resolve().parent
#: What rumur and spin recommend for a search, and what compiles sooner for a short one.
FAST, QUICK = "-O3", "-O1"


@dataclass(frozen=True)
class Explored:
    """What a complete search has seen: distinct states, and transitions between them."""

    states: int
    transitions: int


class PeerError(Exception):
    """A peer that is not there, or whose search did not come to its end."""


def sizes(zone: Zone) -> list[str]:
    """The zone as the C preprocessor gets it."""
    if not zone.whole or zone.isolators != 1 or zone.alloc_order is not None:
        raise PeerError(f"no peer models {zone.describe}")
    return [
        f"-DPAGEBLOCKS={zone.pageblocks}",
        f"-DPAGEBLOCK_ORDER={zone.pageblock_order}",
        f"-DMAX_PAGE_ORDER={zone.max_order}",
        f"-DMIN_ORDER={zone.min_order}",
    ]


def needs(*programs: str) -> None:
    """PeerError if one of these is not installed; Debian's packages have their names."""
    for program in programs:
        if shutil.which(program) is None:
            raise PeerError(f"{program} is missing: apt-get install {program}")


def rumur(design: str, zone: Zone, room: Path, optimize: str = FAST) -> Explored:
    """Compile a design's Murphi model, search it to the end, and say what there was."""
    needs("rumur", "gcc")
    model = HERE / "murphi" / f"{design}.m"
    _run(room, "gcc", "-E", "-P", "-x", "c", "-nostdinc", *sizes(zone), str(model), "-o", "zone.m")
    _run(room, "rumur", "--deadlock-detection", "off", "--output", "zone.c", "zone.m")
    _run(room, "gcc", optimize, "-march=native", "zone.c", "-o", "zone", "-lpthread", "-latomic")
    said = _run(room, "./zone")
    found = re.search(r"(\d+) states, (\d+) rules fired", said)
    if found is None or "No error found." not in said:
        raise PeerError(f"rumur: {said[-300:]}")
    return Explored(int(found[1]), int(found[2]))


def _run(room: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=room, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-300:]
        raise PeerError(f"{command[0]} failed with exit code {done.returncode}: {said}")
    return done.stdout
