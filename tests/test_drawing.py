"""Drawings: what a kernel developer would have drawn by hand, safe to paste into a mail."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby, pairwise

import pytest

from gen.draw.formats import FLAVOURS, FORMATS
from gen.draw.layout import APART, COLUMN
from gen.draw.layout import columns as _columns
from gen.draw.layout import fit as _fit
from gen.draw.lkml import draw
from gen.draw.names import Names
from gen.draw.options import WIDTH, DrawOptions
from gen.draw.rows import Row
from gen.draw.rows import rows_of as _rows
from gen.draw.sentence import sentence
from gen.model.zone import Zone
from gen.tlc.value import Function, Record, Value
from gen.trace.interleaving import Event, Interleaving, interleave
from gen.trace.log import Call, Frame
from gen.trace.state import read_state
from tools.golden import DATA, GOLDEN, GOLDENS, drawn, trace, trace_names

B1 = "hygiene-v2-isolation-race"
DRAWINGS = [name for name in GOLDENS if name.startswith("draw/")]


def rows(text: str) -> list[Row]:
    """The rows of a drawing whose columns do not overlap: lane, depth, text."""
    heading, *body = text.partition("\n\n")[0].splitlines()
    starts = [match.start() for match in re.finditer("#", heading)]
    found: list[Row] = []
    for line in body:
        if not line.startswith("{"):
            indent = len(line) - len(line.lstrip())
            lane = max(i for i, start in enumerate(starts) if start <= indent)
            depth, odd = divmod(indent - starts[lane], 2)
            assert not odd, line
            if found and (lane, depth) == (found[-1].lane, found[-1].depth + 2):  # wrapped
                between = "" if found[-1].text.endswith("(") else " "
                found[-1] = replace(found[-1], text=found[-1].text + between + line.strip())
            else:
                found.append(Row(lane, depth, line.strip()))
    return found


def shown(name: str, *, continuation: bool = True) -> Interleaving:
    """What is drawn of a trace: the calls run on after the kernel's own warning alone."""
    return DrawOptions(continuation=continuation).interleave(trace(name))


# ---- golden files --------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawing_is_the_golden_one(name: str) -> None:
    """After a wanted change: python -m tools.golden, and read what it prints."""
    assert GOLDENS[name]() == (GOLDEN / name).read_text(encoding="utf-8")


# ---- the reference -------------------------------------------------------------------


def _name(text: str) -> str:
    """The function, or the first word of a statement; the archive's spelling made ours."""
    word = text if text.endswith("zone->lock") else text.partition("(")[0].partition("=")[0]
    return word.strip().replace("freelist", "free_list")


def test_the_race_is_drawn_as_the_thread_drew_it() -> None:
    seed = (DATA / "seed" / "drawing.txt").read_text(encoding="utf-8")
    heading, *lines = seed.partition("\n\n")[2].splitlines()
    text = drawn(B1)
    assert text.splitlines()[0].split() == heading.split()
    ours = rows(text)
    assert [_name(row.text) for row in ours] == [_name(line) for line in lines]
    # Left, then the other CPU, then left again; nested as the mail's prose tells it.
    assert [row.lane for row in ours] == [0] * 7 + [1] * 3 + [0] * 4
    assert [row.depth for row in ours] == [0, 1, 2, 3, 3, 3, 3, 0, 0, 1, 2, 2, 3, 4]
    for row, line in zip(ours[:10], lines, strict=False):  # up to the failure: word for word
        assert row.text == line.replace("freelist", "free_list")
    assert max(map(len, text.splitlines())) <= 75
    assert text.splitlines()[0].index("#1") == 40


# ---- safe to paste -------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_mail_and_a_patch_can_carry_it(name: str) -> None:
    text = GOLDENS[name]()
    assert text.isascii() and "\t" not in text and "\r" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")
    for line in text.splitlines():
        assert len(line) <= WIDTH == 75, line
        assert line == line.rstrip(), "trailing blanks"
        assert line != "---"
        assert not line.startswith(("diff -", "From ", "Signed-off-by", "Index: "))


# ---- columns -------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_cpu_s_rows_start_where_its_heading_stands(name: str) -> None:
    heading, *body = GOLDENS[name]().partition("\n\n")[0].splitlines()
    starts = [match.start() for match in re.finditer("#", heading)]
    assert heading.split() == [f"#{lane}" for lane in range(len(starts))]
    indents = {len(line) - len(line.lstrip()) for line in body if line[0] != "{"}
    assert set(starts) <= indents
    assert starts[0] == 0 and all(APART <= b - a <= COLUMN for a, b in pairwise(starts))


