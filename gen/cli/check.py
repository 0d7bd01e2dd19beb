"""``gen check``: search a design for violations, and draw them."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gen import printable
from gen.check.against import Against, check_names, hold_against, past_old
from gen.check.exercised import changes_nothing, exercised
from gen.check.past import Past
from gen.check.request import Check
from gen.check.session import Stopped, check
from gen.check.verdict import Result, Verdict, withdraw
from gen.cli import aot as aot_cache
from gen.cli import options
from gen.cli.common import check_command, draw_options, limits_of, run_dir_of
from gen.cli.console import complain, interrupted, mute, say
from gen.draw import strip_text
from gen.errors import ExitCode, GenError
from gen.files import Output, outputs, write_json, write_text
from gen.model.assumption import assumptions
from gen.model.design import design_files, find_design
from gen.model.property import find_properties
from gen.report import against as compared
from gen.report import result, words
from gen.report.junit import junit
from gen.report.progress import Ticker
from gen.report.sarif import sarif
from gen.tlc import aot
from gen.tlc.toolchain import find_toolchain


class _Printer:
    """Prints a verdict when it is there: the first property's at once, the others in order."""

    def __init__(self, request: Check, args: argparse.Namespace, ticker: Ticker) -> None:
        self.request, self.args, self.ticker = request, args, ticker
        self.drawn: set[str] = set()
        #: Why something was not printed: stdout is closed, or a full disk.  The rest is done first.
        self.unsaid: OSError | None = None
        #: Known before the first verdict is printed, if the design is held against another one.
        self.against: Against | None = None

    def __call__(self, verdict: Verdict) -> None:
        if verdict.trace is None:
            return
        text = self.drawing(verdict)
        drawing_file, trace_file = result.trace_files(self.request.run_dir, verdict)
        write_text(drawing_file, text)
        write_json(trace_file, verdict.trace.to_json())
        if verdict.prop == self.request.applicable[0] and self.in_full(verdict):
            self.draw(verdict)

    def past(self, verdict: Verdict, past: Past) -> None:
        """What is known beside a violation that is old; what is new instead of it."""
        assert self.against is not None
        self.against = self.against.knowing(verdict.prop.name, past)
        if self.against.is_new(verdict):
            self(verdict)

    def in_full(self, verdict: Verdict) -> bool:
        """Whether it is drawn: the first that can be; held against another one, all that is new."""
        if verdict.trace is None:
            return False
        return not self.drawn if self.against is None else self.against.is_new(verdict)

    def drawing(self, verdict: Verdict) -> str:
        return words.drawing(verdict, options.drawing(self.args), self.args.flavour)

    def draw(self, verdict: Verdict) -> None:
        self.ticker.clear()
        self.drawn.add(verdict.prop.name)
        text = self.drawing(verdict)
        if self.args.strip and verdict.trace is not None:
            text += "\n" + strip_text.text(verdict.trace, draw_options(self.args))
        try:
            say(words.long_form(self.request, verdict, text), flush=True, ours=strip_text.COLOURS)
        except BrokenPipeError:  # who reads has seen enough
            raise
        except OSError as e:
            self.unsaid = e
            mute(sys.stdout)

    def finish(self, verdicts: Sequence[Verdict]) -> None:
        """What has not been drawn yet: what is to be drawn in full, the rest in short."""
        for verdict in verdicts:
            if verdict.prop.name in self.drawn:
                continue
            if self.in_full(verdict):
                self.draw(verdict)
            elif self.against is None:
                say(words.short_form(self.request, verdict))
            else:
                say(compared.short_form(self.request, verdict, self.against))
        for note in compared.notes(verdicts, self.against) if self.against else ():
            say(note)


def _exit_code(verdicts: Sequence[Verdict], against: Against | None = None) -> ExitCode:
    """0 only if there was a search, and no property was violated or left without a verdict.

    ``against``: what is violated there too is a verdict, and no more.
    """
    results = [v.result for v in verdicts]
    if _violated(verdicts, against):
        return ExitCode.SAFETY
    for verdict in verdicts:
        if verdict.result is Result.NO_VERDICT and verdict.code is not ExitCode.OK:
            return verdict.code
    searched = {*results} - {Result.VACUOUS}
    settled = Result.NO_VERDICT not in results and all(v.exercised for v in verdicts)
    return ExitCode.OK if searched and settled else ExitCode.NO_VERDICT


def run(args: argparse.Namespace) -> int:
    design, zone = find_design(args.design), options.zone(args)
    chosen = find_properties(args.property, liveness=args.liveness, grain=zone.grain)
    if args.assumptions:
        for assumed in assumptions(design, zone, chosen):
            say(f"{assumed.name}: {assumed.sentence}")
        return ExitCode.OK
    limits = limits_of(args, zone)
    written = _outputs(args)
    base = None if args.against is None else find_design(args.against)
    if base is not None:
        check_names(design, base)
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    run_dir = Path(args.run_dir or "RUN") if args.dry_run else run_dir_of(args.run_dir, design.name)
    request = Check(
        design=design,
        zone=zone,
        properties=tuple(chosen),
        toolchain=toolchain,
        tlc=limits,
        run_dir=run_dir,
        made_by=check_command(zone, args.design, args.property, args.liveness, args.against),
        design_option=args.design,
        against_option=args.against or "",
        easiest=True,
        all_shortest=args.all_shortest,
    )
    other = None
    if base is not None:
        other = replace(
            request,
            design=base,
            run_dir=run_dir / "against",
            made_by=check_command(zone, args.against, args.property, args.liveness),
            design_option=args.against,
            against_option="",
            # Only whether it is violated is asked of it, and how soon.
            easiest=False,
            all_shortest=False,
        )
    asked = [one for one in (other, request) if one is not None]
    for one in asked:
        if one.design.patch:
            one.spec(one.applicable)  # what does not fit in it is told before any search
    if args.dry_run:
        for one in asked:
            spec = one.spec(one.properties[:1])
            say(printable.line(shlex.join(one.command(one.run_dir / "first", spec))))
        return ExitCode.OK
    return _run_check(request, other, args, written)


