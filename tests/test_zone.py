"""The zone: what fits, what is said of what does not, and the options that ask for it again."""

from __future__ import annotations

from itertools import product

import pytest

from gen.cli.options import parse
from gen.cli.options import zone as zone_of
from gen.errors import GenError
from gen.model.zone import LARGEST_ORDER, MOST_PAGEBLOCKS, Zone, parse_migratetypes

THREE = ("UNMOVABLE", "MOVABLE", "RECLAIMABLE")


def asked(*options: str) -> Zone:
    """The zone that a user gets for these options."""
    return zone_of(parse(["check", *options])[1])


def complaint(*options: str) -> str:
    """What the user is told; always one line."""
    with pytest.raises(GenError) as caught:
        asked(*options)
    assert caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


# ---- what fits -----------------------------------------------------------------------


def test_without_options_it_is_four_pageblocks_of_x86() -> None:
    zone = asked()
    assert (zone.pageblocks, zone.max_order, zone.pageblock_order) == (4, 10, 9)
    assert (zone.min_order, zone.isolators, zone.whole) == (9, 1, False)
    assert zone == Zone()


@pytest.mark.parametrize(
    ("pageblocks", "fits"),
    [
        (0, "2 and 4 fit"),
        (-1, "2 and 4 fit"),
        (1, "2 and 4 fit"),
        (3, "2 and 4 fit"),
        (4095, "4094 and 4096 fit"),
        (4098, "4096 fit"),
        (10**9, "4096 fit"),
    ],
)
def test_pageblocks_that_do_not_fit_name_the_numbers_that_do(pageblocks: int, fits: str) -> None:
    said = complaint("--pageblocks", str(pageblocks))
    assert f"--pageblocks {pageblocks}:" in said
    assert "whole number of largest-order chunks" in said
    assert said.endswith(fits)


@pytest.mark.parametrize("pageblocks", [0, -1, 3, 5, 4095, 10**9])
def test_the_numbers_that_are_said_to_fit_do_fit(pageblocks: int) -> None:
    said = complaint("--pageblocks", str(pageblocks))
    for word in said.rpartition(";")[2].replace("fit", "").split(" and "):
        assert asked("--pageblocks", word.strip()).pageblocks == int(word)


