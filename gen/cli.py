"""The command ``gen``: the one place that reads the command line, prints, and exits."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from gen import __version__, gallery, report
from gen.check import Check, Result, Stopped, Verdict, check
from gen.doctor import diagnose
from gen.errors import ExitCode, GenError
from gen.render import MODULE, render
from gen.run_dir import make_run_dir, write_json, write_text
from gen.specs import design_names, find_design, find_properties, properties
from gen.tlc import TlcOptions
from gen.tlc_output import Progress
from gen.toolchain import find_toolchain
from gen.zone import Zone, parse_migratetypes

#: What `gen check` checks if no design is named: the series that the thread tested.
DEFAULT_DESIGN = "hygiene-v2"
#: Seconds between two lines about one run, where there is no terminal.
QUIET = 30.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GenError(message)


def _number(text: str) -> int:
    # int() takes 1_0 and digits of other scripts too; thirty digits are more than anyone means.
    if re.fullmatch(r"[+-]?[0-9]{1,30}", text, re.ASCII) is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds") from None


def _add_zone(parser: argparse.ArgumentParser) -> None:
    default = Zone()
    zone = parser.add_argument_group("zone")
    zone.add_argument(
        "--pageblocks", type=_number, default=default.pageblocks, metavar="N",
        help="pageblocks in the zone, a whole number of largest-order chunks (default: 4)",
    )  # fmt: skip
    zone.add_argument(
        "--order", type=_number, default=default.max_order, metavar="X",
        help="the largest order, inclusive: MAX_PAGE_ORDER (default: 10)",
    )  # fmt: skip
    zone.add_argument(
        "--pageblock-order", type=_number, default=default.pageblock_order, metavar="P",
        help="pageblock_order (default: 9, x86-64)",
    )  # fmt: skip
    zone.add_argument(
        "--min-order", type=_number, default=None, metavar="M",
        help="the resolution: orders below M are not told apart "
        "(default: P, one unit per pageblock)",
    )  # fmt: skip
    zone.add_argument(
        "--isolators", type=_number, default=default.isolators, metavar="N",
        help="callers of start_isolate_page_range() at a time: 0, 1 or 2 (default: 1)",
    )  # fmt: skip
    zone.add_argument(
        "--migratetypes", default="movable,unmovable", metavar="T,T",
        help="the types that callers allocate (default: movable,unmovable)",
    )  # fmt: skip
    zone.add_argument(
        "--alloc-order", type=_number, default=None, metavar="A",
        help="the largest order that callers allocate (default: X)",
    )  # fmt: skip
    zone.add_argument(
        "--whole-zone", action="store_true",
        help="model all pageblocks at once, not one largest-order chunk with the rest left open",
    )  # fmt: skip
    parser.add_argument(
        "--design", default=DEFAULT_DESIGN, metavar="NAME",
        help=f"a kernel version or a proposed patch: {', '.join(design_names())}, "
        f"or the path of a design file, *.toml (default: {DEFAULT_DESIGN})",
    )  # fmt: skip
    parser.add_argument(
        "--property", action="append", default=[], metavar="NAME",
        help=f"only this one; may be given again; one of {', '.join(properties())}, or all "
        "(default: what every design is asked; see gen properties)",
    )  # fmt: skip


def _add_toolchain(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_argument_group("TLC")
    tools.add_argument(
        "--jar", metavar="FILE", help="tla2tools.jar (default: $TLA2TOOLS_JAR, or the bundled one)"
    )
    tools.add_argument(
        "--java", metavar="FILE", help="java (default: $JAVA_HOME/bin/java, or the bundled one)"
    )


def _parse(argv: Sequence[str] | None) -> tuple[_Parser, argparse.Namespace]:
    """The command line, read; GenError says what is wrong with it and what is meant perhaps."""
    parser, commands = _parsers()
    args, unknown = parser.parse_known_args(argv)
    if not unknown:
        return parser, args
    word = unknown[0].partition("=")[0]
    if not word.startswith("-"):
        raise GenError(f"unexpected argument '{word}'")
    known = re.findall(r"--[a-z-]+", commands[args.command].format_help() if args.command else "")
    near = difflib.get_close_matches(word, known, n=1)
    of = f"'gen {args.command} --help'" if args.command else "'gen --help'"
    hint = f"did you mean '{near[0]}'?" if near else f"{of} lists what there is"
    raise GenError(f"unknown option '{word}': {hint}")


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    # No abbreviations: what a script abbreviates today may be ambiguous tomorrow.
    parser = _Parser(
        prog="gen",
        description="Model checks Linux page isolation against the page allocator, "
        "and draws the races it finds.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pageblock-gen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser(
        "check", help="search a design for violations, and draw them", allow_abbrev=False
    )
    _add_zone(run)
    _add_toolchain(run)
    run.add_argument("--workers", type=_number, default=1, metavar="N", help="TLC's threads")
    run.add_argument("--heap", metavar="SIZE", help="Java's heap, such as 512m or 2g")
    run.add_argument("--timeout", type=_seconds, metavar="S", help="give up after S seconds")
    run.add_argument("--run-dir", metavar="DIR", help="keep the run's files here; empty or new")
    run.add_argument(
        "--depth", choices=["calls", "all"], default="calls",
        help="draw the calls that matter, or every call (default: calls)",
    )  # fmt: skip
    run.add_argument(
        "--no-continuation", action="store_true",
        help="end the drawing at the violation: do not show how the open calls run on",
    )  # fmt: skip
    run.add_argument(
        "-n", "--dry-run", action="store_true", help="print TLC's command line, do not run it"
    )

    show = commands.add_parser(
        "render", help="print the TLA+ module and its .cfg", allow_abbrev=False
    )
    _add_zone(show)
    show.add_argument("--cfg", action="store_true", help="print the .cfg alone")
    show.add_argument("--tla", action="store_true", help="print the module alone")

    commands.add_parser("designs", help="the designs, a line each", allow_abbrev=False)
    commands.add_parser("properties", help="the properties, a line each", allow_abbrev=False)

    doctor = commands.add_parser(
        "doctor", help="say what is used, and what is wrong with it", allow_abbrev=False
    )
    _add_toolchain(doctor)

    renew = commands.add_parser(
        "gallery", help="make the counterexamples/ again", allow_abbrev=False
    )
    _add_toolchain(renew)
    renew.add_argument("directory", nargs="?", default="counterexamples", help="where they go")
    return parser, commands.choices


def _zone(args: argparse.Namespace) -> Zone:
    # Without --min-order the resolution follows the pageblock; 0 and 1 page per pageblock
    # would be told from nothing, so a wrong --pageblock-order is reported first.
    min_order = args.pageblock_order if args.min_order is None else args.min_order
    return Zone(
        pageblocks=args.pageblocks,
        max_order=args.order,
        pageblock_order=args.pageblock_order,
        min_order=min_order,
        isolators=args.isolators,
        migratetypes=parse_migratetypes(args.migratetypes),
        alloc_order=args.alloc_order,
        whole=args.whole_zone,
    )


# ---- gen check -----------------------------------------------------------------------


class _Ticker:
    """How far the runs are: one live line on a terminal, else a line when TLC reports."""

    def __init__(self) -> None:
        self.live = sys.stderr is not None and sys.stderr.isatty()
        self.started = time.monotonic()
        self.shown = ""
        self.told: dict[str, str] = {}  # what TLC said last, by run
        self.seen: dict[str, float] = {}  # when a run was heard of last
        self.next: dict[str, float] = {}  # when a run may have its next line in a file

    def __call__(self, label: str, progress: Progress | None, elapsed: float) -> None:
        now = time.monotonic()
        self.seen[label] = now
        if progress is not None:
            self.told[label] = report.progress(progress, elapsed)
        if self.live:
            self.show(now)
        elif progress is not None and elapsed >= 3 and now >= self.next.get(label, 0.0):
            # TLC says it once a minute, and once more when it ends.
            self.next[label] = now + QUIET
            print(self.line(now, label), file=sys.stderr, flush=True)

    def line(self, now: float, label: str) -> str:
        """What is known of one run, with the time since the check began."""
        told = self.told.get(label)
        return f"{now - self.started:.0f} s, {label}" + (f": {told}" if told else "")

    def show(self, now: float) -> None:
        # Of the runs that are under way, one about which there is something to say.
        running = [label for label, seen in self.seen.items() if now - seen < 1]
        label = next((run for run in running if run in self.told), running[0])
        self.clear()
        # A line that wraps could not be wiped.
        self.shown = self.line(now, label)[: _columns() - 1]
        print(f"\r{self.shown}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Wipe the live line."""
        if self.shown:
            print("\r" + " " * len(self.shown) + "\r", end="", file=sys.stderr, flush=True)
            self.shown = ""

    def how_far(self) -> str:
        """How far the check got, for one that was interrupted."""
        told = [f"{label}: {told}" for label, told in self.told.items()]
        after = f"after {time.monotonic() - self.started:.1f} s"
        return "; ".join([after, *told]) if told else f"{after}, before TLC's first report"


