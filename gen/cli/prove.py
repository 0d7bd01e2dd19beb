"""``gen prove``: prove a design for any number of CPUs and any zone size."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path

from gen.check.acts import Acting, acts, would_exercise
from gen.check.request import Check
from gen.check.runner import Runner
from gen.cli import options
from gen.cli.common import limits_of, run_dir_of, toolchain_of
from gen.cli.console import complain
from gen.errors import ExitCode, GenError, near_miss
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.prove.certificate import differences, load_certificate
from gen.prove.obligations import OBLIGATIONS, provable, zone_of_any_size
from gen.prove.prover import prove
from gen.report import proof, words
from gen.tlc.cache import Cache
from gen.tlc.dask import connect


def run(args: argparse.Namespace) -> ExitCode:
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
    with options.named_by_options():
        zone = zone_of_any_size(options.zone(args))
    design = find_design(args.design)
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
        made_by=_prove_command(args, zone),
        design_option=args.design,
        cache=None if args.no_cache else Cache(),
        easiest=True,
    )
    with connect(args.scheduler, request.toolchain, request.tlc.workers) as executor:
        request = replace(request, executor=executor)
        print(f"{design.told}: {design.title}\n{proof.zone(zone)}", flush=True)
        _check_that_it_acts(request)
        made = prove(request, names, lambda done: print(proof.line(done), flush=True))
    print("\n" + proof.summary(made))
    for path in proof.write(made):
        print(f"files:       {path}")
    print(proof.observations(made))
    if known is not None:
        odd = differences(known, made.to_json())
        for line in odd:
            complain(f"{args.design}: {line}")
        print(f"[{'differs' if odd else 'confirmed'}] the certificate of {design.name}")
        return ExitCode.NO_VERDICT if odd else ExitCode.OK
    return made.exit_code


def _check_that_it_acts(request: Check) -> None:
    """GenError if a user's design takes no step that its base does not take: nothing is proved
    of a change by a proof of what has not changed."""
    base = request.design.changes
    if base is None or request.design.shipped:
        return
    found = acts(Runner(request), base, request.applicable)
    if found.acting is not Acting.ACTS:
        more = would_exercise(request, base, request.applicable)
        why = words.not_exercised(request, found, more)
        raise GenError(f"not exercised: {why}", ExitCode.NO_VERDICT)


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
