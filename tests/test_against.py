"""``gen check --against``: what is new is drawn, what is old or mended is listed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import HELLO, FakeJava, Gen, Ran
from reported import PATCHES

from gen.check.acts import Acting, Acts
from gen.check.request import Check
from gen.check.session import Stopped
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.model.property import properties
from gen.model.zone import Zone
from gen.trace.trace import Trace

HEAD = 'name = "mine"\ntitle = "a patch"\nkernel = "k"\nsource = "s"\nbase = "v7.2"\n'
SPLIT = '[operators.free_drained]\nbody = "split_large_buddy(z, page, order)"'
#: v7.2 violates three properties there.
HUGE = ("--with", "pcp", "--huge-order", "10")
NO_TRACE = Trace("v7.2", Zone(), properties()["FreelistHygiene"], 0, (), (), {"pfn": 0})
BEHIND = "what lies behind an old violation was not searched"
ASKED = ("FreelistHygiene", "Conservation")

Told = Mapping[str, Result]
Checks = Callable[[Told, Told], None]


@pytest.fixture
def patch(tmp_path: Path) -> Callable[[str], str]:
    """The path of a design on top of v7.2 that says this besides."""

    def write(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
        return str(path)

    return write


def made(request: Check, results: Told, length: int) -> list[Verdict]:
    """Verdicts as a check gives them; what is not named holds."""
    shown = {
        Result.VIOLATED: {"length": length, "trace": NO_TRACE},
        Result.NO_VERDICT: {"message": "too large", "code": ExitCode.NO_VERDICT},
        Result.VACUOUS: {"message": "nothing is said"},
        Result.UNREACHABLE: {"message": "there is no way"},
    }
    found = [(p, results.get(p.name, Result.HOLDS)) for p in request.properties]
    return [replace(Verdict(p, r, distinct=7), **shown.get(r, {})) for p, r in found]  # type: ignore[arg-type]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Two checks without TLC: of the design, 3 states to a violation, and of its base, 5."""

    def put(mine: Told, theirs: Told) -> None:
        monkeypatch.setattr("gen.cli.check.check", lambda asked, *_: made(asked, mine, 3))
        monkeypatch.setattr("gen.check.against.check", lambda asked, *_: made(asked, theirs, 5))
        monkeypatch.setattr("gen.report.words.drawing", lambda *_, **__: "(the drawing)\n")
        monkeypatch.setattr("gen.report.words.sentence", lambda *_: "(what is wrong)")
        monkeypatch.setattr("gen.report.junit.drawing", lambda *_, **__: "(the drawing)\n")

    return put


def held(gen: Gen, *more: str) -> Ran:
    """v7.2 against v6.12, on two properties."""
    asked = [word for name in ASKED for word in ("--property", name)]
    return gen("check", "--design", "v7.2", "--against", "v6.12", *asked, *more)


