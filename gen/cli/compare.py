"""``gen compare``: two designs side by side."""

from __future__ import annotations

import argparse

from gen import printable
from gen.check import compare
from gen.check.request import Check
from gen.check.verdict import Result
from gen.cli import options
from gen.cli.common import check_command, limits_of, run_dir_of
from gen.cli.console import complain, say
from gen.errors import ExitCode
from gen.model.design import find_design
from gen.model.property import compared, find_properties
from gen.report import table, words
from gen.tlc import aot
from gen.tlc.toolchain import find_toolchain


def run(args: argparse.Namespace) -> ExitCode:
    zone = options.zone(args)
    asked = options.names(args.properties, "--properties")
    chosen = find_properties(asked or [*(p.name for p in find_properties([])), *compared()])
    designs = [find_design(name) for name in args.designs]
    limits = limits_of(args, zone)
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    run_dir = run_dir_of(args.run_dir, "compare")
    first, second = (
        Check(
            design=design,
            zone=zone,
            properties=tuple(chosen),
            toolchain=toolchain,
            tlc=limits,
            run_dir=directory,
            made_by=check_command(zone, given, asked),
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
    say(compare.table(rows))
    for request, verdict in compare.same_call_in_both(made):
        say(f"the same call in {request.design.name}:\n\n{words.drawing(verdict)}")
    say(f"checked: {zone.describe}\nfiles:   {printable.line(str(run_dir))}")
    verdicts = [verdict for row in made.rows for verdict in row]
    verdicts += [made.succeeds] if made.succeeds else []
    unknown = [v for v in verdicts if v.result is Result.NO_VERDICT]
    if unknown:
        complain(words.trouble(unknown))
    return ExitCode.NO_VERDICT if unknown else ExitCode.OK
