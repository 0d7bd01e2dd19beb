"""The memory strip: as text, with and without colours, and as SVG."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Gen
from made import made_trace

from gen.cli.main import main
from gen.draw import strip, strip_svg, strip_text
from gen.draw.options import DrawOptions
from gen.tlc.value import Function
from tools.golden import GALLERY, trace, trace_names

OPTIONS = DrawOptions()
B1 = "hygiene-v2-isolation-race"

B1_STRIP = """\
  0 at boot
    [-------------------- 10 M --------------------]
    |           M           |           M           |
               0                       1
  1 #0 set_migratetype_isolate(tail)
    [!!!!!!!!!!!! 10 M: covers M and I !!!!!!!!!!!!]
    |           M           |          M>I          |
    ! order 10, free on MOVABLE, at head: covers MOVABLE and ISOLATE
  2 #1 del_page_from_free_list(head)  <- violates NoFreelistWarning
    [======= 9 used =======][!!! 9 M: covers I !!!!]
    |           M           |           I           |
    ! order 9, free on MOVABLE, at tail: covers ISOLATE
  3 #0 split_free_page(head) // not reached  <- after the violation
    [------- 9 used -------][!!! 9 M: covers I !!!!]
    |           M           |           I           |
    ! order 9, free on MOVABLE, at tail: covers ISOLATE

