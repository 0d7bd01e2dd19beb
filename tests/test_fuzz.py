"""Damaged files: what once came through is taken well now, and some new ones each time are too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.fuzz import CORPUS, fuzz, kinds, look


def test_there_is_a_corpus_and_every_find_in_it_has_the_file_that_it_was_made_of() -> None:
    found = sorted(CORPUS.glob("*.bad"))
    assert found
    assert all(path.with_suffix(".good").is_file() for path in found)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.bad")), ids=lambda path: path.stem)
def test_a_damaged_file_that_once_came_through_is_taken_well(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = kinds()[path.stem.partition("-")[0]]
    assert not look(kind, path.with_suffix(".good").read_bytes(), path.read_bytes())


@pytest.mark.slow
@pytest.mark.hostile
@pytest.mark.parametrize("kind", kinds())
def test_no_damaged_file_of_a_kind_breaks_gen(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tried, finds = fuzz([kind], seconds=12, seed=20261128, kept=False)
    assert tried[kind] >= 10 and not finds
