"""The commands that list, print or renew something: no search of their own."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

from gen.cli import options
from gen.errors import ExitCode
from gen.model.design import design_names, find_design
from gen.model.property import find_properties, properties
from gen.model.render import render
from gen.report import gallery
from gen.tlc import aot
from gen.tlc.doctor import diagnose
from gen.tlc.toolchain import find_toolchain


def print_spec(args: argparse.Namespace) -> ExitCode:
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


def doctor(args: argparse.Namespace) -> ExitCode:
    findings, healthy = diagnose(args.java, args.jar, os.environ)
    for finding in findings:
        print(f"[{'ok' if finding.ok else 'wrong'}] {finding.what}: {finding.detail}")
    return ExitCode.OK if healthy else ExitCode.SYSTEM


def renew_gallery(args: argparse.Namespace) -> ExitCode:
    toolchain = aot.sooner(find_toolchain(args.java, args.jar))
    for written in gallery.renew(Path(args.directory), toolchain):
        print(written)
    return ExitCode.OK


def list_designs(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, design_names()))
    for name in design_names():
        design = find_design(name)
        print(f"{name:{width}}  {design.title}\n{'':{width}}  {design.source}")
        if design.shown_by:
            print(f"{'':{width}}  {design.shown_by.command(name)}")
    return ExitCode.OK


def list_properties(_args: argparse.Namespace) -> ExitCode:
    width = max(map(len, properties()))
    for prop in properties().values():
        default = "" if prop.by_default else " (not by default)"
        print(f"{prop.name:{width}}  {prop.statement}{default}\n{'':{width}}  {prop.source}")
    return ExitCode.OK
