"""``gen show``, ``gen diff`` and ``gen replay``: commands on saved traces."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial

from gen import printable
from gen.check.confirm import ANOTHER_WAY, UNCONFIRMED, confirm
from gen.check.request import Check
from gen.cli import options
from gen.cli.common import draw_options, limits_of, run_dir_of
from gen.cli.console import say
from gen.draw import strip_text
from gen.draw.formats import FLAVOURS, FORMATS, Format
from gen.draw.options import DrawOptions
from gen.draw.saved import difference, find_trace, load_trace, render_saved
from gen.draw.side_by_side import side_by_side, where_they_part
from gen.errors import ExitCode, GenError
from gen.files import outputs
from gen.model.design import Design, design_from_table, find_design
from gen.report import words
from gen.tlc import aot
from gen.tlc.toolchain import find_toolchain
from gen.trace.trace import Trace


def _with_strip(form: Format, trace: Trace, wanted: DrawOptions) -> str:
    drawing = form.render(trace, wanted)
    assert isinstance(drawing, str)  # a flavour is text
    return f"{drawing}\n{strip_text.text(trace, wanted)}"


def show(args: argparse.Namespace) -> ExitCode:
    form = FORMATS[args.format]
    if args.strip:
        if args.format not in FLAVOURS:
            raise GenError(f"--strip goes below a drawing, not below --format {args.format}")
        form = replace(form, render=partial(_with_strip, form))
    output = outputs({"--output": args.output}, [find_trace(args.path)]).get("--output")
    made = render_saved(args.path, form, draw_options(args))
    data = made.encode() if isinstance(made, str) else made
    if not isinstance(made, str) and (output.shown if output else sys.stdout.isatty()):
        raise GenError(f"--format {args.format} is no text for a terminal; -o FILE fits")
    if output is not None:
        output.write(data)
    elif isinstance(made, str):
        say(made, end="", ours=strip_text.COLOURS)
    else:
        sys.stdout.buffer.write(data)
    return ExitCode.OK


def diff(args: argparse.Namespace) -> int:
    left, right = load_trace(args.left), load_trace(args.right)
    say(side_by_side(left, right, options.drawing(args)), end="")
    return ExitCode.DIFFERENT if where_they_part(left, right) else ExitCode.OK


def _design_of(trace: Trace, path: str, named: str | None) -> Design:
    """The design that was named, or the one that the trace carries, or else names."""
    if named:
        return find_design(named)
    if trace.carried is not None and named is None:
        return design_from_table(find_trace(path), trace.carried.table)
    try:
        return find_design(trace.design)
    except GenError as e:
        raise GenError(f"{path}: {e.message}") from None


def replay(args: argparse.Namespace) -> int:
    trace = load_trace(args.path)
    carried = trace.carried if args.design is None else None
    name = args.design or trace.design
    design = _design_of(trace, args.path, args.design)
    if design.name != trace.design:
        raise GenError(f"{args.path} is a trace of {trace.design}, not of {design.name}")
    limits = limits_of(args, trace.zone)
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    request = Check(
        design=design,
        zone=trace.zone,
        properties=(trace.prop,),
        toolchain=toolchain,
        tlc=limits,
        run_dir=run_dir_of(args.run_dir, f"replay-{design.name}"),
        made_by="gen replay",
        design_option=name,
    )
    try:
        verdict = confirm(request, trace, own=carried is not None)
    except GenError as e:
        raise GenError(f"{args.path}: {e.message.removeprefix('no verdict: ')}", e.code) from None
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
    say(
        f"[confirmed] {design.told}: {trace.prop.name}, {words.states(trace.length)}, "
        f"{verdict.seconds:.1f} s\n"
        f"{words.carried(carried) if carried else ''}files: {printable.line(str(request.run_dir))}"
    )
    return ExitCode.OK
