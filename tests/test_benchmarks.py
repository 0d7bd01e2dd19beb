"""The benchmark says what it measured: no time is asserted here, and none that was not reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import measure, peers
from benchmarks.__main__ import BLOCK, HERE, PAGE, compare, table
from benchmarks.cases import Case, Contender
from gen.model.zone import Zone


def shell(name: str, script: str, *codes: int) -> Contender:
    return Contender(name, lambda _: [["sh", "-c", script]], codes or (0,))


def test_the_page_of_benchmarks_quotes_the_last_results() -> None:
    results = HERE / "results.md"
    quoted = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert quoted is not None
    assert quoted[0] == (results.read_text(encoding="utf-8") if results.exists() else "")


def test_the_last_contender_is_what_the_others_are_measured_by() -> None:
    case = Case("a case", (shell("slow", "sleep 0.3"), shell("fast", "echo 7 states")), 0.5)
    slow, fast = compare(case, 2, 30)
    assert slow.ratio > 1 and fast.ratio == 1
    assert (slow.target, fast.target) == (0.5, None)
    assert slow.figure.runs == 2
    assert "| a case | slow | 0." in table([slow, fast], ["a machine"])


def test_a_run_that_is_cut_short_does_not_read_as_a_time(tmp_path: Path) -> None:
    cut = measure.run([["sleep", "60"], ["true"]], tmp_path, 0.2)
    assert not cut.finished
    (row,) = compare(Case("a case", (shell("slow", "sleep 60"),)), 1, 0.2)
    assert "| > 0 |" in table([row], [])
    quick, cut_short = compare(
        Case("a case", (shell("quick", "true"), shell("slow", "sleep 60"))), 1, 0.2
    )
    assert "| quick | 0.0 | < 0." in table([quick, cut_short], [])


def test_a_contender_that_fails_gives_no_figure() -> None:
    with pytest.raises(peers.PeerError, match="broken: exit code 1: no such zone"):
        compare(Case("a case", (shell("broken", "echo no such zone; exit 1"),)), 1, 30)
    (row,) = compare(Case("a case", (shell("violated", "exit 12", 12),)), 1, 30)
    assert row.figure.finished


def test_only_a_complete_search_has_states() -> None:
    assert peers.explored("\t236 states, 1187 rules fired in 0s.\n") == peers.Explored(236, 1187)
    tlc = "1188 states generated, 236 distinct states found, {} states left on queue."
    assert peers.explored(tlc.format(0)) == peers.Explored(236, 1188)
    assert peers.explored(tlc.format(5)) is None
    spin = "errors: {}\n      237 states, stored\n     8796 states, matched\n"
    assert peers.explored(spin.format(0)) == peers.Explored(237, 8796)
    assert peers.explored(spin.format(1)) is None


def test_no_peer_is_set_beside_a_zone_that_it_does_not_model() -> None:
    with pytest.raises(peers.PeerError, match="no peer models"):
        peers.sizes(Zone())
    with pytest.raises(peers.PeerError, match="no peer models"):
        peers.sizes(Zone(whole=True, isolators=2))
