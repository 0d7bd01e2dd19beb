"""What is kept is verified before it is believed: damage and strangers cost time, no verdict."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FakeJava, Gen
from test_cache import SUCCESS, VIOLATED
from test_executor import Client, asked

from gen import kept
from gen.errors import GenError
from gen.files import sha256_bytes
from gen.model import render
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.run_dir import make_run_dir
from gen.tlc import aot
from gen.tlc.cache import Cache
from gen.tlc.command import LOG
from gen.tlc.dask import JAVA, Answer
from gen.tlc.stream import read_report
from gen.tlc.toolchain import find_toolchain, java_digest

ABOUT = "something"
DATA = b"line\nline \xff\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pageblock-gen"


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)

    def change(to: int) -> None:
        os.umask(to)

    yield change
    os.umask(before)


# ---- any file that is kept -------------------------------------------------------------------


def put(home: Path) -> Path:
    path = home / "some" / "file"
    kept.write(path, ABOUT, DATA)
    assert kept.read(path, ABOUT) == DATA
    return path


def test_no_bit_of_a_kept_file_can_change_unnoticed(home: Path) -> None:
    path = put(home)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert kept.read(path, ABOUT) is None, bit
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert kept.read(path, ABOUT) is None
    kept.write(path, ABOUT, DATA)
    assert kept.read(path, ABOUT) == DATA
    assert kept.read(path, "something else") is None


def a_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
        lambda path: path.parent.chmod(0o777),
        lambda path: path.parent.chmod(0o1777),  # its files are the sticky bit's, not its links
        lambda path: path.parent.parent.chmod(0o770),
        lambda path: path.parent.parent.parent.chmod(0o707),
        a_link,
        a_fifo,
        a_device,
    ],
)
def test_what_somebody_else_could_have_put_there_is_not_read(
    home: Path, change: Callable[[Path], None]
) -> None:
    path = put(home)
    change(path)
    assert kept.read(path, ABOUT) is None


def test_what_belongs_to_somebody_else_is_not_read_or_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(home)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert kept.read(path, ABOUT) is None
    kept.write(path, ABOUT, b"other")
    with pytest.raises(GenError, match="belongs to somebody else"):
        kept.private(path.parent)
    monkeypatch.undo()
    assert kept.read(path, ABOUT) == DATA


def test_a_cache_behind_a_link_of_ours_is_used(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "cache").symlink_to("elsewhere")
    put(home)
    assert (tmp_path / "elsewhere" / "pageblock-gen" / "some" / "file").is_file()


def test_whatever_the_umask_is_nobody_else_can_write_what_is_kept(
    home: Path, umask: Callable[[int], None]
) -> None:
    umask(0)
    path = put(home)
    run = make_run_dir(None, "x")
    assert run.parent == home / "runs"
    for made in (path, path.parent, home, home.parent, run, run.parent):
        assert not made.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), made


def test_runs_are_not_put_where_others_can_exchange_them(home: Path) -> None:
    assert not home.exists()
    runs = make_run_dir(None, "x").parent
    runs.chmod(0o777)
    other = make_run_dir(None, "x")
    assert other.parent != runs
    other.rmdir()


# ---- the templates, compiled -----------------------------------------------------------------


def rendered() -> str:
    """A module, as a process that has just begun renders it."""
    render._environment.cache_clear()
    spec = render.render(find_design("hygiene-v2"), Zone(), find_properties([]), "test")
    return spec.tla + spec.cfg


@pytest.fixture
def compiled(home: Path) -> Iterator[list[Path]]:
    """The templates that a rendering has left behind."""
    rendered()
    yield sorted((home / "templates").iterdir())
    render._environment.cache_clear()


def test_a_flipped_bit_in_a_compiled_template_changes_no_module(compiled: list[Path]) -> None:
    right = rendered()
    chance = random.Random(1)
    whole = {path: path.read_bytes() for path in compiled}
    for _ in range(40):
        for path in chance.sample(compiled, 8):
            damaged = bytearray(whole[path])
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
        assert rendered() == right
        assert {path: path.read_bytes() for path in compiled} == whole, "made again"


def test_a_compiled_template_of_another_template_is_not_run(compiled: list[Path]) -> None:
    right = rendered()
    first = compiled[0].read_bytes()
    for path, other in zip(compiled, [*compiled[1:], None], strict=True):
        path.write_bytes(other.read_bytes() if other else first)
    assert rendered() == right


def test_what_another_jinja_python_or_filter_has_compiled_is_not_run(
    compiled: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [path.stat().st_mtime_ns for path in compiled]
    rendered()
    assert [path.stat().st_mtime_ns for path in compiled] == times, "used"
    monkeypatch.setattr(render, "file_sha256", lambda _: "0" * 64)
    rendered()
    assert all(a.stat().st_mtime_ns != b for a, b in zip(compiled, times, strict=True))


def test_nothing_is_unmarshalled_of_a_file_that_others_could_write(
    compiled: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = rendered()

    def loads(_: bytes) -> None:
        raise AssertionError("it was unmarshalled")

    monkeypatch.setattr("gen.model.render.marshal.loads", loads)
    with pytest.raises(AssertionError):
        rendered()
    compiled[0].parent.chmod(0o777)
    assert rendered() == right


# ---- what Java has loaded --------------------------------------------------------------------


@pytest.mark.parametrize("change", ["file", "directory", "link", "fifo"])
def test_classes_that_others_could_have_exchanged_are_not_loaded(home: Path, change: str) -> None:
    tools = replace(find_toolchain(environ={}), java_version="25.0.2")
    environ = {"XDG_CACHE_HOME": str(home.parent)}
    directory = kept.make_private(home / "aot")
    part = directory / "part"
    part.write_bytes(b"whole")
    path = part.rename(directory / f"{aot._key(tools)}-{sha256_bytes(b'whole')}.aot")
    assert aot.find(tools, environ) == path
    if change == "file":
        path.chmod(0o666)
    elif change == "directory":
        directory.chmod(0o777)
    elif change == "link":
        a_link(path)
    else:
        a_fifo(path)
    assert aot.find(tools, environ) is None


# ---- what TLC has said -----------------------------------------------------------------------


def says(fake_java: FakeJava, tmp_path: Path, text: str, code: int = 0) -> str:
    """A Java that prints this."""
    (tmp_path / "said.txt").write_text(text, encoding="utf-8")
    return fake_java(f"cat {tmp_path / 'said.txt'}; exit {code}")


def matrix(gen: Gen, tmp_path: Path, java: str) -> tuple[int, str, str]:
    argv = ("--designs", "v6.12", "--properties", "Alignment", "--output", str(tmp_path / "made"))
    ran = gen("matrix", *argv, "--java", java)
    return ran.code, ran.out, ran.err


def test_what_one_java_has_said_is_not_what_another_one_would_say(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, home: Path
) -> None:
    assert not home.exists()
    liar = says(fake_java, tmp_path, SUCCESS)
    assert matrix(gen, tmp_path, liar)[0] == 0
    assert ", cached" in matrix(gen, tmp_path, liar)[2]
    code, _, err = matrix(gen, tmp_path, fake_java("exit 1"))  # at the same place
    assert code == 3 and "cached" not in err


def test_a_java_is_known_by_its_release_file_and_program_wherever_it_is(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "java").write_text("#!/bin/sh\n")
        (tmp_path / name / "release").write_text('JAVA_VERSION="21"\n')
    one, two = (tmp_path / name / "bin" / "java" for name in ("one", "two"))
    assert java_digest(one) == java_digest(two) != ""
    (tmp_path / "link").symlink_to(one)
    assert java_digest(tmp_path / "link") == java_digest(one)
    (tmp_path / "two" / "release").write_text('JAVA_VERSION="21.0.1"\n')
    assert java_digest(one) != java_digest(two)
    (tmp_path / "two" / "release").unlink()
    assert java_digest(two) not in ("", java_digest(one))
    assert java_digest(tmp_path / "nothing") == ""


def test_what_a_java_has_said_that_nobody_knows_is_not_kept(home: Path, tmp_path: Path) -> None:
    log = tmp_path / LOG
    log.write_text(SUCCESS, encoding="utf-8")
    cache = Cache()
    cache.store("", log, read_report(SUCCESS, 0))
    assert cache.load("", lambda _: True) is None and cache.misses == 1
    assert not home.exists()


def test_a_worker_with_another_java_that_comes_later_ends_what_is_kept(tmp_path: Path) -> None:
    tools = find_toolchain(environ={})
    client = Client(Answer(0, None, {LOG: SUCCESS.encode()}, "21 0"))
    dask, _ = asked(client, tmp_path / "one")
    assert dask.java(tools) == "21 0"
    assert (tmp_path / "one" / JAVA).read_text() == "21 0"
    client = Client(Answer(0, None, {LOG: SUCCESS.encode()}, "25 1"))
    dask, _ = asked(client, tmp_path / "two")
    assert dask.java(tools) == ""


def test_an_entry_with_a_new_digest_is_judged_again(home: Path) -> None:
    cache = Cache()
    assert cache.directory is not None

    def forge(text: str, code: object = 0) -> object:
        assert cache.directory is not None
        kept.write(cache.directory / "k.txt", "TLC's output: k", f"{code}\n{text}".encode())
        return cache.load("k", lambda report: report.ok)

    assert forge(SUCCESS)
    assert forge(SUCCESS, 1) is None
    assert forge(SUCCESS, "x") is None
    assert forge(SUCCESS[:-100]) is None
    assert forge(VIOLATED, 12) is None
    assert home.exists()


def test_a_cache_that_others_can_write_is_not_used_and_one_line_says_so(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, home: Path
) -> None:
    java = says(fake_java, tmp_path, SUCCESS)
    matrix(gen, tmp_path, java)
    (home / "tlc").chmod(0o777)
    code, _, err = matrix(gen, tmp_path, java)
    told = [line for line in err.splitlines() if line.startswith("gen: ")]
    assert code == 0 and len(told) == 1
    assert "nothing is taken from the cache" in told[0] and str(home / "tlc") in told[0]
    assert "cached" not in err


# ---- Java's environment ----------------------------------------------------------------------


def test_no_variable_of_javas_gives_tlc_other_options_or_classes(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")
    for name in (*names, "IBM_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS"):
        monkeypatch.setenv(name, "-Xhostile")
    java = fake_java(f"env > {tmp_path / 'env'}")
    gen("check", "--java", java, "--run-dir", str(tmp_path / "run"))
    text = (tmp_path / "env").read_text(encoding="utf-8")
    assert "LC_ALL=C.UTF-8" in text and "-Xhostile" not in text
