"""The commands that list, print or renew something: no search of their own."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from gen import printable
from gen.cli import options
from gen.cli.console import say
from gen.errors import ExitCode, GenError
from gen.files import write_text
from gen.model.design import Design, design_names, find_design
from gen.model.property import Property, find_properties, properties
from gen.model.render import render
from gen.model.start import starting_design
from gen.model.zone import Zone
from gen.report import gallery
from gen.report.module_diff import module_diff
from gen.tlc import aot
from gen.tlc.doctor import diagnose
from gen.tlc.toolchain import find_toolchain


def print_spec(args: argparse.Namespace) -> ExitCode:
    design, zone = find_design(args.design), options.zone(args)
    asked = find_properties(args.property, liveness=args.liveness, grain=zone.grain)
    chosen = [p for p in asked if design.has(p.needs) and p.grain in ("", zone.grain)]
    made_by = shlex.join(["gen", "render", *zone.flags, "--design", args.design])
    spec = render(design, zone, chosen, made_by)
    if args.against is not None:
        return _print_difference(args.against, design, spec.tla, zone, chosen)
    if not args.cfg:
        say(spec.tla, end="")
    if not args.tla:
        if not args.cfg:
            say(f"\n\\* ---- {spec.name}.cfg ----")
        say(spec.cfg, end="")
    return ExitCode.OK


def _print_difference(
    against: str, design: Design, tla: str, zone: Zone, properties: Sequence[Property]
) -> ExitCode:
    """What differs from another design's module; like diff, 1 if anything does."""
    base = find_design(against)
    shared = [p for p in properties if base.has(p.needs)]
    if len(shared) < len(properties):  # of what is said of both
        tla = render(design, zone, shared).tla
    told = module_diff(render(base, zone, shared).tla, tla, base.told, design.told)
    say(told, end="")
    return ExitCode.DIFFERENT if told else ExitCode.OK


def new_design(args: argparse.Namespace) -> ExitCode:
    """Write the start of a design of the user's own."""
    base = find_design(args.base)
    path = Path(f"{args.name}.toml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,60}", args.name, re.ASCII):
        raise GenError(f"'{args.name}': a name of letters, digits, '.', '_', '+' and '-' fits")
    if not printable.is_line(args.base):
        raise GenError(f"--base '{args.base}': no file can name such a path; another one fits")
    if args.name in design_names():
        raise GenError(f"'{args.name}' is a design that comes with the tool; another name fits")
    if path.exists() or path.is_symlink():
        raise GenError(f"{path} exists; another name fits")
    write_text(path, starting_design(args.name, args.base, base))
    say(f"{path}\ngen check --design {shlex.quote(str(path))}")
    return ExitCode.OK


def doctor(args: argparse.Namespace) -> ExitCode:
    findings, healthy = diagnose(args.java, args.jar, os.environ)
    for finding in findings:
        say(f"[{'ok' if finding.ok else 'wrong'}] {finding.what}: {printable.line(finding.detail)}")
    return ExitCode.OK if healthy else ExitCode.SYSTEM


def renew_gallery(args: argparse.Namespace) -> ExitCode:
    if not args.directory:
        raise GenError("an empty name; a directory for the counterexamples fits")
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    for written in gallery.renew(Path(args.directory), toolchain):
        say(printable.line(str(written)))
    return ExitCode.OK


def list_designs(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, design_names()))
    for name in design_names():
        design = find_design(name)
        say(f"{name:{width}}  {design.title}\n{'':{width}}  {design.source}")
        if design.shown_by:
            say(f"{'':{width}}  {design.shown_by.command(name)}")
    return ExitCode.OK


def list_properties(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, properties()))
    for prop in properties().values():
        default = "" if prop.by_default else " (not by default)"
        say(f"{prop.name:{width}}  {prop.statement}{default}\n{'':{width}}  {prop.source}")
    return ExitCode.OK
