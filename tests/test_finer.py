"""specs/finer.json: no verdict changes when a design is looked at more finely."""

from __future__ import annotations

from pathlib import Path

import pytest

from gen.model.design import find_design
from tools import finer
from tools.mutations import Search

KNOWN = finer.load()
ALL = [(design.name, way) for design, way in finer.wanted([])]


def test_every_design_was_looked_at_in_each_way() -> None:
    assert set(KNOWN) == set(ALL)


@pytest.mark.parametrize(("design", "way"), ALL)
def test_it_was_measured_of_the_specs_as_they_are(design: str, way: str) -> None:
    """If not: python -m tools.finer, and read what it prints."""
    assert KNOWN[design, way].modules == finer.modules(find_design(design), way)


@pytest.mark.parametrize(("design", "way"), ALL)
def test_no_verdict_changes_and_there_is_more_to_see(design: str, way: str) -> None:
    look = KNOWN[design, way]
    assert look.differing == []
    assert look.lengths and look.distinct[1] > look.distinct[0] > 1


def test_a_verdict_that_changes_is_not_taken_for_the_same() -> None:
    look = finer.Look("", (1, 2), {"a": (0, 0), "b": (3, 7), "c": (0, 4), "d": (2, 0)})
    assert look.differing == ["c", "d"]
    assert finer.Look("", (1, 2), {"a": (0, None)}).differing == ["a"]


@pytest.mark.tlc
def test_the_file_says_what_tlc_says(tmp_path: Path) -> None:
    way = "one order lower"
    known = KNOWN["v6.12", way]
    assert finer.look(Search(tmp_path, keep=False), find_design("v6.12"), way) == known
