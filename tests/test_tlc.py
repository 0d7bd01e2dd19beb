"""Starting and ending TLC: no wrong verdict, no process left behind, no log lost."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gen.errors import ExitCode, GenError
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions, check_heap, default_heap
from gen.tlc.process import run
from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.stream import StreamReader
from gen.tlc.toolchain import Toolchain, find_toolchain

HELLO = (
    "@!@!@STARTMSG 2262:0 @!@!@\nTLC2 Version 2.15 of Day Month 20?? (rev: d5b5a7f)\n"
    "@!@!@ENDMSG 2262 @!@!@\n"
)
TINY = """EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 3
Small == x < 3
Tiny == x < 2
"""
ENDLESS = """EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
"""
# Many initial states, each of them big: fills a small heap within a second.
BIG = """EXTENDS Naturals
VARIABLE f
Init == f \\in [1..20 -> 1..9]
Next == f' = [f EXCEPT ![1] = (@ % 9) + 1]
"""


def fake(path: Path, body: str) -> list[str]:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return [str(path)]


def hello(path: Path) -> str:
    """A shell command that prints the first message of TLC."""
    (path / "hello").write_text(HELLO, encoding="utf-8")
    return f"cat '{path}/hello'"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A run directory apart from the fake java."""
    path = tmp_path / "run"
    path.mkdir()
    return path


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The process groups that a test started; none of them may outlive it."""
    started: list[int] = []
    popen = subprocess.Popen

    def note(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = popen(*args, **kwargs)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", note)
    yield started
    assert started
    monkeypatch.undo()
    for group in started:
        assert gone(group), f"process group {group} still runs"


def gone(group: int) -> bool:
    """Whether nothing of the group runs; a kill takes a moment to be seen."""
    for _ in range(50):
        if not members(group):
            return True
        time.sleep(0.02)
    return False


def members(group: int) -> list[int]:
    # Zombies do not count: it is for init to wait for an orphan, and that may take its time.
    states = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,stat="], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in states.splitlines()]
    return [int(pid) for pgid, pid, state in rows if int(pgid) == group and state[0] != "Z"]


def put(directory: Path, body: str, config: str = "", module: str = "M") -> None:
    text = f"---- MODULE {module} ----\n{body}====\n"
    (directory / f"{module}.tla").write_text(text, encoding="utf-8")
    config = f"INIT Init\nNEXT Next\n{config}"
    (directory / f"{module}.cfg").write_text(config, encoding="utf-8")


def check(
    directory: Path,
    options: TlcOptions | None = None,
    *,
    on_progress: Callable[[Progress | None, float], None] | None = None,
    stop: threading.Event | None = None,
) -> Report:
    options = options or TlcOptions(heap="256m")
    argv = command_line(find_toolchain(environ={}), directory, "M", options)
    return run(argv, directory, timeout=options.timeout, on_progress=on_progress, stop=stop)


# --- options and the command line ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["16m", "2g", "2G", "65536k"])
def test_a_heap_as_java_writes_it_is_taken(text: str) -> None:
    assert check_heap(text) == text.lower()


@pytest.mark.parametrize("text", ["", "2", "2gb", "-1g", "1.5g", " 2g", "2g\n", "٢g", "15m", "0g"])
def test_a_heap_that_java_would_refuse_is_one_line_before_any_start(text: str) -> None:
    with pytest.raises(GenError) as error:
        check_heap(text)
    assert "fit" in error.value.message
    with pytest.raises(GenError):
        TlcOptions(heap=text)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_that_never_comes_or_has_passed_is_refused(timeout: float) -> None:
    with pytest.raises(GenError, match="timeout"):
        TlcOptions(timeout=timeout)


def test_no_workers_are_refused() -> None:
    with pytest.raises(GenError, match="workers: 0"):
        TlcOptions(workers=0)


@pytest.mark.parametrize(
    ("memory_gib", "heap"),
    [(0.5, "256m"), (4, "1024m"), (16, "4096m"), (512, "4096m")],
)
def test_the_default_heap_leaves_a_laptop_usable(
    monkeypatch: pytest.MonkeyPatch, memory_gib: float, heap: str
) -> None:
    monkeypatch.setattr("gen.tlc.options.memory_bytes", lambda: int(memory_gib * 2**30))
    assert default_heap() == heap
    assert check_heap(heap) == heap


def test_the_launch_is_the_one_that_was_measured_to_be_safe(tmp_path: Path) -> None:
    tools = Toolchain(Path("/j/java"), "--java", "17", Path("/t/t.jar"), "--jar", "00")
    argv = command_line(tools, tmp_path, "M", TlcOptions(workers=2, heap="2g", profile="long"))
    assert argv == [
        "/j/java",
        "-XX:+UseSerialGC",
        "-Xmx2g",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Djava.io.tmpdir={tmp_path}/tmp",
        "-Duser.language=en",
        "-Duser.country=US",
        "-Dfile.encoding=ISO-8859-1",
        "-Dstdout.encoding=ISO-8859-1",
        *("-cp", "/t/t.jar", "tlc2.TLC", "-tool"),
        *("-metadir", f"{tmp_path}/meta", "-workers", "2", "-fp", "0"),
        "-deadlock",
        *("-config", "M.cfg", "M.tla"),
    ]
    argv = command_line(tools, tmp_path, "M", TlcOptions(), check_deadlock=True, dump="g.dot")
    assert argv[1:3] == ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    assert "-deadlock" not in argv
    assert argv[-6:-3] == ["-dump", "dot,colorize,actionlabels", "g.dot"]


def test_a_path_that_java_cannot_open_is_refused_before_the_start(tmp_path: Path) -> None:
    tools = find_toolchain(environ={})
    with pytest.raises(GenError, match="not UTF-8"):
        command_line(tools, tmp_path / "a\udcff", "M", TlcOptions())


# --- a Java that misbehaves ---------------------------------------------------------------------


def test_a_java_that_cannot_be_started_is_one_line(room: Path) -> None:
    with pytest.raises(GenError) as error:
        run([str(room / "no-java")], room)
    assert "cannot be started: No such file or directory" in error.value.message
    assert "\n" not in error.value.message
    assert not (room / "tmp").exists()


@pytest.mark.usefixtures("groups")
def test_a_java_that_dies_before_tlc_is_a_crash_with_its_own_words(
    tmp_path: Path, room: Path
) -> None:
    said = (
        "echo \"Unrecognized VM option 'Foo'\" >&2;"
        "echo 'Error: Could not create the Java Virtual Machine.' >&2;"
        "echo 'Error: A fatal exception has occurred. Program will exit.' >&2; exit 1"
    )
    report = run(fake(tmp_path / "java", said), room)
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.CRASHED, False, 1)
    assert report.message == "Java failed before TLC started: Unrecognized VM option 'Foo'"


def test_a_crash_that_java_reports_on_stdout_is_not_lost(tmp_path: Path, room: Path) -> None:
    report = run(fake(tmp_path / "java", "echo 'Too small maximum heap'; exit 1"), room)
    assert report.outcome is Outcome.CRASHED
    assert report.message.endswith("Too small maximum heap")


def test_a_java_that_fails_in_silence_still_gives_a_message(tmp_path: Path, room: Path) -> None:
    report = run(fake(tmp_path / "java", "exit 1"), room)
    assert report.outcome is Outcome.CRASHED
    assert "exit code 1" in report.message


@pytest.mark.usefixtures("groups")
def test_a_jvm_that_aborts_in_the_middle_is_a_crash(tmp_path: Path, room: Path) -> None:
    report = run(fake(tmp_path / "java", f"{hello(tmp_path)}; kill -ABRT $$"), room)
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.CRASHED, False, 134)
    assert "SIGABRT" in report.message


@pytest.mark.usefixtures("groups")
def test_a_run_that_the_kernel_kills_for_memory_says_so(tmp_path: Path, room: Path) -> None:
    report = run(fake(tmp_path / "java", f"{hello(tmp_path)}; kill -KILL $$"), room)
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.KILLED, False, 137)
    assert "memory" in report.message


@pytest.mark.parametrize("body", ["echo garbage", "true", "head -c 300000 /dev/urandom"])
def test_a_java_that_prints_garbage_and_exits_0_is_never_ok(
    tmp_path: Path, room: Path, body: str
) -> None:
    report = run(fake(tmp_path / "java", body), room)
    assert not report.ok
    assert report.outcome is not Outcome.SUCCESS


@pytest.mark.usefixtures("groups")
def test_a_java_that_hangs_is_ended_by_the_timeout(tmp_path: Path, room: Path) -> None:
    started = time.monotonic()
    report = run(fake(tmp_path / "java", "sleep 60"), room, timeout=0.4)
    assert 0.4 <= time.monotonic() - started < 2.0
    assert (report.outcome, report.ok) == (Outcome.KILLED, False)
    assert "no verdict within 0.4 s" in report.message


@pytest.mark.usefixtures("groups")
def test_a_java_that_ignores_sigterm_is_killed_with_all_its_children(
    tmp_path: Path, room: Path
) -> None:
    body = f"trap '' TERM; {hello(tmp_path)}; sleep 60 & while :; do sleep 1; done"
    started = time.monotonic()
    report = run(fake(tmp_path / "java", body), room, timeout=0.3)
    assert 2.0 <= time.monotonic() - started < 4.0
    assert report.outcome is Outcome.KILLED


@pytest.mark.usefixtures("groups")
def test_a_timeout_holds_while_tlc_prints_without_end(tmp_path: Path, room: Path) -> None:
    started = time.monotonic()
    run(fake(tmp_path / "java", "exec yes"), room, timeout=0.3)
    assert time.monotonic() - started < 2.5


@pytest.mark.usefixtures("groups")
def test_a_timeout_holds_for_a_java_that_closed_its_output(tmp_path: Path, room: Path) -> None:
    report = run(fake(tmp_path / "java", "exec >&- 2>&-; exec sleep 60"), room, timeout=0.3)
    assert report.outcome is Outcome.KILLED


@pytest.mark.usefixtures("groups")
def test_a_child_that_keeps_the_output_open_does_not_keep_us(tmp_path: Path, room: Path) -> None:
    started = time.monotonic()
    run(fake(tmp_path / "java", f"{hello(tmp_path)}; sleep 60 & exit 0"), room)
    assert time.monotonic() - started < 2.0


def test_what_tlc_says_while_it_is_ended_is_still_in_the_log(tmp_path: Path, room: Path) -> None:
    body = "trap 'echo last words; exit 143' TERM; echo first; while :; do sleep 0.05; done"
    report = run(fake(tmp_path / "java", body), room, timeout=0.4)
    assert (room / "tlc.out").read_bytes() == b"first\nlast words\n"
    assert report.exit_code == 143


def test_every_byte_of_the_output_is_in_the_log(tmp_path: Path, room: Path) -> None:
    data = os.urandom(300_000) + b"\nlast line without an end"
    (tmp_path / "data").write_bytes(data)
    run(fake(tmp_path / "java", f"cat '{tmp_path}/data'; echo oops >&2"), room)
    assert (room / "tlc.out").read_bytes() == data
    assert (room / "tlc.err").read_bytes() == b"oops\n"


def test_a_line_is_read_as_one_however_it_arrives(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    class Reader(StreamReader):
        def feed(self, line: str) -> Progress | None:
            lines.append(line)
            return super().feed(line)

    monkeypatch.setattr("gen.tlc.process.StreamReader", Reader)
    body = "printf a; sleep 0.1; printf 'b\\303'; sleep 0.1; printf '\\251\\n\\nx\\377y\\nend'"
    run(fake(tmp_path / "java", body), room)
    assert lines == ["abé", "", "x\\xffy", "end"]


def test_java_options_of_the_environment_do_not_change_a_run(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"):
        monkeypatch.setenv(name, "-Xmx1m")
    run(fake(tmp_path / "java", "env; pwd"), room)
    said = (room / "tlc.out").read_text(encoding="utf-8")
    assert "Xmx1m" not in said
    assert "LC_ALL=C.UTF-8" in said
    assert f"\n{room}\n" in said


def test_tlc_never_takes_what_is_typed_or_piped_to_us(tmp_path: Path, room: Path) -> None:
    ours = os.dup(0)
    reader, writer = os.pipe()
    try:
        os.write(writer, b"typed\n")
        os.dup2(reader, 0)
        run(fake(tmp_path / "java", "head -n 1"), room, timeout=5)
    finally:
        os.dup2(ours, 0)
        for descriptor in (ours, reader, writer):
            os.close(descriptor)
    assert (room / "tlc.out").read_bytes() == b""


# --- interruptions ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.usefixtures("groups")
def test_an_interrupted_check_leaves_no_process_and_keeps_its_log(
    tmp_path: Path, room: Path, error: type[BaseException]
) -> None:
    def interrupt(_progress: Progress | None, elapsed: float) -> None:
        if elapsed > 0.3:
            raise error

    with pytest.raises(error):
        run(fake(tmp_path / "java", "echo first; sleep 60"), room, on_progress=interrupt)
    assert (room / "tlc.out").read_bytes() == b"first\n"
    assert not (room / "tmp").exists()


@pytest.mark.usefixtures("groups")
def test_ctrl_c_ends_tlc(tmp_path: Path, room: Path) -> None:
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run(fake(tmp_path / "java", "sleep 60"), room, timeout=10)
    timer.join()


@pytest.mark.usefixtures("groups")
def test_a_run_in_another_thread_can_be_stopped(tmp_path: Path, room: Path) -> None:
    stop = threading.Event()
    argv = fake(tmp_path / "java", "sleep 60")
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run, argv, room, stop=stop)
        time.sleep(0.3)
        stop.set()
        report = future.result(timeout=3)
    assert (report.outcome, report.ok) == (Outcome.KILLED, False)
    assert "stopped" in report.message


def test_ticks_come_while_tlc_says_nothing(tmp_path: Path, room: Path) -> None:
    ticks: list[float] = []

    def tick(progress: Progress | None, elapsed: float) -> None:
        assert progress is None
        ticks.append(elapsed)

    run(fake(tmp_path / "java", "sleep 1"), room, on_progress=tick)
    assert 4 <= len(ticks) <= 7
    assert ticks == sorted(ticks)
    assert ticks[0] < 0.2


def test_progress_of_tlc_reaches_the_terminal(tmp_path: Path, room: Path) -> None:
    seen: list[Progress] = []
    (tmp_path / "data").write_text(
        HELLO + "@!@!@STARTMSG 2200:0 @!@!@\n"
        "Progress(110) at 2026-11-23 03:49:13: 656,954 states generated (656,954 s/min), "
        "225,061 distinct states found (225,061 ds/min), 6,075 states left on queue.\n"
        "@!@!@ENDMSG 2200 @!@!@\n",
        encoding="utf-8",
    )
    run(
        fake(tmp_path / "java", f"cat '{tmp_path}/data'"),
        room,
        on_progress=lambda progress, _: seen.append(progress) if progress else None,
    )
    assert seen == [Progress(110, 656_954, 225_061, 6_075)]


# --- the disk and the run directory -------------------------------------------------------------


@pytest.mark.usefixtures("groups")
def test_a_full_disk_ends_tlc_and_gives_no_verdict(tmp_path: Path, room: Path) -> None:
    (room / "tlc.out").symlink_to("/dev/full")
    started = time.monotonic()
    with pytest.raises(GenError) as error:
        run(fake(tmp_path / "java", "echo x; sleep 60"), room)
    assert error.value.code is ExitCode.NO_VERDICT
    assert error.value.message == (
        f"no verdict: {room / 'tlc.out'} cannot be written: No space left on device"
    )
    assert time.monotonic() - started < 2.0


def test_a_run_directory_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        run(fake(tmp_path / "java", "true"), tmp_path / "gone")
    assert error.value.code is ExitCode.NO_VERDICT


def test_a_second_run_in_the_same_directory_is_refused_and_harms_nothing(
    tmp_path: Path, room: Path
) -> None:
    second: list[str] = []

    def again(_progress: Progress | None, _elapsed: float) -> None:
        if not second:
            with pytest.raises(GenError) as error:
                run(fake(tmp_path / "java2", "echo second"), room)
            second.append(error.value.message)
            assert (room / "tmp").is_dir()

    run(fake(tmp_path / "java", "sleep 0.3; echo first"), room, on_progress=again)
    assert "another run uses this directory" in second[0]
    assert (room / "tlc.out").read_bytes() == b"first\n"


def test_a_directory_can_be_used_again_after_a_run(tmp_path: Path, room: Path) -> None:
    argv = fake(tmp_path / "java", "mkdir -p meta/states; touch meta/states/0 tmp/x; echo $$")
    run(argv, room)
    first = (room / "tlc.out").read_bytes()
    run(argv, room)
    assert (room / "tlc.out").read_bytes() != first
    assert sorted(p.name for p in room.iterdir()) == ["tlc.err", "tlc.out"]


# --- the real TLC -------------------------------------------------------------------------------


@pytest.mark.tlc
def test_tlc_says_success_and_leaves_spec_and_log_only(room: Path) -> None:
    put(room, TINY, "INVARIANT Small\n")
    report = check(room)
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.SUCCESS, True, 0)
    assert report.distinct == 3
    names = sorted(p.name for p in room.iterdir())
    assert names == ["M.cfg", "M.tla", "tlc.err", "tlc.out"]
    assert b"2193" in (room / "tlc.out").read_bytes()


@pytest.mark.tlc
def test_tlc_finds_the_violated_invariant(room: Path) -> None:
    put(room, TINY, "INVARIANT Tiny\n")
    report = check(room)
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.INVARIANT, False, 12)


@pytest.mark.tlc
@pytest.mark.parametrize("profile", ["short", "long"])
def test_the_deadlock_option_means_what_its_name_says(room: Path, profile: str) -> None:
    put(room, "VARIABLE x\nInit == x = FALSE\nNext == ~x /\\ x' = TRUE\n")
    tools = find_toolchain(environ={})
    options = TlcOptions(heap="256m", profile="long" if profile == "long" else "short")
    checked = run(command_line(tools, room, "M", options, check_deadlock=True), room)
    assert checked.outcome is Outcome.DEADLOCK
    assert run(command_line(tools, room, "M", options), room).outcome is Outcome.SUCCESS


@pytest.mark.tlc
@pytest.mark.usefixtures("groups")
def test_an_endless_spec_ends_with_the_timeout_and_no_verdict(room: Path) -> None:
    put(room, ENDLESS)
    started = time.monotonic()
    report = check(room, TlcOptions(heap="256m", timeout=2.5))
    assert (report.outcome, report.ok) == (Outcome.KILLED, False)
    assert "2.5 s" in report.message
    assert time.monotonic() - started < 6
    assert not (room / "meta").exists()


@pytest.mark.tlc
@pytest.mark.usefixtures("groups")
def test_a_full_heap_is_out_of_memory_and_no_error_of_the_spec(room: Path) -> None:
    put(room, BIG)
    report = check(room, TlcOptions(heap="16m", timeout=60))
    assert (report.outcome, report.ok, report.exit_code) == (Outcome.OUT_OF_MEMORY, False, 3)


@pytest.mark.tlc
@pytest.mark.usefixtures("groups")
def test_a_running_tlc_can_be_stopped_from_another_thread(room: Path) -> None:
    put(room, ENDLESS)
    stop = threading.Event()
    timer = threading.Timer(1.5, stop.set)
    timer.start()
    report = check(room, TlcOptions(heap="256m", timeout=30), stop=stop)
    timer.join()
    assert (report.outcome, report.ok) == (Outcome.KILLED, False)
    assert "stopped" in report.message
    assert b"2262" in (room / "tlc.out").read_bytes()


@pytest.mark.tlc
def test_two_checks_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    rooms = [tmp_path / str(n) for n in range(4)]
    for n, room in enumerate(rooms):
        room.mkdir()
        put(room, TINY, "INVARIANT Tiny\n" if n % 2 else "INVARIANT Small\n")
    with ThreadPoolExecutor(4) as pool:
        outcomes = [report.outcome for report in pool.map(check, rooms)]
    assert outcomes == [Outcome.SUCCESS, Outcome.INVARIANT] * 2


@pytest.mark.tlc
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_run_works_below_a_home_with_spaces_and_letters_beyond_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    room = tmp_path / "Müllers Läufe 雪: 'x'"
    room.mkdir()
    put(room, TINY, "INVARIANT Small\n")
    tools = find_toolchain(environ={})
    jar = room / "tools é" / "t.jar"
    jar.parent.mkdir()
    jar.write_bytes(tools.jar.read_bytes())
    with pytest.raises(GenError, match="':' in its path"):
        find_toolchain(jar=str(jar), environ={})
    jar = tmp_path / "tools é 雪.jar"
    jar.write_bytes(tools.jar.read_bytes())
    tools = find_toolchain(jar=str(jar), environ={})
    report = run(command_line(tools, room, "M", TlcOptions(heap="256m")), room)
    assert (report.outcome, report.ok) == (Outcome.SUCCESS, True)


@pytest.mark.tlc
def test_the_state_graph_is_where_it_was_asked_for(room: Path) -> None:
    put(room, TINY)
    argv = command_line(find_toolchain(environ={}), room, "M", TlcOptions(), dump="graph.dot")
    assert run(argv, room).ok
    assert (room / "graph.dot").read_text(encoding="utf-8").startswith("strict digraph")


@pytest.mark.tlc
def test_strings_beyond_ascii_come_back_as_they_were_written(room: Path) -> None:
    put(
        room,
        'VARIABLE x\nInit == x = "é雪"\nNext == x\' = x\nNever == x # x\n',
        "INVARIANT Never\n",
    )
    check(room)
    assert "é雪" in (room / "tlc.out").read_text(encoding="utf-8")
