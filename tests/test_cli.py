"""The command as a user meets it: what is printed where, the files, the exit code."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import HELLO, FakeJava, Gen, Ran, Start

from gen.check.request import Check
from gen.check.verdict import OnVerdict, Result, Verdict
from gen.model.property import find_properties, properties
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.report import words
from gen.tlc.toolchain import find_toolchain
from gen.trace.trace import Trace

CARD = ("check", "--pageblocks", "4", "--order", "10")
NO_TRACE = Trace("v6.5", Zone(), properties()["FreelistHygiene"], 0, (), (), {"pfn": 0})
PROGRESS = (
    "echo '@!@!@STARTMSG 2200:0 @!@!@'; echo 'Progress(11) at 2026-11-23 03:49:13: 656,954 "
    "states generated (656,954 s/min), 225,061 distinct states found (225,061 ds/min), "
    "6,075 states left on queue.'; echo '@!@!@ENDMSG 2200 @!@!@'"
)


def run_gen(*argv: str) -> Ran:
    """gen in a process of its own, as a shell runs it."""
    done = subprocess.run(
        [sys.executable, "-c", "from gen.cli.main import run; run()", *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k not in ("JAVA_HOME", "TLA2TOOLS_JAR")},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


# --- without TLC ------------------------------------------------------------------------------


def test_a_dry_run_prints_the_command_and_makes_nothing(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for extra in ([], ["--run-dir", "a place/run"]):
        ran = gen(*CARD, "-n", "--workers", "2", "--heap", "1g", *extra)
        assert (ran.code, ran.err) == (0, "")
        (line,) = ran.out.splitlines()
        argv = shlex.split(line)
        assert argv[0] == str(find_toolchain(environ={}).java)
        assert argv[argv.index("-workers") + 1] == "2"
        assert "-Xmx1g" in argv
        assert argv[-3:] == ["-config", "pageblock.cfg", "pageblock.tla"]
        # But for the templates, compiled.
        assert {p.parent.name for p in tmp_path.rglob("*") if p.is_file()} <= {"templates"}
    assert f"{tmp_path}/a place/run/first/meta" in argv


def test_without_a_command_the_help_is_shown_and_it_is_no_success(gen: Gen) -> None:
    ran = gen()
    assert ran.code == 2
    assert "gen check" not in ran.err
    assert "COMMAND" in ran.out


def test_a_path_that_the_locale_cannot_show_does_not_cost_the_output(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = start(*CARD, "-n", "--run-dir", str(tmp_path / "Läufe")).end()
    assert (ran.code, ran.err) == (0, "")
    assert r"L\xe4ufe/first" in ran.out


def test_the_line_that_reproduces_names_the_design_file_and_not_its_name(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Check] = []

    def look(request: Check, *_: object) -> list[Verdict]:
        seen.append(request)
        return [Verdict(p, Result.HOLDS, distinct=1, depth=1) for p in request.properties]

    monkeypatch.setattr("gen.cli.check.check", look)
    design = tmp_path / "my design.toml"
    design.write_bytes((SPECS / "designs" / "v6.12.toml").read_bytes())
    ran = gen("check", "--design", str(design), "--run-dir", str(tmp_path / "run"))
    assert ran.code == 0
    verdict = Verdict(properties()["Alignment"], Result.VIOLATED, length=3, distinct=7)
    last = words.long_form(seen[0], verdict, "(drawing)").splitlines()[-1]
    argv = shlex.split(last.removeprefix("reproduce: "))
    assert argv[argv.index("--design") + 1] == str(design)


def test_the_first_drawing_does_not_wait_for_the_other_searches(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    early: list[str] = []

    def look(request: Check, _on_progress: object, on_verdict: OnVerdict) -> list[Verdict]:
        holds = [Verdict(p, Result.HOLDS, distinct=1, depth=1) for p in request.properties]
        # Of v6.5, whose first property is one that it has nothing for.
        first = replace(holds[1], result=Result.VIOLATED, length=3, trace=NO_TRACE)
        on_verdict(replace(holds[3], result=Result.VIOLATED, length=3, trace=NO_TRACE))
        early.append(capsys.readouterr().out)
        on_verdict(first)
        early.append(capsys.readouterr().out)
        return [replace(holds[0], result=Result.VACUOUS), first, *holds[2:]]

    monkeypatch.setattr("gen.cli.check.check", look)
    monkeypatch.setattr("gen.report.words.drawing", lambda *_, **__: "(the drawing)\n")
    monkeypatch.setattr("gen.cli.check.write_json", lambda *_: None)
    ran = gen("check", "--design", "v6.5", "--run-dir", str(tmp_path / "run"))
    assert early[0] == ""
    assert early[1].startswith("[violation] v6.5: FreelistHygiene, ")
    assert "(the drawing)" in early[1]
    assert "(the drawing)" not in ran.out  # not a second time
    assert ran.code == 12


@pytest.mark.parametrize(
    ("results", "line", "code"),
    [
        # v6.5 promises nothing of free lists.
        ({"FreelistHygiene": Result.VIOLATED}, "", 12),
        (
            {"IsolatedNotAllocated": Result.VIOLATED},
            "IsolatedNotAllocated, which v6.5 promises",
            12,
        ),
        (
            {"IsolatedNotAllocated": Result.VIOLATED, "Alignment": Result.VIOLATED},
            "IsolatedNotAllocated, Alignment, which v6.5 promises",
            12,
        ),
        ({"IsolatedNotAllocated": Result.NO_VERDICT}, "", 3),
        ({}, "", 0),
    ],
)
def test_a_promise_that_a_design_does_not_keep_is_named(
    gen: Gen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    results: Mapping[str, Result],
    line: str,
    code: int,
) -> None:
    def look(request: Check, _on_progress: object, _on_verdict: object) -> list[Verdict]:
        holds = [Verdict(p, Result.HOLDS, distinct=1, depth=1) for p in request.properties]
        changed = [replace(v, result=results.get(v.prop.name, v.result)) for v in holds]
        trace = {Result.VIOLATED: NO_TRACE}
        return [replace(v, trace=trace.get(v.result)) for v in changed]

    monkeypatch.setattr("gen.cli.check.check", look)
    monkeypatch.setattr("gen.report.words.drawing", lambda *_, **__: "(the drawing)\n")
    monkeypatch.setattr("gen.report.words.sentence", lambda *_: "(what is wrong)")
    ran = gen("check", "--design", "v6.5", "--run-dir", str(tmp_path / "run"))
    assert ran.code == code
    told = [one.removeprefix("broken:  ") for one in ran.out.splitlines() if "promises" in one]
    assert told == ([line] if line else [])
    kept = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert kept["broken_promises"] == (line.partition(", which")[0].split(", ") if line else [])


def test_without_a_terminal_nothing_is_printed_about_progress_at_first(
    gen: Gen, fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(f"{HELLO}; {PROGRESS}; sleep 0.3; {PROGRESS}")
    ran = gen("check", "--java", java, "--run-dir", str(tmp_path / "run"))
    assert len(ran.err.splitlines()) == 1  # about the trouble that it has no verdict
    assert "\r" not in ran.err


def test_nohup_keeps_a_check_alive(start: Start, fake_java: FakeJava, tmp_path: Path) -> None:
    java = fake_java(f"{HELLO}; exec sleep 60")
    started = start(
        *("check", "--java", java, "--run-dir", str(tmp_path / "run"), "--timeout", "1"),
        before="signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    started.wait_for_java()
    started.signal(signal.SIGHUP)
    started.end().told("the --timeout of 1 s was reached")


# --- on a terminal ----------------------------------------------------------------------------


def on_a_terminal(*argv: str, columns: int = 80) -> str:
    """All that gen writes to a terminal, stdout and stderr as they come."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", "from gen.cli.main import run; run()", *argv],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    try:
        while True:
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # EIO: the other side is closed
                break
            if not chunk:
                break
            written += chunk
    finally:
        os.close(ours)
        process.wait(10)
    return written.decode("utf-8")


