"""A JVM that starts sooner says what it said before, whatever has become of the cache."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest
from conftest import Gen

from gen.cli.aot import searched
from gen.files import file_sha256
from gen.tlc import aot
from gen.tlc.toolchain import Toolchain, find_toolchain


def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


SPEC = searched()


@pytest.fixture
def tools() -> Toolchain:
    return find_toolchain(environ={})


def put(tools: Toolchain, tmp_path: Path, content: bytes) -> Path:
    """A cache of the right name, with any content."""
    directory = tmp_path / "cache" / "pageblock-gen" / "aot"
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / "part"
    part.write_bytes(content)
    return part.rename(directory / f"{aot._key(tools)}-{file_sha256(part)}.aot")


def test_a_damaged_cache_is_not_used_and_goes(tools: Toolchain, tmp_path: Path) -> None:
    path = put(tools, tmp_path, b"whole")
    assert aot.find(tools, environ(tmp_path)) == path
    assert aot.sooner(tools, environ(tmp_path)).flags[0] == f"-XX:AOTCache={path}"
    path.write_bytes(b"whol")
    assert aot.sooner(tools, environ(tmp_path)) == tools
    assert not path.exists()


def test_another_jar_or_java_has_a_cache_of_its_own(tools: Toolchain, tmp_path: Path) -> None:
    put(tools, tmp_path, b"whole")
    jar = tmp_path / "tla2tools.jar"
    jar.write_bytes(tools.jar.read_bytes())
    for other in (
        dataclasses.replace(tools, jar=jar),
        dataclasses.replace(tools, jar_sha256="0" * 64),
        dataclasses.replace(tools, java_version="25.0.99"),
    ):
        assert aot.find(other, environ(tmp_path)) is None
    assert aot.find(tools, environ(tmp_path))


def test_a_java_that_knows_no_cache_is_started_as_before(tools: Toolchain, tmp_path: Path) -> None:
    old = dataclasses.replace(tools, java_version="21.0.2")
    put(old, tmp_path, b"whole")
    assert aot.sooner(old, environ(tmp_path)) == old
    assert aot.make(old, SPEC, environ(tmp_path)) is None


def test_a_cache_that_cannot_be_written_is_done_without(tools: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no directory")
    assert aot.make(tools, SPEC, environ(tmp_path)) is None
    assert aot.sooner(tools, environ(tmp_path)) == tools


def test_only_one_process_makes_it(tools: Toolchain, tmp_path: Path) -> None:
    directory = tmp_path / "cache" / "pageblock-gen" / "aot"
    directory.mkdir(parents=True)
    with aot._only_one(directory / "lock") as first:
        assert first
        assert aot.make(tools, SPEC, environ(tmp_path)) is None


def test_old_caches_go(tools: Toolchain, tmp_path: Path) -> None:
    versions = [f"25.0.{n}" for n in range(aot.KEPT + 2)]
    paths = []
    for n, version in enumerate(versions):
        paths.append(put(dataclasses.replace(tools, java_version=version), tmp_path, b"%d" % n))
        os.utime(paths[-1], (time.time(), n))
    aot._tidy(paths[0].parent)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * aot.KEPT


@pytest.mark.tlc
@pytest.mark.slow
def test_the_cache_changes_no_verdict(
    gen: Gen, tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = gen("check", "--run-dir", str(tmp_path / "plain"))
    path = aot.make(tools, SPEC, environ(tmp_path))
    assert path is not None and path.stat().st_size > 1_000_000
    assert [p.name for p in path.parent.iterdir() if p.name.startswith("making")] == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(aot.SWITCH)
    monkeypatch.setattr("gen.cli.aot.later", lambda *_: None)
    with_cache = gen("check", "--run-dir", str(tmp_path / "with"))
    assert f"-XX:AOTCache={path}" in (tmp_path / "with/first/command.txt").read_text()
    assert with_cache.code == plain.code
    assert with_cache.observations == plain.observations
    # Java itself finds a file that is whole, and not a cache.
    other = put(tools, tmp_path, path.read_bytes()[: 1 << 20])
    path.unlink()
    damaged = gen("check", "--run-dir", str(tmp_path / "damaged"))
    assert f"-XX:AOTCache={other}" in (tmp_path / "damaged/first/command.txt").read_text()
    assert damaged.observations == plain.observations
    first = (tmp_path / "damaged/first/tlc.out").read_text().splitlines()[0]
    assert first == "@!@!@STARTMSG 2262:0 @!@!@"