def _columns() -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    return 80


class _Printer:
    """Prints a verdict when it is there: the first property's at once, the others in order."""

    def __init__(self, request: Check, args: argparse.Namespace, ticker: _Ticker) -> None:
        self.request, self.args, self.ticker = request, args, ticker
        self.drawn: str | None = None

    def __call__(self, verdict: Verdict) -> None:
        if verdict.result is not Result.VIOLATED or verdict.trace is None:
            return
        text = self.drawing(verdict)
        drawing_file, trace_file = report.trace_files(self.request.run_dir, verdict)
        write_text(drawing_file, text)
        write_json(trace_file, verdict.trace.to_json())
        if verdict.prop == self.request.applicable[0]:
            self.draw(verdict)

    def drawing(self, verdict: Verdict) -> str:
        return report.drawing(
            verdict, continuation=not self.args.no_continuation, depth=self.args.depth
        )

    def draw(self, verdict: Verdict) -> None:
        self.ticker.clear()
        self.drawn = verdict.prop.name
        print(report.long_form(self.request, verdict, self.drawing(verdict)), flush=True)

    def finish(self, verdicts: Sequence[Verdict]) -> None:
        """What has not been drawn yet: the first violation in full, the rest in short."""
        for verdict in verdicts:
            if self.drawn is None and verdict.result is Result.VIOLATED:
                self.draw(verdict)
            elif verdict.prop.name != self.drawn:
                print(report.short_form(self.request, verdict))


