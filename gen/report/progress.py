"""How far the runs of TLC are, told on stderr while they go on."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from gen import printable
from gen.report import words
from gen.tlc.report import Progress

#: Seconds between two lines about one run, where there is no terminal.
QUIET = 30.0


class Ticker:
    """How far the runs are: one live line on a terminal, else a line when TLC reports."""

    def __init__(self) -> None:
        self.live = sys.stderr is not None and sys.stderr.isatty()
        self.started = time.monotonic()
        #: Stands before the name of the run.
        self.head = ""
        self.shown = ""
        self.told: dict[str, str] = {}  # what TLC said last, by run
        self.seen: dict[str, float] = {}  # when a run was heard of last
        self.next: dict[str, float] = {}  # when a run may have its next line in a file

    def __call__(self, label: str, progress: Progress | None, elapsed: float) -> None:
        now = time.monotonic()
        self.seen[label] = now
        if progress is not None:
            self.told[label] = words.progress(progress, elapsed)
        if self.live:
            self.show(now)
        elif progress is not None and elapsed >= 3 and now >= self.next.get(label, 0.0):
            # TLC says it once a minute, and once more when it ends.
            self.next[label] = now + QUIET
            self._print(self.line(now, label) + "\n")

    def _print(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that has gone ends no check
            print(text, end="", file=sys.stderr, flush=True)

    def line(self, now: float, label: str) -> str:
        """What is known of one run, with the time since the check began."""
        told = self.told.get(label)
        text = f"{now - self.started:.0f} s, {self.head}{label}" + (f": {told}" if told else "")
        return printable.line(text)

    def show(self, now: float) -> None:
        # Of the runs that are under way, one about which there is something to say.
        running = [label for label, seen in self.seen.items() if now - seen < 1]
        label = next((run for run in running if run in self.told), running[0])
        self.clear()
        # A line that wraps could not be wiped.
        self.shown = self.line(now, label)[: columns() - 1]
        self._print(f"\r{self.shown}")

    def clear(self) -> None:
        """Wipe the live line."""
        if self.shown:
            self._print("\r" + " " * len(self.shown) + "\r")
            self.shown = ""

    def how_far(self) -> str:
        """How far the check got, for one that was interrupted."""
        told = [f"{label}: {told}" for label, told in self.told.items()]
        after = f"after {time.monotonic() - self.started:.1f} s"
        return "; ".join([after, *told]) if told else f"{after}, before TLC's first report"


def columns() -> int:
    """The width of the terminal that stderr is."""
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    return 80
