"""gen matrix: the table in every format, what it refuses, and what it says when it is cut short."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import HELLO, FakeJava, Gen, Ran, Start

from gen.check.matrix import Matrix, Row, share
from gen.check.request import Check
from gen.check.session import Stopped
from gen.check.verdict import Result, Verdict
from gen.draw.formats import FORMATS
from gen.draw.page import Heading
from gen.draw.saved import load_trace
from gen.errors import ExitCode, GenError
from gen.model.design import design_names, find_design, find_designs
from gen.model.property import find_properties, properties
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.report import matrix_files, table
from gen.report.words import DRAW_OPTIONS
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import Toolchain
from gen.trace.trace import Trace

TWO = ("matrix", "--designs", "v6.12,hygiene-v2", "--properties", "Alignment,FreelistHygiene")
NASTY = 'a|b <i>&amp;</i> [x](y) *z* `q` \\ "w"'


def verdict(name: str, result: Result, **more: Any) -> Verdict:
    prop = properties()[name]
    trace = Trace("d", Zone(), prop, 0, (), (), {}) if result is Result.VIOLATED else None
    return Verdict(prop, result, trace=trace, **more)


ALL_FOUR: dict[str, dict[str, Any]] = {
    "NoFreelistWarning": {"result": Result.VACUOUS, "message": NASTY},
    "FreelistHygiene": {"result": Result.VIOLATED, "length": 14, "distinct": 200},
    "Conservation": {"result": Result.NO_VERDICT, "message": NASTY},
    "Alignment": {"result": Result.HOLDS, "distinct": 1952, "depth": 15},
}


def row(name: str = "v6.12", title: str = "", **verdicts: dict[str, Any]) -> Row:
    """A row of a design of any name; without verdicts: one of each kind."""
    shipped = find_design("v6.12")
    told = {n: verdict(n, **v) for n, v in (verdicts or ALL_FOUR).items()}
    request = Check(
        design=replace(shipped, name=name, title=title or shipped.title),
        zone=Zone(),
        properties=tuple(find_properties(list(told))),
        toolchain=Toolchain(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"),
        tlc=TlcOptions(),
        run_dir=Path("/run"),
        made_by="gen matrix",
    )
    return Row(request, told, 1.5)


@pytest.fixture(autouse=True)
def _drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that says nothing but what it violates."""

    def files(trace: Trace, formats: Sequence[str], _heading: Heading) -> dict[str, bytes]:
        return {FORMATS[name].file: f"{name} {trace.prop.name}\n".encode() for name in formats}

    monkeypatch.setattr(
        "gen.report.matrix_files.drawing", lambda v: f"if (a < b && c) {v.prop.name}\n"
    )
    monkeypatch.setattr("gen.report.matrix_files.files", files)


@pytest.fixture
def fake_check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Check]]:
    """Puts verdicts in the place of checks: by the design's name, or the same for all."""

    def put(**results: Result | Exception | dict[str, Result]) -> list[Check]:
        seen: list[Check] = []

        def look(request: Check, *_: object, **__: object) -> list[Verdict]:
            seen.append(request)
            found = results.get(request.design.name.replace(".", "_").replace("-", "_"))
            if isinstance(found, Exception):
                raise found
            told = found if isinstance(found, dict) else {}
            result = found if isinstance(found, Result) else Result.HOLDS
            return [
                verdict(p.name, told.get(p.name, result), length=3, message="why")
                for p in request.properties
            ]

        monkeypatch.setattr("gen.check.exercised.check", look)
        # No certificate: what a fake check says is not about the specs.
        monkeypatch.setattr("gen.cli.matrix.certified", lambda _request: set())
        return seen

    return put


FakeCheck = Callable[..., list[Check]]


