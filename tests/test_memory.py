"""The zone as a picture shows it: read from a state, and what is wrong or new in it."""

from __future__ import annotations

from typing import Any

import pytest

from gen.errors import GenError
from gen.model.zone import Zone
from gen.tlc.value import Function, Value
from gen.trace.state import Block, levels, memory, moments
from tools.golden import trace, trace_names

ZONE = Zone(pageblocks=4, whole=True)


def state(types: str = "MMMM", **more: frozenset[Any]) -> dict[str, Value]:
    names = {"M": "MOVABLE", "U": "UNMOVABLE", "I": "ISOLATE"}
    function = Function({b: names[t] for b, t in enumerate(types)})
    return {"migratetype": function, "free": frozenset(), "inuse": frozenset(), **more}


def test_every_kind_of_block_is_shown_and_what_is_not_known_is_passed_over() -> None:
    now = memory(
        state(
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
    (reported,) = memory(state(reported=frozenset({(0, 9)})), ZONE).blocks
    assert (reported.short, reported.long) == ("9 reported", "order 9, being reported")
    (cached,) = memory(state(pcp=frozenset({(0, 9, "MOVABLE", "CMA")})), ZONE).blocks
    assert cached.long == "order 9, on a pcp list as MOVABLE"  # a page may cache another type
    (taken,) = memory(state(taken=frozenset({(0, 9, 2)})), ZONE).blocks
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
    now = memory(state(types, free=frozenset({(0, order, "MOVABLE")})), ZONE)
    assert now.wrong(now.blocks[0]) == told
    assert bool(now.wrong(now.blocks[0], letters=True)) == bool(told)


def test_offline_pages_are_told_in_blocks_as_large_as_they_can_be() -> None:
    half = Zone(pageblocks=4, min_order=8, whole=True)
    gone = memory(state(offline=frozenset({1, 2, 3, 4, 5, 6, 7})), half).blocks
    assert [(block.pfn, block.long) for block in gone] == [
        (1, "order 8, offline"),
        (2, "order 9, offline"),
        (4, "order 10, offline"),
    ]


def test_a_page_in_use_may_cover_two_types() -> None:
    now = memory(state("MIMM", inuse=frozenset({(0, 10, "pinned")})), ZONE)
    assert now.wrong(now.blocks[0]) == ""


def test_the_isolation_bit_is_read_as_isolate_and_the_type_beside_it_is_shown() -> None:
    bit = state("MUMM", isolate_bit=frozenset({1}), free=frozenset({(1, 9, "ISOLATE")}))
    now = memory(bit, ZONE)
    assert (now.mt(1), now.letters(1), now.letters(0)) == ("ISOLATE", "I (U)", "M")
    assert (now.words(1), now.words(0)) == ("ISOLATE (UNMOVABLE)", "MOVABLE")
    assert now.wrong(now.blocks[0]) == ""


def test_what_is_new_is_what_was_not_there_before() -> None:
    first = memory(state(free=frozenset({(0, 10, "MOVABLE"), (2, 10, "MOVABLE")})), ZONE)
    then = memory(state("MIMM", free=frozenset({(0, 9, "MOVABLE"), (2, 10, "MOVABLE")})), ZONE)
    boot, step = moments([first, then])
    assert (boot.blocks, boot.pageblocks) == (frozenset(), frozenset())
    assert [block.short for block in step.blocks] == ["9 M"]
    assert step.pageblocks == {1}


def test_blocks_that_overlap_lie_one_over_the_other() -> None:
    lost = memory(state(free=frozenset({(0, 10, "MOVABLE"), (1, 9, "MOVABLE")})), ZONE)
    assert sorted(levels(lost.blocks, ZONE).values()) == [0, 1]
    beside = (Block(0, 9, "free", "MOVABLE", ""), Block(1, 9, "free", "MOVABLE", ""))
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
        memory({**state(), **damage}, ZONE)


@pytest.mark.parametrize("name", trace_names())
def test_every_state_of_a_real_trace_tiles_its_zone(name: str) -> None:
    one = trace(name)
    whole = one.zone.modelled_pageblocks * one.zone.pageblock_units
    if one.zone.edged:
        whole = one.zone.end_unit - one.zone.start_unit
    # Where pages are lost, or there twice, that is what the trace shows last.
    good = one.length - (one.prop.name == "Conservation")
    for state in one.states[:good]:
        now = memory(state, one.zone)
        assert sum(one.zone.units(block.order) for block in now.blocks) == whole
        assert set(levels(now.blocks, one.zone).values()) == {0}
