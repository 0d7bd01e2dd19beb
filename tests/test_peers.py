"""Another engine, on models written by hand, sees what TLC sees on the module that gen renders.

States and transitions both: a transition that is missing need not cost a state.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import peers
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc import process
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain

pytestmark = [
    pytest.mark.tlc,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("rumur") and shutil.which("gcc")),
        reason="no rumur, no gcc (Debian: apt-get install rumur gcc)",
    ),
]

#: Properties that hold in every design here, and keep no variable of their own in the state.
ASKED = ["Conservation", "Alignment"]


def searched(design: str, zone: Zone, room: Path) -> peers.Explored:
    """What TLC sees in the whole zone; a run that is not complete fails here."""
    spec = render(find_design(design), zone, find_properties(ASKED))
    (room / f"{spec.name}.tla").write_text(spec.tla)
    (room / f"{spec.name}.cfg").write_text(spec.cfg)
    report = process.run(command_line(find_toolchain(), room, spec.name, TlcOptions()), room)
    assert report.ok, report.message
    assert report.distinct and report.generated and report.initial_states
    # TLC counts the initial states among those that it generates.
    return peers.Explored(report.distinct, report.generated - report.initial_states)


@pytest.mark.parametrize(
    ("design", "pageblocks", "min_order"),
    [("v6.5", 2, 9), ("hygiene-v2", 2, 8), ("v6.12", 2, 8), ("v6.12", 4, 9)],
)
def test_rumur_sees_the_states_and_transitions_that_tlc_sees(
    design: str, pageblocks: int, min_order: int, tmp_path: Path
) -> None:
    zone = Zone(pageblocks=pageblocks, min_order=min_order, whole=True)
    for name in ("tlc", "rumur"):
        (tmp_path / name).mkdir()
    by_rumur = peers.rumur(design, zone, tmp_path / "rumur", peers.QUICK)
    assert by_rumur == searched(design, zone, tmp_path / "tlc")
