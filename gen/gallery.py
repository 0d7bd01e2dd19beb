"""The committed counterexamples: made by one command, compared with a fresh run by a test."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.check import Check, Result, check
from gen.errors import ExitCode, GenError
from gen.report import drawing
from gen.run_dir import write_json, write_text
from gen.specs import SPECS, Design, find_design, find_properties
from gen.tlc import TlcOptions
from gen.toolchain import Toolchain
from gen.zone import Zone


@dataclass(frozen=True)
class Entry:
    """One counterexample of the gallery, as specs/gallery.toml describes it."""

    name: str
    title: str
    story: str
    design: str
    prop: str
    zone: Zone

    @property
    def command(self) -> str:
        """The command line that finds it."""
        flags = " ".join([*self.zone.flags, "--design", self.design, "--property", self.prop])
        return f"gen check {flags}"


def entries() -> list[Entry]:
    """What belongs into the gallery."""
    data = tomllib.loads((SPECS / "gallery.toml").read_text(encoding="utf-8"))
    return [
        Entry(name, one["title"], one["story"], one["design"], one["property"], _zone(one["zone"]))
        for name, one in data.items()
    ]


def _zone(given: dict[str, Any]) -> Zone:
    # TOML has lists only, and zones are compared.
    types = {"migratetypes": tuple(given["migratetypes"])} if "migratetypes" in given else {}
    return Zone(**{**given, **types})


def renew(directory: Path, toolchain: Toolchain) -> Iterator[Path]:
    """Make every entry again below ``directory``; yields the files written."""
    for entry in entries():
        with tempfile.TemporaryDirectory(prefix="pageblock-gen-") as run_dir:
            design = find_design(entry.design)
            request = Check(
                design=design,
                zone=entry.zone,
                properties=tuple(find_properties([entry.prop])),
                toolchain=toolchain,
                tlc=TlcOptions(),
                run_dir=Path(run_dir),
                made_by=entry.command,
            )
            verdict = check(request)[0]
        if verdict.result is not Result.VIOLATED or verdict.trace is None:
            raise GenError(
                f"{entry.name}: expected a violation of {entry.prop}, "
                f"got '{verdict.result.value}' {verdict.message}".rstrip(),
                ExitCode.NO_VERDICT,
            )
        text = drawing(verdict)
        folder = directory / entry.name
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "drawing.txt", text)
        write_json(folder / "trace.json", verdict.trace.to_json())
        write_text(folder / "README.md", _readme(entry, text, design))
        yield from (folder / name for name in ("drawing.txt", "trace.json", "README.md"))


def _readme(entry: Entry, text: str, design: Design) -> str:
    drawn = text.rstrip("\n")
    return (
        f"# {entry.title}\n\n"
        f"{entry.story.strip()}\n\n"
        f"```\n{drawn}\n```\n\n"
        f"Design: `{entry.design}`, {design.title}.\n"
        f"Its source: {design.source}.\n"
        f"Property: `{entry.prop}`.\n"
        f"Zone: {entry.zone.describe}.\n\n"
        f"Found, and replayed, by\n\n    {entry.command}\n\n"
        "`trace.json` holds the same behaviour, state by state, with every call.\n"
        "Made by `gen gallery`; do not edit by hand.\n"
    )
