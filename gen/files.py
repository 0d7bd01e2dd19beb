"""Files: read without waiting, written whole or not at all; and hashes of what is in them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.errors import ExitCode, GenError, fault, reason
from gen.printable import json_text


@dataclass(frozen=True)
class FileFormat:
    """What JSON files of one kind say of themselves: their ``format``, and a ``version``.

    The last of the versions that are ``read`` is the one that is written; ``renew`` says how.
    """

    kind: str
    reads: tuple[int, ...]
    renew: str

    @property
    def head(self) -> dict[str, Any]:
        """What such a file begins with."""
        return {"format": f"pageblock-gen {self.kind}", "version": self.reads[-1]}

    def body(self, data: object) -> dict[str, Any]:
        """What is below the head of such a file; GenError, by name, if it is something else."""
        if not isinstance(data, dict):
            data = {}
        name, version = data.get("format"), data.get("version")
        # Up to version 1 the number was the last word of the format.
        if version is None and name == f"{self.head['format']} 1":
            name, version = self.head["format"], 1
        if name != self.head["format"]:
            raise GenError(f"no {self.kind}: its format is not '{self.head['format']}'")
        if type(version) is not int or version not in self.reads:
            reads = " and ".join(map(str, self.reads))
            raise GenError(
                f"a {self.kind} of version {version}; this tool reads {reads}; {self.renew}"
            )
        return {key: value for key, value in data.items() if key not in self.head}


def read_bytes(path: Path, most: int) -> bytes:
    """A regular file of at most ``most`` bytes; GenError that names the path if it is not one.

    What is no file is not opened: a FIFO would be waited for, a device may have no end.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise GenError(f"{path}: is {_kind(found)}; a file fits")
        large = found.st_size > most
        # Not to wait, should it have become something else in between.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
            data = b"" if large else file.read(most + 1) or b""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise GenError(f"{path}: {reason(error)}") from None
    if large or len(data) > most:
        raise GenError(f"{path}: is too large; up to {most:,} bytes fit")
    return data


