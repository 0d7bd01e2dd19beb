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
from gen.check.past import can_go_past
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.search import search
from gen.check.session import Stopped
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.model.definitions import definitions
from gen.model.design import find_design, load_design
from gen.model.past import Known, render_past
from gen.model.property import Property, properties
from gen.model.render import actions, render, render_shortest
from gen.model.zone import Zone
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain
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


# ---- past what is old ----------------------------------------------------------------

#: What a search past the violation of an action comes to, and the action that it is of.
Found = tuple[Result, str]
Pasts = Callable[..., list[tuple[str, Known]]]


@pytest.fixture
def pasts(checks: Checks, monkeypatch: pytest.MonkeyPatch) -> Pasts:
    """v7.2 violates FreelistHygiene in ``mine``, v6.12 in A; what the searches past that find."""

    def put(theirs: list[Found], found: Result, mine: str = "A") -> list[tuple[str, Known]]:
        def searched(runner: Runner, prop: Property, known: Known) -> tuple[Verdict, str]:
            asked.append((runner.request.design.name, known))
            of_base = runner.request.design.name == "v6.12"
            result, action = theirs.pop(0) if of_base else (found, "B")
            request = replace(runner.request, properties=(prop,))
            return made(request, {prop.name: result}, 4)[0], action

        def both(request: Check, length: int, action: str) -> list[Verdict]:
            trace = replace(NO_TRACE, actions=("", "", "", action, action))
            verdicts = made(request, {"FreelistHygiene": V}, length)
            return [replace(v, trace=trace) if v.violated else v for v in verdicts]

        asked: list[tuple[str, Known]] = []
        checks({}, {})
        monkeypatch.setattr("gen.check.past._search", searched)
        monkeypatch.setattr("gen.cli.check.check", lambda one, *_: both(one, 4, mine))
        monkeypatch.setattr("gen.check.against.check", lambda one, *_: both(one, 5, "A"))
        # The trace is none.
        monkeypatch.setattr("gen.cli.check._Printer.__call__", lambda *_: None)
        return asked

    return put


ALL_FOUND: Found = (H, "")
OLD = "[old] FreelistHygiene: v6.12 violates it too, in 5 states (v7.2: 4 states)"
SAID = "[note] FreelistHygiene: v6.12 violates it, in A; what does so there is old"
UNKNOWN = "[note] FreelistHygiene: whether anything of it is new is not known: "


@pytest.mark.parametrize(
    ("theirs", "found", "code", "line", "note"),
    [
        ([ALL_FOUND], V, 12, "[violation] v7.2: FreelistHygiene, shortest new ", SAID),
        ([ALL_FOUND], H, 0, OLD.replace("too", "too, in A") + "; nothing new beside that", SAID),
        (
            [(V, "B"), (V, "C"), ALL_FOUND],
            H,
            0,
            OLD.replace("too", "too, in A, B and C") + "; nothing new beside that",
            SAID.replace("in A", "in A, B and C"),
        ),
        # What was not searched to its end is not "nothing", and what is old stays so.
        ([ALL_FOUND], N, 0, OLD, UNKNOWN + "too large"),
        ([(N, "")], V, 0, OLD, UNKNOWN + "v6.12: too large"),
        ([(V, "B"), (N, "")], V, 0, OLD, UNKNOWN + "v6.12: too large"),
        ([(V, "A")], V, 0, OLD, UNKNOWN + "TLC did not name the action of v6.12"),
        ([(V, "")], V, 0, OLD, UNKNOWN + "TLC did not name the action of v6.12"),
    ],
)
def test_what_is_new_beside_an_old_violation_is_told_and_what_is_not_known_is_not_nothing(
    gen: Gen, pasts: Pasts, theirs: list[Found], found: Result, code: int, line: str, note: str
) -> None:
    asked = pasts([*theirs], found)
    ran = held(gen)
    assert ran.code == code and ran.trouble == []
    lines = ran.out.splitlines()
    (told,) = [one for one in lines if one.startswith("[violation]" if code else "[old]")]
    assert told == line or (code and told.startswith(line))
    assert [one for one in lines if one.startswith(note)]
    assert ran.out.count("(the drawing)") == (code == 12)
    assert (BEHIND in ran.out) == note.startswith(UNKNOWN)
    new, old = (1, 0) if code else (0, 1)
    assert f"against: v6.12: {new} new, {old} old, 0 mended" in lines
    # Of the base its own definitions are no other ones.
    assert all((known.base is None) == (name == "v6.12") for name, known in asked)


