"""The command ``gen``: which command runs, and how it ends."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from gen.check.session import Stopped
from gen.cli import check, compare, completion, listing, matrix, options, prove, saved
from gen.cli.console import Terminated, complain, interrupted, mute, say
from gen.errors import ExitCode, GenError

_COMMANDS = {
    "designs": listing.list_designs,
    "properties": listing.list_properties,
    "check": check.run,
    "matrix": matrix.run,
    "compare": compare.run,
    "prove": prove.run,
    "render": listing.print_spec,
    "new-design": listing.new_design,
    "show": saved.show,
    "diff": saved.diff,
    "replay": saved.replay,
    "doctor": listing.doctor,
    "gallery": listing.renew_gallery,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    asked = sys.argv[1:] if argv is None else argv
    # Whoever greps the output of a check or a matrix finds these words after every trouble.
    mark = (
        "no verdict: " if {"check", "matrix", "compare", "prove", "replay"} & {*asked[:1]} else ""
    )
    try:
        parser, args = options.parse(asked)
        if args.print_completion is not None:
            say(completion.script(args.print_completion), end="")
            return ExitCode.OK
        if args.command is None:
            parser.print_help()
            return ExitCode.USAGE
        code = _COMMANDS[args.command](args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except GenError as e:
        complain(mark + e.message.removeprefix(mark))
        return e.code
    except Stopped as e:  # of a check that gen gallery makes
        complain(f"no verdict: {e}")
        return e.cause.code if isinstance(e.cause, GenError) else interrupted(e.cause)
    except KeyboardInterrupt as e:
        complain(f"{mark}interrupted")
        return interrupted(e)
    except BrokenPipeError:
        mute()  # head or less has seen enough
        return 128 + signal.SIGPIPE
    except OSError as e:
        mute()
        what = e.filename if e.filename is not None else "the output"
        complain(f"{mark}{what} cannot be written: {e.strerror or e}")
        return ExitCode.NO_VERDICT


def _end(number: int, _frame: object) -> NoReturn:
    raise Terminated(number)


def run() -> NoReturn:
    """The console script."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _end)
    for stream in (sys.stdout, sys.stderr):
        # A path that the locale cannot show must not cost the verdict.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
