"""One state of the zone, typed: how it is read, what is wrong in it, and what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import hypothesis
import hypothesis.strategies
import pytest
from made import made_trace

from gen.draw import page, strip_svg, strip_text
from gen.draw.braces import changed, described, differences
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.draw.side_by_side import where_they_part
from gen.errors import GenError
from gen.model.display import Display, blocks, displays
from gen.model.zone import Zone
from gen.tlc.value import Function, Value
from gen.trace.changes import BlockChange, changes, moments, touched
from gen.trace.state import Block, levels, read_state
from tools.golden import trace, trace_names

ZONE = Zone(pageblocks=4, whole=True)
NO_DISPLAY = Display("", "", "", None)


class Plain:
    """Pageblocks and pages by their numbers."""

    def pageblock(self, b: int) -> str:
        return f"pageblock {b}"

    def page(self, pfn: int) -> str:
        return f"pageblock {pfn}"


PLAIN = Plain()


def values(types: str = "MMMM", **more: frozenset[Any]) -> dict[str, Value]:
    names = {"M": "MOVABLE", "U": "UNMOVABLE", "I": "ISOLATE"}
    function = Function({b: names[t] for b, t in enumerate(types)})
    return {"migratetype": function, "free": frozenset(), "inuse": frozenset(), **more}


def test_every_kind_of_block_is_shown_and_what_is_not_known_is_passed_over() -> None:
    now = read_state(
        values(
            free=frozenset({(0, 9, "MOVABLE")}),
            inuse=frozenset({(1, 9, "pinned")}),
            freeing=frozenset({(2, 9, "UNMOVABLE")}),
            pcp=frozenset({(3, 9, "MOVABLE", "none")}),
            sparkling=frozenset({("what", "ever")}),
        ),
        ZONE,
    )
    assert [block.short for block in now.blocks] == ["9 M", "9 used", "9 freeing U", "9 pcp M"]
    assert [block.long for block in now.blocks] == [
        "order 9, free on MOVABLE",
        "order 9, in use, pinned",
        "order 9, being freed as UNMOVABLE",
        "order 9, on a pcp list as MOVABLE",
    ]
    (reported,) = read_state(values(reported=frozenset({(0, 9)})), ZONE).blocks
    assert (reported.short, reported.long) == ("9 reported", "order 9, being reported")
    (cached,) = read_state(values(pcp=frozenset({(0, 9, "MOVABLE", "CMA")})), ZONE).blocks
    assert cached.long == "order 9, on a pcp list as MOVABLE"  # a page may cache another type
    (taken,) = read_state(values(taken=frozenset({(0, 9, 2)})), ZONE).blocks
    assert taken.long == "order 9, taken by isolator 2"


@pytest.mark.parametrize(
    ("types", "order", "told"),
    [
        ("MMMM", 10, ""),
        ("MIMM", 10, "covers MOVABLE and ISOLATE"),
        ("IIMM", 10, "covers ISOLATE"),
        ("MIMM", 9, ""),
        ("UMMM", 9, "covers UNMOVABLE"),
    ],
)
def test_a_free_buddy_that_is_not_on_the_list_of_what_it_covers_is_told(
    types: str, order: int, told: str
) -> None:
    now = read_state(values(types, free=frozenset({(0, order, "MOVABLE")})), ZONE)
    assert now.wrong(now.blocks[0]) == told
    assert bool(now.wrong(now.blocks[0], letters=True)) == bool(told)


def test_offline_pages_are_told_in_blocks_as_large_as_they_can_be() -> None:
    half = Zone(pageblocks=4, min_order=8, whole=True)
    gone = read_state(values(offline=frozenset({1, 2, 3, 4, 5, 6, 7})), half).blocks
    assert [(block.pfn, block.long) for block in gone] == [
        (1, "order 8, offline"),
        (2, "order 9, offline"),
        (4, "order 10, offline"),
    ]


def test_a_page_in_use_may_cover_two_types() -> None:
    now = read_state(values("MIMM", inuse=frozenset({(0, 10, "pinned")})), ZONE)
    assert now.wrong(now.blocks[0]) == ""


def test_the_isolation_bit_is_read_as_isolate_and_the_type_beside_it_is_shown() -> None:
    bit = values("MUMM", isolate_bit=frozenset({1}), free=frozenset({(1, 9, "ISOLATE")}))
    now = read_state(bit, ZONE)
    assert (now.mt(1), now.letters(1), now.letters(0)) == ("ISOLATE", "I (U)", "M")
    assert (now.words(1), now.words(0)) == ("ISOLATE (UNMOVABLE)", "MOVABLE")
    assert now.wrong(now.blocks[0]) == ""


def test_what_is_new_is_what_was_not_there_before() -> None:
    first = read_state(values(free=frozenset({(0, 10, "MOVABLE"), (2, 10, "MOVABLE")})), ZONE)
    then = read_state(values("MIMM", free=frozenset({(0, 9, "MOVABLE"), (2, 10, "MOVABLE")})), ZONE)
    boot, step = moments([first, then])
    assert (boot.blocks, boot.pageblocks) == (frozenset(), frozenset())
    assert [block.short for block in step.blocks] == ["9 M"]
    assert step.pageblocks == {1}


def test_blocks_that_overlap_lie_one_over_the_other() -> None:
    lost = read_state(values(free=frozenset({(0, 10, "MOVABLE"), (1, 9, "MOVABLE")})), ZONE)
    assert sorted(levels(lost.blocks, ZONE).values()) == [0, 1]
    beside = (Block(0, 9, "free", ("MOVABLE",)), Block(1, 9, "free", ("MOVABLE",)))
    assert set(levels(beside, ZONE).values()) == {0}


@pytest.mark.parametrize(
    "damage",
    [
        {"migratetype": 3},
        {"free": 1},
        {"free": frozenset({(0, 9)})},
        {"free": frozenset({("a", 9, "MOVABLE")})},
        {"free": frozenset({(0, 99, "MOVABLE")})},
    ],
)
def test_a_state_that_is_no_zone_is_said_so(damage: dict[str, Any]) -> None:
    with pytest.raises(GenError, match="damaged"):
        read_state({**values(), **damage}, ZONE)


@pytest.mark.parametrize("name", trace_names())
def test_every_state_of_a_real_trace_tiles_its_zone(name: str) -> None:
    one = trace(name)
    whole = one.zone.modelled_pageblocks * one.zone.pageblock_units
    if one.zone.edged:
        whole = one.zone.end_unit - one.zone.start_unit
    # Where pages are lost, or there twice, that is what the trace shows last.
    good = one.length - (one.prop.name == "Conservation")
    for now in one.zones[:good]:
        assert sum(one.zone.units(block.order) for block in now.blocks) == whole
        assert set(levels(now.blocks, one.zone).values()) == {0}


# ---- what changed --------------------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_two_states_of_a_trace_are_told_apart_if_and_only_if_they_differ(name: str) -> None:
    states = trace(name).zones
    for before in states:
        for after in states:
            assert (not changes(before, after)) == (before.values == after.values)
            assert bool(differences(before, after, PLAIN)) == (before.values != after.values)


NUMBER = hypothesis.strategies.integers(0, 3)
MT = hypothesis.strategies.sampled_from(["MOVABLE", "ISOLATE", "FANCY"])


def generated() -> hypothesis.strategies.SearchStrategy[dict[str, Value]]:
    """States with any of the variables that there are, and one that nobody knows."""
    made: dict[str, Any] = {}
    some = hypothesis.strategies.frozensets
    for name, one in displays().items():
        if one.shape == "types":
            continue
        if one.block is not None and one.shape == "blocks":
            more = len(one.block.fields) - 2
            made[name] = some(
                hypothesis.strategies.tuples(
                    NUMBER, hypothesis.strategies.sampled_from([9, 10]), *[MT] * more
                ),
                max_size=2,
            )
        elif one.shape in ("pfns", "isolated", "pageblocks"):
            made[name] = some(NUMBER, max_size=4)
        elif one.shape == "by pageblock":
            made[name] = hypothesis.strategies.lists(MT, min_size=4, max_size=4).map(by_pageblock)
        else:
            made[name] = NUMBER
    types = hypothesis.strategies.lists(MT, min_size=4, max_size=4).map(by_pageblock)
    return hypothesis.strategies.fixed_dictionaries(
        {"migratetype": types}, optional={**made, "isolator": NUMBER, "sparkling": some(NUMBER)}
    )


def by_pageblock(types: Sequence[str]) -> Function:
    return Function(dict(enumerate(types)))


@hypothesis.given(generated(), generated())
def test_two_states_are_told_apart_if_and_only_if_they_differ(
    one: dict[str, Value], other: dict[str, Value]
) -> None:
    before, after = read_state(one, ZONE), read_state(other, ZONE)
    assert (not changes(before, after)) == (one == other)
    assert bool(differences(before, after, PLAIN)) == (one != other)
    assert not changes(before, read_state(dict(one), ZONE))


@hypothesis.given(generated(), hypothesis.strategies.data())
def test_a_state_in_which_one_variable_differs_says_which(
    one: dict[str, Value], data: hypothesis.strategies.DataObject
) -> None:
    name = data.draw(hypothesis.strategies.sampled_from(sorted(one)))
    other = {**one, name: data.draw(generated()).get(name, one[name])}
    found = changes(read_state(one, ZONE), read_state(other, ZONE))
    # A bit beside the type is told with the type.
    type_too = {"migratetype"} if displays().get(name, NO_DISPLAY).shape == "isolated" else set()
    assert {change.variable for change in found} <= {name} | type_too


@pytest.mark.parametrize("kind", [name for name, one in displays().items() if one.block])
def test_a_block_of_any_kind_counts_as_a_change_of_its_pageblock(kind: str) -> None:
    """Or "fewest pageblocks changed" would be wrong with --with pcp, contig, offline, ..."""
    block = displays()[kind].block
    assert block is not None
    more = ["MOVABLE"] * (len(block.fields) - 2)
    there: Any = 2 if displays()[kind].shape == "pfns" else (2, 9, *more)
    before, after = (read_state({**values(), kind: frozenset(s)}, ZONE) for s in ((), (there,)))
    assert touched(before, after) == {2}
    (change,) = changes(before, after)
    assert isinstance(change, BlockChange) and change.came and change.block.kind == kind


def test_what_is_kept_for_a_property_alone_is_no_change_of_a_pageblock() -> None:
    before = read_state({**values(), "type_before": by_pageblock(["none"] * 4)}, ZONE)
    turned = by_pageblock(["none", "MOVABLE", "none", "none"])
    after = read_state({**values(), "type_before": turned}, ZONE)
    assert touched(before, after) == frozenset()
    assert changed(before, after, PLAIN) == ["type when isolated: pageblock 1: none -> MOVABLE"]


# ---- in words ------------------------------------------------------------------------


def test_a_new_variable_is_in_every_output_without_a_line_of_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = replace(blocks()["reported"], short="{order} on ice", long="order {order}, on ice")
    cold = Display("frozen", "blocks", "on ice", words)
    counted = Display("nr_frozen", "count", "frozen pages", None)
    more = {**displays(), "frozen": cold, "nr_frozen": counted}
    for module in ("gen.trace.state", "gen.trace.changes", "gen.draw.braces", "gen.draw.strip"):
        monkeypatch.setattr(f"{module}.displays", lambda: more)
    monkeypatch.setattr("gen.trace.state.blocks", lambda: {**blocks(), "frozen": words})
    before = read_state({**values(frozen=frozenset()), "nr_frozen": 0}, ZONE)
    after = read_state({**values(frozen=frozenset({(1, 9)})), "nr_frozen": 1}, ZONE)
    assert changed(before, after, PLAIN) == [
        "on ice: +order-9 at pageblock 1",
        "frozen pages: 0 -> 1",
    ]
    assert described(after, PLAIN)[1:] == ["on ice: order-9 at pageblock 1", "frozen pages: 1"]
    assert touched(before, after) == {1}
    one = replace(made_trace(lanes=1, steps=1, pageblocks=4), zone=ZONE)
    one = replace(one, states=(before.values, after.values))
    assert "on ice" in strip_text.text(one, DrawOptions())
    assert "order 9, on ice" in strip_svg.svg(one, DrawOptions())
    assert "order 9, on ice" in page.html(one, DrawOptions())
    assert "on ice" in draw_trace(one, DrawOptions(state="changed"))
    assert "on ice" in draw_trace(one, DrawOptions(state="all"))
    left = replace(one, states=(before.values, before.values))
    assert "on ice: +order-9 at " in where_they_part(left, one)


def test_the_reported_page_of_the_gallery_is_in_state_all() -> None:
    drawn = draw_trace(trace("v7.2-reported-page"), DrawOptions(state="all"))
    assert re.search(r"\{ reported: order-\d+ at ", drawn)


def test_a_page_that_leaves_a_list_for_a_per_cpu_list_is_seen_to_arrive_there() -> None:
    drawn = draw_trace(trace("B4-drain-cached-type"), DrawOptions(state="changed"))
    assert re.search(r"\{ pcp: \+order-\d+ at .* on \w+ \(\w+ cached\) \}", drawn)