def _outputs(args: argparse.Namespace) -> dict[str, Output]:
    """The files for CI, by option; GenError if they cannot be."""
    given = {"--junit": args.junit, "--sarif": args.sarif}
    if not any(given.values()):
        return outputs(given)
    designs = [name for name in (args.design, args.against) if name is not None]
    read = [path for name in designs for path in design_files(name)]
    made = outputs(given, [*read, args.jar, args.java])
    for option, output in made.items():
        # The directory of the run may be there already, empty; what the run will write is not.
        name = output.path.name
        inside = args.run_dir and output.path.parent.resolve() == Path(args.run_dir).resolve()
        if inside and (name == "result.json" or name.endswith((".trace.json", ".txt"))):
            raise GenError(
                f"{option} '{output.path}': the run writes such a file; another name fits"
            )
    return made


def _run_check(
    request: Check, base: Check | None, args: argparse.Namespace, written: Mapping[str, Output]
) -> int:
    """``base``: the check of the design that this one is held against, if it is."""
    ticker = Ticker()
    printer = _Printer(request, args, ticker)
    started = time.monotonic()
    code: int | None = None
    reason = ""
    try:
        nothing = changes_nothing(request)
        if base is not None and not nothing:
            base.run_dir.mkdir()
            printer.against = hold_against(request, base, ticker)
        verdicts = nothing or check(request, ticker, printer)
        if base is not None and printer.against is not None:
            verdicts = _go_past(request, base, verdicts, printer)
    except Stopped as stopped:
        verdicts = stopped.verdicts
        if isinstance(stopped.cause, GenError):
            reason = stopped.cause.message
            code = None if _violated(verdicts, printer.against) else stopped.cause.code
        else:
            reason = f"interrupted {ticker.how_far()}"
            code = interrupted(stopped.cause)
        verdicts = withdraw(verdicts, reason)
    finally:
        ticker.clear()
    acted, against = None, printer.against
    if code is None and not nothing and _exit_code(verdicts, against) is ExitCode.OK:
        try:
            verdicts, acted = exercised(request, verdicts, ticker)
        finally:
            ticker.clear()
        if acted is not None and acted.trace is not None:
            write_json(request.run_dir / "acts.trace.json", acted.trace.to_json())
        # Where nothing but old violations was found, there is no [ok] to be withdrawn.
        reason = next((v.message for v in verdicts if not v.exercised), "")
    seconds = time.monotonic() - started
    try:
        kept = result.result_json(request, verdicts, seconds, against)
        write_json(request.run_dir / "result.json", kept)
        for option, made in (("--junit", junit), ("--sarif", sarif)):
            if option in written:
                text = made(request, verdicts, against)
                written[option].write(text.encode("utf-8", "backslashreplace"))
    except GenError as e:
        reason = reason or e.message
        verdicts = withdraw(verdicts, reason)
    trouble = words.trouble(verdicts, reason)
    if _violated(verdicts, against) and all(v.result is not Result.NO_VERDICT for v in verdicts):
        # A violation is one, whatever could not be done besides.
        trouble = trouble.removeprefix("no verdict: ")
    trouble = compared.trouble(trouble, against)
    if trouble:
        complain(trouble)
    printer.finish(verdicts)
    if len(verdicts) > 1:
        say()
    if acted is not None and (acted.trace is not None or all(v.exercised for v in verdicts)):
        say(words.acts(request, acted), flush=True)
    counts = compared.counts(verdicts, against) if against else ""
    known = not (against and against.unknown)
    say(words.summary(request, verdicts, seconds, counts, known), end="", flush=True)
    if printer.unsaid is not None:
        raise printer.unsaid
    if code is not None:
        return code
    aot_cache.later(args.java, args.jar, request.toolchain)
    code = _exit_code(verdicts, against)
    # Old violations alone are no reason to end with 0 what had trouble.
    clean = known and not reason
    return code if clean or code is not ExitCode.OK else ExitCode.NO_VERDICT


def _go_past(
    request: Check, base: Check, verdicts: Sequence[Verdict], printer: _Printer
) -> list[Verdict]:
    """The verdicts, with what is new of a property that the base violates too.

    Raises Stopped, as a check does, with what was known then.
    """
    assert printer.against is not None
    found = {verdict.prop.name: verdict for verdict in verdicts}

    def told(verdict: Verdict, past: Past) -> None:
        found[verdict.prop.name] = verdict
        printer.past(verdict, past)

    try:
        past_old(request, base, printer.against, verdicts, told, printer.ticker)
    except (KeyboardInterrupt, GenError) as e:
        raise Stopped([*found.values()], e) from None
    return [*found.values()]


def _violated(verdicts: Sequence[Verdict], against: Against | None) -> bool:
    """Whether anything is violated, but for what is violated there too."""
    return any(v.violated and not (against and against.is_old(v)) for v in verdicts)
