"""The directory of one run, and our place below the cache directory: made, and cleaned."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gen.errors import ExitCode, GenError, fault, reason
from gen.kept import make_private


def cache_home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Our directory below ``$XDG_CACHE_HOME`` (default ``~/.cache``); None if there is no place.

    A path that is no UTF-8 is none: Java cannot open it.
    """
    cache = environ.get("XDG_CACHE_HOME", "")
    if not cache.startswith("/"):  # the XDG specification: a relative path is to be ignored
        home = environ.get("HOME", "")
        if not home.startswith("/"):
            return None
        cache = f"{home}/.cache"
    try:
        cache.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return Path(cache) / "pageblock-gen"


def make_run_dir(
    requested: str | None, label: str, environ: Mapping[str, str] = os.environ
) -> Path:
    """An empty, writable directory, absolute; GenError (one line) if there can be none.

    Without a request it is new and nobody else's: below ``$XDG_CACHE_HOME/pageblock-gen/runs``
    (default ``~/.cache``), or in the temporary directory if the cache cannot be written, or not by
    us alone.
    """
    if requested is not None:
        return _requested(requested)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.")[:60] or "run"
    cache = cache_home(environ)
    if cache is not None:
        # Any trouble here has a second place to go to, so the reason does not matter.
        with contextlib.suppress(OSError, ValueError, GenError):
            return _fresh(make_private(cache / "runs"), name)
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


# ---- removed again ---------------------------------------------------------------------

#: What ``_fresh`` calls the directory of a run, and what a file is called that is kept.
_RUN = re.compile(r"[A-Za-z0-9._-]+-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_KEPT = re.compile(r"\.?[0-9a-f]{16,64}\.[a-z]+")


@dataclass
class Cleaned:
    """What was removed of a directory, with its bytes on the disk, and what was not, and why."""

    directory: Path
    removed: int = 0
    size: int = 0
    younger: int = 0
    failed: list[str] = field(default_factory=list)


def remove_runs(home: Path, days: int) -> Cleaned:
    """Removes the directories of runs in which nothing was written for so many days."""
    return _remove(home / "runs", _RUN, days)


def remove_kept(home: Path, days: int) -> Cleaned:
    """Removes what TLC has said, if it was kept so many days ago."""
    return _remove(home / "tlc", _KEPT, days)


def _remove(directory: Path, ours: re.Pattern[str], days: int) -> Cleaned:
    """GenError if the directory is a link, or somebody else's.

    Only what is named as we name it, and belongs to us, goes; no link is followed, not even one
    that somebody puts there meanwhile: everything is done by the open directory.
    """
    done = Cleaned(directory)
    try:
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return done
    except OSError as error:
        raise GenError(f"{directory} is not cleaned: {reason(error)}") from None
    try:
        if os.fstat(opened).st_uid != os.geteuid():
            raise GenError(f"{directory} is not cleaned: it belongs to somebody else")
        for name in sorted(filter(ours.fullmatch, os.listdir(opened))):  # noqa: PTH208 (a number)
            try:
                _remove_old(opened, name, time.time() - days * 86400, done)
            except OSError as error:
                done.failed.append(f"{name}: {reason(error)}")
    finally:
        os.close(opened)
    return done


def _remove_old(opened: int, name: str, before: float, done: Cleaned) -> None:
    found = os.stat(name, dir_fd=opened, follow_symlinks=False)
    if found.st_uid != os.geteuid() or not (
        stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    ):
        return
    held = [found]
    if stat.S_ISDIR(found.st_mode):
        for _, folders, files, folder in os.fwalk(name, dir_fd=opened):
            inside = (*folders, *files)
            held += [os.stat(one, dir_fd=folder, follow_symlinks=False) for one in inside]
    if max(one.st_mtime for one in held) > before:
        done.younger += 1
        return
    if stat.S_ISDIR(found.st_mode):
        shutil.rmtree(name, dir_fd=opened)
    else:
        os.unlink(name, dir_fd=opened)
    done.removed += 1
    done.size += sum(one.st_blocks * 512 for one in held)
