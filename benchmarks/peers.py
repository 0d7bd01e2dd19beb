"""The same zone in other hands: Murphi for rumur, Promela for spin, TLA+ without gen for TLC."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gen.model.zone import Zone

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


def rumur_commands(design: str, zone: Zone, optimize: str = FAST) -> list[list[str]]:
    """What preprocesses, compiles and runs a design's Murphi model."""
    needs("rumur", "gcc")
    model = str(HERE / "murphi" / f"{design}.m")
    return [
        ["gcc", "-E", "-P", "-x", "c", "-nostdinc", *sizes(zone), model, "-o", "zone.m"],
        ["rumur", "--deadlock-detection", "off", "--output", "zone.c", "zone.m"],
        ["gcc", optimize, "-march=native", "zone.c", "-o", "zone", "-lpthread", "-latomic"],
        ["./zone"],
    ]


def spin_commands(zone: Zone) -> list[list[str]]:
    """What translates, compiles and runs the Promela model."""
    needs("spin", "gcc")
    units = zone.pageblocks * 2 ** (zone.pageblock_order - zone.min_order)
    model = str(HERE / "promela" / "zone.pml")
    return [
        ["spin", *sizes(zone), f"-DPFNS={units}", "-a", model],
        ["gcc", FAST, "-march=native", "-DSAFETY", "-DNOREDUCE", "pan.c", "-o", "pan"],
        ["./pan", "-n", "-m20000000"],
    ]


def write_plain(room: Path, zone: Zone) -> None:
    """The TLA+ by hand, as zone.tla and zone.cfg."""
    shutil.copy(HERE / "tla" / "zone.tla", room)
    constants = (
        f"PAGEBLOCKS = {zone.pageblocks} P = {zone.pageblock_order} "
        f"X = {zone.max_order} M = {zone.min_order}"
    )
    (room / "zone.cfg").write_text(f"INIT Init\nNEXT Next\nCONSTANTS {constants}\n")


#: How each of them says what it has seen: states, and transitions if it counts them.
_SAID = (
    re.compile(r"(?P<states>\d+) states, (?P<transitions>\d+) rules fired"),
    re.compile(r"(?P<transitions>\d+) states generated, (?P<states>\d+) distinct states found, 0 "),
    re.compile(
        r"errors: 0\s+(?P<states>\d+) states, stored\s+(?P<transitions>\d+) states, matched"
    ),
)


def explored(out: str) -> Explored | None:
    """What rumur, TLC or spin says that it has seen; None if the search was not complete."""
    for said in _SAID:
        if found := said.search(out):
            return Explored(int(found["states"]), int(found["transitions"]))
    return None


def rumur(design: str, zone: Zone, room: Path, optimize: str = FAST) -> Explored:
    """Compile a design's Murphi model, search it to the end, and say what there was."""
    said = ""
    for command in rumur_commands(design, zone, optimize):
        said = _run(room, *command)
    found = explored(said)
    if found is None or "No error found." not in said:
        raise PeerError(f"rumur: {said[-300:]}")
    return found


def _run(room: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=room, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-300:]
        raise PeerError(f"{command[0]} failed with exit code {done.returncode}: {said}")
    return done.stdout


def version(program: str, flag: str) -> str:
    """What a program says of itself, in one line."""
    done = subprocess.run([program, flag], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().partition("\n")[0]
