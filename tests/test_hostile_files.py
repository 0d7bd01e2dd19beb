"""Nothing is lost, and nothing is overwritten: outputs, inputs that are no files, accidents."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import HELLO, FakeJava, Gen, Start, processes

from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.files import outputs, write_bytes
from gen.model.specs import SPECS

pytestmark = pytest.mark.hostile

TRACE = SPECS.parent / "counterexamples" / "hygiene-v2-isolation-race" / "trace.json"
DRAWN = TRACE.with_name("drawing.txt").read_text(encoding="utf-8")


def holds(request: Check, *_: object) -> list[Verdict]:
    """A check in which all that was asked holds."""
    return [Verdict(p, Result.HOLDS, distinct=7, depth=3) for p in request.properties]


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which ``$GEN`` is the command."""
    # Without an empty part, which is the working directory, where there may be none.
    path = os.pathsep.join(filter(None, [str(SPECS.parent), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env=os.environ | {"GEN": f"{sys.executable} -m gen", "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(ran: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """One line that says it, and nothing else."""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("gen: ")
    for word in words:
        assert word in line
    assert ran.returncode == code


# ---- outputs -------------------------------------------------------------------------


@pytest.mark.parametrize("links", [1, 3])
def test_a_picture_goes_to_where_a_link_leads_and_the_link_stays(
    gen: Gen, tmp_path: Path, links: int
) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "mine.txt"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    last = target
    for number in range(links):
        link = tmp_path / f"link{number}"
        link.symlink_to(os.path.relpath(last, tmp_path))
        last = link
    assert gen("show", str(TRACE), "-o", str(last)).code == 0
    assert last.is_symlink()
    assert target.read_text(encoding="utf-8") == DRAWN
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [p.name for p in target.parent.iterdir()] == ["mine.txt"]


def test_a_link_to_nothing_makes_the_file_that_it_speaks_of(gen: Gen, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new.txt")
    assert gen("show", str(TRACE), "-o", str(tmp_path / "link")).code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "new.txt").read_text(encoding="utf-8") == DRAWN


def special(tmp_path: Path, kind: str) -> Path:
    """Something that is no regular file, or cannot be one."""
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "link-to-device":
        path.symlink_to("/dev/full")
    elif kind == "link-to-fifo":
        os.mkfifo(tmp_path / "behind")
        path.symlink_to("behind")
    elif kind == "long-name":
        return tmp_path / ("x" * 300)
    elif kind == "device":
        return Path("/dev/full")
    elif kind == "no-directory":
        return tmp_path / "gone" / "file"
    return path


SPECIAL = (
    *("fifo", "directory", "loop", "device", "link-to-device", "link-to-fifo"),
    *("long-name", "no-directory"),
)


@pytest.mark.parametrize("option", ["--junit", "--sarif"])
@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_refused_before_the_search_and_stays_what_it_is(
    gen: Gen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, option: str
) -> None:
    path = special(tmp_path, kind)
    before = path.lstat() if os.path.lexists(tmp_path / kind) or kind == "device" else None
    monkeypatch.setattr("gen.cli.check.check", lambda *_: pytest.fail("it was searched"))
    ran = gen("check", option, str(path), "--run-dir", str(tmp_path / "run"))
    ran.told(option, str(path), "a file in a directory that exists fits")
    assert ran.code == ExitCode.USAGE
    assert not (tmp_path / "run").exists()
    if before is not None:
        after = path.lstat()
        assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_picture_never_replaces_a_device_or_a_fifo(gen: Gen, tmp_path: Path, kind: str) -> None:
    path = special(tmp_path, kind)
    was = path.lstat().st_mode if os.path.lexists(tmp_path / kind) or kind == "device" else None
    ran = gen("show", str(TRACE), "-o", str(path))
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert was is None or path.lstat().st_mode == was


def test_nothing_that_we_write_goes_over_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/full")):
        with pytest.raises(GenError, match="no regular file"):
            write_bytes(path, b"x")
    assert stat.S_ISFIFO((tmp_path / "fifo").lstat().st_mode)
    assert stat.S_ISCHR(Path("/dev/full").lstat().st_mode)


def test_a_text_goes_where_stdout_goes_or_to_another_program_of_the_shell(tmp_path: Path) -> None:
    show = f"$GEN show '{TRACE}' -o"
    ran = shell(f"{show} /dev/stdout | cat", tmp_path)
    assert (ran.stdout, ran.stderr) == (DRAWN, "")
    ran = shell(f"{show} >(cat > there); wait $!", tmp_path)
    assert (tmp_path / "there").read_text(encoding="utf-8") == DRAWN
    ran = shell(f"(echo first; {show} /dev/stdout; echo last) > all", tmp_path)
    assert (tmp_path / "all").read_text(encoding="utf-8") == f"first\n{DRAWN}last\n"
    ran = shell(f"ln -s /dev/fd/7 seven; {show} seven 7> named", tmp_path)
    assert (tmp_path / "named").read_text(encoding="utf-8") == DRAWN
    assert (tmp_path / "seven").is_symlink()


def test_a_stream_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    show = f"$GEN show '{TRACE}' -o"
    for number in ("9", "9" * 30):
        refused(shell(f"{show} /dev/fd/{number}", tmp_path), f"--output '/dev/fd/{number}'")
    refused(
        shell(f"{show} /dev/stdin < /dev/null", tmp_path),
        "--output '/dev/stdin'",
        "open for reading",
    )
    ran = shell(f"{show} /dev/stdout > /dev/full", tmp_path)
    refused(ran, "/dev/stdout cannot be written", "No space left", code=3)


def same_files(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two names of one file."""
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    (tmp_path / "link").symlink_to("old")
    (tmp_path / "to-new").symlink_to("new")
    (tmp_path / "here").symlink_to(".")
    os.link(old, tmp_path / "hard")
    yield str(new), str(new)
    yield str(old), str(tmp_path / "link")
    yield str(new), str(tmp_path / "to-new")
    yield str(new), str(tmp_path / "here" / "new")
    yield str(new), f"{tmp_path}/../{tmp_path.name}/new"
    yield str(old), str(tmp_path / "hard")
    yield "/dev/stdout", "/dev/fd/1"


def test_two_outputs_with_one_name_are_refused_before_the_search(gen: Gen, tmp_path: Path) -> None:
    for one, other in same_files(tmp_path):
        ran = gen("check", "--junit", one, "--sarif", other, "--run-dir", str(tmp_path / "run"))
        ran.told(f"--sarif '{other}'", "the file of --junit")
        assert ran.code == ExitCode.USAGE


def test_what_is_read_is_never_an_output(gen: Gen, tmp_path: Path) -> None:
    base, design = tmp_path / "base.toml", tmp_path / "mine.toml"
    base.write_text(
        'name = "b"\ntitle = "b"\nkernel = "k"\nsource = "s"\nbase = "v7.2"\n', encoding="utf-8"
    )
    text = base.read_text(encoding="utf-8").replace('"b"', '"m"').replace("v7.2", "base.toml")
    design.write_text(text, encoding="utf-8")
    (tmp_path / "link").symlink_to("mine.toml")
    trace = tmp_path / "trace.json"
    trace.write_bytes(TRACE.read_bytes())
    for output in (design, base, tmp_path / "link"):
        ran = gen("check", "--design", str(design), "--junit", str(output))
        ran.told("--junit", "a file that is read")
    for given in (trace, tmp_path):
        ran = gen("show", str(given), "-o", str(trace))
        assert ran.code == 2
        assert "is a file that is read" in ran.err
    assert trace.read_bytes() == TRACE.read_bytes()
    assert design.read_text(encoding="utf-8") == text


def test_a_file_for_ci_is_not_the_file_that_stdout_goes_to(tmp_path: Path) -> None:
    ran = shell("$GEN check -n --junit all > all", tmp_path)
    refused(ran, "--junit 'all'", "where stdout goes")


def test_a_file_for_ci_is_none_of_those_that_the_run_writes(gen: Gen, tmp_path: Path) -> None:
    for name in ("result.json", "Alignment.trace.json", "Alignment.txt"):
        ran = gen("check", "--sarif", str(tmp_path / name), "--run-dir", str(tmp_path))
        ran.told("--sarif", "the run writes such a file")
        assert ran.code == ExitCode.USAGE


def test_a_directory_that_cannot_be_written_is_told_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    with pytest.raises(GenError, match="cannot be written: Permission denied") as caught:
        outputs({"--junit": str(tmp_path / "x")})
    assert caught.value.code is ExitCode.USAGE


def test_a_file_that_is_read_only_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").touch(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(GenError, match="is read-only"):
        outputs({"--junit": str(tmp_path / "x")})


def test_a_violation_stays_one_if_the_file_for_ci_cannot_be_written_after_all(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def look(request: Check, *_: object) -> list[Verdict]:
        folder.rmdir()
        first, *others = holds(request)
        return [Verdict(first.prop, Result.UNREACHABLE, message="(gone)"), *others]

    monkeypatch.setattr("gen.cli.check.check", look)
    run = tmp_path / "run"
    ran = gen("check", "--junit", str(folder / "x"), "--run-dir", str(run))
    assert ran.code == ExitCode.SAFETY
    (line,) = ran.trouble
    assert line.startswith("gen: no verdict on ")  # of the others: what is not kept is not said
    assert f"{folder / 'x'} cannot be written" in line


def test_a_violation_is_not_called_no_verdict_because_a_file_cannot_be_written(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def look(request: Check, *_: object) -> list[Verdict]:
        folder.rmdir()
        return [Verdict(p, Result.UNREACHABLE, message="(gone)") for p in request.properties]

    monkeypatch.setattr("gen.cli.check.check", look)
    ran = gen("check", "--sarif", str(folder / "x"), "--run-dir", str(tmp_path / "run"))
    assert ran.code == ExitCode.SAFETY
    (line,) = ran.trouble
    assert line.startswith(f"gen: {folder / 'x'} cannot be written")


# ---- inputs --------------------------------------------------------------------------


@contextlib.contextmanager
def in_time(seconds: int) -> Iterator[None]:
    """What waits for a FIFO, or reads without an end, ends here."""

    def late(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["fifo", "zero", "sparse"])
@pytest.mark.parametrize("command", ["show", "replay", "diff", "check", "recheck", "matrix"])
def test_an_input_that_has_no_end_is_one_line_at_once(
    gen: Gen, tmp_path: Path, kind: str, command: str
) -> None:
    path = tmp_path / ("matrix.json" if command == "matrix" else f"{kind}.toml")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(10 << 30)
    argv = {
        "show": ["show", str(path)],
        "replay": ["replay", str(path)],
        "diff": ["diff", str(TRACE), str(path)],
        "check": ["check", "--design", str(path)],
        "recheck": ["prove", "--recheck", str(path)],
        "matrix": ["matrix", "--output", str(tmp_path)],
    }[command]
    with in_time(10):
        ran = gen(*argv)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert str(tmp_path) in ran.err


# ---- accidents in the middle of a matrix -----------------------------------------------

SUCCESS = Path(__file__).parent / "data" / "tlc" / "success.txt"
#: Prints what TLC printed, without what was recorded of the run behind it.
SAY_SUCCESS = f"sed '/^### stderr/,$d' '{SUCCESS}'"
MATRIX = ("--designs", "v6.10,v6.12,v6.18,v7.2", "--properties", "Alignment,Conservation")


def once(tmp_path: Path, accident: str) -> str:
    """The body of a Java that says that all holds, but for one to which something happens."""
    return f"if mkdir '{tmp_path}/once' 2> /dev/null; then {HELLO}; {accident}; fi\n{SAY_SUCCESS}"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of our own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("accident", "told"),
    [
        ("rm -rf '{tmp}/cache'; exit 1", "was removed meanwhile"),
        ("kill -KILL $$", "killed by SIGKILL from outside"),
    ],
)
def test_an_accident_costs_what_was_running_and_not_the_table(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, cache: Path, accident: str, told: str
) -> None:
    java = fake_java(once(tmp_path, accident.format(tmp=tmp_path)))
    ran = gen("matrix", *MATRIX, "--java", java, "--output", str(tmp_path / "m"))
    assert ran.code == ExitCode.NO_VERDICT
    (line,) = [line for line in ran.err.splitlines() if line.startswith("gen: ")]
    assert told in line
    assert "interrupted" not in line
    data = json.loads((tmp_path / "m" / "matrix.json").read_text(encoding="utf-8"))
    results = [cell["result"] for cell in data["verdicts"]]
    # Two searches of a design run at a time: both may have lost their directory.
    assert 1 <= results.count("no verdict") <= 2
    assert results.count("holds") == len(results) - results.count("no verdict")
    assert cache.is_dir()


def test_a_state_graph_that_was_removed_costs_the_choice_and_not_the_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gen.check import easiest
    from gen.check.counterexample import Counterexample
    from gen.check.runner import Runner
    from gen.check.search import Violation
    from gen.draw.saved import load_trace
    from gen.model.design import find_design
    from gen.tlc.options import TlcOptions
    from gen.tlc.stream import read_report
    from gen.tlc.toolchain import Toolchain

    trace = load_trace(str(TRACE))
    request = Check(
        design=find_design(trace.design),
        zone=trace.zone,
        properties=(trace.prop,),
        toolchain=Toolchain(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"),
        tlc=TlcOptions(),
        run_dir=tmp_path,
        made_by="gen check",
    )
    report = read_report(SUCCESS.read_text(encoding="utf-8").partition("### stderr")[0], 0)
    monkeypatch.setattr(Runner, "run", lambda *_: report)
    found = Violation(trace.prop, Counterexample.from_trace(trace), 3, 3, 0.0)
    chosen = easiest._choose(Runner(request), found)
    assert chosen == "TLC's state graph cannot be read: No such file or directory"


def test_trouble_of_one_design_is_told_as_what_it_is(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gen.files import write_text

    def full(path: Path, text: str) -> None:
        if path.parent.parent.name.endswith("v6.12"):
            raise GenError(f"{path} cannot be written: No space left", ExitCode.NO_VERDICT)
        write_text(path, text)

    monkeypatch.setattr("gen.tlc.task.write_text", full)
    java = fake_java(SAY_SUCCESS)
    ran = gen("matrix", *MATRIX, "--java", java, "--output", str(tmp_path / "m"))
    (line,) = [line for line in ran.err.splitlines() if line.startswith("gen: ")]
    assert "No space left" in line and "interrupted" not in line
    assert line.partition(": ")[2].partition(":")[0].count("v6.12/") == 2
    assert cache.is_dir()


def test_a_matrix_that_nobody_can_print_is_written_all_the_same(
    fake_java: FakeJava, tmp_path: Path, cache: Path
) -> None:
    java = fake_java(SAY_SUCCESS)
    for number, to in enumerate(("> /dev/full", ">&-")):
        line = f"$GEN matrix {' '.join(MATRIX)} --java {java} --output m{number} --no-cache {to}"
        ran = shell(line, tmp_path)
        (told,) = [line for line in ran.stderr.splitlines() if line.startswith("gen: ")]
        assert "the output cannot be written" in told
        assert ran.returncode == ExitCode.NO_VERDICT
        assert (tmp_path / f"m{number}" / "matrix.json").is_file()
    assert list((cache / "pageblock-gen" / "runs").iterdir()) == []


def test_a_stderr_that_is_full_costs_no_matrix(
    fake_java: FakeJava, tmp_path: Path, cache: Path
) -> None:
    java = fake_java(SAY_SUCCESS)
    ran = shell(f"$GEN matrix {' '.join(MATRIX)} --java {java} 2> /dev/full", tmp_path)
    assert ran.returncode == 0
    assert "8 of 8" in ran.stdout or "proved" in ran.stdout
    assert cache.is_dir()


@pytest.mark.parametrize(("sample", "code"), [("parse_error", 150), ("eval_type", 75)])
def test_a_full_disk_is_not_told_as_an_error_in_the_module(
    gen: Gen,
    fake_java: FakeJava,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sample: str,
    code: int,
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gen.tlc.process.tempfile.TemporaryFile", full)
    run = tmp_path / "run"
    java = fake_java(f"cat '{SUCCESS.with_stem(sample)}'; exit {code}")
    monkeypatch.setattr("gen.cli.check.run_dir_of", lambda *_: run)
    run.mkdir()
    ran = gen("check", "--property", "Alignment", "--java", java)
    ran.told(f"disk full: {run}")
    assert ran.code == ExitCode.NO_VERDICT


def test_a_disk_that_is_full_takes_no_verdict_away(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gen.tlc.process._is_full", lambda _: True)
    java = fake_java(SAY_SUCCESS)
    options = ["--property", "Alignment", "--java", java, "--run-dir", str(tmp_path / "run")]
    assert gen("check", *options).code == 0


# ---- streams, signals, limits ----------------------------------------------------------


@pytest.mark.parametrize("command", ["designs", f"show '{TRACE}' --format html", "render --tla"])
def test_a_stdout_that_is_closed_is_one_line(tmp_path: Path, command: str) -> None:
    ran = shell(f"$GEN {command} >&-", tmp_path)
    refused(ran, "the output cannot be written: it is closed", code=3)


def test_a_picture_for_a_stdout_that_is_closed_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    ran = shell(f"$GEN show '{TRACE}' --format png >&-", tmp_path)
    refused(ran, "the output cannot be written: it is closed", code=3)


def test_a_stderr_that_is_closed_or_full_changes_no_exit_code(tmp_path: Path) -> None:
    for to in ("2>&-", "2> /dev/full", ">&- 2>&-"):
        ran = shell(f"$GEN chek {to}", tmp_path)
        assert (ran.returncode, ran.stdout) == (2, "")


def test_a_check_that_nobody_can_print_writes_its_files(
    fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(SAY_SUCCESS)
    for to in ("> /dev/full", ">&-"):
        line = f"$GEN check --property Alignment --java {java} --junit x.xml {to}"
        ran = shell(line, tmp_path)
        refused(ran, "gen: no verdict: the output cannot be written", code=3)
        (tmp_path / "x.xml").unlink()


def test_a_drawing_that_cannot_be_printed_costs_no_file(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gen.draw.saved import load_trace

    trace = load_trace(str(TRACE))

    def look(_request: Check, _progress: object, told: Any) -> list[Verdict]:
        found = Verdict(trace.prop, Result.VIOLATED, length=trace.length, trace=trace)
        told(found)
        return [found]

    monkeypatch.setattr("gen.cli.check.check", look)
    files = [tmp_path / "x.xml", tmp_path / "run"]
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 (a stream)
        monkeypatch.setattr(sys, "stdout", full)
        argv = ["check", "--property", trace.prop.name, "--junit", str(files[0])]
        ran = gen(*argv, "--run-dir", str(files[1]))
    assert "the output cannot be written: No space left" in ran.err
    assert ran.code == ExitCode.NO_VERDICT
    assert 'failures="1"' in files[0].read_text(encoding="utf-8")
    assert (files[1] / "result.json").is_file()


#: An interpreter that Ctrl-C reaches, at a moment that the test chooses.
_AT = (
    "import os, signal, sys, builtins\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "real = builtins.__import__\n"
    "def heard(name, *rest, **more):\n"
    "    if name == {name!r}: os.kill(os.getpid(), signal.SIGINT)\n"
    "    return real(name, *rest, **more)\n"
    "builtins.__import__ = heard\n"
    "sys.argv[1:] = [{command!r}]\n"
    "from gen.__main__ import run; run()"
)


@pytest.mark.parametrize("name", ["argparse", "jinja2", "msgspec", "gen.cli.options"])
@pytest.mark.parametrize(("command", "mark"), [("check", "no verdict: "), ("render", "")])
def test_ctrl_c_while_gen_is_imported_is_one_line(name: str, command: str, mark: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT.format(name=name, command=command)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, f"gen: {mark}interrupted\n")


def test_ctrl_c_before_there_is_anything_to_tell_it_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT.format(name="gen.cli.console", command="render")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-2, "")


def test_a_package_that_is_missing_is_one_line() -> None:
    start = "import sys; sys.modules['jinja2'] = None; from gen.__main__ import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, check=False
    )
    refused(subprocess.CompletedProcess("", done.returncode, "", done.stderr), "jinja2", code=153)


@pytest.mark.parametrize("trouble", [MemoryError(), RuntimeError("can't start new thread")])
def test_a_limit_that_is_too_small_is_one_line(
    gen: Gen, monkeypatch: pytest.MonkeyPatch, trouble: Exception, tmp_path: Path
) -> None:
    def look(*_: object) -> list[Verdict]:
        raise trouble

    monkeypatch.setattr("gen.cli.check.check", look)
    gen("check", "--run-dir", str(tmp_path / "run")).told("ulimit -v")


@pytest.mark.parametrize(
    "command",
    [
        *("check -n", "check --junit x", "check --run-dir x", "matrix --output x", "gallery"),
        *("show x", "check --design x.toml", "new-design x --base v7.2"),
    ],
)
def test_a_working_directory_that_is_gone_is_told_as_that(tmp_path: Path, command: str) -> None:
    (tmp_path / "here").mkdir()
    ran = shell(f"cd here; rmdir ../here; $GEN {command}", tmp_path)
    (line,) = (line for line in ran.stderr.splitlines() if line.startswith("gen: "))
    assert "Traceback" not in ran.stderr
    assert line.endswith("the working directory is gone: cd to one that exists")
    assert ran.returncode in (2, 3)


# ---- what is left behind -------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("check", signal.SIGKILL),
        ("check", signal.SIGUSR1),
        ("check", signal.SIGQUIT),
        ("matrix", signal.SIGKILL),
    ],
)
def test_java_ends_with_gen_however_gen_is_killed(
    start: Start, fake_java: FakeJava, tmp_path: Path, command: str, number: signal.Signals
) -> None:
    # It has a child of its own, as a java that is a script has; both are deaf to SIGTERM.
    java = fake_java(f"{HELLO}; trap '' TERM HUP; sleep 60 & while :; do sleep 0.2; done")
    where = ["--output" if command == "matrix" else "--run-dir", str(tmp_path / "there")]
    more = ["--designs", "v6.12", "--no-cache"] if command == "matrix" else []
    began = start(command, "--java", java, *where, *more)
    began.wait_for_java(2)
    time.sleep(0.2)
    began.signal(number)
    assert began.end(10).code == -number
    assert began.left_behind() == []


def test_nobody_waits_any_more_for_the_end_of_a_gen_that_has_ended(
    start: Start, fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java(f"{HELLO}; sleep 0.5")
    began = start("check", "--java", java, "--run-dir", str(tmp_path / "run"))
    pid = began.process.pid
    began.wait_for_java()
    children = {p for p, parent, *_ in processes() if parent == pid}
    began.end()
    assert children and not children & {p for p, *_ in processes()}


# ---- directories of ours -------------------------------------------------------------


def test_what_is_made_below_the_cache_is_private_whatever_the_umask_is(
    fake_java: FakeJava, tmp_path: Path, cache: Path
) -> None:
    java = fake_java(SAY_SUCCESS)
    line = f"$GEN matrix {' '.join(MATRIX)} --java {java}; $GEN check --java {java}"
    ran = shell(f"umask 000; {line}", tmp_path)
    assert ran.stdout.count("files: ") >= 3
    made = [cache, *cache.glob("pageblock-gen"), *cache.glob("*/*")]
    assert {"tlc", "templates", "runs"} <= {path.name for path in made}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


@pytest.mark.parametrize(
    ("home", "told"),
    [
        (b"/tmp/\xff\xfe", "no HOME, or one that is no UTF-8"),
        (None, "no HOME, or one that is no UTF-8"),
        (b"/proc", "/proc/.cache/pageblock-gen cannot be written"),
    ],
)
def test_a_home_that_does_not_fit_costs_a_line_and_no_verdict(
    fake_java: FakeJava, tmp_path: Path, home: bytes | None, told: str
) -> None:
    environ = {k: v for k, v in os.environb.items() if k not in (b"HOME", b"XDG_CACHE_HOME")}
    environ |= {b"HOME": home} if home is not None else {}
    environ |= {b"TMPDIR": os.fsencode(tmp_path), b"PYTHONPATH": os.fsencode(SPECS.parent)}
    argv = ["check", "--property", "Alignment", "--java", fake_java(SAY_SUCCESS)]
    done = subprocess.run(
        [sys.executable, "-m", "gen", *argv],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1), done.stderr
    assert f"{told}: the files are in {tmp_path}/" in done.stderr
    assert "[ok] Alignment" in done.stdout


def test_a_cache_entry_that_has_no_end_is_asked_for_again(tmp_path: Path) -> None:
    from gen.tlc.cache import Cache

    kept = Cache({"XDG_CACHE_HOME": str(tmp_path)})
    assert kept.directory is not None
    kept.directory.mkdir(parents=True)
    os.mkfifo(kept.directory / "fifo.txt")
    (kept.directory / "zero.txt").symlink_to("/dev/zero")
    with (kept.directory / "sparse.txt").open("wb") as file:
        file.truncate(10 << 30)
    with in_time(10):
        assert [kept.load_choice(key) for key in ("fifo", "zero", "sparse")] == [None] * 3


def test_a_fifo_in_the_place_of_javas_cache_is_not_waited_for(tmp_path: Path) -> None:
    from gen.files import file_sha256

    os.mkfifo(tmp_path / "x.aot")
    with in_time(10), pytest.raises(OSError, match="no regular file"):
        file_sha256(tmp_path / "x.aot")


def test_a_gallery_needs_a_name_and_a_directory_that_can_be_written(gen: Gen) -> None:
    ran = gen("gallery", "")
    assert (ran.code, ran.out) == (2, "")
    assert "an empty name" in ran.err
    ran = gen("gallery", "/proc/self")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (3, "", 1)


# ---- gen clean -----------------------------------------------------------------------

OLD = "check-20200101-000000-0123abcd"


def aged(path: Path, days: float) -> None:
    """As if it had been written so many days ago, with all that is in it."""
    then = time.time() - days * 86400
    for one in (*path.rglob("*"), path):
        os.utime(one, (then, then), follow_symlinks=False)


@pytest.fixture
def runs(cache: Path) -> Path:
    """A run of eight days ago, and one of today."""
    made = cache / "pageblock-gen" / "runs"
    for name, days in ((OLD, 8.0), ("check-20991231-235959-0123abcd", 0.0)):
        (made / name / "first").mkdir(parents=True)
        (made / name / "first" / "tlc.out").write_bytes(b"x" * 100_000)
        aged(made / name, days)
    return made


def test_old_runs_are_removed_and_it_is_said_how_many_and_how_much(gen: Gen, runs: Path) -> None:
    ran = gen("clean", "--older-than", "9")
    assert (ran.code, ran.out) == (0, f"{runs}: 0 removed, 0.0 MB; 2 younger\n")
    ran = gen("clean")
    assert (ran.code, ran.out) == (0, f"{runs}: 1 removed, 0.1 MB; 1 younger\n")
    assert [path.name for path in runs.iterdir()] == ["check-20991231-235959-0123abcd"]


def test_a_run_in_which_something_is_written_still_is_not_removed(gen: Gen, runs: Path) -> None:
    os.utime(runs / OLD / "first" / "tlc.out")
    assert "0 removed" in gen("clean", "--older-than", "1").out
    assert (runs / OLD).is_dir()
    assert gen("clean", "--older-than", "0").code == ExitCode.USAGE


def test_nothing_that_is_not_ours_is_removed_and_no_link_is_followed(
    gen: Gen, runs: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    aged(mine, 99)
    (runs / OLD.replace("0123", "4567")).symlink_to(mine)
    (runs / OLD / "inside").symlink_to(mine)
    for name in ("notes", "check-2020", f"{OLD}.bak"):
        (runs / name).mkdir()
        aged(runs / name, 99)
    aged(runs / OLD, 99)
    assert gen("clean").out == f"{runs}: 1 removed, 0.1 MB; 1 younger\n"
    assert (mine / "thesis.tex").exists()
    assert {"notes", "check-2020", f"{OLD}.bak"} <= {path.name for path in runs.iterdir()}
    assert (runs / OLD.replace("0123", "4567")).is_symlink()


def test_a_runs_directory_that_is_a_link_is_left_alone(
    gen: Gen, runs: Path, tmp_path: Path
) -> None:
    runs.rename(tmp_path / "moved")
    runs.symlink_to(tmp_path / "moved")
    ran = gen("clean")
    assert (ran.code, ran.out) == (2, "")
    assert f"{runs} is not cleaned" in ran.err
    assert (tmp_path / "moved" / OLD).is_dir()


def test_what_tlc_has_said_goes_only_if_that_is_asked_for(gen: Gen, runs: Path) -> None:
    kept = runs.parent / "tlc"
    kept.mkdir()
    for name in (f"{'a' * 64}.txt", "mine.txt"):
        (kept / name).write_bytes(b"x")
        aged(kept / name, 99)
    gen("clean")
    assert (kept / f"{'a' * 64}.txt").exists()
    assert f"{kept}: 1 removed" in gen("clean", "--cache").out
    assert [path.name for path in kept.iterdir()] == ["mine.txt"]


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    gen: Gen, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    remove = shutil.rmtree
    other = OLD.replace("check", "matrix")
    (runs / other).mkdir()
    aged(runs / other, 99)

    def some(name: str, **more: Any) -> None:
        if name == OLD:
            raise PermissionError(13, "Permission denied")
        remove(name, **more)

    monkeypatch.setattr(shutil, "rmtree", some)
    ran = gen("clean")
    assert (ran.code, len(ran.err.splitlines())) == (3, 1)
    assert f"{runs / OLD}: Permission denied" in ran.err
    assert not (runs / other).exists()


def test_there_is_nothing_to_clean_where_nothing_was_run(gen: Gen, cache: Path) -> None:
    ran = gen("clean", "--cache")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("0 removed") == 2
    assert not cache.exists()
