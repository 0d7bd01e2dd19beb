"""The command ``gen``: what each of its commands does, prints, and ends with."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from gen import aot, compare, gallery, matrix, options, proof_report, report, strip, table
from gen.cache import Cache
from gen.check import ANOTHER_WAY, UNCONFIRMED, Check, Result, Stopped, Verdict, check, confirm
from gen.doctor import diagnose
from gen.drawing import DrawOptions
from gen.errors import ExitCode, GenError, near_miss
from gen.executor import connect
from gen.formats import FLAVOURS, FORMATS, Format
from gen.junit import junit
from gen.matrix import Matrix, Row, find_designs
from gen.progress import Ticker
from gen.prove import OBLIGATIONS, differences, load_certificate, provable, prove, zone_of_any_size
from gen.render import render
from gen.run_dir import make_run_dir, write_bytes, write_json, write_text
from gen.sarif import sarif
from gen.saved import difference, load_trace, render_saved
from gen.side_by_side import side_by_side
from gen.specs import design_names, find_design, find_properties, properties
from gen.svg import check_png
from gen.tlc import TlcOptions, memory_bytes
from gen.toolchain import Toolchain, find_toolchain
from gen.trace import Trace
from gen.zone import Zone

# ---- gen check -----------------------------------------------------------------------


class _Printer:
    """Prints a verdict when it is there: the first property's at once, the others in order."""

    def __init__(self, request: Check, args: argparse.Namespace, ticker: Ticker) -> None:
        self.request, self.args, self.ticker = request, args, ticker
        self.drawn: str | None = None

    def __call__(self, verdict: Verdict) -> None:
        if verdict.trace is None:
            return
        text = self.drawing(verdict)
        drawing_file, trace_file = report.trace_files(self.request.run_dir, verdict)
        write_text(drawing_file, text)
        write_json(trace_file, verdict.trace.to_json())
        if verdict.prop == self.request.applicable[0]:
            self.draw(verdict)

    def drawing(self, verdict: Verdict) -> str:
        return report.drawing(verdict, options.drawing(self.args), self.args.flavour)

    def draw(self, verdict: Verdict) -> None:
        self.ticker.clear()
        self.drawn = verdict.prop.name
        text = self.drawing(verdict)
        if self.args.strip and verdict.trace is not None:
            text += "\n" + strip.text(verdict.trace, _options(self.args))
        print(report.long_form(self.request, verdict, text), flush=True)

    def finish(self, verdicts: Sequence[Verdict]) -> None:
        """What has not been drawn yet: the first violation in full, the rest in short."""
        for verdict in verdicts:
            if self.drawn is None and verdict.trace is not None:
                self.draw(verdict)
            elif verdict.prop.name != self.drawn:
                print(report.short_form(self.request, verdict))


def _exit_code(verdicts: Sequence[Verdict]) -> ExitCode:
    """0 only if there was a search, and no property was violated or left without a verdict."""
    results = [v.result for v in verdicts]
    if Result.VIOLATED in results or Result.UNREACHABLE in results:
        return ExitCode.SAFETY
    for verdict in verdicts:
        if verdict.result is Result.NO_VERDICT and verdict.code is not ExitCode.OK:
            return verdict.code
    held = bool({Result.HOLDS, Result.MEASURED} & {*results}) and Result.NO_VERDICT not in results
    return ExitCode.OK if held else ExitCode.NO_VERDICT


def _limits(args: argparse.Namespace, zone: Zone) -> TlcOptions:
    return TlcOptions(
        workers=args.workers,
        heap=args.heap,
        timeout=args.timeout,
        profile="short" if zone.windowed else "long",
    )


def _check_command(zone: Zone, design: str, names: Sequence[str], liveness: bool = False) -> str:
    """The command line that makes a check again; it goes into the header of the modules."""
    asked = [word for name in names for word in ("--property", name)]
    asked += ["--liveness"] if liveness else []
    return shlex.join(["gen", "check", *zone.flags, "--design", design, *asked])