def _exit_code(verdicts: Sequence[Verdict]) -> ExitCode:
    """0 only if there was a search, and no property was violated or left without a verdict."""
    results = [v.result for v in verdicts]
    if Result.VIOLATED in results:
        return ExitCode.SAFETY
    for verdict in verdicts:
        if verdict.result is Result.NO_VERDICT and verdict.code is not ExitCode.OK:
            return verdict.code
    held = Result.HOLDS in results and Result.NO_VERDICT not in results
    return ExitCode.OK if held else ExitCode.NO_VERDICT


def _check(args: argparse.Namespace) -> int:
    design, zone = find_design(args.design), _zone(args)
    chosen = find_properties(args.property)
    options = TlcOptions(
        workers=args.workers,
        heap=args.heap,
        timeout=args.timeout,
        profile="short" if zone.windowed else "long",
    )
    toolchain = find_toolchain(args.java, args.jar)
    flags = [*zone.flags, "--design", args.design]
    for name in args.property:
        flags += ["--property", name]
    run_dir = (
        Path(args.run_dir or "RUN") if args.dry_run else make_run_dir(args.run_dir, design.name)
    )
    request = Check(
        design=design,
        zone=zone,
        properties=tuple(chosen),
        toolchain=toolchain,
        tlc=options,
        run_dir=run_dir,
        made_by=shlex.join(["gen", "check", *flags]),
        design_option=args.design,
    )
    if args.dry_run:
        print(shlex.join(request.command(run_dir / "first", MODULE)))
        return ExitCode.OK
    return _run_check(request, args)


def _run_check(request: Check, args: argparse.Namespace) -> int:
    ticker = _Ticker()
    printer = _Printer(request, args, ticker)
    started = time.monotonic()
    code: int | None = None
    reason = ""
    try:
        verdicts = check(request, ticker, printer)
    except Stopped as stopped:
        verdicts = stopped.verdicts
        if isinstance(stopped.cause, GenError):
            reason = stopped.cause.message
            code = None if _violated(verdicts) else stopped.cause.code
        else:
            reason = f"interrupted {ticker.how_far()}"
            code = _interrupted(stopped.cause)
        verdicts = _withdraw(verdicts, reason)
    finally:
        ticker.clear()
    seconds = time.monotonic() - started
    try:
        kept = report.result_json(request, verdicts, seconds)
        write_json(request.run_dir / "result.json", kept)
    except GenError as e:
        reason = reason or e.message
        verdicts = _withdraw(verdicts, reason)
    trouble = report.trouble(verdicts, reason)
    if trouble:
        _complain(trouble)
    printer.finish(verdicts)
    if len(verdicts) > 1:
        print()
    print(report.summary(request, verdicts, seconds), end="", flush=True)
    return _exit_code(verdicts) if code is None else code