def test_with_one_pageblock_per_chunk_any_number_fits() -> None:
    options = ("--pageblock-order", "10", "--pageblocks")
    assert asked(*options, "3").pageblocks == 3
    assert complaint(*options, "0") == f"--pageblocks 0: 1 to {MOST_PAGEBLOCKS} fit"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--order", "8"), "--order 8: must be at least --pageblock-order, which is 9"),
        (("--order", "99"), f"--order 99: the largest order is 0 to {LARGEST_ORDER}"),
        (("--order", "-1"), "--order -1: the largest order is 0"),
        (("--pageblock-order", "11"), "--pageblock-order, which is 11"),
        (("--pageblock-order", "0"), "--pageblock-order, which is 0 (and at least 1)"),
        (("--min-order", "10"), "--min-order 10: must be 0 to --pageblock-order, which is 9"),
        (("--min-order", "-1"), "--min-order -1: must be 0 to"),
        (("--alloc-order", "11"), "--alloc-order 11: must be 9 (--min-order) to 10 (--order)"),
        (("--alloc-order", "8"), "--alloc-order 8: must be 9 (--min-order) to 10 (--order)"),
        (("--alloc-order", "x"), "'x' is no whole number"),
        (("--grain", "step", "--with", "reporting"), "does not go with --with reporting"),
        (("--huge-order", "10"), "--huge-order 10: goes with --with pcp only"),
        (("--huge-order", "8", "--with", "pcp"), "must be 9 (--pageblock-order) to 10 (--order)"),
        (("--huge-order", "11", "--with", "pcp"), "must be 9 (--pageblock-order) to 10 (--order)"),
        (("--isolators", "3"), "--isolators 3: 0, 1 or 2 fit"),
        (("--isolators", "-1"), "--isolators -1: 0, 1 or 2 fit"),
        (("--migratetypes", "movable,cma"), "unknown type 'cma'; known: unmovable, movable"),
        (("--migratetypes", ""), "unknown type ''"),
        (("--pageblocks", "four"), "'four' is no whole number"),
        (("--order", "1e1"), "'1e1' is no whole number"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(options: tuple[str, ...], said: str) -> None:
    assert said in complaint(*options)


@pytest.mark.parametrize("types", [(), ("CMA",), ("MOVABLE", "UNMOVABLE"), ("MOVABLE", "MOVABLE")])
def test_a_zone_from_a_file_has_known_types_in_the_kernels_order(types: tuple[str, ...]) -> None:
    with pytest.raises(GenError, match=r"^migratetypes = .* RECLAIMABLE fit, in this order$"):
        Zone(migratetypes=types)


def test_migratetypes_may_be_given_in_any_order_and_case() -> None:
    assert parse_migratetypes("Reclaimable, movable,UNMOVABLE,movable") == THREE


# ---- units and windows ---------------------------------------------------------------


def test_a_unit_is_the_smallest_block_that_is_told_apart() -> None:
    zone = Zone(min_order=7)
    assert (zone.unit_pages, zone.pageblock_units) == (128, 4)
    assert [zone.units(order) for order in (7, 8, 9, 10)] == [1, 2, 4, 8]
    assert [zone.pageblock_of(pfn) for pfn in (0, 3, 4, 15)] == [0, 0, 1, 3]
    assert zone.resolution == "orders 7 and up (4 units per pageblock)"
    assert Zone().resolution == "orders 9 and up (1 unit per pageblock)"
    assert Zone(min_order=0).resolution == "every page"


@pytest.mark.parametrize(
    ("zone", "windowed", "modelled"),
    [
        (Zone(), True, 2),
        (Zone(whole=True), False, 4),
        (Zone(pageblocks=2), False, 2),  # one chunk is its own window
        (Zone(pageblocks=4096), True, 2),
        (Zone(pageblock_order=10, min_order=10), True, 1),
        (Zone(pageblocks=1, pageblock_order=10, min_order=10), False, 1),
        (Zone(pageblock_order=8, min_order=8), False, 4),
        (Zone(pageblocks=8, pageblock_order=8, min_order=8), True, 4),
    ],
)
def test_a_window_is_one_largest_order_chunk(zone: Zone, windowed: bool, modelled: int) -> None:
    assert (zone.windowed, zone.modelled_pageblocks) == (windowed, modelled)
    assert ("a window of" in zone.describe) is windowed
    assert ("the whole zone" in zone.describe) is not windowed


def test_the_zone_in_words() -> None:
    assert Zone(isolators=0, whole=True).describe == (
        "4 pageblocks of order 9, largest order 10, no isolators, "
        "orders 9 and up (1 unit per pageblock), the whole zone"
    )
    words = Zone(pageblock_order=10, min_order=8, isolators=2).describe
    assert "2 isolators, orders 8 and up (4 units per pageblock), a window of 1 pageblock" in words


# ---- the line that reproduces a run --------------------------------------------------


def _many() -> list[Zone]:
    kinds = ((9, 10), (10, 10), (8, 10), (11, 11), (13, 13), (1, 1), (1, 3), (9, 16))
    types = (("UNMOVABLE", "MOVABLE"), ("MOVABLE",), THREE)
    return [
        Zone(
            pageblocks=chunks << (largest - order),
            max_order=largest,
            pageblock_order=order,
            min_order=order - coarser,
            isolators=isolators,
            migratetypes=chosen,
            alloc_order=None if below is None else largest - below,
            whole=whole,
        )
        for (order, largest), coarser, chunks, isolators, chosen, below, whole in product(
            kinds, (0, 1), (1, 2, 3), (0, 1, 2), types, (None, 0, 1), (False, True)
        )
        if below is None or largest - below >= order - coarser
    ]


def test_the_flags_of_a_zone_ask_for_exactly_this_zone() -> None:
    zones = _many()
    assert len(zones) == len(set(zones)) > 2000
    # Every seventh: as good as all of them, as no number of choices is a multiple of seven.
    for zone in zones[::7]:
        assert asked(*zone.flags) == zone, zone.flags


def test_the_flags_of_the_usual_zone_are_the_command_of_the_readme() -> None:
    assert Zone().flags == ["--pageblocks", "4", "--order", "10"]


def test_the_largest_order_of_allocations_is_told_only_if_it_was_asked_for() -> None:
    assert Zone().largest_allocation == 10 and "--alloc-order" not in Zone().flags
    asked_for = asked("--alloc-order", "9")
    assert asked_for.largest_allocation == 9 and asked_for.flags[-2:] == ["--alloc-order", "9"]
    assert "allocations up to order 9" in asked_for.describe
    assert "allocations" not in Zone().describe
    assert asked("--alloc-order", "10") != Zone()  # as it was asked for


def test_the_order_of_huge_pages_is_told_only_if_it_was_asked_for() -> None:
    zone = asked("--with", "pcp", "--huge-order", "10")
    assert (zone.huge_page_order, Zone().huge_page_order) == (10, 9)
    assert zone.flags[-2:] == ["--huge-order", "10"] and asked(*zone.flags) == zone
    assert "huge pages of order 10" in zone.describe and "huge" not in Zone().describe


def test_flags_leave_the_default_resolution_out() -> None:
    assert "--min-order" not in asked("--pageblock-order", "10").flags
    assert asked("--min-order", "8").flags[-2:] == ["--min-order", "8"]


@pytest.mark.parametrize(
    ("argv", "pageblocks"),
    [
        ([], 4),
        (["--order", "12"], 8),
        (["--pageblock-order", "8"], 4),
        (["--pageblocks", "16"], 16),
    ],
)
def test_the_default_zone_has_room_for_the_largest_order(argv: list[str], pageblocks: int) -> None:
    assert asked(*argv).pageblocks == pageblocks