@pytest.mark.parametrize("depth", ["", "all"])
@pytest.mark.parametrize("name", [name for name in trace_names() if trace(name).loop is None])
def test_no_row_could_be_taken_for_one_of_another_cpu(name: str, depth: str) -> None:
    """Read back from their columns alone, the rows are those that were to be drawn."""
    it = shown(name)
    assert rows(drawn(name, depth=depth)) == _rows(it, Names(it), depth)
    turns = [lane for lane, _ in groupby(event.lane for event in it.events)]
    assert [lane for lane, _ in groupby(row.lane for row in _rows(it, Names(it), depth))] == turns


def test_columns_are_forty_apart_if_there_is_room_and_move_left_if_not() -> None:
    assert _columns([Row(0, 3, "x"), Row(1, 2, "y" * 20)], 2, 75) == [0, 40]
    assert _columns([Row(0, 3, "x"), Row(1, 2, "y" * 41)], 2, 75) == [0, 30]
    assert _columns([Row(0, 3, "x")], 1, 75) == [0]


def test_a_long_row_is_wrapped_before_it_starts_among_the_calls_of_its_neighbour() -> None:
    deep = [Row(0, depth, "call()") for depth in range(8)]
    long = Row(1, 4, "split_free_page(pageblock 12) // a remark that goes on and on, for long")
    starts = _columns([*deep, long], 2, 75)
    assert starts[1] > 2 * 7


def test_lanes_stay_apart_and_long_rows_are_wrapped_instead() -> None:
    call = "unset_migratetype_isolate(pageblock 0, MIGRATE_MOVABLE)"
    assert _columns([Row(0, 3, "x"), Row(1, 1, call)], 2, 75) == [0, APART]
    assert _fit(" " * 26, call, 75) == [
        " " * 26 + "unset_migratetype_isolate(pageblock 0,",
        " " * 30 + "MIGRATE_MOVABLE)",
    ]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("free_one_page(pageblock 0, 8)", 29, ["free_one_page(pageblock 0, 8)"]),
        ("free_one_page(pageblock 0, 8)", 28, ["free_one_page(pageblock 0,", "    8)"]),
        # A pageblock keeps its number, and a result its arrow.
        ("free_one_page(pageblock 12)", 24, ["free_one_page(", "    pageblock 12)"]),
        ("mark(head) // => -EBUSY", 20, ["mark(head)", "    // => -EBUSY"]),
        ("// on MOVABLE, but pageblock 1 is", 24, ["// on MOVABLE, but", "    pageblock 1 is"]),
        ("a(b, long_call(pageblock 3))", 18, ["a(b, long_call(", "    pageblock 3))"]),
        ("prep_new_page()", 10, ["prep_new_page()"]),  # what cannot be broken
    ],
)
def test_a_row_is_broken_where_a_reader_would(text: str, width: int, lines: list[str]) -> None:
    assert _fit("", text, width) == lines


def test_more_than_two_columns_fit_the_page() -> None:
    race = interleave(trace("v6.12-undo"))
    # The undo by another caller, and the last allocation on a fourth CPU.
    lanes = [0, 1, 1, 0, 2, 3, 2]
    events = [replace(e, lane=lane) for e, lane in zip(race.events, lanes, strict=True)]
    text = draw(replace(race, events=tuple(events)))
    lines = text.splitlines()
    assert lines[0].split() == ["#0", "#1", "#2", "#3"]
    assert all(len(line) <= 75 for line in lines)
    starts = [match.start() for match in re.finditer("#", lines[0])]
    for lane, start in enumerate(starts):
        first = {0: "rmqueue_buddy(", 1: "start_isolate", 2: "undo_isolate", 3: "del_page_from_"}
        assert any(line.startswith(" " * start + first[lane]) for line in lines), lane


# ---- calls ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_the_lock_is_taken_only_when_it_is_free(name: str) -> None:
    for text in (drawn(name), drawn(name, depth="all"), drawn(name, continuation=False)):
        taken = [row.text for row in rows(text) if row.text.endswith("zone->lock")]
        assert all(a != b for a, b in pairwise(taken)), text


def test_a_caller_s_line_stands_once_and_its_cpu_resumes_below_it() -> None:
    found = rows(drawn("v6.5-lockless-free"))
    assert [row for row in found if row.text == "__free_pages_ok()"] == [found[6]]
    resumed = next(row for row in found if row.text.startswith("free_one_page("))
    assert (found[6].lane, found[6].depth) == (0, 0)
    assert (resumed.lane, resumed.depth) == (0, 1)
    between = found[found.index(found[6]) + 2 : found.index(resumed)]
    assert between and {row.lane for row in between} == {1}


