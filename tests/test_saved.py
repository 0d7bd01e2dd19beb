"""Saved traces: drawn again, set side by side, replayed; and what is no trace is told in a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Gen
from golden import GALLERY, GOLDEN, TRACES

B1 = "hygiene-v2-isolation-race"


def one_line(err: str, *words: str) -> None:
    assert err.startswith("gen: ") and err.count("\n") == 1, err
    for word in words:
        assert word in err


# ---- gen show ------------------------------------------------------------------------


def test_a_saved_trace_is_drawn_again_as_the_check_drew_it(gen: Gen) -> None:
    for path in (GALLERY / B1, GALLERY / B1 / "trace.json"):
        ran = gen("show", str(path))
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == (GALLERY / B1 / "drawing.txt").read_text(encoding="utf-8")


def test_show_takes_the_options_of_a_drawing(gen: Gen) -> None:
    ran = gen("show", str(GALLERY / B1), "--depth", "all", "--no-continuation")
    assert ran.out != (GOLDEN / "draw" / f"{B1}.all.txt").read_text(encoding="utf-8")
    ran = gen("show", str(GALLERY / B1), "--depth", "all")
    assert ran.out == (GOLDEN / "draw" / f"{B1}.all.txt").read_text(encoding="utf-8")
    ran = gen("show", str(GALLERY / B1), "--format", "commit", "--columns", "60")
    assert ran.out.startswith("  #0") and max(map(len, ran.out.splitlines())) <= 60


def test_the_trace_is_shown_as_the_file_that_it_was(gen: Gen) -> None:
    ran = gen("show", str(TRACES / "two-isolators.json"), "--format", "json")
    assert ran.out == (TRACES / "two-isolators.json").read_text(encoding="utf-8")


def test_show_writes_the_file_that_it_is_asked_for_or_says_why_not(
    gen: Gen, tmp_path: Path
) -> None:
    file = tmp_path / "race.txt"
    ran = gen("show", str(GALLERY / B1), "-o", str(file))
    assert (ran.code, ran.out) == (0, "")
    assert file.read_bytes() == (GALLERY / B1 / "drawing.txt").read_bytes()
    for bad in (tmp_path, tmp_path / "no" / "such", "/"):
        ran = gen("show", str(GALLERY / B1), "--output", str(bad))
        assert ran.code not in (0, 1) and ran.out == ""
        one_line(ran.err, str(bad))
    assert [*tmp_path.iterdir()] == [file]


def test_what_is_no_trace_is_told_in_one_line(gen: Gen, tmp_path: Path) -> None:
    def refused(path: Path, *words: str) -> None:
        ran = gen("show", str(path))
        assert ran.code not in (0, 1) and ran.out == ""
        one_line(ran.err, *words)

    refused(tmp_path / "missing", "no such file")
    refused(tmp_path, "no trace in this directory")
    broken = tmp_path / "trace.json"
    for text in ("", "no json", "[" * 100_000, '"\xff"'):
        broken.write_text(text, encoding="latin-1")
        refused(broken, str(broken), "not a trace of pageblock-gen")
    broken.write_text("{}", encoding="utf-8")
    refused(tmp_path, str(broken), "not a trace of pageblock-gen")
    whole = json.loads((GALLERY / B1 / "trace.json").read_text(encoding="utf-8"))
    broken.write_text(json.dumps({**whole, "length": 9}), encoding="utf-8")
    refused(broken, str(broken), "damaged")
    (tmp_path / "Other.trace.json").write_text("{}", encoding="utf-8")
    refused(tmp_path, "more than one", "Other.trace.json", "trace.json")


@pytest.mark.parametrize(
    "options",
    ["--columns 20", "--columns x", "--depth 0", "--depth deep", "--state some", "--format odt"],
)
def test_a_drawing_that_cannot_be_is_refused(gen: Gen, options: str) -> None:
    ran = gen("show", str(GALLERY / B1), *options.split())
    assert ran.code == 2 and ran.out == ""
    one_line(ran.err, options.split()[0])