def test_a_violation_in_another_action_than_the_base_s_is_new_without_a_search(
    gen: Gen, pasts: Pasts
) -> None:
    asked = pasts([ALL_FOUND], N, mine="B")
    ran = held(gen)
    assert ran.code == 12 and "shortest new counterexample 4 states" in ran.out
    assert asked == [("v6.12", Known(("A",)))]
    assert ran.out.count("[new") == ran.out.count("[old]") == 0 and SAID in ran.out
    # But not if there may be more of the base's.
    pasts([(N, "")], V, mine="B")
    ran = held(gen)
    assert ran.code == 0 and "[old]" in ran.out and BEHIND in ran.out


def test_what_is_new_beside_an_old_violation_is_new_in_the_files_too(
    gen: Gen, pasts: Pasts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gen.report.sarif.sentence", lambda *_: "(what is wrong)")
    monkeypatch.setattr("gen.report.sarif.drawing", lambda *_, **__: "(the drawing)\n")
    monkeypatch.setattr("gen.report.sarif._flow", lambda *_: {})
    for found, said in (
        (V, "[new: v6.12 violates it otherwise, in A] "),
        (H, "[old: v6.12 violates it too, in A; nothing new beside that] "),
    ):
        pasts([ALL_FOUND], found)
        run, xml, log = (tmp_path / f"{found.name}{end}" for end in ("", ".xml", ".sarif"))
        held(gen, "--run-dir", str(run), "--junit", str(xml), "--sarif", str(log))
        (failure,) = ET.fromstring(xml.read_text(encoding="utf-8")).iter("failure")
        assert (failure.get("message") or "").startswith(said)
        assert ("--against v6.12" in (failure.text or "")) == (found is V)  # to see it again
        (told,) = json.loads(log.read_text(encoding="utf-8"))["runs"]
        text = told["results"][0]["message"]["text"]
        assert text.startswith(said.replace("[", r"\[").replace("]", r"\]"))
        kept = json.loads((run / "result.json").read_text(encoding="utf-8"))["against"]
        assert kept["new" if found is V else "old"] == ["FreelistHygiene"]
        assert kept["old" if found is V else "new"] == []
        past = {"actions": ["A"], "by_state": False, "message": ""}
        assert kept["past"] == {"FreelistHygiene": past}


@pytest.mark.parametrize(
    ("cause", "code"),
    [(KeyboardInterrupt(), 130), (GenError("no verdict: the disk is full", ExitCode.SYSTEM), 153)],
)
def test_a_search_past_what_is_old_that_is_ended_says_nothing_of_what_is_new(
    gen: Gen,
    pasts: Pasts,
    monkeypatch: pytest.MonkeyPatch,
    cause: KeyboardInterrupt | GenError,
    code: int,
) -> None:
    def ended(*_: object) -> None:
        raise cause

    pasts([], V)
    monkeypatch.setattr("gen.check.past._search", ended)
    ran = held(gen)
    assert ran.code == code and len(ran.trouble) == 1
    assert OLD in ran.out and BEHIND in ran.out and "nothing new" not in ran.out
    assert "[ok]" not in ran.out and "[violation]" not in ran.out


def test_only_a_section_that_violates_a_state_or_a_step_can_be_taken_out() -> None:
    def broken(name: str, trace: Trace | None) -> Verdict:
        return Verdict(properties()[name], V, length=2, trace=trace)

    shown = replace(NO_TRACE, actions=("", "A"))
    call_by_call = replace(shown, zone=Zone(grain="step"))
    base = broken("FreelistHygiene", shown)
    assert can_go_past(base, base)
    assert can_go_past(broken("IsolatedNotAllocated", shown), base)
    for mine, theirs in (
        (broken("IsolationTerminates", shown), base),
        (broken("CanSucceed", None), base),
        (broken("FreelistHygiene", call_by_call), base),
        (base, broken("FreelistHygiene", NO_TRACE)),
        (base, broken("FreelistHygiene", replace(shown, actions=("", "")))),  # as after boot
    ):
        assert not can_go_past(mine, theirs)


OFFLINE = Zone(features=("offline",))
COUNT = [properties()["IsolateCount"]]


def test_of_a_known_action_no_step_that_violates_the_property_is_taken() -> None:
    v6_10 = find_design("v6.10")
    plain = render(v6_10, OFFLINE, COUNT)
    known = Known(("AllocPages", "OfflineCount", "NotHere"))
    past = render_past(plain, v6_10, OFFLINE, COUNT, known)
    before, after = definitions(plain.tla), definitions(past.tla)
    assert past.cfg == plain.cfg and "NotHere" not in after
    assert after["StillKept"].code == "StillKept == IsolateCount'"
    assert after["AllocPages"].code == "AllocPages == AllocPages_all /\\ StillKept"
    assert after["OfflineCount"].code == "OfflineCount(i) == OfflineCount_all(i) /\\ StillKept"
    for name, one in before.items():
        if name in known.actions:
            assert after[f"{name}_all"].code == one.code.replace(name, f"{name}_all")
        else:
            assert after[name].code == one.code
    # What uses it stands below it.
    assert after["Step"].line > after["AnyCPU"].line > after["AllocPages"].line
    assert after["AllocPages"].line > after["IsolateCount"].line > after["AllocPages_all"].line
    assert render_past(plain, v6_10, OFFLINE, COUNT, Known(("NotHere",))) == plain
    step = [properties()["SingleIsolator"]]
    past = render_past(render(v6_10, Zone(), step), v6_10, Zone(), step, Known(("AllocPages",)))
    assert definitions(past.tla)["StillKept"].code == "StillKept == SingleIsolator_action"


def test_an_action_that_a_patch_changes_is_taken_out_only_where_the_base_could_do_so_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.toml"
    text = (PATCHES / "9-never-counted-down.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('base = "v7.2"', 'base = "v6.10"'), encoding="utf-8")
    mine, base = load_design(path), find_design("v6.10")
    known = Known(("AllocPages", "OfflineCount"), base)
    for spec in (render(mine, OFFLINE, COUNT), render_shortest(mine, OFFLINE, COUNT[0], 6)):
        found = definitions(render_past(spec, mine, OFFLINE, COUNT, known).tla)
        assert found["AllocPages"].code == "AllocPages == AllocPages_all /\\ StillKept"
        called = '<<"OfflineCount", <<i>>, vars>>'
        assert found["OfflineCount"].code == (
            "OfflineCount(i) == "
            f"\\/ OfflineCount_in_base(i) /\\ ~StillKept /\\ TLCSet(1, {called}) /\\ FALSE "
            f"\\/ OfflineCount_all(i) /\\ (~StillKept => TLCGet(1) # {called})"
        )
        assert "sub_nr_isolate_pageblock" in found["offline_pages_in_base"].words
        assert "sub_nr_isolate_pageblock" not in found["offline_pages"].words
        assert "AllocPages_in_base" not in found and "Idle_in_base" not in found


def test_where_two_designs_keep_another_state_all_of_an_action_is_taken_out() -> None:
    mine, base = find_design("v7.2"), find_design("v6.12")
    asked = [properties()["FreelistHygiene"]]
    known = Known(("UndoRange",), base)
    found = definitions(render_past(render(mine, Zone(), asked), mine, Zone(), asked, known).tla)
    assert found["UndoRange"].code == "UndoRange(i) == UndoRange_all(i) /\\ StillKept"
    assert not [name for name in found if name.endswith("_in_base")]


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
def test_a_free_as_one_block_is_new_where_v7_2_violates_the_same_otherwise(
    gen: Gen, patch: Callable[[str], str]
) -> None:
    path = patch('[choices]\nfree_one_page = "whole"')
    asked = ["check", "--design", path, "--against", "v7.2", "--property", "FreelistHygiene"]
    ran = gen(*asked)
    assert ran.code == 12
    assert "[violation] mine: FreelistHygiene, shortest counterexample 4 states" in ran.out
    assert "free_one_page(head, 10)" in ran.out and "[old]" not in ran.out
    # There v7.2 has one of 4 states, of DrainPcp; so mine has it too.
    ran = gen(*asked, *HUGE)
    assert ran.code == 12 and "[old]" not in ran.out and "free_pcppages_bulk" not in ran.out
    assert "[violation] mine: FreelistHygiene, shortest new counterexample 5 states" in ran.out
    assert "[note] FreelistHygiene: v7.2 violates it, in DrainPcp; what does so there" in ran.out


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


def on(tmp_path: Path, base: str, text: str) -> str:
    """The path of a design on top of another base."""
    path = tmp_path / "mine.toml"
    head = HEAD.replace("v7.2", base)
    path.write_text(f"{head}\n{text}\n", encoding="utf-8")
    return str(path)


@pytest.mark.tlc
@pytest.mark.parametrize("name", ["FreelistHygiene", "TypeRestored"])
def test_where_nothing_violates_the_property_no_step_is_taken_out(
    tmp_path: Path, name: str
) -> None:
    v7_2, prop = find_design("v7.2"), properties()[name]
    names = sorted(actions(render(v7_2, Zone(), [prop], covers=True)))
    request = Check(
        *(v7_2, Zone(), (prop,), find_toolchain(environ={}), TlcOptions(workers=1)),
        run_dir=tmp_path,
        made_by="gen check",
    )
    plain, _ = search(Runner(request), [prop], "plain")
    past, spec = search(Runner(request), [prop], "past", Known(tuple(names)))
    assert plain.ok and past.ok and plain.distinct == past.distinct
    assert spec.tla.count("StillKept") == len(names) + 1


@pytest.mark.tlc
@pytest.mark.slow
def test_a_count_that_is_never_counted_down_is_new_beside_the_one_that_v6_10_gets_wrong(
    gen: Gen, tmp_path: Path
) -> None:
    path = on(tmp_path, "v6.10", '[sections.offline_pages]\nskip = ["sub_nr_isolate_pageblock"]')
    asked = ["--with", "offline", "--property", "IsolateCount", "--against", "v6.10"]
    run = tmp_path / "run"
    ran = gen("check", "--design", path, *asked, "--run-dir", str(run))
    assert ran.code == 12
    assert "[violation] mine: IsolateCount, shortest new counterexample 6 states" in ran.out
    assert "offline_pages(2)" in ran.out and "[old]" not in ran.out
    assert "against: v6.10: 1 new, 0 old, 0 mended" in ran.out
    assert "v6.10 violates it, in AllocPages and OfflineCount; what does so there" in ran.out
    # What is kept is what was drawn, and a counterexample of the design as it is.
    replayed = gen("replay", str(run / "IsolateCount.trace.json"), "--design", path)
    assert replayed.code == 0 and "confirmed" in replayed.out
    kept = json.loads((run / "IsolateCount.trace.json").read_text(encoding="utf-8"))
    assert kept["states"][kept["length"] - 1]["action"] == "OfflineCount"


@pytest.mark.tlc
@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "text", "asked", "where"),
    [
        (
            "v6.10",
            "[operators.Kinds]\nbody = 'Kinds_before(z, page, order) \\union {\"movable\"}'",
            ["--with", "offline", "--property", "IsolateCount"],
            "AllocPages and OfflineCount",
        ),
        (
            "v6.12",
            '[operators.isolate_to_merge]\nbody = "z"',
            ["--property", "TypeRestored"],
            "UndoRange and GiveBack",
        ),
    ],
    ids=["state", "step"],
)
def test_a_patch_of_the_very_action_that_adds_no_violation_has_nothing_new(
    gen: Gen, tmp_path: Path, base: str, text: str, asked: list[str], where: str
) -> None:
    ran = gen("check", "--design", on(tmp_path, base, text), *asked, "--against", base)
    assert ran.code == 0 and "[violation]" not in ran.out and "[acts]" in ran.out
    (old,) = [line for line in ran.out.splitlines() if line.startswith("[old]")]
    assert f"{base} violates it too, in {where}, in " in old
    assert old.endswith("; nothing new beside that") and BEHIND not in ran.out


