"""What several tests share: gen in this process and in one of its own, and a Java that is none."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.tlc.toolchain import find_toolchain

#: The first words of TLC; without them a run reads as a Java that failed before TLC began.
HELLO = (
    "echo '@!@!@STARTMSG 2262:0 @!@!@'; echo 'TLC2 Version 2.15 of Day Month 20??';"
    "echo '@!@!@ENDMSG 2262 @!@!@'"
)

# A shell that starts pytest in the background has SIGINT ignored, and Python leaves it so.
_START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "{before}\n"
    "from gen.cli.main import run; run()"
)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def observations(self) -> list[str]:
        """The Observation lines, each without its first word."""
        first = "Observation "
        return [x.removeprefix(first) for x in self.out.splitlines() if x.startswith(first)]

    @property
    def trouble(self) -> list[str]:
        """What stderr says but for TLC's progress, of which a slow machine has some."""
        progress = re.compile(r"\d+ s, [\w-]+: [\d,]+ states? distinct")
        return [line for line in self.err.splitlines() if not progress.match(line)]

    def told(self, *words: str) -> None:
        """The rule for trouble: one line on stderr that says it, never a clean end."""
        lines = self.trouble
        assert len(lines) == 1, self.err
        assert lines[0].startswith("gen: no verdict"), lines[0]
        for word in words:
            assert word in lines[0]
        assert self.code not in (0, 1)  # 1 is Python's own, of a traceback
        for text in (self.out, self.err):
            assert "Traceback" not in text
            assert "no violation" not in text
        assert all(" Never " not in line for line in self.observations)


Gen = Callable[..., Ran]
FakeJava = Callable[[str], str]


@pytest.fixture(autouse=True, scope="session")
def _bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test depends on the Java and the jar of whoever runs it, or fills their cache."""
    with pytest.MonkeyPatch.context() as environ:
        for name in ("JAVA_HOME", "TLA2TOOLS_JAR"):
            environ.delenv(name, raising=False)
        environ.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        environ.setenv("PAGEBLOCK_GEN_AOT", "off")  # no test leaves a process behind
        yield


@pytest.fixture
def gen(capsys: pytest.CaptureFixture[str]) -> Gen:
    """Runs gen in this process."""

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return run


@pytest.fixture
def fake_java(tmp_path: Path) -> FakeJava:
    """A Java that passes for one, and does what the test says in place of TLC."""

    def make(body: str) -> str:
        path = tmp_path / "java"
        path.write_text(
            '#!/bin/sh\nif [ "$1" = -version ]; then\n'
            "  echo 'openjdk version \"21.0.1\" 2023-10-17' >&2; exit 0\nfi\n"
            f"{body}\n",
            encoding="utf-8",
        )
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def real_java() -> str:
    """The packaged Java."""
    return str(find_toolchain(environ={}).java)


class Started:
    """A gen in a process of its own; whatever it started is gone when the test is over."""

    def __init__(self, argv: tuple[str, ...], before: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START.format(before=before), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.java: set[int] = set()

    def wait_for_java(self, count: int = 1) -> set[int]:
        """The process ids of ``count`` JVMs, which are also those of their groups."""
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            # Beside each JVM a shell waits for our end.
            children = [p for p in processes() if p[1] == self.process.pid and p[4] != "sh"]
            self.java = {pid for pid, *_ in children}
            if len(self.java) >= count:
                return self.java
            time.sleep(0.05)
        raise AssertionError(f"no {count} JVMs: {self.end()}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 60) -> Ran:
        """Waits for its end."""
        out, err = self.process.communicate(timeout=timeout)
        return Ran(self.process.returncode, out, err)

    def left_behind(self) -> list[int]:
        """What still runs of the groups that it started."""
        for _ in range(40):
            alive = [pid for pid, _, group, *_ in processes() if group in self.java]
            if not alive:
                return []
            time.sleep(0.05)
        return alive

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
        for pid in self.left_behind() if self.java else []:  # a test that failed
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


Start = Callable[..., Started]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts gen in a process of its own: ``start(*argv, before="Python to run first")``."""
    started: list[Started] = []

    def begin(*argv: str, before: str = "") -> Started:
        started.append(Started(argv, before))
        return started[-1]

    yield begin
    for one in started:
        one.clean_up()


def processes() -> list[tuple[int, int, int, str, str]]:
    """(pid, parent, group, state, name) of all that runs; what only waits to be reaped does not."""
    said = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat=,comm="],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split(maxsplit=4) for line in said.splitlines()]
    return [(int(p), int(q), int(g), s, c) for p, q, g, s, c in rows if s[0] != "Z"]
