"""``gen prove``: prove a design for any number of CPUs and any zone size."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen import printable
from gen.check.exercised import in_words, where_it_acts
from gen.check.request import Check
from gen.check.runner import Runner
from gen.cli import options
from gen.cli.common import limits_of, run_dir_of, toolchain_of
from gen.cli.console import complain, say
from gen.errors import ExitCode, GenError, near_miss
from gen.model.assumption import in_short
from gen.model.design import design_names, find_design
from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.prove.certificate import command_words, differences, load_certificate
from gen.prove.obligations import OBLIGATIONS, provable, zone_of_any_size
from gen.prove.prover import prove
from gen.report import proof
from gen.tlc.dask import connect


def run(args: argparse.Namespace) -> ExitCode:
    known, given = None, args.design
    if args.recheck is not None:
        known = load_certificate(Path(args.recheck))
        args = _asked_again(args, known)
        given = given or args.design
    if args.design is None:
        raise GenError("--design is missing: which one is to be proved?")
    names = options.names(args.obligations, "--obligations")
    for name in names:
        if name not in OBLIGATIONS:
            raise GenError(f"--obligations: unknown '{name}': {near_miss(name, [*OBLIGATIONS])}")
    with options.named_by_options():
        zone = zone_of_any_size(options.zone(args))
    design = find_design(given)
    command = _prove_command(args, zone)
    if known is not None:
        _check_question(args.recheck, known, (design.told, command, zone.flags))
    chosen = [p for p in find_properties(args.property or ["all"]) if provable(p)]
    if not chosen:
        raise GenError("--property: gen prove is for safety properties; gen check has the others")
    request = Check(
        design=design,
        zone=zone,
        properties=tuple(chosen),
        toolchain=toolchain_of(args),
        tlc=limits_of(args, zone),
        run_dir=run_dir_of(args.output, f"prove-{design.name}"),
        made_by=command,
        design_option=given,
        easiest=True,
    )
    with connect(args.scheduler, request.toolchain, request.tlc.workers) as executor:
        request = replace(request, executor=executor)
        say(f"{design.told}: {design.title}\n{proof.zone(zone)}", flush=True)
        _check_that_it_acts(request)
        made = prove(request, names, lambda done: say(proof.line(done), flush=True))
    say("\n" + proof.summary(made))
    say(f"rests on:    {in_short(made.assumptions)}")
    for path in proof.write(made):
        say(f"files:       {printable.line(str(path))}")
    say(proof.observations(made))
    if known is not None:
        odd = differences(known, made.to_json())
        for line in odd:
            complain(f"{args.recheck}: {line}")
        say(f"[{'differs' if odd else 'confirmed'}] the certificate of {design.name}")
        return ExitCode.NO_VERDICT if odd else ExitCode.OK
    return made.exit_code


def _check_that_it_acts(request: Check) -> None:
    """GenError if a user's design takes no step that its base does not take: nothing is proved
    of a change by a proof of what has not changed."""
    if request.design.changes is None or request.design.shipped:
        return
    why = where_it_acts(Runner(request))[1]
    if why is not None:
        raise GenError(f"not exercised: {in_words(request, why)}", ExitCode.NO_VERDICT)


def _asked_again(args: argparse.Namespace, known: Mapping[str, Any]) -> argparse.Namespace:
    """The question of a certificate, as data; how it is answered is as it was given here."""
    words = command_words(known["command"])
    if args.design is None and words[3] not in design_names():
        raise GenError(
            f"{args.recheck} is of a design file; --design FILE beside --recheck says which"
        )
    asked = options.parse(words[1:])[1]
    for name in ("recheck", "jar", "java", "heap", "timeout", "workers", "scheduler", "output"):
        setattr(asked, name, getattr(args, name))
    return asked


def _check_question(
    path: str, known: Mapping[str, Any], asked: tuple[str, str, Sequence[str]]
) -> None:
    """GenError if a certificate says of itself that it is about something else."""
    for field, now in zip(("design", "command", "zone"), asked, strict=True):
        if known[field] != now:
            raise GenError(f"{path}: its {field} is {known[field]!r}; {now!r} fits")


def _prove_command(args: argparse.Namespace, zone: Zone) -> str:
    """The command line that makes a proof again."""
    flags = zone.flags[zone.flags.index("--order") :]
    asked = [word for name in args.property for word in ("--property", name)]
    if args.obligations != ",".join(OBLIGATIONS):
        asked += ["--obligations", args.obligations]
    return shlex.join(["gen", "prove", "--design", args.design, *flags, *asked])