@pytest.mark.tlc
def test_a_free_that_un_isolates_is_new_beside_the_allocation_of_v6_10_that_does(
    gen: Gen, tmp_path: Path
) -> None:
    retyped = 'set_pageblock_migratetype(z, Pageblock(page), \\"MOVABLE\\")'
    body = f'body = "__free_one_page({retyped}, page, order, \\"MOVABLE\\")"'
    path = on(tmp_path, "v6.10", f"[operators.free_with_type]\n{body}")
    ran = gen("check", "--design", path, "--property", "SingleIsolator", "--against", "v6.10")
    assert ran.code == 12
    assert "[violation] mine: SingleIsolator, shortest new counterexample 4 states" in ran.out
    assert "v6.10 violates it, in AllocPages; what does so there" in ran.out


@pytest.mark.tlc
@pytest.mark.slow
def test_a_step_that_v6_12_makes_well_in_that_state_is_new_in_the_action_that_it_has_wrong(
    gen: Gen, tmp_path: Path
) -> None:
    text = (
        "[sections.unset_migratetype_isolate.replace]\n"
        "move_freepages_block_isolate = 'move_freepages_block_isolate(b, \"UNMOVABLE\")'"
    )
    path = on(tmp_path, "v6.12", text)
    ran = gen("check", "--design", path, "--property", "TypeRestored", "--against", "v6.12")
    assert ran.code == 12 and "shortest new counterexample 4 states" in ran.out
    assert "was MOVABLE when it was isolated, and came back as" in ran.out


@pytest.mark.tlc
@pytest.mark.slow
def test_a_patch_that_mends_one_action_and_breaks_another_is_new_there(
    gen: Gen, patch: Callable[[str], str]
) -> None:
    path = patch(f'[choices]\nfree_one_page = "whole"\n{SPLIT}')
    ran = gen(
        *("check", "--design", path, "--against", "v7.2", "--property", "FreelistHygiene", *HUGE)
    )
    assert ran.code == 12 and "[mended]" not in ran.out and "[old]" not in ran.out
    assert "[violation] mine: FreelistHygiene, shortest new counterexample 5 states" in ran.out
    assert "v7.2 violates it, in DrainPcp; what does so there" in ran.out
