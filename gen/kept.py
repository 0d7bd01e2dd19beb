"""Files that are kept for another time: believed only if they are as we alone have left them.

A digest tells accidents.  That nobody else has had a hand in a file is told by its owner and its
mode, and by those of the directories above it, as ssh has it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from gen.errors import GenError, reason
from gen.files import sha256_bytes, write_bytes

#: More than any file has that is kept.
_MOST_BYTES = 1 << 28

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_private(directory: Path) -> Path:
    """The directory, made if it is not there, and its real path: nobody else can write there.

    OSError if it cannot be made, GenError if somebody else can write there.
    """
    missing = []
    for path in (directory, *directory.parents):
        if path.exists():
            break
        missing.append(path)
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)  # whatever the umask is
    return private(directory)


def private(directory: Path) -> Path:
    """The real path of a directory, or what it will be; GenError if somebody else can write there.

    What stands above it may be root's too, and everybody's if each can move only what is his own.
    """
    real = Path(os.path.realpath(directory))
    for path in (real, *real.parents):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # whoever makes it makes it private
        except OSError as error:
            raise GenError(f"{path}: {reason(error)}") from None
        if found.st_uid != os.geteuid() and (path == real or found.st_uid != 0):
            raise GenError(f"{path} belongs to somebody else")
        sticky = path != real and found.st_mode & stat.S_ISVTX
        if found.st_mode & _OTHERS_WRITE and not sticky:
            raise GenError(f"{path} can be written by others; chmod go-w fits")
    return real


def is_private(found: os.stat_result) -> bool:
    """Whether it is a file, ours, and nobody else can write it."""
    mine = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return mine and not found.st_mode & _OTHERS_WRITE


def read(path: Path, about: str) -> bytes | None:
    """What ``write`` has kept there about this; None if it is not that, to the last bit."""
    with contextlib.suppress(OSError, ValueError, GenError):
        real = private(path.parent) / path.name
        # No link is followed, and no FIFO waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        with os.fdopen(os.open(real, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not is_private(found) or found.st_size > _MOST_BYTES:
                return None
            head, _, data = file.read().partition(b"\n")
        if head == _head(about, data):
            return data
    return None


def write(path: Path, about: str, data: bytes) -> None:
    """Keep this, if there is a place for it that nobody else can write to."""
    with contextlib.suppress(OSError, ValueError, GenError):
        real = make_private(path.parent) / path.name
        write_bytes(real, _head(about, data) + b"\n" + data, mode=0o600)


def _head(about: str, data: bytes) -> bytes:
    """The first line of a file: by it any damage shows, and that it is about something else."""
    digest = sha256_bytes(f"{len(about)}:{about}".encode() + data)
    return f"pageblock-gen keeps 1 {digest}".encode()
