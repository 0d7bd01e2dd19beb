"""Completion in a shell: what is offered there is what the command takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Gen

from gen.cli.options import SHELLS, parsers
from gen.errors import ExitCode
from gen.model.design import design_names
from gen.model.property import properties

#: Prints what would be offered for the last of the words.
_TRY = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_shtab_gen
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def bash_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for bash, with a design file and a directory beside it."""
    path = tmp_path_factory.mktemp("completion") / "gen.bash"
    command = [sys.executable, "-m", "gen", "--print-completion", "bash"]
    path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    (path.parent / "mine.toml").touch()
    (path.parent / "notes.txt").touch()
    (path.parent / "runs").mkdir()
    return path


def offered(script: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    done = subprocess.run(
        ["bash", "--norc", "-c", _TRY, "bash", str(script), "gen", *words],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_takes_the_script(bash_script: Path) -> None:
    done = subprocess.run(["bash", "-n", bash_script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_is_completed_and_every_one_is_offered(bash_script: Path) -> None:
    assert offered(bash_script, "che") == ["check"]
    assert sorted(offered(bash_script, "")) == sorted(parsers()[1])


def test_a_design_is_completed_and_a_design_file_too(bash_script: Path) -> None:
    assert offered(bash_script, "check", "--design", "v7") == ["v7.2"]
    assert offered(bash_script, "check", "--design", "mi") == ["mine.toml"]
    assert offered(bash_script, "compare", "v7.2", "hygiene-v2-") == ["hygiene-v2-start-pfn"]
    everything = offered(bash_script, "prove", "--design", "")
    assert set(everything) == {*design_names(), "mine.toml", "runs"}


def test_a_list_is_completed_behind_its_last_comma(bash_script: Path) -> None:
    assert offered(bash_script, "matrix", "--designs", "v6.5,v7") == ["v6.5,v7.2"]
    assert offered(bash_script, "check", "--with", "pcp,com") == ["pcp,compound"]
    assert offered(bash_script, "prove", "--obligations", "windows,ind") == ["windows,induction"]


@pytest.mark.parametrize("option", ["--property", "--properties"])
def test_a_property_is_completed(bash_script: Path, option: str) -> None:
    command = "check" if option == "--property" else "matrix"
    assert offered(bash_script, command, option, "FreeA") == ["FreeAccounting"]
    assert set(offered(bash_script, command, option, "")) == {*properties(), "all"}


def test_files_and_directories_are_offered_where_they_fit(bash_script: Path) -> None:
    assert set(offered(bash_script, "show", "")) >= {"notes.txt", "runs"}
    assert offered(bash_script, "check", "--run-dir", "") == ["runs"]
    assert offered(bash_script, "show", "runs", "--format", "strip-p") == ["strip-png"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_design_and_property_is_in_the_script_of_every_shell(gen: Gen, shell: str) -> None:
    ran = gen("--print-completion", shell)
    assert (ran.code, ran.err) == (0, "")
    for name in (*design_names(), *properties()):
        assert name in ran.out


def test_without_shtab_a_line_says_what_to_install(
    gen: Gen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    ran = gen("--print-completion", "bash")
    assert (ran.code, ran.out) == (ExitCode.SYSTEM, "")
    assert ran.err.splitlines() == [
        "gen: --print-completion needs the package shtab: pip install 'pageblock-gen[completion]'"
    ]


def test_a_shell_that_is_not_known_is_told_with_those_that_are(gen: Gen) -> None:
    ran = gen("--print-completion", "ksh")
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    (line,) = ran.err.splitlines()
    assert "ksh" in line and all(shell in line for shell in SHELLS)
