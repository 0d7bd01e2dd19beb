"""TLC's classes as a JVM has loaded and linked them: Java's AOT cache, made once, then reused.

A JVM that starts with it is at work about half a second of CPU time sooner.  It decides nothing
else: the file is made from the jar by Java itself, is read only if its content is what was
written, and Java ignores one that does not fit (JEP 483, JEP 514).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gen.errors import GenError
from gen.files import file_sha256, sha256, write_text
from gen.run_dir import cache_home, make_private
from gen.tlc import process
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions
from gen.tlc.report import Report
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain, java_major

#: The first Java that makes a cache in one go.
OLDEST = 25
#: Another name, and the caches that were made so far are not used.
MADE_BY = "default design, both compilers"
#: Files that stay: other jars', other Javas'.  Each has about 25 MB.
KEPT = 3
#: Seconds for a run that should take five.
PATIENCE = 120.0
#: ``off``: no cache is made, and none is used.
SWITCH = "PAGEBLOCK_GEN_AOT"

_NAME = re.compile(r"(?P<key>[0-9a-f]{32})-(?P<content>[0-9a-f]{64})\.aot")


def find(toolchain: Toolchain, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The cache for this Java and this jar, if there is one and it is what was written."""
    directory = directory_of(toolchain, environ)
    if directory is None:
        return None
    with contextlib.suppress(OSError):
        for path in directory.glob(f"{_key(toolchain)}-*.aot"):
            named = _NAME.fullmatch(path.name)
            if named and file_sha256(path) == named["content"]:
                return path
            path.unlink()
    return None


def sooner(toolchain: Toolchain, environ: Mapping[str, str] = os.environ) -> Toolchain:
    """The same Java and jar, with the cache if there is one."""
    path = find(toolchain, environ)
    return replace(toolchain, flags=tuple(use(path))) if path else toolchain


def make(toolchain: Toolchain, spec: Spec, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Make the cache if there is none: None if it cannot be made, or another process is at it.

    TLC searches ``spec`` twice, to make it and to try it; it is kept only if TLC says the same
    with it as without, and has found a counterexample.
    """
    directory = directory_of(toolchain, environ)
    if directory is None:
        return None
    with contextlib.suppress(OSError, GenError):
        make_private(directory)
        with _only_one(directory / "lock") as ours:
            if not ours:
                return None
            if known := find(toolchain, environ):
                return known
            for left in directory.glob("making-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=directory, prefix="making-") as room:
                part = Path(room) / "tlc.aot"
                said = _search(toolchain, spec, Path(room) / "made", [f"-XX:AOTCacheOutput={part}"])
                tried = _search(toolchain, spec, Path(room) / "tried", use(part))
                if said is None or tried is None or said != tried:
                    return None
                path = directory / f"{_key(toolchain)}-{file_sha256(part)}.aot"
                part.replace(path)
                _tidy(directory)
                return path
    return None


def use(path: Path) -> list[str]:
    """The flags of a JVM that is to use a cache.

    What Java has to say of one that does not fit would go to stdout, amid what TLC says.
    """
    return [f"-XX:AOTCache={path}", "-Xlog:disable", "-Xlog:all=error:stderr"]


def directory_of(toolchain: Toolchain, environ: Mapping[str, str]) -> Path | None:
    """Where the caches of this Java are; None if there can be none."""
    home = cache_home(environ)
    if home is None or environ.get(SWITCH) == "off" or java_major(toolchain.java_version) < OLDEST:
        return None
    return home / "aot"


def _key(toolchain: Toolchain) -> str:
    """What Java compares before it uses a cache, and the content of the jar."""
    parts = [MADE_BY, toolchain.java_version, toolchain.jar_sha256]
    for path in (toolchain.java, toolchain.jar):
        is_now = path.stat()
        parts += [str(path), str(is_now.st_mtime_ns), str(is_now.st_size)]
    return sha256("\n".join(parts))[:32]


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[bool]:
    """Whether no other process is inside; the lock ends with its process, however that ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _search(
    toolchain: Toolchain, spec: Spec, room: Path, flags: Sequence[str]
) -> tuple[object, ...] | None:
    """What TLC says of a module, run with these flags; None if it is no verdict."""
    room.mkdir()
    write_text(room / f"{spec.name}.tla", spec.tla)
    write_text(room / f"{spec.name}.cfg", spec.cfg)
    # With both compilers: long runs take a fifth more CPU time with what the first alone has seen.
    options = TlcOptions(heap="256m", profile="long")
    argv = command_line(toolchain, room, spec.name, options)
    report = process.run([argv[0], *flags, *argv[1:]], room, timeout=PATIENCE)
    return _what_counts(report) if report.trace else None


def _what_counts(report: Report) -> tuple[object, ...]:
    return (report.outcome, report.exit_code, report.violated, report.trace, report.distinct)


def _tidy(directory: Path) -> None:
    """Keep the newest."""
    files = [path for path in directory.iterdir() if _NAME.fullmatch(path.name)]
    for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        path.unlink()