# ---- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "against", "said"),
    [
        ("", "v7.22", "unknown design 'v7.22': did you mean 'v7.2'?"),
        ("", "nothing.toml", "nothing.toml"),
        ("", "mine.toml", "that is the design itself"),
        ("", "./mine.toml", "that is the design itself"),
        (SPLIT, "other/mine.toml", "two designs are named 'mine'"),
    ],
)
def test_what_no_design_can_be_held_against_is_told_before_any_run(
    gen: Gen,
    patch: Callable[[str], str],
    fake_java: FakeJava,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    against: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    patch(text)
    Path("other").mkdir()
    Path("other/mine.toml").write_text(HEAD, encoding="utf-8")
    java = fake_java("touch started; exit 1")
    ran = gen("check", "--design", "mine.toml", "--against", against, "--java", java)
    assert (ran.code, ran.out) == (2, "")
    assert not Path("started").exists()
    ran.told(said)


def test_a_dry_run_prints_both_commands(gen: Gen) -> None:
    ran = held(gen, "--dry-run")
    first, second = ran.out.splitlines()
    assert ran.code == 0 and "RUN/against/first" in first and "RUN/first" in second


def test_a_patch_that_changes_nothing_here_is_not_held_against_anything(
    gen: Gen, patch: Callable[[str], str], fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(f"touch {tmp_path}/started; exit 1")
    ran = gen("check", "--design", patch(SPLIT), "--against", "v7.2", "--java", java)
    assert ran.code == 3 and not (tmp_path / "started").exists()
    ran.told("changes nothing of v7.2")


# ---- new, old, mended ----------------------------------------------------------------

V, H, N, O, U = (  # noqa: E741
    Result.VIOLATED,
    Result.HOLDS,
    Result.NO_VERDICT,
    Result.VACUOUS,
    Result.UNREACHABLE,
)
NEW = "[violation] v7.2: FreelistHygiene, shortest counterexample 3 states"


@pytest.mark.parametrize(
    ("mine", "theirs", "code", "line"),
    [
        (V, H, 12, NEW),
        (V, V, 0, "[old] FreelistHygiene: v6.12 violates it too, in 5 states (v7.2: 3 states)"),
        (H, V, 0, "[mended] FreelistHygiene: v6.12 violates it, in 5 states"),
        (H, H, 0, "[ok] FreelistHygiene: "),
        # What is not known of the base excuses nothing.
        (V, N, 12, NEW),
        (V, N, 12, "[note] FreelistHygiene: no verdict on v6.12, so this is new: too large"),
        (V, O, 12, NEW),
        (V, O, 12, "[note] FreelistHygiene: it says nothing of v6.12, so this is new: nothing is"),
        (H, N, 3, "[ok] FreelistHygiene: "),
        (N, V, 3, "[no verdict] FreelistHygiene: too large; v6.12 violates it, in 5 states"),
        (O, V, 0, "[vacuous] FreelistHygiene: nothing is said; v6.12 violates it, in 5 states"),
        (N, N, 3, "[no verdict] FreelistHygiene: too large"),
        (U, U, 0, "[old] FreelistHygiene: v6.12 violates it too"),
        (U, H, 12, "[unreachable] FreelistHygiene: there is no way: "),
        (H, U, 0, "[mended] FreelistHygiene: v6.12 violates it"),
    ],
)
def test_each_pair_of_verdicts_has_its_line_and_its_exit_code(
    gen: Gen, checks: Checks, mine: Result, theirs: Result, code: int, line: str
) -> None:
    checks({"FreelistHygiene": mine}, {"FreelistHygiene": theirs})
    ran = held(gen)
    assert ran.code == code
    (told,) = [one for one in ran.out.splitlines() if one.startswith(line)]
    assert told == line or not line.startswith(("[old]", "[mended]"))
    new, old = code == 12, line.startswith("[old]")
    assert ran.out.count("(the drawing)") == (new and mine is V)
    assert (BEHIND in ran.out) == old
    assert len(ran.trouble) == (N in (mine, theirs))
    if theirs is N:
        assert "of v6.12 on FreelistHygiene: too large" in ran.trouble[0]
        assert "no violation within" not in ran.out and ran.trouble[0].startswith("gen: no verdict")


def test_all_that_is_new_is_drawn_and_counted(gen: Gen, checks: Checks, tmp_path: Path) -> None:
    checks(dict.fromkeys(ASKED, V), {})
    run = tmp_path / "run"
    ran = held(gen, "--run-dir", str(run))
    assert ran.code == 12 and ran.out.count("(the drawing)") == 2
    assert "\nresult:  2 of 2 properties violated, " in ran.out
    assert "\nagainst: v6.12: 2 new, 0 old, 0 mended\n" in ran.out
    kept = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert kept["command"].endswith("--against v6.12")
    assert (kept["against"]["design"], kept["against"]["new"]) == ("v6.12", [*ASKED])


def test_an_old_violation_is_a_failure_in_the_files_and_called_old(
    gen: Gen, checks: Checks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gen.report.sarif.sentence", lambda *_: "(what is wrong)")
    monkeypatch.setattr("gen.report.sarif.drawing", lambda *_, **__: "(the drawing)\n")
    monkeypatch.setattr("gen.report.sarif._flow", lambda *_: {})
    checks({"FreelistHygiene": V}, {"FreelistHygiene": V, "Conservation": N})
    run, files = tmp_path / "run", [tmp_path / "gen.xml", tmp_path / "gen.sarif"]
    ran = held(gen, "--run-dir", str(run), "--junit", str(files[0]), "--sarif", str(files[1]))
    assert ran.code == 3  # the base has no verdict on the other one
    (suite,) = ET.fromstring(files[0].read_text(encoding="utf-8"))
    assert suite.get("failures") == "1"
    (failure,) = suite.iter("failure")
    assert (failure.get("message") or "").startswith("[old: v6.12 violates it too] [violation] ")
    assert suite.findtext("system-err") == "no verdict of v6.12 on Conservation: too large"
    (told,) = json.loads(files[1].read_text(encoding="utf-8"))["runs"]
    assert told["results"][0]["level"] == "error"
    assert told["results"][0]["message"]["text"].startswith(r"\[old: v6.12 violates it too\] ")
    assert told["invocations"][0]["executionSuccessful"] is False
    kept = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert [v["result"] for v in kept["verdicts"]] == ["violated", "holds"]
    assert kept["against"]["old"] == ["FreelistHygiene"]
    assert [v["result"] for v in kept["against"]["verdicts"]] == ["violated", "no verdict"]


# ---- trouble -------------------------------------------------------------------------


def test_a_base_without_a_verdict_is_told_with_its_name(gen: Gen, fake_java: FakeJava) -> None:
    java = fake_java(f"{HELLO}; exec sleep 60")
    ran = held(gen, "--java", java, "--timeout", "0.5")
    assert ran.code == 3
    ran.told("the --timeout of 0.5 s was reached; of v6.12: the --timeout of 0.5 s")


@pytest.mark.parametrize(
    ("cause", "code"),
    [(KeyboardInterrupt(), 130), (GenError("no verdict: the disk is full", ExitCode.SYSTEM), 12)],
)
def test_a_check_of_the_base_that_is_ended_calls_nothing_old(
    gen: Gen,
    checks: Checks,
    monkeypatch: pytest.MonkeyPatch,
    cause: KeyboardInterrupt | GenError,
    code: int,
) -> None:
    def ended(request: Check, *_: object) -> list[Verdict]:
        raise Stopped(made(request, dict.fromkeys(ASKED, N), 0), cause)

    checks({"FreelistHygiene": V}, {})
    monkeypatch.setattr("gen.check.against.check", ended)
    ran = held(gen)
    assert ran.code == code
    assert "[old]" not in ran.out and "no violation" not in ran.out
    (line,) = ran.trouble
    assert ("of v6.12: the disk is full" if code == 12 else "interrupted") in line


def test_old_violations_alone_do_not_hide_that_a_file_was_not_written(
    gen: Gen, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _data: object) -> None:
        if path.name == "result.json":
            raise GenError("no verdict: no space left", ExitCode.NO_VERDICT)

    both = dict.fromkeys(ASKED, V)
    checks(both, both)
    monkeypatch.setattr("gen.cli.check.write_json", full)
    ran = held(gen)
    assert ran.code == 3 and ran.out.count("[old]") == 2
    ran.told("no space left")


def test_old_violations_alone_do_not_hide_that_a_change_is_never_met(
    gen: Gen, checks: Checks, patch: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = dict.fromkeys(ASKED, V)
    checks(both, both)
    never = Acts(Acting.NEVER, "v7.2", distinct=9)
    monkeypatch.setattr("gen.check.exercised.acts", lambda *_: never)
    asked = ["--property", ASKED[0], "--property", ASKED[1]]
    ran = gen("check", "--design", patch(SPLIT), "--against", "v7.2", *HUGE, *asked)
    assert ran.code == 3 and ran.out.count("[old]") == 2
    ran.told("mine does nothing that v7.2 does not do")
    checks({ASKED[0]: V}, {ASKED[0]: V})
    ran = gen("check", "--design", patch(SPLIT), "--against", "v7.2", *HUGE, *asked)
    assert ran.code == 3 and "[not exercised] Conservation" in ran.out
    ran.told("no verdict on Conservation: mine does nothing")


# ---- with the real TLC ---------------------------------------------------------------


@pytest.mark.tlc
@pytest.mark.slow
def test_a_fix_of_v7_2_mends_three_properties(gen: Gen, patch: Callable[[str], str]) -> None:
    ran = gen("check", "--design", patch(SPLIT), "--against", "v7.2", *HUGE)
    assert ran.code == 0 and ran.trouble == []
    lines = ran.out.splitlines()
    assert [line for line in lines if line.startswith("[mended]")] == [
        "[mended] NoFreelistWarning: v7.2 violates it, in 5 states",
        "[mended] FreelistHygiene: v7.2 violates it, in 4 states",
        "[mended] IsolatedNotAllocated: v7.2 violates it, in 5 states",
    ]
    assert "against: v7.2: 0 new, 0 old, 3 mended" in lines
    assert "[acts] mine: " in ran.out and "[violation]" not in ran.out


@pytest.mark.tlc
@pytest.mark.slow
def test_a_free_as_one_block_is_new_in_v7_2_and_old_with_huge_pages(
    gen: Gen, patch: Callable[[str], str]
) -> None:
    path = patch('[choices]\nfree_one_page = "whole"')
    asked = ["check", "--design", path, "--against", "v7.2", "--property", "FreelistHygiene"]
    ran = gen(*asked)
    assert ran.code == 12
    assert "[violation] mine: FreelistHygiene, shortest counterexample 4 states" in ran.out
    assert "free_one_page(head, 10)" in ran.out and "[old]" not in ran.out
    ran = gen(*asked, *HUGE)
    assert ran.code == 0 and BEHIND in ran.out and "[violation]" not in ran.out
    assert "[old] FreelistHygiene: v7.2 violates it too, in 4 states (mine: 4 states)" in ran.out


@pytest.mark.tlc
def test_a_violation_is_new_if_the_search_of_the_base_fails(
    gen: Gen, fake_java: FakeJava, real_java: str, patch: Callable[[str], str]
) -> None:
    java = fake_java(f'case "$*" in */against/*) exit 3;; esac; exec {real_java} "$@"')
    asked = ["--against", "v7.2", "--property", "FreelistHygiene", *HUGE]
    path = patch('[choices]\nfree_one_page = "whole"')
    ran = gen("check", "--design", path, *asked, "--java", java)
    assert ran.code == 12 and "[old]" not in ran.out
    assert "[violation] mine: FreelistHygiene" in ran.out and "so this is new" in ran.out
    assert "no verdict of v7.2: " in ran.trouble[0]


@pytest.mark.tlc
def test_a_claim_that_moves_only_warns_where_v7_2_does_not(gen: Gen) -> None:
    path = str(PATCHES / "4-claim-moves-only.toml")
    asked = ["--against", "v7.2", "--min-order", "8", "--isolators", "0"]
    ran = gen("check", "--design", path, *asked)
    assert ran.code == 12
    assert "against: v7.2: 1 new, 0 old, 0 mended" in ran.out
    assert ran.out.count("[violation]") == 1 and "[violation] claim-moves-only: NoF" in ran.out
    assert "[vacuous] IsolatedNotAllocated" in ran.out
