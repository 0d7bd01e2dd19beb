"""``python -m gen``, and the console script ``gen``."""

from __future__ import annotations

# What signal is made of, which takes no time.
import _signal  # type: ignore[import-not-found]

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    # Ctrl-C ends us in silence, and not with a traceback, until there is something to tell it.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import sys
from typing import NoReturn

from gen.cli.console import complain, end_at_once, hear_ctrl_c
from gen.errors import ExitCode


def run() -> NoReturn:
    """The command; Ctrl-C is told in a line already while all the rest is imported."""
    hear_ctrl_c(end_at_once)
    try:
        from gen.cli import main
    except (ImportError, MemoryError, OSError) as e:
        complain(f"cannot start: {e or 'out of memory'}")
        sys.exit(ExitCode.SYSTEM)
    main.run()


if __name__ == "__main__":
    run()
