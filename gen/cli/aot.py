"""``python -m gen.cli.aot [--java JAVA] [--jar JAR]``: makes the AOT cache of TLC's classes.

``gen check`` starts it when it has ended itself; nobody waits for it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from gen.errors import GenError
from gen.model.design import default_design, find_design
from gen.model.property import find_properties
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc import aot
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain, find_toolchain


def later(
    java: str | None, jar: str | None, toolchain: Toolchain, environ: Mapping[str, str] = os.environ
) -> None:
    """Have the cache made by a process that outlives this one, unless there is one or can be none.

    It is nobody's child, writes to no terminal, and gives way to whatever else runs.
    """
    if toolchain.flags or aot.directory_of(toolchain, environ) is None:
        return
    asked = [f"--java={java}"] if java else []
    asked += [f"--jar={jar}"] if jar else []
    with contextlib.suppress(OSError, ValueError):
        subprocess.Popen(
            [sys.executable, "-m", "gen.cli.aot", *asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )


def searched() -> Spec:
    """What TLC is to search meanwhile: what users search first."""
    return render(find_design(default_design()), Zone(), find_properties([]))


def main(argv: Sequence[str] | None = None) -> None:
    """Make it; nothing is said of what stands in the way."""
    parser = argparse.ArgumentParser(prog="python -m gen.cli.aot", description=__doc__)
    parser.add_argument("--java")
    parser.add_argument("--jar")
    args = parser.parse_args(argv)
    os.nice(19)
    with contextlib.suppress(GenError):
        aot.make(find_toolchain(args.java, args.jar), searched())


if __name__ == "__main__":
    main()