def screen(written: str, columns: int) -> list[str]:
    """The lines that stay on a terminal."""
    lines: list[list[str]] = [[]]
    at = 0
    for char in written:
        if char == "\n":
            lines.append([])
        elif char == "\r":
            at = 0
        else:
            if at == columns:  # the terminal wraps, and \r leads no further back than here
                lines.append([])
                at = 0
            lines[-1] += [" "] * (at + 1 - len(lines[-1]))
            lines[-1][at] = char
            at += 1
    return ["".join(line).rstrip() for line in lines]


LIVE = re.compile(r"^\d+ s, [\w-]+")


@pytest.mark.parametrize("columns", [50, 100])
def test_the_live_line_of_a_terminal_moves_and_is_wiped(
    fake_java: FakeJava, tmp_path: Path, columns: int
) -> None:
    java = fake_java(f"{HELLO}; sleep 0.4; {PROGRESS}; sleep 0.9; kill -TERM $$")
    argv = ("check", "--java", java, "--run-dir", str(tmp_path / "run"))
    written = on_a_terminal(*argv, columns=columns)
    live = [part.rstrip() for part in re.split(r"[\r\n]", written) if LIVE.match(part)]
    assert re.fullmatch(r"\d s, (first|others)", live[0])
    assert any("225,061 states distinct" in line for line in live)
    assert len({line.partition(",")[0] for line in live}) > 1  # the seconds count up
    assert max(map(len, live)) < columns
    left = screen(written.replace("\r\n", "\n\r"), 100_000)
    # 100,000 columns: only the live line has to fit, what is printed may wrap.
    assert not [line for line in left if LIVE.match(line) or " s, first" in line]
    # This line is shorter than the live one was.
    assert left[0] == "gen: no verdict: stopped by SIGTERM before there was a verdict"
    assert len(left[0]) < max(map(len, live)) or columns == 50
    assert left[-2].startswith("Observation ")


