"""What several commands make of their options."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gen.cli import options
from gen.cli.console import complain
from gen.draw.options import DrawOptions
from gen.errors import GenError
from gen.model.zone import Zone
from gen.run_dir import cache_home, make_run_dir
from gen.tlc import aot
from gen.tlc.cache import Cache
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import Toolchain, find_toolchain


def limits_of(args: argparse.Namespace, zone: Zone) -> TlcOptions:
    return TlcOptions(
        workers=args.workers,
        heap=args.heap,
        timeout=args.timeout,
        profile="short" if zone.windowed else "long",
    )


def check_command(
    zone: Zone,
    design: str,
    names: Sequence[str],
    liveness: bool = False,
    against: str | None = None,
) -> str:
    """The command line that makes a check again; it goes into the header of the modules."""
    asked = [word for name in names for word in ("--property", name)]
    asked += ["--liveness"] if liveness else []
    asked += ["--against", against] if against is not None else []
    return shlex.join(["gen", "check", *zone.flags, "--design", design, *asked])


def toolchain_of(args: argparse.Namespace) -> Toolchain:
    """The Java and the jar of a command that has --scheduler."""
    if args.scheduler is not None and args.java is not None:
        raise GenError("--java is of this machine; JAVA_HOME fits, where a worker is started")
    return aot.sooner(find_toolchain(args.java, args.jar))


def keeps(args: argparse.Namespace) -> bool:
    """Whether what TLC says is looked up and kept; if it cannot be, a line says why."""
    refused = "" if args.no_cache else Cache().refused
    if refused:
        complain(f"nothing is taken from the cache, or kept: {refused}")
    return not (args.no_cache or refused)


def draw_options(args: argparse.Namespace) -> DrawOptions:
    """What the options say of the drawing, with colours if a terminal shows it."""
    shown = getattr(args, "output", None) is None and sys.stdout is not None
    terminal = shown and sys.stdout.isatty()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return replace(options.drawing(args), color=terminal and not plain)


def run_dir_of(requested: str | None, label: str) -> Path:
    """``make_run_dir``, and a line on stderr if it is not where one would look for it."""
    made = make_run_dir(requested, label)
    home = cache_home()
    if requested is None and not (home and made.is_relative_to(home)):
        why = f"{home} cannot be written" if home else "no HOME, or one that is no UTF-8"
        complain(f"{why}: the files are in {made}, and nothing is kept for the next time")
    return made
