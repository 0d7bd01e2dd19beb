"""What is said on stdout and stderr, and how a command ends that was ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from gen import printable
from gen.errors import ExitCode


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends a check as Ctrl-C does, as TLC runs in a session of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def interrupted(cause: KeyboardInterrupt) -> int:
    # As a shell tells it: 128 and the number of the signal.
    return 128 + cause.number if isinstance(cause, Terminated) else ExitCode.INTERRUPTED


def say(text: str = "", end: str = "\n", *, flush: bool = False, ours: Sequence[str] = ()) -> None:
    """A text on stdout: no control character reaches a terminal, wherever it comes from.

    ``ours``: the sequences of control characters that are our own, colours.
    """
    print(printable.lines(text, ours), end=end, flush=flush)


def note(text: str) -> None:
    """A line on stderr that is no complaint."""
    print(printable.line(text), file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """One line on stderr, whatever a file name in the message holds."""
    with contextlib.suppress(OSError):  # a terminal that has gone
        note(f"gen: {message}")


def mute() -> None:
    """Nobody reads stdout any more, or it is full: Python would complain once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