def test_a_cell_says_proved_only_where_a_certificate_does(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_check(hygiene_v2=Result.VIOLATED)
    monkeypatch.setattr("gen.cli.matrix.certified", lambda _request: {"FreelistHygiene"})
    ran = gen(*TWO, "--output", str(tmp_path / "m"))
    assert lines(ran)["v6.12"] == ["proved", "proved within bounds"]
    assert "violated at depth 3" in lines(ran)["hygiene-v2"]


# --- which designs, how many at a time --------------------------------------------------------


def test_the_historic_variants_are_in_all_and_not_in_the_default() -> None:
    default, every = list(find_designs([])), list(find_designs(["all"]))
    assert sorted(every) == design_names()
    left_out = [name for name in every if name not in default]
    assert left_out
    assert all(name.startswith("B") for name in left_out)
    assert not [name for name in default if name.startswith("B")]
    assert default.index("v6.5") < default.index("v6.10") < default.index("v6.12")


def test_designs_stand_in_the_order_in_which_they_were_named_and_once() -> None:
    assert list(find_designs(["v6.12", "v6.5", "v6.12"])) == ["v6.12", "v6.5"]
    assert next(iter(find_designs(["v6.12", "all"]))) == "v6.12"
    assert len(find_designs(["v6.12", "all"])) == len(design_names())


def test_a_design_file_is_told_from_the_design_whose_name_it_has(tmp_path: Path) -> None:
    text = (SPECS / "designs" / "v6.12.toml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('title = "', 'title = "my '), encoding="utf-8")
    with pytest.raises(GenError, match=r"'v6\.12' comes with the tool, and is another design"):
        find_designs(["v6.12", str(mine)])
    other = tmp_path / "other.toml"
    other.write_text(text.replace('name = "v6.12"\ntitle = "', 'name = "mine"\ntitle = "my '))
    mine.write_text(text.replace('name = "v6.12"', 'name = "mine"'), encoding="utf-8")
    assert list(find_designs(["v6.12", str(mine)])) == ["v6.12", str(mine)]
    with pytest.raises(GenError, match=r"two designs are named 'mine'"):
        find_designs([str(mine), str(other)])


GIB = 1 << 30


@pytest.mark.parametrize(
    ("cores", "memory", "options", "jobs", "heap"),
    [
        (1, 8 * GIB, {}, 1, "2048m"),
        (2, 8 * GIB, {}, 1, "2048m"),
        (8, 8 * GIB, {}, 4, "512m"),
        (64, 8 * GIB, {}, 8, "256m"),  # memory is what is short
        (2, GIB // 4, {}, 1, "256m"),
        (8, 8 * GIB, {"workers": 4}, 1, "2048m"),
        (8, 8 * GIB, {"heap": "1g"}, 2, "1g"),
        (8, 8 * GIB, {"heap": "64M"}, 4, "64M"),
        (8, 8 * GIB, {"heap": "100g"}, 1, "100g"),
    ],
)
def test_as_many_checks_as_fit_into_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    memory: int,
    options: dict[str, Any],
    jobs: int,
    heap: str,
) -> None:
    monkeypatch.setattr("gen.tlc.options.memory_bytes", lambda: memory)
    fits, limits = share(TlcOptions(**options), cores, memory)
    assert (fits, limits.heap) == (jobs, heap)


# --- the table --------------------------------------------------------------------------------


def test_the_table_for_a_wide_terminal_says_every_cell_in_full() -> None:
    head, line, *_ = table.plain(Matrix((row(),)), None).splitlines()
    told = ["vacuous", "violated at depth 14", "no verdict", "proved within bounds"]
    assert head.split() == ["design", *ALL_FOUR]
    assert re.split(r" {2,}", line) == ["v6.12", *told]
    assert [line.index(text) for text in told] == [head.index(name) for name in ALL_FOUR]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_table_fits_a_narrow_terminal_and_its_legend_says_the_rest(width: int) -> None:
    text = table.plain(Matrix((row(), row("split-in-move-v2"))), width)
    grid, _, legend = text.rpartition("\n\n")
    assert max(map(len, grid.splitlines())) <= width
    for word in ("vacuous", "violated 14", "no verdict", "in bounds"):
        assert grid.count(word) == 2
    assert len(legend.splitlines()) == 4


def test_a_legend_is_of_what_is_in_the_table() -> None:
    text = table.plain(Matrix((row(Alignment={"result": Result.HOLDS}),)), None)
    assert "violated" not in text
    assert "vacuous" not in text


def test_markdown_links_a_violation_to_its_drawing_and_escapes_names(tmp_path: Path) -> None:
    made = Matrix((row(NASTY, title=NASTY),))
    matrix_files.write(made, tmp_path / "m")
    text = (tmp_path / "m" / "matrix.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "proved within bounds |" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == 6
    (target,) = re.findall(r"\[violated at depth 14\]\(([\w./-]+)\)", line)
    drawn = (tmp_path / "m" / target).read_text(encoding="utf-8")
    assert drawn == "lkml FreelistHygiene\n"
    assert "<i>" not in text.replace("\\<i", "")


class Page(HTMLParser):
    """Ids, targets, what would be loaded, the cells and the drawings of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.pre: list[str] = []
        self.cells: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.targets.append(value or "")
            elif name in ("src", "srcset", "action", "data") or name.startswith("on"):
                self.loads.append(f"{tag} {name}")
        if tag in ("pre", "td"):
            self.inside = tag
            (self.pre if tag == "pre" else self.cells).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            (self.pre if self.inside == "pre" else self.cells)[-1] += data


def test_the_page_needs_no_other_file_and_every_link_leads_to_something(tmp_path: Path) -> None:
    matrix_files.write(Matrix((row(NASTY, title=NASTY), row("other"))), tmp_path / "m")
    text = (tmp_path / "m" / "matrix.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.ids) == len({*page.ids})
    assert {t.removeprefix("#") for t in page.targets if t.startswith("#")} <= {*page.ids}
    others = [target for target in page.targets if not target.startswith("#")]
    assert len(others) == 2 * len(matrix_files.QUICK)
    assert all((tmp_path / "m" / target).is_file() for target in others)
    assert page.loads == []
    assert not {"script", "link", "img", "iframe", "i"} & {*page.tags}
    assert "url(" not in text
    assert "@import" not in text
    assert page.pre == ["if (a < b && c) FreelistHygiene\n"] * 2
    assert (
        page.cells
        == ["○vacuous", "✗violated at depth 14", "?no verdict", "✓proved within bounds"] * 2
    )
    assert text.count("&lt;i&gt;&amp;amp;&lt;/i&gt;") > 3


def test_the_page_follows_light_and_dark_and_keeps_its_head_in_view() -> None:
    text = matrix_files.html(Matrix((row(),)))
    for needed in ("prefers-color-scheme: dark", "position: sticky; top: 0", "width=device-width"):
        assert needed in text


def test_the_data_say_each_cell_and_where_its_drawing_is() -> None:
    data = matrix_files.to_json(Matrix((row(),)))
    json.dumps(data)
    cells = {cell["property"]: cell for cell in data["verdicts"]}
    assert [cell["result"] for cell in cells.values()] == [
        v["result"].value for v in ALL_FOUR.values()
    ]
    hygiene = cells["FreelistHygiene"]
    assert (hygiene["length"], hygiene["drawing"]) == (14, "v6.12-FreelistHygiene/drawing.txt")
    assert hygiene["formats"]["json"] == "v6.12-FreelistHygiene/trace.json"
    assert hygiene["command"].startswith("gen check --pageblocks 4 --order 10 --design v6.12 ")
    assert (cells["Alignment"]["drawing"], cells["Alignment"]["formats"]) == (None, {})
    assert data["format"] == "pageblock-gen matrix"


def test_trouble_names_some_cells_and_each_reason_once() -> None:
    none = {"result": Result.NO_VERDICT, "message": "too late"}
    rows = tuple(row(f"d{n}", Alignment=none) for n in range(5))
    assert table.trouble(Matrix(rows)) == (
        "no verdict on d0/Alignment, d1/Alignment, d2/Alignment and 2 more: too late"
    )


# --- files ------------------------------------------------------------------------------------


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def tree(directory: Path) -> dict[str, bytes]:
    """Every file, by its path from there."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def test_a_later_matrix_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    out = tmp_path / "new" / "m"
    assert matrix_files.check_output(str(out)) == out
    matrix_files.write(Matrix((row(), row("other"))), out)
    assert len(names(out)) == 5
    assert out.stat().st_mode & 0o777 == 0o755
    inode = out.stat().st_ino
    matrix_files.check_output(str(out))
    matrix_files.write(Matrix((row("third"),)), out)
    assert names(out) == ["matrix.html", "matrix.json", "matrix.md", "third-FreelistHygiene"]
    assert out.stat().st_ino == inode  # who stands in it still does
    assert names(out.parent) == ["m"]


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".matrix-killed").mkdir()
    (tmp_path / ".matrix-killed" / "matrix.md").touch()
    matrix_files.write(Matrix((row(),)), matrix_files.check_output(str(tmp_path)))
    assert not (tmp_path / ".matrix-killed").exists()


@pytest.mark.parametrize("earlier", [False, True])
def test_a_matrix_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    out = tmp_path / "m"
    if earlier:
        matrix_files.write(Matrix((row("old"),)), out)
    before = tree(out) if earlier else None

    def full(path: Path, _obj: object) -> None:
        raise GenError(f"no verdict: {path} cannot be written: No space left", ExitCode.NO_VERDICT)

    monkeypatch.setattr("gen.report.matrix_files.write_json", full)
    with pytest.raises(GenError, match="No space left"):
        matrix_files.write(Matrix((row("new"),)), out)
    after = tree(out) if earlier else None
    assert after == before
    assert names(tmp_path) == (["m"] if earlier else [])


def test_names_that_some_file_system_takes_for_one_are_refused() -> None:
    matrix_files.check_names(["v6.1", "v6.10", "mine"])
    for pair in (["a/b", "a b"], ["Mine", "mine"], ["../x", "x"]):
        with pytest.raises(GenError, match="too alike"):
            matrix_files.check_names(pair)


@pytest.mark.parametrize("name", ["../../up", ".", "..", "/etc/x", "-rf", "a\nb", "é", "%2e"])
def test_a_drawing_stays_in_its_directory_whatever_a_design_is_called(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / "m"
    matrix_files.write(Matrix((row(name),)), out)
    assert names(tmp_path) == ["m"]
    assert len(names(out)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", held) for held in names(out))


# --- the command ------------------------------------------------------------------------------


def lines(ran: Ran) -> dict[str, list[str]]:
    """The rows of the printed table: cells by design."""
    rows = [re.split(r" {2,}", line) for line in ran.out.splitlines()]
    return {cells[0]: cells[1:] for cells in rows if len(cells) > 1 and ":" not in cells[0]}


def test_a_violation_is_a_verdict_and_the_table_a_success(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    seen = fake_check(hygiene_v2={"FreelistHygiene": Result.VIOLATED}, v6_12=Result.VACUOUS)
    out = tmp_path / "m"
    ran = gen(*TWO, "--order", "11", "--output", str(out))
    assert ran.code == 0
    assert lines(ran)["v6.12"] == ["vacuous", "vacuous"]
    assert lines(ran)["hygiene-v2"] == ["violated at depth 3", "proved within bounds"]
    assert sorted(line.partition(":")[0] for line in ran.err.splitlines()) == [
        "hygiene-v2",
        "v6.12",
    ]
    assert names(out) == [
        "hygiene-v2-FreelistHygiene",
        "matrix.html",
        "matrix.json",
        "matrix.md",
    ]
    for path in (out / name for name in matrix_files.INDEX):
        assert f"files:   {path}\n" in ran.out
    assert "2 designs, 2 properties; 4 pageblocks of order 9, largest order 11" in ran.out
    assert "1 proved, 1 violated, 2 vacuous" in ran.out
    assert {request.zone.max_order for request in seen} == {11}
    assert not seen[0].run_dir.parent.exists()


def test_by_default_every_shipped_design_is_asked_the_default_properties(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    seen = fake_check()
    assert gen("matrix", "--output", str(tmp_path / "m")).code == 0
    assert sorted(r.design.name for r in seen) == sorted(find_designs([]))
    assert [p.name for p in seen[0].properties] == [p.name for p in find_properties([])]
    assert all(request.cache for request in seen)
    seen.clear()
    argv = ("--designs", "all", "--properties", "all", "--no-cache")
    assert gen("matrix", *argv, "--output", str(tmp_path / "m")).code == 0
    assert sorted(r.design.name for r in seen) == design_names()
    fused = [p for p in properties().values() if p.grain != "step"]
    assert [*seen[0].properties] == fused
    assert not any(request.cache for request in seen)


def test_pictures_are_png_too_if_that_is_asked_for(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_check(hygiene_v2={"FreelistHygiene": Result.VIOLATED})
    out = tmp_path / "m"
    assert gen(*TWO, "--png", "--output", str(out)).code == 0
    cell = out / "hygiene-v2-FreelistHygiene"
    assert names(cell) == sorted(made.file for made in FORMATS.values())
    for index in matrix_files.INDEX:
        assert f"{cell.name}/interleaving.png" in (out / index).read_text(encoding="utf-8")
    assert gen(*TWO, "--output", str(out)).code == 0
    assert "memory.png" not in names(cell) and "memory.svg" in names(cell)

    monkeypatch.setitem(sys.modules, "resvg_py", None)
    seen = fake_check()
    gen(*TWO, "--png", "--output", str(out)).told("PNG needs the package resvg-py")
    assert seen == []


def test_a_cell_without_a_verdict_is_no_success_and_the_rest_is_written(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    seen = fake_check(v6_12={"Alignment": Result.NO_VERDICT})
    ran = gen(*TWO, "--output", str(tmp_path / "m"))
    assert ran.code == ExitCode.NO_VERDICT
    assert ran.err.splitlines()[-1] == "gen: no verdict on v6.12/Alignment: why"
    assert lines(ran)["v6.12"] == ["proved within bounds", "no verdict"]
    assert "no verdict" in (tmp_path / "m" / "matrix.md").read_text(encoding="utf-8")
    assert f"runs:    {seen[0].run_dir.parent}\n" in ran.out
    assert seen[0].run_dir.is_dir()


def test_trouble_with_one_design_leaves_the_others_alone(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    asked = find_properties(["Alignment", "FreelistHygiene"])
    cause = GenError("no verdict: disk full", ExitCode.NO_VERDICT)
    known = [Verdict(asked[0], Result.HOLDS), Verdict(asked[1], Result.NO_VERDICT, message="?")]
    fake_check(v6_12=Stopped(known, cause))
    ran = gen(*TWO, "--output", str(tmp_path / "m"))
    assert ran.code == ExitCode.NO_VERDICT
    assert ran.err.splitlines()[-1] == "gen: no verdict on v6.12/Alignment: disk full"
    assert lines(ran)["v6.12"] == ["proved within bounds", "no verdict"]
    assert lines(ran)["hygiene-v2"] == ["proved within bounds"] * 2


def test_a_bug_is_not_swallowed(gen: Gen, tmp_path: Path, fake_check: FakeCheck) -> None:
    seen = fake_check(v6_12=ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        gen(*TWO, "--output", str(tmp_path / "m"))
    assert not (tmp_path / "m").exists()
    assert not seen[0].run_dir.parent.exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("--designs v6.12,hygeine-v2", ["'hygeine-v2'", "did you mean 'hygiene-v2'?"]),
        ("--designs V6.12", ["did you mean 'v6.12'?"]),
        ("--designs gone.toml", ["gone.toml", "No such file"]),
        ("--designs v6.12,", ["--designs 'v6.12,'", "empty name"]),
        ("--designs=", ["--designs ''", "empty name"]),
        ("--properties Alignment,FreelistHygeine", ["did you mean 'FreelistHygiene'?"]),
        ("--properties ,", ["--properties ','", "empty name"]),
        ("--design v6.12", ["'--design'", "did you mean '--designs'?"]),
        ("--property Alignment", ["'--property'", "did you mean"]),
        ("--pageblocks 3", ["--pageblocks 3", "2 and 4 fit"]),
        ("--workers 0", ["workers: 0"]),
        ("--timeout soon", ["'soon' is no number of seconds"]),
        ("--heap lots", ["'lots'"]),
        ("--jar gone.jar", ["gone.jar does not exist"]),
        ("--java gone", ["--java", "does not exist"]),
        ("--output=", ["--output: an empty name"]),
        ("four", ["'four'"]),
    ],
)
def test_bad_input_is_one_line_before_anything_is_made(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: str, words: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ran = gen("matrix", "--output", str(tmp_path / "new" / "m"), *argv.split(" "))
    ran.told(*words)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert list(tmp_path.iterdir()) == []


def test_an_output_directory_that_does_not_fit_is_refused_before_a_check(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    seen = fake_check()
    file, link, mine, json_file = (tmp_path / n for n in ("file", "link", "mine", "json"))
    file.touch()
    link.symlink_to("nowhere")
    for directory, text in ((mine, "x"), (json_file, '{"format": "other"}')):
        directory.mkdir()
        (directory / "matrix.json").write_text(text, encoding="utf-8")
        (directory / "thesis.txt").write_text("mine", encoding="utf-8")
    for place, word in (
        (file, "is not a directory"),
        (link, "is not a directory"),
        (mine, "holds thesis.txt"),
        (json_file, "holds thesis.txt"),
        (file / "below", "cannot be written"),
        (Path("/proc/m"), "cannot be written"),
        (tmp_path / ("x" * 300), "cannot be written"),
    ):
        ran = gen(*TWO, "--output", str(place))
        ran.told(word)
        assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert seen == []
    assert (mine / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_an_earlier_matrix_that_holds_more_is_left_as_it_is(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    fake_check()
    out = tmp_path / "m"
    assert gen(*TWO, "--output", str(out)).code == 0
    (out / "notes.txt").touch()
    gen(*TWO, "--output", str(out)).told("holds notes.txt, which is no matrix's")
    (out / "notes.txt").unlink()
    assert gen(*TWO, "--output", str(out)).code == 0


def test_a_matrix_of_another_version_is_left_as_it_is(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    fake_check()
    out = tmp_path / "m"
    assert gen(*TWO, "--output", str(out)).code == 0
    index = out / "matrix.json"
    text = index.read_text(encoding="utf-8").replace('"version": 1', '"version": 7')
    index.write_text(text, encoding="utf-8")
    ran = gen(*TWO, "--output", str(out))
    ran.told("holds a matrix of version 7; this tool reads 1; ")
    assert ran.code == ExitCode.USAGE and index.read_text(encoding="utf-8") == text


def test_what_lies_among_the_traces_of_an_earlier_matrix_is_left_as_it_is(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck
) -> None:
    fake_check(hygiene_v2={"FreelistHygiene": Result.VIOLATED})
    out, cell = tmp_path / "m", "hygiene-v2-FreelistHygiene"
    assert gen(*TWO, "--output", str(out)).code == 0
    (out / cell / "notes.txt").touch()
    gen(*TWO, "--output", str(out)).told(f"holds {cell}/notes.txt, which is no matrix's")
    (out / cell / "notes.txt").unlink()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "trace.json").touch()
    shutil.rmtree(out / cell)
    (out / cell).symlink_to(tmp_path / "mine")
    gen(*TWO, "--output", str(out)).told(f"holds {cell}, which is no matrix's")
    assert names(tmp_path / "mine") == ["trace.json"]
    (out / cell).unlink()
    # The first versions had one drawing for a cell, beside the table.
    (out / f"{cell}.txt").touch()
    data = json.loads((out / "matrix.json").read_text(encoding="utf-8"))
    for told in data["verdicts"]:
        told.pop("formats")
        told["drawing"] = told["drawing"] and f"{cell}.txt"
    (out / "matrix.json").write_text(json.dumps(data), encoding="utf-8")
    assert gen(*TWO, "--output", str(out)).code == 0
    assert names(out) == [cell, *sorted(matrix_files.INDEX)]


def test_a_disk_that_is_full_at_the_end_still_prints_the_table(
    gen: Gen, tmp_path: Path, fake_check: FakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _obj: object) -> None:
        raise GenError(f"no verdict: {path} cannot be written: No space left", ExitCode.NO_VERDICT)

    fake_check()
    monkeypatch.setattr("gen.report.matrix_files.write_json", full)
    ran = gen(*TWO, "--output", str(tmp_path / "m"))
    assert ran.code == ExitCode.NO_VERDICT
    assert lines(ran)["v6.12"] == ["proved within bounds"] * 2
    assert "No space left" in ran.err
    assert "files: " not in ran.out
    assert list(tmp_path.glob("m*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_prints_what_is_known_writes_nothing_and_leaves_no_java(
    start: Start, fake_java: FakeJava, tmp_path: Path, number: signal.Signals
) -> None:
    java = fake_java(f"{HELLO}; trap '' TERM; sleep 60 & while :; do sleep 0.2; done")
    hurry = "import gen.tlc.process; gen.tlc.process.GRACE = 0.6"
    out = tmp_path / "m"
    # v6.5 has nothing that NoFreelistWarning speaks of: a verdict that takes no Java.
    began = start(
        *("matrix", "--java", java, "--designs", "v6.5,hygiene-v2", "--output", str(out)),
        *("--properties", "NoFreelistWarning,Alignment,Conservation", "--no-cache"),
        before=hurry,
    )
    began.wait_for_java()
    time.sleep(0.3)
    began.signal(number)
    time.sleep(0.1)
    began.signal(number)
    ran = began.end(timeout=15)
    assert ran.code == 128 + number
    assert began.left_behind() == []
    assert ran.err.splitlines()[-1].startswith("gen: no verdict on v6.5/")
    assert ran.err.splitlines()[-1].endswith(": interrupted")
    assert "Traceback" not in ran.err
    assert lines(ran)["v6.5"] == ["vacuous", "no verdict", "no verdict"]
    assert lines(ran)["hygiene-v2"] == ["no verdict"] * 3
    assert not out.exists()


def test_a_java_that_lies_is_no_verdict_and_is_not_kept(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    java = fake_java(f"{HELLO}; exit 0")
    ran = gen(*TWO, "--java", java, "--output", str(tmp_path / "m"))
    assert ran.code == ExitCode.NO_VERDICT
    assert lines(ran) == lines(ran) | {n: ["no verdict"] * 2 for n in ("v6.12", "hygiene-v2")}
    assert not (tmp_path / "cache" / "pageblock-gen" / "tlc").exists()


# --- the real TLC -----------------------------------------------------------------------------


def run_matrix(argv: Sequence[str]) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", "from gen.cli.main import run; run()", *TWO, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.tlc
def test_a_second_matrix_is_the_same_to_the_byte_and_starts_no_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_java: FakeJava, real_java: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = tmp_path / "first", tmp_path / "second"
    # The same Java both times: what another one has said would not be believed.
    (tmp_path / "said").mkdir()
    java = fake_java(f'touch {tmp_path}/said/started; exec {real_java} "$@"')
    ran = run_matrix(["--output", str(first), "--java", java])
    assert ran.code == 0, ran.err
    assert names(tmp_path / "said") == ["started"]
    assert "cached" not in ran.out + ran.err
    assert lines(ran)["v6.12"] == ["proved"] * 2  # there is a certificate
    assert re.fullmatch(r"violated at depth \d", lines(ran)["hygiene-v2"][0])
    drawing = first / "hygiene-v2-FreelistHygiene" / "drawing.txt"
    assert "start_isolate_page_range()" in drawing.read_text(encoding="utf-8")
    assert Page((first / "matrix.html").read_text(encoding="utf-8")).pre == [
        drawing.read_text(encoding="utf-8")
    ]
    assert list((tmp_path / "cache" / "pageblock-gen" / "runs").iterdir()) == []

    (tmp_path / "said" / "started").unlink()
    again = run_matrix(["--output", str(second), "--java", java])
    assert again.code == 0, again.err
    assert names(tmp_path / "said") == []
    assert sorted(again.err.splitlines()) == [
        "hygiene-v2: 1 proved, 1 violated, cached",
        "v6.12: 2 proved, cached",
    ]
    assert again.out.count(" s, all cached\n") == 1
    assert lines(again) == lines(ran)
    made = tree(first)
    assert tree(second) == made
    # Every format of the violated cell, as gen show makes it, but for the page's way back.
    folder = drawing.parent
    assert {
        *matrix_files.INDEX,
        *(f"{folder.name}/{FORMATS[name].file}" for name in matrix_files.QUICK),
    } == {*made}
    for name in matrix_files.QUICK:
        shown = FORMATS[name].render(load_trace(str(folder)), DRAW_OPTIONS)
        kept = made[f"{folder.name}/{FORMATS[name].file}"].decode()
        if name == "html":
            assert kept.count('href="../matrix.html"') == 1
            kept = re.sub(r'<p><a href="../matrix.html">[^\n]*\n', "", kept)
        assert kept == shown

    # Another Java is asked itself, and says nothing.
    broken = fake_java(f"touch {tmp_path}/said/started; exit 1")
    third = run_matrix(["--output", str(second), "--java", broken])
    assert third.code == ExitCode.NO_VERDICT
    assert names(tmp_path / "said") == ["started"]


@pytest.mark.tlc
@pytest.mark.slow
def test_every_property_of_a_design_that_fails_gets_a_verdict(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    argv = ("--designs", "hygiene-v2", "--properties", "all", "--output", str(tmp_path / "m"))
    ran = gen("matrix", *argv)
    assert ran.code == 0, ran.err
    data = json.loads((tmp_path / "m" / "matrix.json").read_text(encoding="utf-8"))
    fused = [name for name, prop in properties().items() if prop.grain != "step"]
    assert [cell["property"] for cell in data["verdicts"]] == fused
    results = {cell["result"] for cell in data["verdicts"]}
    assert {"violated", "holds", "vacuous", "measured"} <= results and "no verdict" not in results
