"""The command ``gen``: the one place that reads the command line, prints, and exits."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gen import __version__, gallery, report
from gen.check import Check, Interrupted, Result, Verdict, check
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GenError(message)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None


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
        help=f"only this one; may be given again (default: all: {', '.join(properties())})",
    )  # fmt: skip


def _add_toolchain(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_argument_group("TLC")
    tools.add_argument(
        "--jar", metavar="FILE", help="tla2tools.jar (default: $TLA2TOOLS_JAR, or the bundled one)"
    )
    tools.add_argument(
        "--java", metavar="FILE", help="java (default: $JAVA_HOME/bin/java, or the bundled one)"
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="gen",
        description="Model checks Linux page isolation against the page allocator, "
        "and draws the races it finds.",
    )
    parser.add_argument("--version", action="version", version=f"pageblock-gen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("check", help="search a design for violations, and draw them")
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

    show = commands.add_parser("render", help="print the TLA+ module and its .cfg")
    _add_zone(show)
    show.add_argument("--cfg", action="store_true", help="print the .cfg alone")
    show.add_argument("--tla", action="store_true", help="print the module alone")

    doctor = commands.add_parser("doctor", help="say what is used, and what is wrong with it")
    _add_toolchain(doctor)

    renew = commands.add_parser("gallery", help="make the counterexamples/ again")
    _add_toolchain(renew)
    renew.add_argument("directory", nargs="?", default="counterexamples", help="where they go")
    return parser


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
        whole=args.whole_zone,
    )


# ---- gen check -----------------------------------------------------------------------


class _Ticker:
    """How far the runs are: one live line on a terminal, else a line when TLC reports."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.shown = ""
        self.latest: dict[str, Progress] = {}

    def __call__(self, label: str, progress: Progress | None, elapsed: float) -> None:
        if progress is not None:
            self.latest[label] = progress
        line = report.progress_line(label, self.latest.get(label), elapsed)
        if self.live:
            self.clear()
            self.shown = line
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
        elif progress is not None and elapsed >= 3:
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Wipe the live line."""
        if self.shown:
            print("\r" + " " * len(self.shown) + "\r", end="", file=sys.stderr, flush=True)
            self.shown = ""


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
        if verdict.prop == self.request.properties[0]:
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
    codes = [v.code for v in verdicts if v.code is not ExitCode.OK]
    return ExitCode.SAFETY if ExitCode.SAFETY in codes else next(iter(codes), ExitCode.OK)


def _check(args: argparse.Namespace) -> ExitCode:
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
    made_by = shlex.join(["gen", "check", *flags])
    if args.dry_run:
        planned = Check(
            design, zone, tuple(chosen), toolchain, options, Path(args.run_dir or "RUN"), made_by
        )
        print(shlex.join(planned.command(planned.run_dir / "first", MODULE)))
        return ExitCode.OK
    run_dir = make_run_dir(args.run_dir, design.name)
    request = Check(design, zone, tuple(chosen), toolchain, options, run_dir, made_by)
    ticker = _Ticker()
    printer = _Printer(request, args, ticker)
    started = time.monotonic()
    try:
        verdicts = check(request, ticker, printer)
    except Interrupted as stopped:
        ticker.clear()
        verdicts = [
            stopped.verdicts.get(p.name) or Verdict(p, Result.NO_VERDICT, message="interrupted")
            for p in chosen
        ]
        how_far = [report.progress_line(k, p, 0.0) for k, p in ticker.latest.items()]
        print("gen: interrupted" + "".join(f"; {line}" for line in how_far), file=sys.stderr)
        _conclude(request, printer, verdicts, time.monotonic() - started)
        return ExitCode.INTERRUPTED
    finally:
        ticker.clear()
    _conclude(request, printer, verdicts, time.monotonic() - started)
    return _exit_code(verdicts)


def _conclude(
    request: Check, printer: _Printer, verdicts: Sequence[Verdict], seconds: float
) -> None:
    write_json(request.run_dir / "result.json", report.result_json(request, verdicts, seconds))
    printer.finish(verdicts)
    if len(verdicts) > 1:
        print()
    print(report.summary(request, verdicts, seconds), end="", flush=True)


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


_COMMANDS = {"check": _check, "render": _render, "doctor": _doctor, "gallery": _gallery}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = _parser()
    try:
        args = parser.parse_args(argv)
        if args.command is None:
            parser.print_help()
            return ExitCode.USAGE
        return _COMMANDS[args.command](args)
    except GenError as e:
        print(f"gen: {e.message}", file=sys.stderr)
        return e.code
    except KeyboardInterrupt:
        print("gen: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK


def _end(number: int, _frame: object) -> NoReturn:
    # TLC runs in a session of its own: it must be ended before we are.
    raise SystemExit(128 + number)


def run() -> NoReturn:
    """The console script."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    sys.exit(main())
