"""What is to be checked, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.model.design import Design
from gen.model.property import Property
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc.cache import Cache
from gen.tlc.executor import LOCAL, Executor
from gen.tlc.options import TlcOptions
from gen.tlc.spec import Spec
from gen.tlc.task import Task
from gen.tlc.toolchain import Toolchain


@dataclass(frozen=True)
class Check:
    """What is to be checked, and with what."""

    design: Design
    zone: Zone
    properties: tuple[Property, ...]
    toolchain: Toolchain
    tlc: TlcOptions
    run_dir: Path
    #: The command that makes this check again; it goes into the header of the modules.
    made_by: str
    #: What --design was given, if that is not the design's name: the path of a file.
    design_option: str = ""
    #: What --against was given; "" if it was not.
    against_option: str = ""
    #: Where the results of earlier runs are looked up, and new ones kept; None: nowhere.
    cache: Cache | None = None
    #: Of all shortest counterexamples take the one that is easiest to follow, if the search was
    #: small enough.
    easiest: bool = False
    #: Take it in any case, and count them.
    all_shortest: bool = False
    #: Where TLC runs.
    executor: Executor = LOCAL

    @property
    def applicable(self) -> list[Property]:
        """The properties that say something about the design, the first one first."""
        return [
            p
            for p in self.properties
            if self.design.has(p.needs)
            and self.zone.isolators >= p.isolators
            and p.grain in ("", self.zone.grain)
        ]

    def spec(self, properties: Sequence[Property]) -> Spec:
        """The module that is searched for these properties."""
        return render(self.design, self.zone, properties, self.made_by)

    def command(self, directory: Path, spec: Spec) -> list[str]:
        """The command line of TLC for a module in a directory."""
        return Task(spec, self.tlc).command(self.toolchain, directory)
