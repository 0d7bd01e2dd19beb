"""The committed counterexamples are what a fresh run of TLC finds, to the byte."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from gen.cli.options import parse
from gen.cli.options import zone as zone_of
from gen.model.design import design_names, find_design
from gen.model.property import properties
from gen.report import gallery
from gen.tlc.toolchain import find_toolchain
from tools.golden import GALLERY, trace

FILES = {"README.md", "drawing.txt", "trace.json", "interleaving.svg", "memory.svg", "page.html"}
INDEX = {"README.md", "index.html"}


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_the_gallery_holds_what_its_table_names_and_nothing_else() -> None:
    wanted = {f"{entry.name}/{name}" for entry in gallery.entries() for name in FILES}
    assert set(contents(GALLERY)) == wanted | INDEX
    assert {"hygiene-v2-isolation-race", "hygiene-v2-merge-order"} <= {
        entry.name for entry in gallery.entries()
    }


def test_every_shipped_bug_is_found_again() -> None:
    """Each historic variant where its file says; B1 and B2 are the hygiene series' own."""
    found = {entry.design: entry.shown for entry in gallery.entries()}
    historic = [d for d in map(find_design, design_names()) if d.historic]
    assert all(d.shown_by and d.shown_by == found.get(d.name) for d in historic)
    shown = {name.partition("-")[0] for name in found} | {"B1", "B2"}
    assert {f"B{n}" for n in (*range(1, 9), *range(11, 16), 18)} <= shown
    titles = {entry.title.partition(":")[0] for entry in gallery.entries()}
    assert {"B1", "B2"} <= titles


@pytest.mark.parametrize("entry", gallery.entries(), ids=lambda entry: entry.name)
def test_an_entry_s_command_asks_for_the_entry(entry: gallery.Entry) -> None:
    args = parse(entry.command.split()[1:])[1]
    assert zone_of(args) == entry.zone
    assert (args.design, args.property) == (entry.design, [entry.prop])
    assert find_design(entry.design) and entry.prop in properties()


@pytest.mark.parametrize("entry", gallery.entries(), ids=lambda entry: entry.name)
def test_a_readme_tells_the_story_says_where_it_is_from_and_shows_the_drawing(
    entry: gallery.Entry,
) -> None:
    readme = (GALLERY / entry.name / "README.md").read_text(encoding="utf-8")
    drawing = (GALLERY / entry.name / "drawing.txt").read_text(encoding="utf-8")
    assert readme.startswith(f"# {entry.title}\n")
    assert entry.story.strip() in readme
    assert find_design(entry.design).source in readme
    # Something that can be looked up: a mail, a commit, or the source that a distribution has.
    mail, commit = r"<[0-9A-Z][^ <>]*@[a-z.]+>", r"\b[0-9a-f]{12}\b"
    package = r"linux-source-\S+ \d"
    assert re.search(f"{mail}|{commit}|{package}", readme), "nothing to look it up by"
    if re.match(r"B\d+-", entry.name):  # a bug that was shipped: what fixed it
        assert re.search(commit + r" \((?:v\d|.*\b20\d\d)", " ".join(entry.story.split()))
    assert f"```\n{drawing}```\n" in readme
    assert f"    {entry.command}\n" in readme
    assert max(map(len, entry.story.splitlines())) <= 90


def test_the_readme_of_the_project_shows_the_first_of_them() -> None:
    text = (GALLERY.parent / "README.md").read_text(encoding="utf-8")
    block = r"<!-- drawing: (\S+) -->\n```\n(.*?)```\n<!-- end of drawing -->"
    ((name, shown),) = re.findall(block, text, re.DOTALL)
    assert name == "counterexamples/hygiene-v2-isolation-race/drawing.txt"
    assert shown == (GALLERY.parent / name).read_text(encoding="utf-8")


def test_the_readme_of_the_project_shows_a_picture_and_its_links_lead_to_something() -> None:
    text = (GALLERY.parent / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[[^]]+\]\((counterexamples/[\w./-]+\.svg)\)", text)
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in targets if not (GALLERY.parent / target).exists()] == []


def test_the_pictures_are_those_of_the_traces_beside_them() -> None:
    """Without TLC; after a wanted change of a picture: gen gallery, and read the diff."""
    found = {entry: trace(entry.name) for entry in gallery.entries()}
    made = {
        f"{entry.name}/{name}": text
        for entry, one in found.items()
        for name, text in gallery.pictures(entry, one).items()
    } | gallery.index(found)
    committed = contents(GALLERY)
    assert {name for name in committed if not name.endswith(".json")} == set(made)
    for name, text in made.items():
        assert text == committed[name].decode(), name


def test_the_index_shows_every_drawing_and_leads_to_every_picture() -> None:
    markdown = (GALLERY / "README.md").read_text(encoding="utf-8")
    html = (GALLERY / "index.html").read_text(encoding="utf-8")
    for entry in gallery.entries():
        drawing = (GALLERY / entry.name / "drawing.txt").read_text(encoding="utf-8")
        assert f"```\n{drawing}```\n" in markdown
        assert drawing in unescape(html)
        for name in FILES - {"drawing.txt"}:
            assert f"({entry.name}/{name})" in markdown
            assert f'"{entry.name}/{name}"' in html
    targets = re.findall(r"\]\(([^)]+)\)", markdown)
    assert all((GALLERY / target).is_file() for target in targets)


def test_the_gallery_stays_small() -> None:
    pictures = [data for name, data in contents(GALLERY).items() if not name.endswith(".json")]
    assert sum(map(len, pictures)) < 50_000 * len(gallery.entries())


@pytest.mark.tlc
def test_the_gallery_is_what_tlc_finds_today(tmp_path: Path) -> None:
    """After a wanted change: gen gallery, and read the diff."""
    written = list(gallery.renew(tmp_path, find_toolchain()))
    fresh = contents(tmp_path)
    assert {str(p.relative_to(tmp_path)) for p in written} == set(fresh)
    committed = contents(GALLERY)
    assert set(fresh) == set(committed)
    for name, content in fresh.items():
        assert content.decode() == committed[name].decode(), name
