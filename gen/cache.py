"""What TLC has said once and for all, kept by the content of what it was asked."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gen.errors import GenError
from gen.render import Spec
from gen.run_dir import cache_home, write_text
from gen.tlc_output import Report, read_report
from gen.toolchain import Toolchain

_FORMAT = "pageblock-gen TLC output 1"


def content_key(spec: Spec, toolchain: Toolchain, command: Sequence[str]) -> str:
    """The hash of all that a complete report depends on: module, cfg, jar, and TLC's options.

    Java, and what it is given, decide whether TLC comes to its end, not what it says then.
    """
    options = command[command.index("tlc2.TLC") :]
    parts = (spec.name, _without_header(spec.tla), spec.cfg, toolchain.jar_sha256, *options)
    # The lengths too: no two lists of parts run together into the same bytes.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _without_header(tla: str) -> str:
    """The module without the comments below its first line: who made it, for which design."""
    first, _, rest = tla.partition("\n")
    lines = rest.split("\n")
    while lines and lines[0].startswith("\\*"):
        lines.pop(0)
    return "\n".join([first, *lines])


class Cache:
    """TLC's output below ``$XDG_CACHE_HOME/pageblock-gen/tlc`` (default ``~/.cache``).

    Kept is what TLC printed; it is read and judged anew each time.  An entry that is
    damaged, and a cache that cannot be read or written, cost time, not verdicts.
    ``misses`` counts what was looked up in vain.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        home = cache_home(environ)
        #: None: there is no place, and nothing is kept.
        self.directory = home / "tlc" if home else None
        self.misses = 0
        self._lock = threading.Lock()

    def load(self, key: str, is_final: Callable[[Report], bool]) -> Report | None:
        """The report of an earlier run of the same content, if there is one that is final."""
        report = self._read(key)
        if report is not None and is_final(report):
            return report
        with self._lock:
            self.misses += 1
        return None

    def store(self, key: str, log: Path, report: Report) -> None:
        """Keep what TLC printed into ``log``, if it reads as the report of that run."""
        if self.directory is None:
            return
        with contextlib.suppress(OSError, ValueError, GenError):
            text = log.read_bytes().decode("utf-8")
            if read_report(text, report.exit_code) != report:
                return
            self.directory.mkdir(parents=True, exist_ok=True)
            write_text(self.directory / f"{key}.txt", _head(key, report.exit_code, text) + text)

    def _read(self, key: str) -> Report | None:
        if self.directory is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            text = (self.directory / f"{key}.txt").read_bytes().decode("utf-8")
            head, _, log = text.partition("\n")
            exit_code = int(head.rpartition(" ")[2])
            if head + "\n" == _head(key, exit_code, log):
                return read_report(log, exit_code)
        return None


def _head(key: str, exit_code: int, log: str) -> str:
    """The first line of an entry: what it is, and by what damage shows."""
    digest = hashlib.sha256(f"{key} {exit_code}\n{log}".encode()).hexdigest()
    return f"{_FORMAT} {key} {digest} {exit_code}\n"
