"""Two designs side by side: the same call, from the same start, in both."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Gen

from gen.check.compare import same_call, table
from gen.check.request import Check
from gen.model.design import find_design
from gen.model.render import render
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import Toolchain
from tools import golden

FAILED = "max-order-isolate-fails"


@pytest.mark.parametrize("design", ["v6.5", "v6.12", "v7.2"])
def test_the_other_design_begins_where_the_failed_call_began(design: str) -> None:
    request = Check(
        design=find_design(design),
        zone=golden.trace(FAILED).zone,
        properties=(),
        toolchain=Toolchain(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"),
        tlc=TlcOptions(),
        run_dir=Path("/run"),
        made_by="test",
    )
    prop = same_call(request, golden.trace(FAILED))
    spec = render(request.design, request.zone, [prop])
    assert 'inuse = {<<0, 10, "pinned">>}' in prop.formula
    # What was asked for, not what max-order-isolate made of it.
    assert "asked = <<1, 2>>" in prop.formula
    assert "INIT SameStart" in spec.cfg and "NEXT Undisturbed" in spec.cfg
    declared = spec.tla.partition("zone_vars == <<")[2].partition(">>")[0]
    for variable in declared.replace(",", " ").split():
        assert f"{variable} = " in prop.formula


def test_what_differs_is_marked() -> None:
    rows = [("", "a", "b"), ("Alignment", "x", "x"), ("Conservation", "x", "y")]
    assert [line[:1] for line in table(rows).splitlines()] == [" ", " ", "*"]


@pytest.mark.tlc
@pytest.mark.slow
def test_the_call_that_the_proposal_loses_is_drawn_in_both(gen: Gen, tmp_path: Path) -> None:
    ran = gen(
        "compare", "max-order-isolate", "v6.12", "--properties", "StillSucceeds",
        "--run-dir", str(tmp_path / "run"),
    )  # fmt: skip
    assert ran.code == 0 and not ran.trouble
    lost, kept = ran.out.split("the same call in ")[1:]
    assert lost.startswith("max-order-isolate:") and "// fails" in lost
    assert kept.startswith("v6.12:") and "// returns 0" in kept
    start = [line for line in lost.splitlines() if line.startswith("{ pageblocks")]
    assert start and start[0] in kept
