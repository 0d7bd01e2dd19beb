"""What is said on stderr, and how a command ends that was ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from gen.errors import ExitCode


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends a check as Ctrl-C does, as TLC runs in a session of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def interrupted(cause: KeyboardInterrupt) -> int:
    # As a shell tells it: 128 and the number of the signal.
    return 128 + cause.number if isinstance(cause, Terminated) else ExitCode.INTERRUPTED


def complain(message: str) -> None:
    """One line on stderr, whatever a file name in the message holds."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    with contextlib.suppress(OSError):  # a terminal that has gone
        print(f"gen: {line}", file=sys.stderr, flush=True)


def mute() -> None:
    """Nobody reads stdout any more, or it is full: Python would complain once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
