"""A run of TLC: the module, and how it is to be checked."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from gen.errors import ExitCode, GenError, reason
from gen.files import write_text
from gen.tlc.command import command_line
from gen.tlc.options import TlcOptions
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain


@dataclass(frozen=True)
class Task:
    """A run of TLC: the module, and how it is to be checked.  It holds no path: it may travel.

    ``dump``: the name of a file for the state graph.
    """

    spec: Spec
    options: TlcOptions
    dump: str | None = None

    def command(self, toolchain: Toolchain, directory: Path) -> list[str]:
        """The command line of this run in a directory."""
        return command_line(
            toolchain,
            directory,
            self.spec.name,
            self.options,
            liveness=self.spec.cfg.startswith("SPECIFICATION"),
            dump=self.dump,
        )

    def prepare(self, toolchain: Toolchain, directory: Path) -> list[str]:
        """Make the directory, with all that the run reads; its command line."""
        command = self.command(toolchain, directory)
        try:
            # With those above it: who empties our cache meanwhile does not end a whole matrix.
            directory.mkdir(parents=True)
        except OSError as e:
            raise GenError(
                f"no verdict: {directory} cannot be made: {reason(e)}", ExitCode.NO_VERDICT
            ) from None
        write_text(directory / f"{self.spec.name}.tla", self.spec.tla)
        write_text(directory / f"{self.spec.name}.cfg", self.spec.cfg)
        write_text(directory / "command.txt", shlex.join(command) + "\n")
        return command
