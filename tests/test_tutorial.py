"""docs/your-patch.md: what it tells a reader to write and to run, written and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Gen

PAGE = (Path(__file__).parent.parent / "docs" / "your-patch.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^    (gen .+)$", PAGE, re.M)]
(DESIGN,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.S | re.M)
(DIFF,) = re.findall(r"^```diff\n(.*?)^```$", PAGE, re.S | re.M)
#: What each command of the page leaves behind.
CODES = {"new-design": 0, "render": 1, "check --design v7.2": 12, "check": 0, "prove": 0}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_tutorial_shows_the_difference_that_gen_prints(gen: Gen, directory: Path) -> None:
    assert gen(*COMMANDS[0]).code == 0
    (directory / "mine.toml").write_text(DESIGN, encoding="utf-8")
    ran = gen(*COMMANDS[1])
    assert ran.code == 1 and DIFF in ran.out


@pytest.mark.tlc
def test_who_follows_the_tutorial_gets_what_it_says(gen: Gen, directory: Path) -> None:
    """Verdict, drawing and proof, in a directory with nothing else in it."""
    told = re.findall(r"^    (\[acts\] .+)$", PAGE, re.M)
    assert len(COMMANDS) == 6 and len(told) == 1
    for command in COMMANDS:
        ran = gen(*command)
        wanted = next(code for what, code in CODES.items() if " ".join(command).startswith(what))
        assert ran.code == wanted, (command, ran.out, ran.err)
        if command[0] == "new-design":
            (directory / "mine.toml").write_text(DESIGN, encoding="utf-8")
        if command[0] == "check" and wanted == 0:
            assert told[0] in ran.out and ran.out.count("[ok] ") == 5
        if command[0] == "prove":
            assert "FreelistHygiene       proved by induction" in ran.out


@pytest.mark.tlc
def test_what_the_tutorial_calls_not_exercised_is_told_so(gen: Gen, directory: Path) -> None:
    (directory / "mine.toml").write_text(DESIGN, encoding="utf-8")
    ran = gen("check", "--design", "mine.toml", "--with", "pcp")
    assert ran.code == 3 and "[not exercised] FreelistHygiene: " in ran.out
    ran = gen("check", "--design", "mine.toml")
    assert ran.code == 3
    ran.told("the two modules are the same")
