"""``gen check``: search a design for violations, and draw them."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gen.check.acts import Acting, Acts, acts, would_exercise
from gen.check.request import Check
from gen.check.runner import Runner
from gen.check.session import Stopped, check
from gen.check.verdict import Result, Verdict
from gen.cli import aot as aot_cache
from gen.cli import options
from gen.cli.common import check_command, draw_options, limits_of
from gen.cli.console import complain, interrupted
from gen.draw import strip_text
from gen.errors import ExitCode, GenError
from gen.files import write_json, write_text
from gen.model.acts import render_acts
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.report import result, words
from gen.report.junit import junit
from gen.report.progress import Ticker
from gen.report.sarif import sarif
from gen.run_dir import make_run_dir
from gen.tlc import aot
from gen.tlc.toolchain import find_toolchain


class _Printer:
    """Prints a verdict when it is there: the first property's at once, the others in order."""

    def __init__(self, request: Check, args: argparse.Namespace, ticker: Ticker) -> None:
        self.request, self.args, self.ticker = request, args, ticker
        self.drawn: str | None = None

    def __call__(self, verdict: Verdict) -> None:
        if verdict.trace is None:
            return
        text = self.drawing(verdict)
        drawing_file, trace_file = result.trace_files(self.request.run_dir, verdict)
        write_text(drawing_file, text)
        write_json(trace_file, verdict.trace.to_json())
        if verdict.prop == self.request.applicable[0]:
            self.draw(verdict)

    def drawing(self, verdict: Verdict) -> str:
        return words.drawing(verdict, options.drawing(self.args), self.args.flavour)

    def draw(self, verdict: Verdict) -> None:
        self.ticker.clear()
        self.drawn = verdict.prop.name
        text = self.drawing(verdict)
        if self.args.strip and verdict.trace is not None:
            text += "\n" + strip_text.text(verdict.trace, draw_options(self.args))
        print(words.long_form(self.request, verdict, text), flush=True)

    def finish(self, verdicts: Sequence[Verdict]) -> None:
        """What has not been drawn yet: the first violation in full, the rest in short."""
        for verdict in verdicts:
            if self.drawn is None and verdict.trace is not None:
                self.draw(verdict)
            elif verdict.prop.name != self.drawn:
                print(words.short_form(self.request, verdict))


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


def run(args: argparse.Namespace) -> int:
    design, zone = find_design(args.design), options.zone(args)
    chosen = find_properties(args.property, liveness=args.liveness, grain=zone.grain)
    limits = limits_of(args, zone)
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
        made_by=check_command(zone, args.design, args.property, args.liveness),
        design_option=args.design,
        easiest=True,
        all_shortest=args.all_shortest,
    )
    if design.patch:
        request.spec(request.applicable)  # what does not fit in it is told before any search
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
        nothing = _changes_nothing(request)
        verdicts = nothing or check(request, ticker, printer)
    except Stopped as stopped:
        verdicts = stopped.verdicts
        if isinstance(stopped.cause, GenError):
            reason = stopped.cause.message
            code = None if _violated(verdicts) else stopped.cause.code
        else:
            reason = f"interrupted {ticker.how_far()}"
            code = interrupted(stopped.cause)
        verdicts = _withdraw(verdicts, reason)
    finally:
        ticker.clear()
    acted = None
    if code is None and not nothing and _exit_code(verdicts) is ExitCode.OK:
        verdicts, acted = _exercised(request, verdicts, ticker)
    seconds = time.monotonic() - started
    try:
        kept = result.result_json(request, verdicts, seconds)
        write_json(request.run_dir / "result.json", kept)
        for given, made in ((args.junit, junit), (args.sarif, sarif)):
            if given is not None:
                write_text(Path(given), made(request, verdicts))
    except GenError as e:
        reason = reason or e.message
        verdicts = _withdraw(verdicts, reason)
    trouble = words.trouble(verdicts, reason)
    if trouble:
        complain(trouble)
    printer.finish(verdicts)
    if len(verdicts) > 1:
        print()
    if acted is not None and (acted.trace is not None or all(v.exercised for v in verdicts)):
        print(words.acts(request, acted), flush=True)
    print(words.summary(request, verdicts, seconds), end="", flush=True)
    if code is None:
        aot_cache.later(args.java, args.jar, request.toolchain)
    return _exit_code(verdicts) if code is None else code


def _changes_nothing(request: Check) -> list[Verdict]:
    """No verdict on anything if a user's design is its base in all that is modelled here."""
    base, asked = request.design.changes, request.applicable
    if base is None or request.design.shipped or not asked:
        return []
    if render_acts(request.design, base, request.zone, asked) is not None:
        return []
    found = Acts(Acting.NOTHING, base.name)
    return _not_exercised(request, [Verdict(p, Result.HOLDS) for p in request.properties], found)


def _exercised(
    request: Check, verdicts: list[Verdict], ticker: Ticker
) -> tuple[list[Verdict], Acts | None]:
    """The verdicts, withdrawn if a user's change was never met: [ok] would say nothing of it.

    Of a design that comes with the tool it is a note alone.
    """
    base = request.design.changes
    if base is None:
        return verdicts, None
    try:
        found = acts(Runner(request, ticker), base, request.applicable)
    finally:
        ticker.clear()
    if found.trace is not None:
        write_json(request.run_dir / "acts.trace.json", found.trace.to_json())
    if found.acting is Acting.ACTS or request.design.shipped:
        return verdicts, found
    return _not_exercised(request, verdicts, found), found


def _not_exercised(request: Check, verdicts: Sequence[Verdict], found: Acts) -> list[Verdict]:
    assert request.design.changes is not None
    more = would_exercise(request, request.design.changes, request.applicable)
    why = words.not_exercised(request, found, more)
    none = {"result": Result.NO_VERDICT, "exercised": False, "code": ExitCode.NO_VERDICT}
    return [
        replace(v, message=why, **none) if v.result is Result.HOLDS else v  # type: ignore[arg-type]
        for v in verdicts
    ]


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
