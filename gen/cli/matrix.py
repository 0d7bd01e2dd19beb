"""``gen matrix``: every design checked, and the table of verdicts."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gen import printable
from gen.check import matrix
from gen.check.matrix import Matrix, Row
from gen.check.request import Check
from gen.cli import options
from gen.cli.common import check_command, keeps, limits_of, run_dir_of, toolchain_of
from gen.cli.console import complain, interrupted, note, say
from gen.draw.formats import FORMATS
from gen.draw.svg import check_png
from gen.errors import ExitCode, GenError
from gen.model.design import find_designs
from gen.model.property import find_properties
from gen.prove.certificate import certified, unreadable
from gen.report import matrix_files, table
from gen.report.progress import Ticker
from gen.tlc.cache import Cache
from gen.tlc.dask import connect
from gen.tlc.options import memory_bytes


def run(args: argparse.Namespace) -> int:
    zone = options.zone(args)
    designs = find_designs(options.names(args.designs, "--designs"))
    asked = options.names(args.properties, "--properties")
    chosen = find_properties(asked)
    matrix_files.check_names([design.name for design in designs.values()])
    limits = limits_of(args, zone)
    jobs = 0
    if args.scheduler is None:
        jobs, limits = matrix.share(limits, matrix.cores(), memory_bytes())
    if args.png:
        check_png()
    toolchain = toolchain_of(args)
    output = matrix_files.check_output(args.output)
    keep = keeps(args)
    for line in unreadable(design.name for design in designs.values()):
        complain(line)
    run_dir = run_dir_of(None, "matrix")
    requests = []
    for number, (given, design) in enumerate(designs.items()):
        request = Check(
            design=design,
            zone=zone,
            properties=tuple(chosen),
            toolchain=toolchain,
            tlc=limits,
            run_dir=run_dir / f"{number}-{matrix_files.slug(design.name)}",
            made_by=check_command(zone, given, asked),
            design_option=given,
            cache=Cache() if keep else None,
            easiest=True,
        )
        request.run_dir.mkdir()
        requests.append(request)
    try:
        with connect(args.scheduler, toolchain, limits.workers) as executor:
            requests = [replace(request, executor=executor) for request in requests]
            made, seconds = _run_matrix(requests, jobs or executor.lanes)
        # Before a word is printed: stdout may be closed, or a full disk.
        written, trouble = _write(made, output, [*FORMATS] if args.png else matrix_files.QUICK)
    except BaseException:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise
    if made.complete:
        shutil.rmtree(run_dir, ignore_errors=True)
    _tell_matrix(made, seconds)
    for path in written:
        say(f"files:   {printable.line(str(path))}")
    if not made.complete:
        say(f"runs:    {printable.line(str(run_dir))}")
    if trouble is not None:
        raise trouble
    if made.interrupted is not None:
        return interrupted(made.interrupted)
    return ExitCode.OK if made.complete else ExitCode.NO_VERDICT


def _write(
    made: Matrix, output: Path, formats: Sequence[str]
) -> tuple[list[Path], GenError | None]:
    """The files that were written, and what stood in the way; of half a matrix there are none."""
    if made.interrupted is not None:
        return [], None
    try:
        return matrix_files.write(made, output, formats), None
    except GenError as e:
        return [], e


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
        with contextlib.suppress(OSError):  # a terminal that has gone
            note(f"{row.design.name}: {table.counts(row)}, {took}")

    try:
        made = matrix.run(requests, jobs, ticker, on_row, certified)
    finally:
        ticker.clear()
    return made, time.monotonic() - ticker.started


def _tell_matrix(made: Matrix, seconds: float) -> None:
    if not made.complete:
        complain(table.trouble(made))
    # Where nobody sees an edge, every cell is in full.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    say(table.plain(made, width))
    say(table.summary(made, seconds), end="", flush=True)