M MOVABLE, I ISOLATE; = new, > changed, ! on a wrong list
"""


def test_the_strip_of_the_thread_s_race() -> None:
    assert strip_text.text(trace(B1), OPTIONS) == B1_STRIP


def test_the_page_of_commands_shows_a_part_of_it() -> None:
    page = (GALLERY.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```\n(  1 #0 .*?)```", page, re.DOTALL)
    assert shown in B1_STRIP


@pytest.mark.parametrize("name", trace_names())
def test_colours_add_nothing_but_colours(name: str) -> None:
    plain = strip_text.text(trace(name), OPTIONS)
    colored = strip_text.text(trace(name), DrawOptions(color=True))
    assert "\x1b" not in plain and plain.isascii()
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b[48;5;" in colored


@pytest.mark.parametrize("columns", [75, 120])
@pytest.mark.parametrize(
    "one",
    [
        *map(trace, trace_names()),
        made_trace(loop=11),
        made_trace(lanes=2, steps=3, pageblocks=4, name="long_" * 30),
    ],
)
def test_no_line_of_pageblocks_is_wider_than_the_terminal(one: object, columns: int) -> None:
    text = strip_text.text(one, DrawOptions(columns=columns))  # type: ignore[arg-type]
    for line in text.splitlines():
        if line.startswith(("    [", "    |")):
            assert len(line) <= columns + 1
        assert line == line.rstrip()


def test_many_pageblocks_are_broken_between_chunks_and_all_are_there() -> None:
    text = strip_text.text(made_trace(), OPTIONS)
    boot = text.partition("\n  1 ")[0]
    rulers = [line.split() for line in boot.splitlines() if re.fullmatch(r"[ \d]+", line)]
    assert [int(n) for numbers in rulers for n in numbers] == list(range(64))
    for line in boot.splitlines():
        if line.startswith("    ["):
            assert line.count("[") == line.count("10 M") == line.count("]")


def test_a_later_state_shows_only_the_lines_in_which_something_is_new() -> None:
    text = strip_text.text(made_trace(), OPTIONS)
    step = text.partition("\n  1 ")[2].partition("\n  2 ")[0]
    assert step.count("    |") == 1 and "M>I" in step


def test_the_loop_of_a_behaviour_without_end_is_told() -> None:
    text = strip_text.text(made_trace(lanes=2, steps=6, pageblocks=4, loop=3), OPTIONS)
    flat = " ".join(text.split())
    assert "from here on, again and again" in flat.partition(" 3 #")[2]
    assert "then again from 3 on, for ever" in flat.partition(" 6 #")[2]
    stays = strip_text.text(made_trace(lanes=1, steps=3, pageblocks=4, loop=4), OPTIONS)
    assert "then nothing more, for ever" in stays
    assert "violates" not in text + stays


@pytest.mark.parametrize("name", trace_names())
def test_every_buddy_and_pageblock_is_in_the_svg_and_the_wrong_ones_stand_out(name: str) -> None:
    one = trace(name)
    root = ElementTree.fromstring(strip_svg.svg(one, OPTIONS))
    kinds = [e.get("class", "").split() for e in root.iter("{http://www.w3.org/2000/svg}rect")]
    events = OPTIONS.interleave(one).events
    seen = [one.zones[0], *(event.step.after for event in events)]
    assert sum("pb" in k for k in kinds) == sum(len(now.types) for now in seen)
    legend = len(strip.legend(strip.strips(OPTIONS.interleave(one))))
    assert sum("block" in k for k in kinds) == legend + sum(len(now.blocks) for now in seen)
    wrong = sum(bool(now.wrong(block)) for now in seen for block in now.blocks)
    assert sum("wrong" in k for k in kinds) == wrong + bool(wrong)


def test_a_zone_of_small_units_is_drawn_with_all_of_its_blocks() -> None:
    one = trace("half-pageblocks")
    widths = {
        float(e.get("width", "0"))
        for e in ElementTree.fromstring(strip_svg.svg(one, OPTIONS)).iter(
            "{http://www.w3.org/2000/svg}rect"
        )
        if "block" in e.get("class", "").split()
    }
    assert len(widths) >= 3 and min(widths) > 0


def test_what_newer_models_keep_is_drawn_too() -> None:
    """pcp lists, pages that an isolator has taken, offline pages, and types to come."""
    one = trace("v6.12-undo-large-buddy")
    later = {
        **one.states[1],
        "migratetype": Function({0: "CMA", 1: "HIGHATOMIC", 2: "RECLAIMABLE", 3: "NEW"}),
        "free": frozenset(),
        "inuse": frozenset({(0, 8, "a kind")}),
        "pcp": frozenset({(1, 8, "MOVABLE", "none")}),
        "taken": frozenset({(2, 8, 1)}),
        "offline": frozenset({3}),
        "isolate_bit": frozenset({0}),
        "no_such_variable": 7,
    }
    one = replace(one, states=(one.states[0], later, *one.states[2:]))
    step = strip_text.text(one, OPTIONS).partition("\n  1 ")[2].partition("\n  2 ")[0]
    for words in ("8 used", "8 pcp M", "8 taken", "8 offline", "M>I (C)", "M>H", "M>R", "M>?"):
        assert words in step
    image = strip_svg.svg(one, OPTIONS)
    for words in ("isolator 1", "8 offline", "a kind", "on a pcp list as MOVABLE", ">NEW<"):
        assert words in image


# ---- the command ---------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_shows_colours_unless_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", screen := Terminal())
    assert main(["show", str(GALLERY / B1), "--format", "strip"]) == 0
    assert ("\x1b[" in screen.getvalue()) == coloured


def test_a_file_or_a_pipe_has_no_colours_and_the_strip_stands_below_the_drawing(
    gen: Gen, tmp_path: Path
) -> None:
    ran = gen("show", str(GALLERY / B1), "--strip")
    drawing = (GALLERY / B1 / "drawing.txt").read_text(encoding="utf-8")
    assert (ran.code, ran.out) == (0, f"{drawing}\n{B1_STRIP}")
    ran = gen("show", str(GALLERY / B1), "--format", "strip", "-o", str(tmp_path / "strip"))
    assert (ran.code, (tmp_path / "strip").read_text(encoding="utf-8")) == (0, B1_STRIP)
    ran = gen("show", str(GALLERY / B1), "--format", "svg", "--strip")
    assert (ran.code, ran.out) == (2, "") and "--strip" in ran.err


@pytest.mark.parametrize(
    ("format_name", "committed"),
    [("svg", "interleaving.svg"), ("strip-svg", "memory.svg")],
)
def test_show_draws_what_is_committed(gen: Gen, format_name: str, committed: str) -> None:
    ran = gen("show", str(GALLERY / B1), "--format", format_name)
    assert ran.out == (GALLERY / B1 / committed).read_text(encoding="utf-8")


@pytest.mark.tlc
def test_a_check_shows_the_strip_below_its_drawing(gen: Gen) -> None:
    ran = gen("check", "--property", "NoFreelistWarning", "--strip")
    assert ran.code == 12
    assert f"(nr=512)\n\n{B1_STRIP}\nreproduce:" in ran.out
