"""What is kept is verified before it is believed: damage and strangers cost time, no verdict."""

from __future__ import annotations

import json
import os
import random
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeJava, Gen, Ran
from test_cache import SUCCESS, VIOLATED
from test_executor import Client, asked

from gen import kept
from gen.errors import GenError
from gen.files import sha256_bytes
from gen.model import render
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.specs import CERTIFICATES, SPECS
from gen.model.zone import Zone
from gen.prove.certificate import differences, load_certificate
from gen.run_dir import make_run_dir
from gen.tlc import aot
from gen.tlc.cache import Cache
from gen.tlc.command import LOG
from gen.tlc.dask import JAVA, Answer
from gen.tlc.stream import read_report
from gen.tlc.toolchain import find_toolchain, java_digest
from tools.golden import GALLERY

pytestmark = pytest.mark.hostile

B1 = "hygiene-v2-isolation-race"
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


# ---- certificates ----------------------------------------------------------------------------


def certificate(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """The certificate of v6.12 with something changed in it."""
    data = json.loads((CERTIFICATES / "v6.12.json").read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def refused(ran: Ran, *words: str) -> None:
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert ran.err.startswith("gen: ") and ran.err.count("\n") == 1, ran.err
    assert len(ran.err) < 600
    for word in words:
        assert word in ran.err


def set_command(text: str) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.update(command=text)


def _run(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["obligations"][0]["runs"][0]
    return found


@pytest.mark.parametrize("sentences", [[], ["Orders 9 and up are told apart."]])
def test_a_certificate_may_say_what_it_rests_on_or_be_older(
    tmp_path: Path, sentences: list[str]
) -> None:
    path = certificate(tmp_path, lambda data: data.update(assumptions=sentences))
    assert load_certificate(Path(path))["assumptions"] == sentences


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_command("gen prove --design v6.12 --java ./evil.sh"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --jar ./evil.jar"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --output /tmp/x"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --scheduler tcp://h:1"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --recheck x"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --order=10"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --order --help"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --order"), "not one of gen prove"),
        (set_command("gen prove --design v6.12  --order 10"), "not one of gen prove"),
        (set_command("gen check --design v6.12 --order 10"), "not one of gen prove"),
        (set_command("gen prove --design 'v6.12 --order 10"), "not one of gen prove"),
        (set_command("gen prove --design v6.12 --order 11"), "its zone is"),
        (set_command("gen prove --design v6.12"), "its command is"),
        (set_command("gen prove --design v6.10 --order 10"), "its design is 'v6.12'"),
        (set_command("gen prove --design mine.toml --order 10"), "--design FILE"),
        (set_command("gen prove --design mine/ --order 10"), "--design FILE"),
        (set_command("gen prove --design ../x/ --order 10"), "--design FILE"),
        (lambda data: data.update(added=None), "added"),
        (lambda data: data.update(added=1), "added"),
        (lambda data: data.update(jar_sha256=None), "jar_sha256"),
        (lambda data: data.update(command=None), "command"),
        (lambda data: data.update(design="v6.12\nx"), "design"),
        (lambda data: data["zone"].append(4), "zone[4]"),
        (lambda data: data["properties"]["Alignment"].update(length=None), "length"),
        (lambda data: data["properties"]["Alignment"].update(result="sure"), "result"),
        (lambda data: data["properties"].update(Alinement={"result": "proved"}), "'Alignment'?"),
        (
            lambda data: data["properties"].update(all={"result": "proved"}),
            "unknown property 'all'",
        ),
        (lambda data: data["obligations"][0].update(name="windowz"), "windows"),
        (lambda data: data["obligations"][0].update(met=1), "met"),
        (lambda data: _run(data).update(distinct=3194.0), "3194.0"),
        (lambda data: _run(data).update(distinct=True), "distinct"),
        (lambda data: _run(data).update(distinct=1 << 70), "64 bits"),
        (lambda data: _run(data).update(tla="7a"), "SHA-256"),
        (lambda data: _run(data).update(note="x"), "note"),
        (lambda data: data.update(source="\ud800"), "surrogate"),
    ],
)
def test_a_certificate_is_data_and_what_else_is_in_it_is_refused(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, change: Any, words: str
) -> None:
    java = fake_java(f"touch {tmp_path / 'ran'}; exit 1")
    path = certificate(tmp_path, change)
    refused(gen("prove", "--recheck", path, "--java", java), path, words)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        '{"version": NaN}',
        '{"a": 1, "a": 2}',
        '"\xff"',
    ],
)
def test_json_that_is_none_is_one_line(gen: Gen, tmp_path: Path, text: str) -> None:
    path = tmp_path / "trace.json"
    path.write_text(text, encoding="latin-1")
    refused(gen("prove", "--recheck", str(path)), str(path), "not JSON")
    refused(gen("show", str(path)), str(path), "not a trace of pageblock-gen")


