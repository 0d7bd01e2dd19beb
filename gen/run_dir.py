"""The directory of one run, and files in it that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from gen.errors import ExitCode, GenError


def cache_home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Our directory below ``$XDG_CACHE_HOME`` (default ``~/.cache``); None if there is no place."""
    cache = environ.get("XDG_CACHE_HOME", "")
    if not cache.startswith("/"):  # the XDG specification: a relative path is to be ignored
        home = environ.get("HOME", "")
        if not home.startswith("/"):
            return None
        cache = f"{home}/.cache"
    return Path(cache) / "pageblock-gen"


def make_run_dir(
    requested: str | None, label: str, environ: Mapping[str, str] = os.environ
) -> Path:
    """An empty, writable directory, absolute; GenError (one line) if there can be none.

    Without a request it is new and nobody else's: below ``$XDG_CACHE_HOME/pageblock-gen/runs``
    (default ``~/.cache``), or in the temporary directory if the cache cannot be written.
    """
    if requested is not None:
        return _requested(requested)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.")[:60] or "run"
    cache = cache_home(environ)
    if cache is not None:
        # Any trouble here has a second place to go to, so the reason does not matter.
        with contextlib.suppress(OSError, ValueError):
            runs = cache / "runs"
            runs.mkdir(parents=True, exist_ok=True)
            return _fresh(runs, name)
    try:
        # mkdtemp makes it private: the temporary directory is everybody's.
        return Path(tempfile.mkdtemp(prefix=f"pageblock-gen-{name}-")).resolve()
    except OSError as error:
        raise GenError(
            f"no verdict: no place for the run's files ({_reason(error)}); "
            "make room, or name a directory to write",
            ExitCode.NO_VERDICT,
        ) from None


def _fresh(runs: Path, name: str) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    while True:
        path = runs / f"{name}-{stamp}-{secrets.token_hex(4)}"
        # mkdir is what makes it ours: of two checks that draw the same name, one gets an error.
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return path


def _requested(requested: str) -> Path:
    fits = "an empty or new directory fits"
    if not requested:
        raise GenError(f"the run directory has an empty name; {fits}")
    path = Path(os.path.abspath(requested))  # noqa: PTH100 (resolve() fails on a loop of links)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        blocker = next((p for p in (path, *path.parents) if os.path.lexists(p)), path)
        raise GenError(f"run directory {path}: {blocker} is not a directory; {fits}") from None
    except (OSError, ValueError) as error:
        raise GenError(
            f"run directory {path} cannot be made: {_reason(error)}; {fits}", _code(error)
        ) from None
    try:
        held = next(path.iterdir(), None)
    except OSError as error:
        raise GenError(f"run directory {path} cannot be read: {_reason(error)}; {fits}") from None
    if held is not None:
        raise GenError(f"run directory {path} is not empty (it holds {held.name}); {fits}")
    try:
        # Tried, not asked: access() knows nothing of full or read-only file systems.
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise GenError(
            f"run directory {path} cannot be written: {_reason(error)}; {fits}", _code(error)
        ) from None
    return path


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
        raise GenError(f"{path} cannot be written: {_reason(error)}", ExitCode.NO_VERDICT) from None


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` of UTF-8, for the files of a run: a failure costs its verdict."""
    # backslashreplace: a path name that is no UTF-8 must not cost the result of a run.
    data = text.encode("utf-8", "backslashreplace")
    try:
        write_bytes(path, data)
    except GenError as error:
        raise GenError(f"no verdict: {error.message}", error.code) from None


def write_json(path: Path, obj: object) -> None:
    """``write_text`` of indented JSON, keys in the order they were put in. OSError -> GenError."""
    write_text(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _code(error: Exception) -> ExitCode:
    # A full disk is not the fault of what the user typed.
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ExitCode.NO_VERDICT if full else ExitCode.USAGE


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