@pytest.mark.parametrize("name", trace_names())
def test_depth_grows_by_one_call_at_a_time(name: str) -> None:
    for text in (drawn(name), drawn(name, depth="all")):
        last: dict[int, int] = {}
        for row in rows(text):
            assert row.depth <= last.get(row.lane, -1) + 1, row
            last[row.lane] = row.depth


@pytest.mark.parametrize("name", trace_names())
def test_every_call_is_drawn_with_depth_all_and_only_those_that_matter_without(name: str) -> None:
    few, all_ = rows(drawn(name)), rows(drawn(name, depth="all"))
    assert len(few) < len(all_)
    kept = iter(row.text for row in all_)
    assert all(row.text in kept for row in few), "a row of the short drawing is missing"
    assert not any(row.text.startswith(("has_unmovable_pages", "__rmqueue(")) for row in few)
    minor = {
        call.name
        for event in shown(name).events
        for call in event.step.walk()
        if isinstance(call, Call) and call.draw == "all"
    }
    drawn_too = {row.text.partition("(")[0] for row in all_}
    # Once it has warned, a hold is not drawn any further.
    assert minor & drawn_too and (minor <= drawn_too or shown(name).trace.prop.warning)
    never = {"is_isolated_still", "isolate_to_merge", "take_off", "look_at", "is_still_free"}
    assert not never & drawn_too, "no function of the kernel"


def test_a_type_is_left_out_only_where_the_caller_s_name_says_what_is_set() -> None:
    found = [row.text for row in rows(drawn("v6.12-undo", depth="all"))]
    assert "set_pageblock_migratetype(pageblock 1)" in found
    assert "set_pageblock_migratetype(pageblock 1, MIGRATE_MOVABLE)" in found
    moves = [text for text in found if text.startswith("move_to_free_list(")]
    assert moves == [  # it was claimed for UNMOVABLE pages together with pageblock 0
        "move_to_free_list(pageblock 1, MIGRATE_UNMOVABLE, MIGRATE_ISOLATE)",
        "move_to_free_list(pageblock 1, MIGRATE_ISOLATE, MIGRATE_MOVABLE)",
    ]


def _with_call(it: Interleaving, event: int, change: Call) -> Interleaving:
    events = list(it.events)
    events[event] = replace(events[event], step=replace(events[event].step, calls=(change,)))
    return replace(it, events=tuple(events))


def test_an_error_is_a_remark_behind_the_call() -> None:
    it = interleave(trace(B1))
    (mark,) = it.events[0].step.calls
    assert isinstance(mark, Call)
    failed = replace(mark, ret=16, children=())
    assert "set_migratetype_isolate(tail) // => -EBUSY\n" in draw(_with_call(it, 0, failed))
    # EALREADY is the model's own; the kernel's function returns nothing.
    idle = replace(mark, ret=114, children=(), idle="nothing to undo")
    assert "set_migratetype_isolate(tail) // nothing to undo\n" in draw(_with_call(it, 0, idle))


# ---- the failure ---------------------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_the_failure_stands_last(name: str) -> None:
    last = rows(drawn(name, continuation=False))[-1]
    it = interleave(trace(name))
    assert last.lane == it.events[it.failing].lane
    assert last.text.startswith("// " if it.trace.prop.failure else "WARN(")


@pytest.mark.parametrize("name", trace_names())
def test_what_comes_after_the_failure_is_other_cpus_running_on(name: str) -> None:
    short, whole = (rows(drawn(name, continuation=c)) for c in (False, True))
    assert [row.text for row in whole[: len(short)]] == [row.text for row in short]
    rest = whole[len(short) :]
    if rest and rest[0].text == "unlock zone->lock":  # the hold ends that was cut by the warning
        rest.pop(0)
    assert short[-1].lane not in {row.lane for row in rest}
    assert not rest or trace(name).prop.warning


@pytest.mark.parametrize("name", trace_names())
def test_one_sentence_below_says_what_went_wrong(name: str) -> None:
    told = " ".join(drawn(name).partition("\n\n")[2].split())
    prop = trace(name).prop
    assert told == str(sentence(trace(name)))
    assert told.endswith("." if not prop.warning else ")") and "{" not in told
    fields = set(re.findall(r"\{(\w+)", prop.sentence))
    assert fields
    for field in fields:
        value = trace(name).witness[field]
        if field == "page" and isinstance(value, int):  # in units; told in pages, or as a pageblock
            zone = trace(name).zone
            pageblock = f"pageblock {zone.pageblock_of(value)} "
            assert f"pfn {value * zone.unit_pages} " in told or pageblock in told, field
        else:
            assert str(value) in told, field