def _check(args: argparse.Namespace) -> int:
    design, zone = find_design(args.design), options.zone(args)
    chosen = find_properties(args.property, liveness=args.liveness, grain=zone.grain)
    limits = _limits(args, zone)
    for option, given in (("--junit", args.junit), ("--sarif", args.sarif)):
        # A search may take hours: what cannot be written is told before it.
        if given is not None and not (Path(given).name and Path(given).parent.is_dir()):
            raise GenError(f"{option} '{given}': a file in a directory that exists fits")
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    run_dir = (
        Path(args.run_dir or "RUN") if args.dry_run else make_run_dir(args.run_dir, design.name)
    )
    request = Check(
        design=design,
        zone=zone,
        properties=tuple(chosen),
        toolchain=toolchain,
        tlc=limits,
        run_dir=run_dir,
        made_by=_check_command(zone, args.design, args.property, args.liveness),
        design_option=args.design,
        easiest=True,
        all_shortest=args.all_shortest,
    )
    if args.dry_run:
        spec = request.spec(request.properties[:1])
        print(shlex.join(request.command(run_dir / "first", spec)))
        return ExitCode.OK
    return _run_check(request, args)


def _run_check(request: Check, args: argparse.Namespace) -> int:
    ticker = Ticker()
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
        for given, made in ((args.junit, junit), (args.sarif, sarif)):
            if given is not None:
                write_text(Path(given), made(request, verdicts))
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
    if code is None:
        aot.make_later(args.java, args.jar, request.toolchain)
    return _exit_code(verdicts) if code is None else code


def _violated(verdicts: Sequence[Verdict]) -> bool:
    return any(v.result in (Result.VIOLATED, Result.UNREACHABLE) for v in verdicts)


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


def _toolchain(args: argparse.Namespace) -> Toolchain:
    """The Java and the jar of a command that has --scheduler."""
    if args.scheduler is not None and args.java is not None:
        raise GenError("--java is of this machine; JAVA_HOME fits, where a worker is started")
    return aot.sooner(find_toolchain(args.java, args.jar))


# ---- gen matrix ----------------------------------------------------------------------


def _matrix(args: argparse.Namespace) -> int:
    zone = options.zone(args)
    designs = find_designs(options.names(args.designs, "--designs"))
    asked = options.names(args.properties, "--properties")
    chosen = find_properties(asked)
    table.check_names([design.name for design in designs.values()])
    limits = _limits(args, zone)
    jobs = 0
    if args.scheduler is None:
        jobs, limits = matrix.share(limits, matrix.cores(), memory_bytes())
    if args.png:
        check_png()
    toolchain = _toolchain(args)
    output = table.check_output(args.output)
    run_dir = make_run_dir(None, "matrix")
    requests = []
    for number, (given, design) in enumerate(designs.items()):
        request = Check(
            design=design,
            zone=zone,
            properties=tuple(chosen),
            toolchain=toolchain,
            tlc=limits,
            run_dir=run_dir / f"{number}-{table.slug(design.name)}",
            made_by=_check_command(zone, given, asked),
            design_option=given,
            cache=None if args.no_cache else Cache(),
            easiest=True,
        )
        request.run_dir.mkdir()
        requests.append(request)
    try:
        with connect(args.scheduler, toolchain, limits.workers) as executor:
            requests = [replace(request, executor=executor) for request in requests]
            made, seconds = _run_matrix(requests, jobs or executor.lanes)
        _tell_matrix(made, seconds)
        if made.interrupted is None:
            for path in table.write(made, output, [*FORMATS] if args.png else table.QUICK):
                print(f"files:   {path}")
    except BaseException:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise
    if made.complete:
        shutil.rmtree(run_dir, ignore_errors=True)
    else:
        print(f"runs:    {run_dir}")
    if made.interrupted is not None:
        return _interrupted(made.interrupted)
    return ExitCode.OK if made.complete else ExitCode.NO_VERDICT


def _run_matrix(requests: Sequence[Check], jobs: int) -> tuple[Matrix, float]:
    """The matrix, and how long it took; what is done is told on stderr as it goes on."""
    ticker = Ticker()
    done = 0

    def on_row(row: Row) -> None:
        nonlocal done
        done += 1
        ticker.head = f"{done} of {len(requests)} designs, "
        ticker.clear()
        took = "cached" if row.cached else f"{row.seconds:.1f} s"
        print(f"{row.design.name}: {table.counts(row)}, {took}", file=sys.stderr, flush=True)

    try:
        made = matrix.run(requests, jobs, ticker, on_row)
    finally:
        ticker.clear()
    return made, time.monotonic() - ticker.started


def _tell_matrix(made: Matrix, seconds: float) -> None:
    if not made.complete:
        _complain(table.trouble(made))
    # Where nobody sees an edge, every cell is in full.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(table.plain(made, width))
    print(table.summary(made, seconds), end="", flush=True)