def test_a_certificate_is_rechecked_with_what_was_given_here(
    gen: Gen, fake_java: FakeJava, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    java = fake_java(f"touch {tmp_path / 'ran'}; exit 1")
    path = str(CERTIFICATES / "v6.12.json")
    ran = gen("prove", "--recheck", path, "--java", java, "--output", str(made))
    assert ran.code == 3 and "[differs] the certificate of v6.12" in ran.out
    assert (tmp_path / "ran").exists() and (made / "certificate.json").is_file()


def test_what_differs_in_its_type_alone_differs() -> None:
    for one, other in ((396, 396.0), (1, True), ([0], [False])):
        assert differences({"x": one}, {"x": other})
    assert differences({"x": None}, {}) == ["x: None in the certificate, nothing now"]
    assert differences({}, {"x": None}) and not differences({"x": [1]}, {"x": [1]})


def test_a_certificate_never_rests_on_what_was_kept(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, home: Path
) -> None:
    java = says(fake_java, tmp_path, SUCCESS)
    matrix(gen, tmp_path, java)
    assert [*(home / "tlc").iterdir()]
    asked = ("--design", "v6.12", "--property", "Alignment", "--obligations", "windows")
    count = tmp_path / "count"
    counting = fake_java(f"echo x >> {count}; cat {tmp_path / 'said.txt'}")
    for _ in range(2):
        gen("prove", *asked, "--java", counting)
    assert count.read_text().split() == ["x", "x"]


@pytest.mark.parametrize(
    "text",
    ["{", "[" * 100_000, '"proved"->"disproved"', '"Alignment"->"Alinement"', '"met": true,->'],
)
def test_a_damaged_installed_certificate_costs_the_word_proved_and_a_line_and_no_table(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, home: Path, monkeypatch: Any, text: str
) -> None:
    assert not home.exists()
    java = says(fake_java, tmp_path, SUCCESS)
    assert re.search(r"\nv6\.12 +proved\n", matrix(gen, tmp_path, java)[1])
    old, arrow, new = text.partition("->")
    whole = (CERTIFICATES / "v6.12.json").read_text(encoding="utf-8")
    (tmp_path / "v6.12.json").write_text(whole.replace(old, new) if arrow else text)
    monkeypatch.setattr("gen.prove.certificate.CERTIFICATES", tmp_path)
    code, out, err = matrix(gen, tmp_path, java)
    assert code == 0 and re.search(r"\nv6\.12 +proved within bounds\n", out)
    told = [line for line in err.splitlines() if line.startswith("gen: ")]
    assert len(told) == 1 and "nothing is called proved of v6.12" in told[0]


# ---- designs ---------------------------------------------------------------------------------


def test_a_file_is_not_called_as_a_design_of_ours_unless_it_is_that(
    gen: Gen, tmp_path: Path
) -> None:
    for path in (SPECS / "designs").glob("*.toml"):
        copy = tmp_path / "copy.toml"
        copy.write_bytes(path.read_bytes())
        if "default = true" not in copy.read_text("utf-8"):
            assert find_design(str(copy)).name == path.stem
    for called in ("v6.12", "V6.12", " v6.12 "):
        mine = tmp_path / "mine.toml"
        mine.write_text(
            f'name = "{called}"\ntitle = "t"\nkernel = "k"\nsource = "s"\nbase = "v6.10"\n',
            encoding="utf-8",
        )
        refused(gen("render", "--design", str(mine)), "'v6.12' comes with the tool")
        trace = str(GALLERY / "v6.12-undo-of-another")
        refused(gen("replay", trace, "--design", str(mine)), "'v6.12' comes with the tool")
        recheck = ("prove", "--recheck", str(CERTIFICATES / "v6.12.json"))
        refused(gen(*recheck, "--design", str(mine)), "'v6.12' comes with the tool")
    mine.write_text(
        'name = "v6.13"\ntitle = "t"\nkernel = "k"\nsource = "s"\nbase = "v6.12"\n', "utf-8"
    )
    assert gen("render", "--design", str(mine)).code == 0
    refused(gen(*recheck, "--design", str(mine)), "its design is 'v6.12'; 'v6.13' fits")


HEAD = 'name = "x"\ntitle = "t"\nkernel = "k"\nsource = "s"\nbase = "v6.12"\n'


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "[\n" * 100_000,
        "x = " + "{a=" * 3000,
        HEAD + ".".join("a" * 100_000) + " = 1\n",
        HEAD + ".".join("a" * 490) + " = 1\n",
        HEAD + "x = " + "9" * 5000,
        HEAD + "x = " + "9" * 990,
        HEAD + ("[" + ".".join(["a"] * 480) + ".b{}]\n") * 300,
        HEAD + "promises = " + "[" * 400 + "]" * 400,
    ],
    ids=range(9),
)
def test_a_design_that_is_nested_or_long_beyond_measure_is_one_line_and_soon(
    gen: Gen, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "mine.toml"
    for number in range(text.count("{}")):
        text = text.replace("{}", str(number), 1)
    path.write_text(text, encoding="utf-8")
    begun = time.process_time()
    refused(gen("render", "--design", str(path)), str(path))
    assert time.process_time() - begun < 10


# ---- traces ----------------------------------------------------------------------------------


def a_trace(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads((GALLERY / B1 / "trace.json").read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(design={}),
        lambda data: data.update(design=None),
        lambda data: data.update(design="\ud800"),
        lambda data: data.update(property="all"),
        lambda data: data.update(version=True),
        lambda data: data.update(version=2.0),
        lambda data: data.update(loop=None),
        lambda data: data.update(command="gen check --java ./evil.sh"),
        lambda data: data["states"][1].update(note=None),
        lambda data: data["zone"].update(note=1),
        lambda data: data["zone"].update(max_order=10.0),
        lambda data: data["zone"].update(max_order=int("9" * 999)),
    ],
)
def test_a_trace_is_data_and_what_else_is_in_it_is_refused(
    gen: Gen, tmp_path: Path, change: Any
) -> None:
    path = a_trace(tmp_path, change)
    for command in ("show", "replay"):
        refused(gen(command, path), path)


def test_what_is_wrong_with_a_replay_names_the_trace(
    gen: Gen, fake_java: FakeJava, tmp_path: Path
) -> None:
    java = fake_java("exit 1")
    for change in ({"design": "v5.0"}, {"property": "Conservation"}, {"loop": 2}):
        path = a_trace(tmp_path, lambda data, some=change: data.update(some))  # type: ignore[misc]
        refused(gen("replay", path, "--java", java), path)


# ---- what TLC says, more or less than it does ------------------------------------------------


def message(code: int, text: str = "x", severity: int = 0) -> str:
    return f"@!@!@STARTMSG {code}:{severity} @!@!@\n{text}\n@!@!@ENDMSG {code} @!@!@\n"


def said(code: int) -> str:
    """A message of the recorded success."""
    found = re.search(rf"@!@!@STARTMSG {code}:.*?ENDMSG {code} @!@!@\n", SUCCESS, re.DOTALL)
    assert found
    return found[0]


STATS = "5 states generated, 4 distinct states found, 0 states left on queue."


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(said(2193), said(2193) * 2),
        lambda text: text.replace(said(2199), said(2199) * 2),
        lambda text: text.replace(said(2190), said(2190) * 2),
        lambda text: text.replace(said(2194), said(2194) * 2),
        lambda text: text.replace(said(2187), said(2187) * 2),
        lambda text: text.replace(said(2186), said(2186) * 2),
        lambda text: text + text,
        lambda text: text + "one line more\n",
        lambda text: text + message(2200),
        lambda text: text.replace(said(2186), message(1000, "What?", 1) + said(2186)),
        lambda text: (
            text.replace(said(2186), message(2110, "Invariant A is violated.", 1)) + said(2186)
        ),
        lambda text: text.replace(said(2193), message(2116, "Temporal", 1) + said(2193)),
        lambda text: text.replace(STATS, f"{STATS} {STATS}"),
        lambda text: text.replace(STATS, f"{STATS}\n{STATS}"),
        lambda text: text.replace(STATS, STATS.replace("5", "3")),
        lambda text: text.replace("states: 1 distinct", "states: 9 distinct"),
        *(lambda text, c=c: text.replace(said(c), "") for c in (2190, 2193, 2199, 2186)),
    ],
)
def test_a_tlc_that_says_more_or_less_than_tlc_does_gives_no_verdict(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, change: Callable[[str], str]
) -> None:
    run = ("check", "--property", "Alignment", "--java")
    whole = gen(*run, says(fake_java, tmp_path, SUCCESS), "--run-dir", str(tmp_path / "whole"))
    assert whole.code == 0 and whole.observations
    text = change(SUCCESS)
    assert text != SUCCESS
    ran = gen(*run, says(fake_java, tmp_path, text), "--run-dir", str(tmp_path / "run"))
    assert ran.code not in (0, 1, 2, 12) and "[ok]" not in ran.out and "Traceback" not in ran.err
    assert all(" Unknown" in line for line in ran.observations)


# ---- all of it at once -----------------------------------------------------------------------


@pytest.mark.slow
def test_no_flipped_bit_in_anything_that_is_kept_changes_a_verdict() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tools.bitflips", "60", "7"],
        cwd=SPECS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(ran.stdout.splitlines()) == 8