def test_the_warning_below_the_sentence_is_as_dmesg_has_it() -> None:
    told = sentence(trace(B1))
    assert told.warning == "page type is 5, passed migratetype is 1 (nr=512)"
    assert str(told).endswith(f"is ISOLATE: {told.warning}")
    merged = sentence(trace("hygiene-v2-merge-order")).warning
    assert re.fullmatch(r"page type is [01], passed migratetype is [01] \(nr=512\)", merged)


@pytest.mark.parametrize("columns", [50, 60, 75, 200])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_whoever_greps_for_the_warning_finds_it_in_one_line(columns: int, flavour: str) -> None:
    text = FORMATS[flavour].render(trace(B1), DrawOptions(columns=columns))
    assert isinstance(text, str)
    lines = [line for line in text.splitlines() if "passed migratetype" in line]
    assert len(lines) == 1
    assert lines[0].lstrip(" *") == "page type is 5, passed migratetype is 1 (nr=512)"


def test_a_page_inside_a_pageblock_goes_by_its_real_pfn() -> None:
    half = trace("half-pageblocks")
    prop = replace(half.prop, sentence="{page}", warning="")
    told = sentence(replace(half, prop=prop, witness=Record({"page": 3})))
    assert str(told) == "pfn 768 (in pageblock 1)"
    assert "pfn 256" in drawn("half-pageblocks")


# ---- names and the initial state -----------------------------------------------------


def test_two_pageblocks_are_head_and_tail_more_go_by_number() -> None:
    assert "head" in drawn(B1) and "pageblock 1" not in drawn(B1).partition("\n\n")[0][90:]
    assert "tail" not in drawn("v6.12-undo") and "pageblock 3" not in drawn("v6.12-undo")
    assert "{ pageblocks 0-3: MOVABLE, free, one order-10 buddy }" in drawn("v6.12-undo")
    assert "{ pageblock 0: MOVABLE, free, one order-10 buddy }" in drawn("v6.5-lockless-free")


def test_a_page_has_the_type_that_a_read_of_it_gives() -> None:
    """Where isolation is a bit beside the type, head_mt is ISOLATE while the bit is set."""
    names, args = Names(interleave(trace(B1))), {"page": 1}
    types: dict[str, Value] = {"migratetype": Function({0: "MOVABLE", 1: "MOVABLE"})}
    plain = read_state(types, Zone(pageblocks=2))
    beside = read_state({**types, "isolate_bit": frozenset({1})}, Zone(pageblocks=2))
    assert names.type_of("MOVABLE", args, plain) == "tail_mt"
    assert names.type_of("MOVABLE", args, beside) == "MIGRATE_MOVABLE"
    assert names.type_of("ISOLATE", args, beside) == "tail_mt"


def _ranged(start: int, end: int, zone: Zone, *, continued: bool = False) -> str:
    """The race, isolated by a call for another range; perhaps only after the violation."""
    it = interleave(trace(B1))

    def change(event: Event) -> Event:
        if event.lane or event.continued < continued:
            return event
        frames = [
            Frame(f.name, Record({"start": start, "end": end}), f.text, f.remark)
            if "start" in f.args
            else f
            for f in event.step.frames
        ]
        return replace(event, step=replace(event.step, frames=tuple(frames)))

    chunks = range(0, zone.modelled_pageblocks, zone.chunk_pageblocks)
    free = frozenset((b, zone.max_order, "MOVABLE") for b in chunks)
    types = Function(dict.fromkeys(range(zone.modelled_pageblocks), "MOVABLE"))
    boot = {**it.trace.states[0], "free": free, "migratetype": types}
    states = (boot, *({**state, "migratetype": types} for state in it.trace.states[1:]))
    told = replace(it.trace, zone=zone, states=states)
    return draw(Interleaving(told, tuple(change(event) for event in it.events)))


def test_the_range_to_be_isolated_is_told_below_the_heading() -> None:
    assert "{ #0 isolates tail }" in drawn(B1)
    assert "{ #0 isolates head and tail }" in _ranged(0, 2, Zone())
    assert "{ #0 isolates tail, pageblocks after }" in _ranged(1, 5, Zone())
    assert "{ #0 isolates pageblocks before, head }" in _ranged(-2, 1, Zone())


@pytest.mark.parametrize("continued", [False, True])
def test_in_a_whole_zone_two_chunks_have_no_common_head_and_tail(continued: bool) -> None:
    text = _ranged(1, 4, Zone(whole=True), continued=continued)
    assert "{ pageblocks 0-3: MOVABLE, free, order-10 buddies }" in text
    assert "{ #0 isolates pageblocks 1-3 }" in text
    assert "head" not in text and "tail" not in text
