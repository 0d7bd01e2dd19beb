"""The committed counterexamples: made by one command, compared with a fresh run by a test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from gen.check.request import Check
from gen.check.session import check
from gen.check.verdict import Result
from gen.draw import page, picture, strip_svg
from gen.draw.html import environment
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.draw.sentence import sentence
from gen.errors import ExitCode, GenError
from gen.files import write_json, write_text
from gen.model.design import Design, Shown, check_property, checked_zone, find_design
from gen.model.property import find_properties
from gen.model.reader import Line, Text, TomlFile, open_toml
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import Toolchain
from gen.trace.trace import Trace

GALLERY = SPECS / "gallery.toml"


@dataclass(frozen=True)
class Entry:
    """One counterexample of the gallery, as specs/gallery.toml describes it."""

    name: str
    title: str
    story: str
    design: str
    shown: Shown

    @property
    def prop(self) -> str:
        """The property that it violates."""
        return self.shown.prop

    @property
    def zone(self) -> Zone:
        """The zone in which it does."""
        return self.shown.zone

    @property
    def command(self) -> str:
        """The command line that finds it."""
        return self.shown.command(self.design)


@dataclass(frozen=True, kw_only=True)
class EntryTable:
    """A table of ``gallery.toml``, about the design of its name, which says where it shows."""

    called: ClassVar[str] = "entry"
    title: Annotated[Line, Meta(description="what it is, in one line")]
    story: Annotated[Text, Meta(description="Markdown: how it comes to it, and who found it")]


@dataclass(frozen=True, kw_only=True)
class OwnEntryTable(EntryTable):
    """A table of ``gallery.toml`` that says itself where it shows."""

    design: Annotated[Line, Meta(description="the design that it is a counterexample of")]
    property: Annotated[Line, Meta(description="the property that it violates")]
    zone: Annotated[Zone, Meta(description="the zone in which it does")]


def entries() -> list[Entry]:
    """What belongs into the gallery.

    An entry without a design is of the design that has its name; that file says where it shows.
    """
    file = open_toml(GALLERY)
    return [_entry(file, name) for name in file.data]


def _entry(file: TomlFile, name: str) -> Entry:
    said = file.data[name]
    if isinstance(said, dict) and {"design", "property", "zone"} & said.keys():
        own = file.get(OwnEntryTable, name)
        check_property(file, (name, "property"), own.property)
        shown = Shown(own.property, checked_zone(file, own.zone, name))
        return Entry(name, own.title, own.story, own.design, shown)
    one = file.get(EntryTable, name)
    design = find_design(name)
    if design.shown_by is None:
        raise file.error((name,), f"{name}: the design does not say where it is shown")
    return Entry(name, one.title, one.story, name, design.shown_by)


def renew(directory: Path, toolchain: Toolchain) -> Iterator[Path]:
    """Make every entry again below ``directory``; yields the files written."""
    found: dict[Entry, Trace] = {}
    # What cannot be is told before any run: tried, not asked.
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory):
        pass
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
                easiest=True,
            )
            verdict = check(request)[0]
        if verdict.result is not Result.VIOLATED or verdict.trace is None:
            raise GenError(
                f"{entry.name}: expected a violation of {entry.prop}, "
                f"got '{verdict.result.value}' {verdict.message}".rstrip(),
                ExitCode.NO_VERDICT,
            )
        found[entry] = verdict.trace
        folder = directory / entry.name
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "trace.json", verdict.trace.to_json())
        yield folder / "trace.json"
        for name, text in pictures(entry, verdict.trace).items():
            write_text(folder / name, text)
            yield folder / name
    for name, text in index(found).items():
        write_text(directory / name, text)
        yield directory / name


def pictures(entry: Entry, trace: Trace) -> dict[str, str]:
    """The files of an entry that are made of its trace alone, by their names."""
    options = DrawOptions()
    text = draw_trace(trace, options)
    # Paragraphs of the story, without the signs of Markdown.
    story = tuple(" ".join(p.replace("`", "").split()) for p in entry.story.strip().split("\n\n"))
    links = (("the story", "README.md"), ("all of them", "../index.html"))
    return {
        "drawing.txt": text,
        "interleaving.svg": picture.svg(trace, options),
        "memory.svg": strip_svg.svg(trace, options),
        "page.html": page.html(trace, options, page.Heading(entry.title, story, links)),
        "README.md": _readme(entry, text, find_design(entry.design)),
    }


def _readme(entry: Entry, text: str, design: Design) -> str:
    drawn = text.rstrip("\n")
    return (
        f"# {entry.title}\n\n"
        f"{entry.story.strip()}\n\n"
        f"```\n{drawn}\n```\n\n"
        "Step by step, with what every step reads and writes: [page.html](page.html).\n\n"
        "![The interleaving: who calls what, and who holds zone->lock](interleaving.svg)\n\n"
        "![The zone after each step: types, buddies, lists](memory.svg)\n\n"
        f"Design: `{entry.design}`, {design.title}.\n"
        f"Its source: {design.source}.\n"
        f"Property: `{entry.prop}`.\n"
        f"Zone: {entry.zone.describe}.\n\n"
        f"Found, and replayed, by\n\n    {entry.command}\n\n"
        "`trace.json` holds the same behaviour, state by state, with every call.\n"
        "Made by `gen gallery`; do not edit by hand.\n"
    )


def index(found: Mapping[Entry, Trace]) -> dict[str, str]:
    """The pages that show every entry, by the names of their files."""
    drawn = {entry: draw_trace(trace, DrawOptions()) for entry, trace in found.items()}
    parts = [
        f"## [{entry.title}]({entry.name}/README.md)\n\n"
        f"```\n{text}```\n\n"
        f"[Step by step]({entry.name}/page.html), "
        f"[as a picture]({entry.name}/interleaving.svg), "
        f"[as the zone sees it]({entry.name}/memory.svg), "
        f"[the trace]({entry.name}/trace.json)\n\n"
        f"![The interleaving]({entry.name}/interleaving.svg)\n\n"
        f"![The zone after each step]({entry.name}/memory.svg)\n"
        for entry, text in drawn.items()
    ]
    told = {entry: sentence(trace) for entry, trace in found.items()}
    template = environment().get_template("gallery.html.j2")
    markdown = (
        "# Counterexamples\n\n"
        "What the model found, one by one. With JavaScript, [index.html](index.html) leads to\n"
        "pages that go through them step by step. Made by `gen gallery`; do not edit by hand.\n\n"
    )
    return {
        "README.md": markdown + "\n".join(parts),
        "index.html": template.render(drawn=drawn, told=told),
    }