#: What diff(1) and cmp(1) end with if the two are not the same.
_DIFFERENT = 1


# ---- saved traces --------------------------------------------------------------------


def _options(args: argparse.Namespace) -> DrawOptions:
    """What the options say of the drawing, with colours if a terminal shows it."""
    shown = getattr(args, "output", None) is None and sys.stdout is not None
    terminal = shown and sys.stdout.isatty()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return replace(options.drawing(args), color=terminal and not plain)


def _with_strip(form: Format, trace: Trace, wanted: DrawOptions) -> str:
    drawing = form.render(trace, wanted)
    assert isinstance(drawing, str)  # a flavour is text
    return f"{drawing}\n{strip.text(trace, wanted)}"


def _show(args: argparse.Namespace) -> ExitCode:
    form = FORMATS[args.format]
    if args.strip:
        if args.format not in FLAVOURS:
            raise GenError(f"--strip goes below a drawing, not below --format {args.format}")
        form = replace(form, render=partial(_with_strip, form))
    made = render_saved(args.path, form, _options(args))
    data = made.encode() if isinstance(made, str) else made
    if args.output is not None:
        if not Path(args.output).name:
            raise GenError(f"--output '{args.output}' is no name of a file")
        write_bytes(Path(args.output), data)
    elif isinstance(made, str):
        print(made, end="")
    elif sys.stdout.isatty():
        raise GenError(f"--format {args.format} is no text for a terminal; -o FILE fits")
    else:
        sys.stdout.buffer.write(data)
    return ExitCode.OK


def _diff(args: argparse.Namespace) -> int:
    left, right = load_trace(args.left), load_trace(args.right)
    print(side_by_side(left, right, options.drawing(args)), end="")
    return _DIFFERENT if left.states != right.states or left.logs != right.logs else ExitCode.OK


def _replay(args: argparse.Namespace) -> int:
    trace = load_trace(args.path)
    name = args.design or trace.design
    design = find_design(name)
    if design.name != trace.design:
        raise GenError(f"{args.path} is a trace of {trace.design}, not of {design.name}")
    limits = _limits(args, trace.zone)
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    request = Check(
        design=design,
        zone=trace.zone,
        properties=(trace.prop,),
        toolchain=toolchain,
        tlc=limits,
        run_dir=make_run_dir(args.run_dir, f"replay-{design.name}"),
        made_by="gen replay",
        design_option=name,
    )
    verdict = confirm(request, trace)
    reason = verdict.message.removeprefix(UNCONFIRMED)
    odd = difference(trace, verdict.trace) if verdict.trace else ""
    if reason == ANOTHER_WAY:
        odd = f"{design.name} does not go through these states"
    elif odd:
        odd += " is not what TLC says"
    if odd:
        reason = f"{odd}; it was edited, or made by another version of this tool"
    if reason:
        code = ExitCode.NO_VERDICT if odd else verdict.code
        raise GenError(f"{args.path} is not confirmed: {reason}", code)
    print(
        f"[confirmed] {design.name}: {trace.prop.name}, {report.states(trace.length)}, "
        f"{verdict.seconds:.1f} s\nfiles: {request.run_dir}"
    )
    return ExitCode.OK


# ---- gen compare ---------------------------------------------------------------------


def _compare(args: argparse.Namespace) -> ExitCode:
    zone = options.zone(args)
    asked = options.names(args.properties, "--properties")
    chosen = find_properties(asked or [*(p.name for p in find_properties([])), *options.COMPARED])
    designs = [find_design(name) for name in args.designs]
    limits = _limits(args, zone)
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    run_dir = make_run_dir(args.run_dir, "compare")
    first, second = (
        Check(
            design=design,
            zone=zone,
            properties=tuple(chosen),
            toolchain=toolchain,
            tlc=limits,
            run_dir=directory,
            made_by=_check_command(zone, given, asked),
            design_option=given,
            easiest=True,
        )
        for design, given, directory in zip(
            designs, args.designs, compare.directories(run_dir), strict=True
        )
    )
    made = compare.compare((first, second))
    rows = [("", first.design.name, second.design.name)]
    rows += [(a.prop.name, table.words(a), table.words(b)) for a, b in made.rows]
    print(compare.table(rows))
    for request, verdict in compare.same_call_in_both(made):
        print(f"the same call in {request.design.name}:\n\n{report.drawing(verdict)}")
    print(f"checked: {zone.describe}\nfiles:   {run_dir}")
    verdicts = [verdict for row in made.rows for verdict in row]
    verdicts += [made.succeeds] if made.succeeds else []
    unknown = [v for v in verdicts if v.result is Result.NO_VERDICT]
    if unknown:
        _complain(report.trouble(unknown))
    return ExitCode.NO_VERDICT if unknown else ExitCode.OK


