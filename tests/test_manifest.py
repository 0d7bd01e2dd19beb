"""What is expected of TLC is what TLC says, and what docs/verdicts.md tells is what is expected."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from gen.cli.options import parse
from gen.cli.options import zone as zone_of
from gen.errors import GenError
from gen.model.design import design_names
from gen.model.property import properties
from gen.model.zone import Zone
from tools import manifest

KNOWN = manifest.read()

SMALL = """
{"format": "pageblock-gen manifest", "version": 2, "configurations": {"one": {
"command": "gen matrix --order 10",
"verdicts": {"v6.10": {"Alignment": {"result": "holds", "distinct": 5, "depth": 2}}}}}}
"""


#: The designs of the table in docs/verdicts.md that the tests measure again.
MEASURED = ("hygiene-v2", "v6.12", "v7.2")


@pytest.mark.tlc
@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_tlc_says_today_what_the_manifest_expects(name: str) -> None:
    """After a wanted change: python -m tools.manifest, and read what it prints."""
    expected = KNOWN[name]
    if name == manifest.SHOWN:
        # Of all designs it takes a quarter of an hour: .ci/exhaustive measures the others.
        cells = {cell: said for cell, said in expected.cells.items() if cell[0] in MEASURED}
        command = f"{expected.command} --designs {','.join(MEASURED)}"
        expected = replace(expected, command=command, cells=cells)
        assert {design for design, _ in cells} == {*MEASURED}
    assert not manifest.difference(name, expected.cells, manifest.measure(expected))


def test_the_table_of_verdicts_is_that_of_the_manifest() -> None:
    text = manifest.PAGE.read_text(encoding="utf-8")
    assert text == manifest.in_page(text, manifest.table(KNOWN[manifest.SHOWN]))


def test_the_table_of_verdicts_is_of_the_default_zone_and_of_every_property() -> None:
    args = parse(shlex.split(KNOWN[manifest.SHOWN].command)[1:])[1]
    assert zone_of(args) == Zone()
    shown = manifest.table(KNOWN[manifest.SHOWN])
    # Liveness, and callers as a whole, take minutes for each design; one is of the other grain.
    liveness, callers = {"OfflineEnds", "IsolationTerminates"}, {"PcpNotAllocated", "ContigOwned"}
    left_out = {*liveness, *callers, "LockDiscipline"}
    assert {name for name in properties() if f"\n| `{name}` |" not in shown} == left_out


@pytest.mark.parametrize("name", KNOWN)
def test_no_cell_of_a_configuration_is_without_an_expectation(name: str) -> None:
    """A new design or property: python -m tools.manifest measures it."""
    assert KNOWN[name].asked()
    assert not [cell for cell in KNOWN[name].asked() if cell not in KNOWN[name].cells]


def test_every_design_and_every_entry_of_the_gallery_is_in_the_manifest() -> None:
    of_gallery = manifest.from_gallery()
    kept = {n: one.command for n, one in KNOWN.items() if n.startswith(manifest.GALLERY)}
    assert kept == {name: one.command for name, one in of_gallery.items()}
    for name in of_gallery:
        assert [cell.result for cell in KNOWN[name].cells.values()] == ["violated"]
    assert {design for one in KNOWN.values() for design, _ in one.cells} == set(design_names())


def test_the_file_is_as_the_command_writes_it() -> None:
    assert manifest.MANIFEST.read_text(encoding="utf-8") == manifest.dump(KNOWN)


def test_a_verdict_that_changed_is_told_with_what_it_was() -> None:
    before = manifest.load(SMALL)["one"].cells
    key = ("v6.10", "Alignment")
    assert not manifest.difference("one", before, dict(before))
    (line,) = manifest.difference("one", before, {key: manifest.Cell("violated", length=3)})
    was = "holds, distinct 5, depth 2"
    assert line == f"one: v6.10/Alignment: {was} -> violated, length 3"
    (gone,) = manifest.difference("one", before, {})
    assert gone == f"one: v6.10/Alignment: {was} -> not there"
    (new,) = manifest.difference("one", {}, before)
    assert new == f"one: v6.10/Alignment: not there -> {was}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gen manifest", "gen manifets", "no manifest: its format is not 'pageblock-gen manifest'"),
        ('"version": 2', '"version": 3', "a manifest of version 3; this tool reads 2; that"),
        ('gen manifest", "version": 2', 'gen manifest 1"', "a manifest of version 1; this tool"),
        ('"distinct"', '"distinkt"', "one: v6.10/Alignment: distinkt: did you mean 'distinct'?"),
        (', "depth": 2', "", "one: v6.10/Alignment: 'holds' goes with 'depth'"),
        (": 5", ": -5", "distinct: must be a whole number above 0"),
        (": 5", ": true", "distinct: must be a whole number above 0"),
        ('"result": "holds", ', "", "one: v6.10/Alignment: result: is missing"),
        ("gen matrix", "gen check", "one: command: must be a line that begins with 'gen matrix '"),
        ('"verdicts"', '"verdict"', "one: verdict"),
        ("}}}}}}", "}}}}}", "manifest: not JSON"),
    ],
)
def test_a_manifest_that_is_none_says_where(old: str, new: str, told: str) -> None:
    assert old in SMALL and manifest.load(SMALL)
    with pytest.raises(GenError) as raised:
        manifest.load(SMALL.replace(old, new))
    assert told in raised.value.message


def test_a_page_without_the_markers_is_told() -> None:
    with pytest.raises(GenError, match="markers"):
        manifest.in_page("# no table\n", "")
