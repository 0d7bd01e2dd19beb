"""Files: read without waiting, written whole or not at all; and hashes of what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.errors import ExitCode, GenError, reason
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
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a directory" if path.is_dir() else "no regular file"
            raise GenError(f"{path}: is {what}; a file fits")
        # Not to wait, should it have become something else in between.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
            data = file.read(most + 1) or b""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise GenError(f"{path}: {reason(error)}") from None
    if len(data) > most:
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


def write_bytes(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Writes it at once: readers see the old file or the whole new one. OSError -> GenError.

    ``mode``: of a new file, less what the umask takes away.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(part, flags, mode), "wb") as file:
                file.write(data)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise GenError(f"{path} cannot be written: {reason(error)}", ExitCode.NO_VERDICT) from None


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
    """The hash of a file; OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, obj: object) -> None:
    """``write_text`` of indented JSON, keys in the order they were put in. OSError -> GenError."""
    write_text(path, json_text(obj))