# ---- gen prove -----------------------------------------------------------------------


def _prove(args: argparse.Namespace) -> ExitCode:
    known = None
    if args.recheck is not None:
        known = load_certificate(Path(args.recheck))
        command = shlex.split(known["command"])[1:]
        limits = [
            *_given(args, "--jar", "--java", "--heap", "--timeout", "--scheduler"),
            "--no-cache",
        ]
        args = options.parse([*command, *limits])[1]
    if args.design is None:
        raise GenError("--design is missing: which one is to be proved?")
    names = options.names(args.obligations, "--obligations")
    for name in names:
        if name not in OBLIGATIONS:
            raise GenError(f"--obligations: unknown '{name}': {near_miss(name, [*OBLIGATIONS])}")
    zone = zone_of_any_size(options.zone(args))
    design = find_design(args.design)
    chosen = [p for p in find_properties(args.property or ["all"]) if provable(p)]
    if not chosen:
        raise GenError("--property: gen prove is for safety properties; gen check has the others")
    request = Check(
        design=design,
        zone=zone,
        properties=tuple(chosen),
        toolchain=_toolchain(args),
        tlc=_limits(args, zone),
        run_dir=make_run_dir(args.output, f"prove-{design.name}"),
        made_by=_prove_command(args, zone),
        design_option=args.design,
        cache=None if args.no_cache else Cache(),
        easiest=True,
    )
    with connect(args.scheduler, request.toolchain, request.tlc.workers) as executor:
        request = replace(request, executor=executor)
        print(f"{design.name}: {design.title}\n{proof_report.zone(zone)}", flush=True)
        made = prove(request, names, lambda done: print(proof_report.line(done), flush=True))
    print("\n" + proof_report.summary(made))
    for path in proof_report.write(made):
        print(f"files:       {path}")
    print(proof_report.observations(made))
    if known is not None:
        odd = differences(known, made.to_json())
        for line in odd:
            _complain(f"{args.design}: {line}")
        print(f"[{'differs' if odd else 'confirmed'}] the certificate of {design.name}")
        return ExitCode.NO_VERDICT if odd else ExitCode.OK
    return made.exit_code


def _given(args: argparse.Namespace, *names: str) -> list[str]:
    """These options as they were given, if they were."""
    values = ((name, getattr(args, name.strip("-"))) for name in names)
    return [word for name, value in values if value is not None for word in (name, str(value))]


def _prove_command(args: argparse.Namespace, zone: Zone) -> str:
    """The command line that makes a proof again."""
    flags = zone.flags[zone.flags.index("--order") :]
    asked = [word for name in args.property for word in ("--property", name)]
    if args.obligations != ",".join(OBLIGATIONS):
        asked += ["--obligations", args.obligations]
    return shlex.join(["gen", "prove", "--design", args.design, *flags, *asked])


# ---- the other commands --------------------------------------------------------------


def _render(args: argparse.Namespace) -> ExitCode:
    design, zone = find_design(args.design), options.zone(args)
    asked = find_properties(args.property, liveness=args.liveness, grain=zone.grain)
    chosen = [p for p in asked if design.has(p.needs) and p.grain in ("", zone.grain)]
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
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    for written in gallery.renew(Path(args.directory), toolchain):
        print(written)
    return ExitCode.OK


def _designs(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, design_names()))
    for name in design_names():
        design = find_design(name)
        print(f"{name:{width}}  {design.title}\n{'':{width}}  {design.source}")
        if design.shown_by:
            print(f"{'':{width}}  {design.shown_by.command(name)}")
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
    "matrix": _matrix,
    "compare": _compare,
    "prove": _prove,
    "render": _render,
    "show": _show,
    "diff": _diff,
    "replay": _replay,
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
    # Whoever greps the output of a check or a matrix finds these words after every trouble.
    mark = (
        "no verdict: " if {"check", "matrix", "compare", "prove", "replay"} & {*asked[:1]} else ""
    )
    try:
        parser, args = options.parse(asked)
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
