"""What TLC has said once and for all, kept by the content of what it was asked."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.errors import GenError
from gen.files import read_bytes, sha256, write_text
from gen.run_dir import cache_home, make_private
from gen.tlc.report import Report
from gen.tlc.spec import Spec
from gen.tlc.stream import read_report
from gen.tlc.toolchain import Toolchain

_FORMAT = "pageblock-gen TLC output 1"
#: More than TLC says of anything that is kept.
_MOST_BYTES = 1 << 28


def content_key(spec: Spec, toolchain: Toolchain, command: Sequence[str], *more: str) -> str:
    """The hash of all that a complete report depends on: module, cfg, jar, and TLC's options.

    Java, and what it is given, decide whether TLC comes to its end, not what it says then.
    ``more``: what else it is that something made of the report depends on.
    """
    options = command[command.index("tlc2.TLC") :]
    parts = (spec.name, _without_header(spec.tla), spec.cfg, toolchain.jar_sha256, *options, *more)
    # The lengths too: no two lists of parts run together into the same bytes.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text)


def _without_header(tla: str) -> str:
    """The module without the comments below its first line: who made it, for which design."""
    first, _, rest = tla.partition("\n")
    lines = rest.split("\n")
    while lines and lines[0].startswith("\\*"):
        lines.pop(0)
    return "\n".join([first, *lines])


class Cache:
    """TLC's output below ``$XDG_CACHE_HOME/pageblock-gen/tlc`` (default ``~/.cache``).

    Kept is what TLC printed; it is read and judged anew each time.  Of TLC's state graphs, which
    are large, what was chosen in them is kept.  An entry that is damaged, and a cache that
    cannot be read or written, cost time, not verdicts.  ``misses`` counts what was looked up
    in vain.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        home = cache_home(environ)
        #: None: there is no place, and nothing is kept.
        self.directory = home / "tlc" if home else None
        self.misses = 0
        self._lock = threading.Lock()

    def load(self, key: str, is_final: Callable[[Report], bool]) -> Report | None:
        """The report of an earlier run of the same content, if there is one that is final."""
        entry = self._read(key)
        if entry is not None:
            with contextlib.suppress(ValueError):
                report = read_report(entry.text, entry.exit_code)
                if is_final(report):
                    return report
        self._missed()
        return None

    def load_choice(self, key: str) -> str | None:
        """What was chosen in an earlier run of the same content."""
        entry = self._read(key)
        if entry is None:
            self._missed()
        return entry.text if entry else None

    def store_choice(self, key: str, text: str) -> None:
        """Keep what was chosen."""
        self._write(key, 0, text)

    def store(self, key: str, log: Path, report: Report) -> None:
        """Keep what TLC printed into ``log``, if it reads as the report of that run."""
        with contextlib.suppress(OSError, ValueError):
            text = log.read_bytes().decode("utf-8")
            if read_report(text, report.exit_code) == report:
                self._write(key, report.exit_code, text)

    def _missed(self) -> None:
        with self._lock:
            self.misses += 1

    def _write(self, key: str, exit_code: int, text: str) -> None:
        if self.directory is None:
            return
        with contextlib.suppress(OSError, ValueError, GenError):
            make_private(self.directory)
            write_text(self.directory / f"{key}.txt", _head(key, exit_code, text) + text)

    def _read(self, key: str) -> _Entry | None:
        if self.directory is None:
            return None
        with contextlib.suppress(GenError, ValueError):
            text = read_bytes(self.directory / f"{key}.txt", _MOST_BYTES).decode("utf-8")
            head, _, kept = text.partition("\n")
            exit_code = int(head.rpartition(" ")[2])
            if head + "\n" == _head(key, exit_code, kept):
                return _Entry(kept, exit_code)
        return None


@dataclass(frozen=True)
class _Entry:
    text: str
    exit_code: int


def _head(key: str, exit_code: int, log: str) -> str:
    """The first line of an entry: what it is, and by what damage shows."""
    digest = sha256(f"{key} {exit_code}\n{log}")
    return f"{_FORMAT} {key} {digest} {exit_code}\n"