def parse_json(data: bytes) -> Any:
    """What JSON in UTF-8 says; ValueError, in a few words, if it is none, or says a thing twice."""
    try:
        text = data.decode("utf-8")
        made = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
        if "\\u" in text:
            json.dumps(made, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no character") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return made


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is there twice")
    return made


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _kind(found: os.stat_result) -> str:
    """What is no regular file, in words."""
    return "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"


# ---- written whole, or not at all ------------------------------------------------------


def write_bytes(path: Path, data: bytes, mode: int | None = None) -> None:
    """Writes it at once: readers see the old file or the whole new one. OSError -> GenError.

    Of a symbolic link the file is written that it leads to.  What is there and is no regular
    file, a device for example, stays as it is.  ``mode``: of the file, if not that of the old one.
    """
    try:
        target = Path(os.path.realpath(path))
        old = _mode(target)
        mode = old if mode is None else mode
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            begun = os.open(part, flags, 0o666 if mode is None else mode)
            with os.fdopen(begun, "wb") as file:
                file.write(data)
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise GenError(f"{path} cannot be written: {reason(error)}", ExitCode.NO_VERDICT) from None


def _mode(path: Path) -> int | None:
    """Who may use a regular file, None if there is none; OSError if it is something else."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(None, f"it is {_kind(found)}")
    return found.st_mode & 0o777


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` of UTF-8, for the files of a run: a failure costs its verdict."""
    # backslashreplace: a path name that is no UTF-8 must not cost the result of a run.
    data = text.encode("utf-8", "backslashreplace")
    try:
        write_bytes(path, data)
    except GenError as error:
        raise GenError(f"no verdict: {error.message}", error.code) from None


def sha256(text: str) -> str:
    """The hash of a text, with whatever a path name in it holds."""
    return sha256_bytes(text.encode("utf-8", "surrogateescape"))


def sha256_bytes(data: bytes) -> str:
    """The hash of some bytes."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """The hash of a regular file; OSError if it cannot be read, or is something else."""
    _mode(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, obj: object) -> None:
    """``write_text`` of indented JSON, keys in the order they were put in. OSError -> GenError."""
    write_text(path, json_text(obj))


# ---- where a user wants a file ---------------------------------------------------------


@dataclass(frozen=True)
class Output:
    """A file that an option names, looked at by ``outputs`` before the work, written after it.

    ``stream``: the open file of ours that it stands for, if it does: 1 for /dev/stdout, and what
    a shell makes of >(...).
    """

    path: Path
    stream: int | None = None

    def write(self, data: bytes) -> None:
        """``write_bytes``; into a stream it goes behind what was printed before."""
        if self.stream is None:
            write_bytes(self.path, data)
            return
        try:
            for printed in (sys.stdout, sys.stderr):
                printed.flush()
            rest = memoryview(data)
            while rest:  # a disk that fills up takes a part first
                rest = rest[os.write(self.stream, rest) :]
        except OSError as error:
            message = f"{self.path} cannot be written: {reason(error)}"
            raise GenError(message, ExitCode.NO_VERDICT) from None

    @property
    def shown(self) -> bool:
        """Whether a terminal shows it."""
        return self.stream is not None and os.isatty(self.stream)

    @property
    def same(self) -> object:
        """What two outputs have in common that are one, whatever they are called."""
        if self.stream is not None:
            return ("stream", *_number(os.fstat(self.stream)))
        try:
            return _number(self.path.stat())
        except FileNotFoundError:
            return os.path.realpath(self.path)


def outputs(
    given: Mapping[str, str | None], inputs: Iterable[str | Path | None] = ()
) -> dict[str, Output]:
    """What options name for files to be written, by option; GenError if it cannot be written.

    Asked before the work, which may take hours.  Nothing may be lost by it either: two outputs
    are two files, and none is something that is read, ``inputs``, if a file has that name.
    """
    taken: dict[object, str] = {}
    for path in inputs:
        with contextlib.suppress(OSError, ValueError):
            if path is not None:
                taken[_number(Path(path).stat())] = "a file that is read"
    for stream, name in ((1, "stdout"), (2, "stderr")):
        with contextlib.suppress(OSError):
            found = os.fstat(stream)
            if stat.S_ISREG(found.st_mode):
                taken[_number(found)] = f"where {name} goes"
    made = {}
    for option, text in given.items():
        if text is None:
            continue
        made[option] = _output(option, text)
        if other := taken.get(made[option].same):
            raise GenError(f"{option} '{text}': is {other}; another file fits")
        taken[made[option].same] = f"the file of {option}"
    return made


def _number(found: os.stat_result) -> tuple[int, int]:
    """By what a file is the same under another name."""
    return (found.st_dev, found.st_ino)


def _output(option: str, text: str) -> Output:
    fits = "a file in a directory that exists fits"
    wrong = f"{option} '{text}'"
    if not text or text.endswith("/"):
        raise GenError(f"{wrong}: is no name of a file; {fits}")
    path = Path(text)
    if not path.is_absolute():
        Path.cwd()  # if that is gone, it is the reason of whatever comes
    try:
        stream = _stream(path)
        if stream is not None:
            if fcntl.fcntl(stream, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise GenError(f"{wrong}: is open for reading; {fits}")
            return Output(path, stream)
        target = Path(os.path.realpath(path))
        if _mode(target) is not None and not os.access(target, os.W_OK):
            raise GenError(f"{wrong}: is read-only; {fits}")
        # Tried, not asked: access() knows nothing of full or read-only file systems.
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except (OSError, OverflowError, ValueError) as error:  # no number of a file; a NUL in a name
        message = f"{wrong}: cannot be written: {reason(error)}; {fits}"
        raise GenError(message, fault(error)) from None
    return Output(path)


def _stream(path: Path) -> int | None:
    """The number of the open file that a path stands for, by whatever links; None if it is none."""
    for _ in range(40):  # as many links as Linux follows
        folder = os.path.realpath(path.parent)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder) / path.readlink()
    return None
