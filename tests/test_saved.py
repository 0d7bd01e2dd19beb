"""Saved traces: drawn again, set side by side, replayed; and what is no trace is told in a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import HELLO, FakeJava, Gen
from made import LONG, made_trace

from gen.draw.formats import FORMATS
from gen.draw.options import DrawOptions
from gen.draw.saved import render_saved
from gen.draw.side_by_side import where_they_part
from gen.errors import GenError
from tools.golden import GALLERY, GOLDEN, TRACES, trace

B1 = "hygiene-v2-isolation-race"


def one_line(err: str, *words: str) -> None:
    assert err.startswith("gen: ") and err.count("\n") == 1, err
    for word in words:
        assert word in err


# ---- gen show ------------------------------------------------------------------------


def test_a_saved_trace_is_drawn_again_as_the_check_drew_it(gen: Gen) -> None:
    for path in (GALLERY / B1, GALLERY / B1 / "trace.json"):
        ran = gen("show", str(path))
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == (GALLERY / B1 / "drawing.txt").read_text(encoding="utf-8")


def test_show_takes_the_options_of_a_drawing(gen: Gen) -> None:
    ran = gen("show", str(GALLERY / B1), "--depth", "all", "--no-continuation")
    assert ran.out != (GOLDEN / "draw" / f"{B1}.all.txt").read_text(encoding="utf-8")
    ran = gen("show", str(GALLERY / B1), "--depth", "all")
    assert ran.out == (GOLDEN / "draw" / f"{B1}.all.txt").read_text(encoding="utf-8")
    ran = gen("show", str(GALLERY / B1), "--format", "commit", "--columns", "60")
    assert ran.out.startswith("  #0") and max(map(len, ran.out.splitlines())) <= 60


def test_the_trace_is_shown_as_the_file_that_it_was(gen: Gen) -> None:
    ran = gen("show", str(TRACES / "two-isolators.json"), "--format", "json")
    assert ran.out == (TRACES / "two-isolators.json").read_text(encoding="utf-8")


def test_show_writes_the_file_that_it_is_asked_for_or_says_why_not(
    gen: Gen, tmp_path: Path
) -> None:
    file = tmp_path / "race.txt"
    ran = gen("show", str(GALLERY / B1), "-o", str(file))
    assert (ran.code, ran.out) == (0, "")
    assert file.read_bytes() == (GALLERY / B1 / "drawing.txt").read_bytes()
    for bad in (tmp_path, tmp_path / "no" / "such", "/"):
        ran = gen("show", str(GALLERY / B1), "--output", str(bad))
        assert ran.code not in (0, 1) and ran.out == ""
        one_line(ran.err, str(bad))
    assert [*tmp_path.iterdir()] == [file]


def test_what_is_no_trace_is_told_in_one_line(gen: Gen, tmp_path: Path) -> None:
    def refused(path: Path, *words: str) -> None:
        ran = gen("show", str(path))
        assert ran.code not in (0, 1) and ran.out == ""
        one_line(ran.err, *words)

    refused(tmp_path / "missing", "no such file")
    refused(tmp_path, "no trace in this directory")
    broken = tmp_path / "trace.json"
    for text in ("", "no json", "[" * 100_000, '"\xff"'):
        broken.write_text(text, encoding="latin-1")
        refused(broken, str(broken), "not a trace of pageblock-gen")
    broken.write_text("{}", encoding="utf-8")
    refused(tmp_path, str(broken), "not a trace of pageblock-gen")
    whole = json.loads((GALLERY / B1 / "trace.json").read_text(encoding="utf-8"))
    broken.write_text(json.dumps({**whole, "length": 9}), encoding="utf-8")
    refused(broken, str(broken), "damaged")
    (tmp_path / "Other.trace.json").write_text("{}", encoding="utf-8")
    refused(tmp_path, "more than one", "Other.trace.json", "trace.json")


OTHERS: tuple[Any, ...] = (None, [], -1, "x", {"record": {"x": 1}}, {"set": [[9, 99, "x"]]})


def _paths(obj: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    parts = (
        obj.items() if isinstance(obj, dict) else enumerate(obj) if isinstance(obj, list) else ()
    )
    for key, value in parts:
        yield from _paths(value, (*path, key))


def test_a_damaged_trace_is_refused_or_drawn_in_every_format_and_is_no_traceback(
    tmp_path: Path,
) -> None:
    """Every value in turn is replaced by one of another kind."""
    whole = json.loads((GALLERY / B1 / "trace.json").read_text(encoding="utf-8"))
    file = tmp_path / "trace.json"
    drawn = 0
    for number, path in enumerate(p for p in _paths(whole) if p[:2] != ("states", 2)):
        obj = json.loads(json.dumps(whole))
        place = obj
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = OTHERS[number % len(OTHERS)]
        file.write_text(json.dumps(obj), encoding="utf-8")
        made = [*FORMATS.values()][number // len(OTHERS) % len(FORMATS)]
        try:
            assert render_saved(str(file), made, DrawOptions(state="changed"))
            drawn += 1
        except GenError as error:
            assert error.message.startswith(str(file)) and "\n" not in error.message
    assert drawn > 20, "a value that only a drawing shows may be anything"


@pytest.mark.parametrize(
    "options",
    ["--columns 20", "--columns x", "--depth 0", "--depth deep", "--state some", "--format odt"],
)
def test_a_drawing_that_cannot_be_is_refused(gen: Gen, options: str) -> None:
    ran = gen("show", str(GALLERY / B1), *options.split())
    assert ran.code == 2 and ran.out == ""
    one_line(ran.err, options.split()[0])


# ---- gen diff ------------------------------------------------------------------------

OTHER = str(TRACES / "two-isolators.json")


def test_two_traces_stand_side_by_side_with_what_differs_between_them(gen: Gen) -> None:
    ran = gen("diff", OTHER, str(GALLERY / B1))
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 150
    assert lines[0].split("  ")[0] == "hygiene-v2: IsolatedNotAllocated"
    (mark,) = (line for line in lines if "set_migratetype_isolate(tail)" in line)
    half = len(mark) // 2
    assert mark[:half].split() == mark[half:].split(), "the same row, at the same height"
    (first, *_) = (line for line in lines if " | " in line)
    assert first.split(" | ")[0].strip() == "1) rmqueue_buddy(10, MIGRATE_UNMOVABLE)"
    assert first.split(" | ")[1].strip() == "1) del_page_from_free_list(head)"
    assert "They part in step 2: left #1 calls rmqueue_buddy(mt=UNMOVABLE" in ran.out


def test_the_rows_of_each_side_are_all_there_and_in_their_order(gen: Gen) -> None:
    ran = gen("diff", OTHER, str(GALLERY / B1), "--columns", "203")
    lines = ran.out.splitlines()
    rows = lines[1 : lines.index("")]
    for path, here in ((OTHER, slice(0, 100)), (str(GALLERY / B1), slice(103, None))):
        shown = gen("show", path, "--format", "ftrace", "--columns", "100").out
        column = [line[here].rstrip() for line in rows if line[here].strip()]
        assert column == shown.partition("\n\n")[0].splitlines()


def test_a_trace_is_the_same_as_itself(gen: Gen) -> None:
    ran = gen("diff", OTHER, OTHER)
    assert ran.code == 0 and ran.out.endswith("They are the same, step by step: 2 steps.\n")
    assert not any(f" {sign} " in ran.out for sign in "|<>")


def test_where_two_traces_part_is_said_of_calls_states_and_ends() -> None:
    found = made_trace(lanes=2, steps=5)
    shorter = replace(found, length=5, states=found.states[:5], logs=found.logs[:5])
    told = where_they_part(found, shorter)
    assert told.startswith("They part after step 4: right ends, left #") and LONG in told
    assert where_they_part(shorter, found).startswith("They part after step 4: left ends, right")
    states = [*found.states[:-1], {**found.states[-1], "inuse": frozenset({(62, 9, "pinned")})}]
    told = where_they_part(found, replace(found, states=tuple(states)))
    assert "step 5" in told and "in use: +order-9 at pageblock 62 (pinned)" in told
    nested = where_they_part(found, made_trace(lanes=2, steps=5, nested=3))
    assert "They part in step 1" in nested and "not with the same calls" in nested


def test_two_traces_that_differ_in_per_cpu_lists_alone_part_there(gen: Gen, tmp_path: Path) -> None:
    saved = json.loads((GALLERY / "B4-drain-cached-type" / "trace.json").read_text("utf-8"))
    (block,) = saved["states"][1]["variables"]["pcp"]["set"]
    block[3] = "RECLAIMABLE"  # the type that the page caches
    other = tmp_path / "other.json"
    other.write_text(json.dumps(saved), encoding="utf-8")
    ran = gen("diff", str(GALLERY / "B4-drain-cached-type"), str(other), "--columns", "300")
    assert ran.code == 1
    told = ran.out.splitlines()[-1]
    assert told.startswith("They part in step 1: ") and "(RECLAIMABLE cached)" in told


@pytest.mark.parametrize("what", ["boot", "loop", "length", "property", "continuation"])
def test_diff_never_calls_two_traces_the_same_that_are_not(what: str) -> None:
    one = trace("hygiene-v2-isolation-race")
    if what == "boot":
        boot = {**one.states[0], "inuse": frozenset({(0, 9, "movable")})}
        other = replace(one, states=(boot, *one.states[1:]))
    elif what == "loop":
        other = replace(one, loop=1)
    elif what == "length":
        other = replace(one, length=one.length - 1)
    elif what == "property":
        other = replace(one, prop=trace("two-isolators").prop)
    else:
        other = replace(one, states=(*one.states[:-1], {**one.states[-1], "free": frozenset()}))
    assert where_they_part(one, other)
    assert not where_they_part(one, one) and not where_they_part(other, other)


def test_diff_says_which_of_the_two_is_no_trace(gen: Gen, tmp_path: Path) -> None:
    for argv in ((OTHER, str(tmp_path)), (str(tmp_path), OTHER)):
        ran = gen("diff", *argv)
        assert (ran.code, ran.out) == (2, "")
        one_line(ran.err, str(tmp_path))


# ---- gen replay ----------------------------------------------------------------------


def edited(tmp_path: Path, name: str, *change: str) -> str:
    """A trace of the gallery in which each ``old`` of ``old, new, old, new...`` is replaced."""
    text = (GALLERY / name / "trace.json").read_text(encoding="utf-8")
    for old, new in zip(change[::2], change[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "edited.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.tlc
@pytest.mark.parametrize("name", [B1, "v6.12-undo-of-another", "B12-scan-forever"])
def test_tlc_confirms_what_the_gallery_shows(gen: Gen, name: str) -> None:
    ran = gen("replay", str(GALLERY / name))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("[confirmed] ")


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"ISOLATE"', '"UNMOVABLE"'), "does not go through these states"),
        (('"length": 3', '"length": 2'), "does not go through these states"),
        (('"set_pageblock_migratetype"', '"set_migratetype"'), "what was called before state 2"),
        (('"is": "is put on"', '"is": "is taken off"'), "the witness"),
        (('"design": "hygiene-v2"', '"design": "v6.12"'), "does not go through these states"),
    ],
)
def test_an_edited_trace_is_not_confirmed(
    gen: Gen, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    ran = gen("replay", edited(tmp_path, B1, *change))
    assert (ran.code, ran.out) == (3, "")
    ran.told("is not confirmed", words, "edited")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"property": "NoFreelistWarning"', '"property": "Conservation"'), "variables"),
        (('"design": "hygiene-v2"', '"design": "v5.0"'), "v5.0"),
        (('"length": 3', '"length": 3, "loop": 2'), "here is a loop"),
    ],
)
def test_a_trace_that_cannot_be_replayed_is_refused_before_tlc_starts(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    ran = gen("replay", edited(tmp_path, B1, *change), "--java", fake_java("exit 1"))
    assert (ran.code, ran.out) == (2, "")
    ran.told(words)


@pytest.mark.parametrize("loop", ["", '"loop": 1,'])
def test_a_loop_that_is_none_is_refused_before_tlc_starts(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, loop: str
) -> None:
    path = edited(tmp_path, "B12-scan-forever", '"loop": 6,', loop)
    ran = gen("replay", path, "--java", fake_java("exit 1"))
    assert (ran.code, ran.out) == (2, "")
    ran.told("violated by a loop")


def test_a_replay_that_comes_to_no_end_confirms_nothing_and_blames_no_editor(
    gen: Gen, fake_java: FakeJava
) -> None:
    ran = gen("replay", str(GALLERY / B1), "--java", fake_java(f"{HELLO}; exit 3"))
    assert ran.code not in (0, 1) and ran.out == ""
    ran.told("is not confirmed")
    assert "edited" not in ran.err
    ran = gen("replay", str(GALLERY / B1), "--java", fake_java("sleep 9"), "--timeout", "0.3")
    ran.told("is not confirmed", "--timeout")


def test_diff_refuses_a_strip_that_it_would_not_draw(gen: Gen) -> None:
    ran = gen("diff", OTHER, OTHER, "--strip")
    assert (ran.code, ran.out) == (2, "")
    assert "unknown option '--strip'" in ran.err
