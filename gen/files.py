"""Files that are either whole or not there, and hashes of what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from pathlib import Path

from gen.errors import ExitCode, GenError, reason


def write_bytes(path: Path, data: bytes) -> None:
    """Writes it at once: readers see the old file or the whole new one. OSError -> GenError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as file:
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
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def file_sha256(path: Path) -> str:
    """The hash of a file; OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, obj: object) -> None:
    """``write_text`` of indented JSON, keys in the order they were put in. OSError -> GenError."""
    write_text(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
