"""What is said on stdout and stderr, and how a command ends that was ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn, TextIO

from gen import printable
from gen.errors import ExitCode

#: Commands that are asked for a verdict.
_VERDICTS = frozenset({"check", "matrix", "compare", "prove", "replay"})


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


def mark(argv: Sequence[str]) -> str:
    """What whoever greps the output of a check or a matrix finds in every trouble."""
    return "no verdict: " if _VERDICTS & {*argv[:1]} else ""


def end_at_once(_number: int, _frame: object) -> NoReturn:
    """Ctrl-C where nothing is there yet, or any more, that would have to be ended first."""
    complain(f"{mark(sys.argv[1:])}interrupted")
    os._exit(ExitCode.INTERRUPTED)


def hear_ctrl_c(handler: Callable[[int, FrameType | None], object]) -> None:
    """Have this handler for Ctrl-C, if it is to be heard: who starts us may have it ignored."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def open_streams() -> None:
    """A stdout that is closed cannot be written, and says so; a stderr then says nothing.

    Else Python would be silent, and the next file that is opened be taken for one of them.
    """
    for stream, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(stream)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, flags)  # the lowest number that is free: this one
    for name, stream in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(stream, "w", encoding="utf-8", closefd=False))


def complain(message: str) -> None:
    """One line on stderr, whatever a file name in the message holds."""
    try:
        note(f"gen: {message}")
    except OSError:  # a terminal that has gone
        mute(sys.stderr)


def mute(stream: TextIO) -> None:
    """Nobody reads it any more, or it is full: Python would complain once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