def _violated(verdicts: Sequence[Verdict]) -> bool:
    return any(v.result is Result.VIOLATED for v in verdicts)


def _withdraw(verdicts: Sequence[Verdict], reason: str) -> list[Verdict]:
    """After trouble nothing may read like a clean end, even if the last search had one."""
    if any(v.result is Result.NO_VERDICT for v in verdicts):
        return list(verdicts)
    return [
        replace(v, result=Result.NO_VERDICT, message=reason, code=ExitCode.NO_VERDICT)
        if v.result is Result.HOLDS
        else v
        for v in verdicts
    ]


# ---- the other commands --------------------------------------------------------------


def _render(args: argparse.Namespace) -> ExitCode:
    design, zone = find_design(args.design), _zone(args)
    chosen = [p for p in find_properties(args.property) if design.has(p.needs)]
    made_by = shlex.join(["gen", "render", *zone.flags, "--design", args.design])
    spec = render(design, zone, chosen, made_by)
    if not args.cfg:
        print(spec.tla, end="")
    if not args.tla:
        if not args.cfg:
            print(f"\n\\* ---- {spec.name}.cfg ----")
        print(spec.cfg, end="")
    return ExitCode.OK


def _doctor(args: argparse.Namespace) -> ExitCode:
    findings, healthy = diagnose(args.java, args.jar, os.environ)
    for finding in findings:
        print(f"[{'ok' if finding.ok else 'wrong'}] {finding.what}: {finding.detail}")
    return ExitCode.OK if healthy else ExitCode.SYSTEM


def _gallery(args: argparse.Namespace) -> ExitCode:
    toolchain = find_toolchain(args.java, args.jar)
    for written in gallery.renew(Path(args.directory), toolchain):
        print(written)
    return ExitCode.OK


def _designs(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, design_names()))
    for name in design_names():
        design = find_design(name)
        print(f"{name:{width}}  {design.title}\n{'':{width}}  {design.source}")
    return ExitCode.OK


def _properties(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, properties()))
    for prop in properties().values():
        default = "" if prop.by_default else " (not by default)"
        print(f"{prop.name:{width}}  {prop.statement}{default}\n{'':{width}}  {prop.source}")
    return ExitCode.OK


_COMMANDS = {
    "designs": _designs,
    "properties": _properties,
    "check": _check,
    "render": _render,
    "doctor": _doctor,
    "gallery": _gallery,
}


class _Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends a check as Ctrl-C does, as TLC runs in a session of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def _interrupted(cause: KeyboardInterrupt) -> int:
    # As a shell tells it: 128 and the number of the signal.
    return 128 + cause.number if isinstance(cause, _Terminated) else ExitCode.INTERRUPTED


def _complain(message: str) -> None:
    """One line on stderr, whatever a file name in the message holds."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    with contextlib.suppress(OSError):  # a terminal that has gone
        print(f"gen: {line}", file=sys.stderr, flush=True)


def _mute() -> None:
    """Nobody reads stdout any more, or it is full: Python would complain once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    asked = sys.argv[1:] if argv is None else argv
    # Whoever greps the output of a check finds these words after every trouble.
    mark = "no verdict: " if "check" in asked[:1] else ""
    try:
        parser, args = _parse(asked)
        if args.command is None:
            parser.print_help()
            return ExitCode.USAGE
        code = _COMMANDS[args.command](args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except GenError as e:
        _complain(mark + e.message.removeprefix(mark))
        return e.code
    except Stopped as e:  # of a check that gen gallery makes
        _complain(f"no verdict: {e}")
        return e.cause.code if isinstance(e.cause, GenError) else _interrupted(e.cause)
    except KeyboardInterrupt as e:
        _complain(f"{mark}interrupted")
        return _interrupted(e)
    except BrokenPipeError:
        _mute()  # head or less has seen enough
        return 128 + signal.SIGPIPE
    except OSError as e:
        _mute()
        what = e.filename if e.filename is not None else "the output"
        _complain(f"{mark}{what} cannot be written: {e.strerror or e}")
        return ExitCode.NO_VERDICT


def _end(number: int, _frame: object) -> NoReturn:
    raise _Terminated(number)


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