# --- the real TLC -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A run of the real TLC that several tests look at."""

    ran: Ran
    run: Path

    def text(self, name: str) -> str:
        return (self.run / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The command of the card."""
    run = tmp_path_factory.mktemp("card") / "a run"
    return Kept(run_gen(*CARD, "--run-dir", str(run)), run)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The same with a design that has no error."""
    run = tmp_path_factory.mktemp("clean") / "run"
    return Kept(run_gen(*CARD, "--design", "v6.12", "--run-dir", str(run)), run)


def drawings(text: str) -> Iterator[str]:
    """What stands between a violation's head and the line that reproduces it."""
    head = r"^\[violation\] .* seen, .*\n\n"
    for found in re.finditer(head + r"([\s\S]*?)\n\nreproduce: ", text, re.M):
        yield found[1]


@pytest.mark.tlc
def test_the_race_of_the_thread_is_found_and_drawn_first(card: Kept) -> None:
    out = card.ran.out
    assert (card.ran.code, card.ran.trouble) == (12, [])
    assert out.startswith("[violation] hygiene-v2: NoFreelistWarning, shortest counterexample ")
    (drawing,) = drawings(out)
    assert max(map(len, drawing.splitlines())) <= 75
    for name in ("start_isolate_page_range()", "set_migratetype_isolate(", "WARN("):
        assert name in drawing
    assert card.text("NoFreelistWarning.txt").rstrip("\n") == drawing
    # The other violations follow in short, each with the command that draws it.
    shown = re.findall(r"^\[violation\] (\w+), \d+ states: .*\n +(gen check .*)$", out, re.M)
    assert [name for name, _ in shown] == ["FreelistHygiene", "IsolatedNotAllocated"]
    for name, command in shown:
        assert command.endswith(f"--property {name}")


@pytest.mark.tlc
def test_one_observation_per_property_stands_last_and_can_be_grepped(card: Kept) -> None:
    asked = [prop.name for prop in find_properties([])]
    last = card.ran.out.splitlines()[-len(asked) :]
    assert [line.split()[1] for line in last] == [f"hygiene-v2/{name}" for name in asked]
    for line in last:
        assert re.fullmatch(
            r"Observation hygiene-v2/\w+ (Sometimes [1-9]\d* [1-9]\d*|Never 0 [1-9]\d*)", line
        )
    words = [line.split()[2] for line in last]
    assert words == ["Sometimes", "Sometimes", "Sometimes", "Never", "Never"]
    assert len(card.ran.observations) == len(last)


@pytest.mark.tlc
def test_the_run_directory_holds_all_that_was_run_and_found(card: Kept) -> None:
    assert f"files:   {card.run}\n" in card.ran.out
    runs = {p.name for p in card.run.iterdir() if p.is_dir()}
    violated = ["NoFreelistWarning", "FreelistHygiene", "IsolatedNotAllocated"]
    assert {"first", "others", *(f"{name}-replay" for name in violated)} <= runs
    for name in runs:
        module = name.rpartition("-")[2]
        module = module if module in ("replay", "shortest") else "pageblock"
        files = {p.name for p in (card.run / name).iterdir()} - {"graph.dot"}
        wanted = {f"{module}.tla", f"{module}.cfg", "command.txt", "tlc.out", "tlc.err"}
        assert wanted == files
        assert "@!@!@STARTMSG 2262:0" in card.text(f"{name}/tlc.out")
    kept = json.loads(card.text("result.json"))
    assert [
        f"hygiene-v2/{v['property']} {'Sometimes' if v['result'] == 'violated' else 'Never'} "
        f"{v['length']} {v['distinct']}"
        for v in kept["verdicts"]
    ] == card.ran.observations
    for name in violated:
        assert card.text(f"{name}.txt")
        assert json.loads(card.text(f"{name}.trace.json"))["length"] > 1
    assert not list(card.run.rglob("*.part"))


@pytest.mark.tlc
def test_the_dry_run_prints_the_very_command_that_runs(card: Kept) -> None:
    ran = run_gen(*CARD, "-n", "--run-dir", str(card.run))
    assert ran.out == card.text("first/command.txt")


@pytest.mark.tlc
def test_the_line_that_reproduces_does(card: Kept, tmp_path: Path) -> None:
    (line,) = re.findall(r"^reproduce: gen (.*)$", card.ran.out, re.M)
    run = tmp_path / "run"
    ran = run_gen(*shlex.split(line), "--run-dir", str(run))
    assert ran.code == 12
    assert list(drawings(ran.out)) == list(drawings(card.ran.out))
    assert ran.observations == card.ran.observations[:1]
    trace = (run / "NoFreelistWarning.trace.json").read_bytes()
    assert trace == (card.run / "NoFreelistWarning.trace.json").read_bytes()


@pytest.mark.tlc
def test_a_violation_told_in_short_is_drawn_by_the_command_below_it(
    card: Kept, tmp_path: Path
) -> None:
    (line,) = re.findall(r"^ +gen (check .* FreelistHygiene)$", card.ran.out, re.M)
    ran = run_gen(*shlex.split(line), "--run-dir", str(tmp_path / "run"))
    assert ran.code == 12
    (drawing,) = drawings(ran.out)
    assert drawing == card.text("FreelistHygiene.txt").rstrip("\n")


@pytest.mark.tlc
def test_several_workers_show_the_same_shortest_counterexample(card: Kept, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("--property", "NoFreelistWarning", "--workers", "2", "--run-dir", str(run))
    ran = run_gen(*CARD, *argv)
    assert ran.code == 12
    assert ran.observations == card.ran.observations[:1]
    assert "-workers 2" in (run / "first" / "command.txt").read_text(encoding="utf-8")
    trace = (run / "NoFreelistWarning.trace.json").read_bytes()
    assert trace == (card.run / "NoFreelistWarning.trace.json").read_bytes()


@pytest.mark.tlc
def test_a_design_without_an_error_ends_well_and_says_how_much_was_searched(clean: Kept) -> None:
    assert (clean.ran.code, clean.ran.trouble) == (0, [])
    found = re.search(
        r"^result:  no violation within these bounds; ([\d,]+) states distinct, depth (\d+), "
        r"\d+\.\d s$",
        clean.ran.out,
        re.M,
    )
    assert found is not None
    count = found[1].replace(",", "")
    assert int(count) > 100
    assert int(found[2]) > 3
    assert f"v6.12/Alignment Never 0 {count}" in clean.ran.observations
    assert [line.split()[1:3] for line in clean.ran.observations] == [["Never", "0"]] * 5
    assert "violation]" not in clean.ran.out
    assert not list(clean.run.glob("*.txt"))


@pytest.mark.tlc
def test_two_checks_started_in_the_same_second_both_work(start: Start) -> None:
    argv = (*CARD, "--design", "v6.12", "--property", "Alignment")
    both = [start(*argv), start(*argv)]
    ends = [one.end() for one in both]
    assert [(ran.code, ran.trouble) for ran in ends] == [(0, [])] * 2
    assert ends[0].observations == ends[1].observations
    places = [re.findall(r"^files:   (.*)$", ran.out, re.M) for ran in ends]
    assert places[0] != places[1]


@pytest.mark.tlc
def test_the_live_line_is_wiped_before_a_drawing_is_printed(card: Kept, tmp_path: Path) -> None:
    written = on_a_terminal(*CARD, "--run-dir", str(tmp_path / "run"))
    left = "\n".join(screen(written.replace("\r\n", "\n\r"), 100_000))
    assert LIVE.search(written.replace("\r", "\n").lstrip())

    def timeless(text: str) -> list[str]:
        text = re.sub(r"\d+\.\d s", "T", text)
        return [line for line in text.splitlines() if not line.startswith("files:")]

    assert timeless(left) == timeless(card.ran.out)


def test_a_command_does_not_wait_for_what_only_graphs_need() -> None:
    loaded = "import sys, gen.cli; print('networkx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True)
    assert done.stdout == b"False\n"
