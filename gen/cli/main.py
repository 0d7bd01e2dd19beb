"""The command ``gen``: which command runs, and how it ends."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gen.check.session import Stopped
from gen.cli import check, clean, compare, completion, listing, matrix, options, prove, saved
from gen.cli.console import (
    Terminated,
    complain,
    end_at_once,
    hear_ctrl_c,
    interrupted,
    mark,
    mute,
    open_streams,
    say,
)
from gen.errors import ExitCode, GenError, reason

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
    "clean": clean.run,
    "gallery": listing.renew_gallery,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    asked = sys.argv[1:] if argv is None else argv
    no_verdict = mark(asked)
    try:
        parser, args = options.parse(asked)
        if args.print_completion is not None:
            say(completion.script(args.print_completion), end="")
            return ExitCode.OK
        if args.command is None:
            parser.print_help()
            return ExitCode.USAGE
        code = _COMMANDS[args.command](args)
        sys.stdout.flush()
        return code
    except GenError as e:
        complain(no_verdict + e.message.removeprefix(no_verdict) + _where_we_are())
        return e.code
    except Stopped as e:  # of a check that gen gallery makes
        complain(f"no verdict: {e}")
        return e.cause.code if isinstance(e.cause, GenError) else interrupted(e.cause)
    except KeyboardInterrupt as e:
        complain(f"{no_verdict}interrupted")
        return interrupted(e)
    except BrokenPipeError:
        mute(sys.stdout)  # head or less has seen enough
        return 128 + signal.SIGPIPE
    except OSError as e:
        mute(sys.stdout)
        complain(f"{no_verdict}{_what_failed(e)}")
        return ExitCode.NO_VERDICT
    except (MemoryError, RuntimeError) as e:
        if isinstance(e, RuntimeError) and str(e) != "can't start new thread":
            raise
        complain(f"{no_verdict}{e or 'out of memory'}; a larger limit fits (ulimit -v, ulimit -u)")
        return ExitCode.NO_VERDICT


def _what_failed(error: OSError) -> str:
    """What a file, or stdout, has to do with an error that nobody has put into words."""
    if error.filename is None and (gone := _where_we_are()):
        return gone.removeprefix("; ")
    if error.filename is not None:
        return f"{error.filename} cannot be written: {reason(error)}{_where_we_are()}"
    why = "it is closed" if error.errno == errno.EBADF else reason(error)
    return f"the output cannot be written: {why}"


def _where_we_are() -> str:
    """What stands behind every path that is not there, if it is so."""
    try:
        Path.cwd()
    except OSError:
        return "; the working directory is gone: cd to one that exists"
    return ""


def _end(number: int, _frame: object) -> NoReturn:
    raise Terminated(number)


def run() -> NoReturn:
    """The command, with what it takes to be a process of its own."""
    open_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _end)
    for stream in (sys.stdout, sys.stderr):
        # A path that the locale cannot show must not cost the verdict.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        hear_ctrl_c(signal.default_int_handler)
        code = main()
    except KeyboardInterrupt as e:  # one more, while the first was told
        code = interrupted(e)
    hear_ctrl_c(end_at_once)
    sys.exit(code)
