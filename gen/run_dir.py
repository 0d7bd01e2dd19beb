"""The directory of one run, and our place below the cache directory."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from gen.errors import ExitCode, GenError, fault, reason


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
            f"no verdict: no place for the run's files ({reason(error)}); "
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
            f"run directory {path} cannot be made: {reason(error)}; {fits}", fault(error)
        ) from None
    try:
        held = next(path.iterdir(), None)
    except OSError as error:
        raise GenError(f"run directory {path} cannot be read: {reason(error)}; {fits}") from None
    if held is not None:
        raise GenError(f"run directory {path} is not empty (it holds {held.name}); {fits}")
    try:
        # Tried, not asked: access() knows nothing of full or read-only file systems.
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise GenError(
            f"run directory {path} cannot be written: {reason(error)}; {fits}", fault(error)
        ) from None
    return path
