"""The interleaving as SVG and PNG: the text of the drawing, and the race in it."""

from __future__ import annotations

import builtins
import re
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from made import made_trace

from gen.draw import page, picture, strip_svg, svg
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.draw.picture import marks
from gen.draw.rows import ALL
from gen.draw.sheet import sheet
from gen.errors import GenError
from gen.trace.trace import Trace
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"
OPTIONS = DrawOptions()


def texts(image: str, kind: str = "") -> list[ElementTree.Element]:
    root = ElementTree.fromstring(image)
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return [e for e in found if kind in e.get("class", "").split() or not kind]


def said(texts: Iterable[str]) -> str:
    """What texts say, wherever they are broken."""
    return "".join("".join(texts).split())


def boxes(image: str, kind: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the rectangles of a class."""
    root = ElementTree.fromstring(image)
    found = []
    for e in root.iter("{http://www.w3.org/2000/svg}rect"):
        if kind in e.get("class", "").split():
            x, y, width, height = (float(e.get(a, "0")) for a in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


MADE = {
    "many": made_trace(loop=11),
    "long": made_trace(lanes=2, steps=4, pageblocks=4, name="a_name_" * 20),
    "stays": made_trace(lanes=1, steps=3, pageblocks=4, loop=4),
    "deep": made_trace(lanes=3, steps=9, pageblocks=8, nested=9),
}


def every() -> list[tuple[str, Trace]]:
    return [*((name, trace(name)) for name in trace_names()), *MADE.items()]


EVERY = pytest.mark.parametrize("one", [t for _, t in every()], ids=[name for name, _ in every()])


@EVERY
def test_the_picture_says_what_the_drawing_says_in_the_same_order(one: Trace) -> None:
    drawn = sheet(OPTIONS.interleave(one))
    image = said(e.text or "" for e in texts(picture.svg(one, OPTIONS)))
    assert said(row.text for row in drawn.rows) in image
    assert said(drawn.setting) in image
    assert image.rpartition("box:")[0].endswith(said([str(drawn.told)]))
    # And so does the mail, as long as it has a column for every CPU.
    mail = draw_trace(one, OPTIONS)
    if mail.startswith("#0"):
        assert said(row.text for row in drawn.rows) in said([mail])


@EVERY
def test_nothing_is_cut_off_and_lanes_do_not_overlap(one: Trace) -> None:
    image = picture.svg(one, OPTIONS)
    width, height = map(float, image.partition('viewBox="0 0 ')[2].partition('"')[0].split())
    for e in texts(image):
        length = svg.CHAR * len(e.text or "")
        x, y = float(e.get("x", "0")), float(e.get("y", "0"))
        assert x + (0 if "end" in e.get("class", "").split() else length) <= width
        assert x >= 0 and y <= height
    heads = [float(e.get("x", "0")) for e in texts(image) if re.fullmatch(r"#\d", e.text or "")]
    it = OPTIONS.interleave(one)
    tall = len(sheet(it).rows) > 100
    assert len(heads) == it.lanes * (1 + tall), "a tall picture says below too whose lane it is"
    lefts = sorted({*heads})
    assert len(lefts) == it.lanes
    for left, _, right, _ in boxes(image, "hold"):
        lane = max(n for n, x in enumerate(lefts) if x - 10 <= left)
        assert lane == len(lefts) - 1 or right < lefts[lane + 1]
    rows = sorted(boxes(image, "hold"), key=lambda box: box[1])
    assert all(above[3] <= below[1] for above, below in pairwise(rows)), "one CPU holds the lock"


def test_the_race_of_the_thread_is_marked_as_its_mail_tells_it() -> None:
    """Who set the type, and who reads it too late; not what was only near."""
    it = OPTIONS.interleave(trace(B1))
    drawn = sheet(it)
    found = marks(it, drawn)
    assert [drawn.rows[n].text for n in sorted(found.racing)] == [
        "set_pageblock_migratetype(tail)",
        "expand(head, head_mt)",
    ]
    assert drawn.rows[found.failing].text == "WARN(head_mt != tail_mt)"
    assert [(drawn.rows[a].lane, drawn.rows[b].lane) for a, b in found.conflicts] == [(0, 1)]
    held = [[drawn.rows[n].text for n in (first, last)] for first, last in found.holds]
    assert held == [
        ["lock zone->lock", "unlock zone->lock"],
        ["del_page_from_free_list(head)", "WARN(head_mt != tail_mt)"],
    ]


@pytest.mark.parametrize("name", trace_names())
def test_what_is_marked_is_in_conflict_and_of_two_cpus(name: str) -> None:
    it = OPTIONS.interleave(trace(name))
    drawn = sheet(it)
    found = marks(it, drawn)
    assert bool(found.conflicts) == bool(it.racing)
    for earlier, later in found.conflicts:
        first, second = drawn.rows[earlier], drawn.rows[later]
        assert first.lane != second.lane and first.event in it.racing
        assert second.event == it.failing
        assert {earlier, later} <= found.racing
    assert drawn.rows[found.failing].event == it.failing
    image = picture.svg(trace(name), OPTIONS)
    assert len(boxes(image, "fails")) == 1
    assert len(boxes(image, "races")) == len(found.racing - {found.failing})


BOOT = replace(trace(B1), length=1, states=trace(B1).states[:1], logs=trace(B1).logs[:1])


@pytest.mark.parametrize("depth", ["1", "2", "all"])
@pytest.mark.parametrize(
    "one", [trace("v6.12-undo"), trace(B1), BOOT, MADE["stays"]], ids=["undo", "B1", "boot", "loop"]
)
def test_a_picture_is_as_deep_as_it_is_asked_to_be_and_says_what_is_wrong(
    one: Trace, depth: str
) -> None:
    options = DrawOptions(depth=depth)
    drawn = sheet(options.interleave(one), depth=depth)
    for make in (picture.svg, strip_svg.svg):
        assert said([str(drawn.told)]) in said(
            ElementTree.fromstring(make(one, options)).itertext()
        )
    shown = said(e.text or "" for e in texts(picture.svg(one, options)))
    assert said(row.text for row in drawn.rows) in shown
    html = page.html(one, options)
    assert html.count('data-step="') == len(options.interleave(one).events)


def test_a_loop_is_marked_and_a_behaviour_that_ends_has_none() -> None:
    def loops(kind: str, one: Trace) -> list[str | None]:
        return [e.text for e in texts(picture.svg(one, OPTIONS), kind)]

    many = MADE["many"]
    rows = sheet(OPTIONS.interleave(many)).rows
    assert loops("newt", many) == [row.text for row in rows if row.lane == ALL]
    assert len(loops("newt", many)) == 2
    assert 'class="loop"' in picture.svg(many, OPTIONS)
    assert loops("newt", trace(B1)) == []
    assert 'class="loop"' not in picture.svg(trace(B1), OPTIONS)


@pytest.mark.parametrize("make", [picture.svg, strip_svg.svg])
def test_colours_are_dark_where_the_viewer_is_and_nothing_is_loaded(make: object) -> None:
    assert callable(make)
    image = make(trace(B1), OPTIONS)
    light, _, dark = image.partition("@media (prefers-color-scheme:dark)")
    assert svg.COLOURS["page"][0] in light and svg.COLOURS["page"][1] in dark
    assert not re.search(r"(?:href|src|url\(|@import)", image)
    assert image == make(trace(B1), OPTIONS), "not the same twice"


# ---- PNG -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make", [(picture.svg, picture.svg_as_png), (strip_svg.svg, strip_svg.svg_as_png)]
)
def test_the_png_is_the_picture_twice_as_large(make: Sequence[object]) -> None:
    vector, raster = make
    assert callable(vector) and callable(raster)
    root = ElementTree.fromstring(vector(trace(B1), OPTIONS))
    data = raster(trace(B1), OPTIONS)
    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (2 * int(root.get("width", "")), 2 * int(root.get("height", "")))


def test_without_the_library_a_png_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def no_resvg(name: str, *args: object, **more: object) -> object:
        if name == "resvg_py":
            raise ImportError(name)
        return known(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "resvg_py", raising=False)
    monkeypatch.setattr(builtins, "__import__", no_resvg)
    with pytest.raises(GenError, match=r"pip install 'pageblock-gen\[png\]'"):
        picture.svg_as_png(trace(B1), OPTIONS)


def test_without_a_font_a_png_is_refused_and_not_made_without_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(svg, "FONTS", '"No Such Font"')
    with pytest.raises(GenError, match="fonts-dejavu-core"):
        picture.svg_as_png(trace(B1), OPTIONS)
