"""The zone that is modelled: how many pageblocks, which orders, at which resolution."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta

from gen.errors import FieldError, GenError
from gen.model.feature import feature_tables

#: The largest order of any Linux configuration (arm64 with 64K pages: 13), and some.
LARGEST_ORDER = 16
#: More pageblocks than this and TLC would not finish in a lifetime.
MOST_PAGEBLOCKS = 4096

#: One step of the model: a section, "fused", or each call of one, "step".
Grain = Literal["fused", "step"]
GRAINS: tuple[Grain, ...] = get_args(Grain)

#: The options that are not called as their fields are.
_OPTIONS = {
    "max_order": "--order",
    "features": "--with",
    "start": "--zone-start",
    "end": "--zone-end",
    "whole": "--whole-zone",
}

MIGRATETYPES = ("UNMOVABLE", "MOVABLE", "RECLAIMABLE")


@dataclass(frozen=True)
class Zone:
    """A zone in whole largest-order chunks, the first of which starts at pfn 0.

    ``start`` and ``end`` cut it short within its first and its last chunk.

    Orders are logarithms of a number of pages, as in the kernel.  A *unit* is
    2**min_order pages: the model's resolution, in which its pfns count.

    Raises FieldError if no such zone exists.
    """

    called: ClassVar[str] = "zone"
    pageblocks: Annotated[
        int, Meta(description="pageblocks in it, a whole number of largest-order chunks")
    ] = 4
    max_order: Annotated[int, Meta(description="the largest order, inclusive: MAX_PAGE_ORDER")] = 10
    pageblock_order: Annotated[int, Meta(description="pageblock_order; 9 on x86-64")] = 9
    min_order: Annotated[
        int, Meta(description="the resolution: orders below it are not told apart")
    ] = 9
    isolators: Annotated[
        int, Meta(description="callers of start_isolate_page_range() at a time: 0, 1 or 2")
    ] = 1
    migratetypes: Annotated[
        tuple[str, ...], Meta(description="the types that callers allocate, in the kernel's order")
    ] = ("UNMOVABLE", "MOVABLE")
    alloc_order: Annotated[
        int | None, Meta(description="the largest order that callers ask for, if not max_order")
    ] = None
    whole: Annotated[
        bool,
        Meta(
            description="all of the zone is modelled at once, not one largest-order chunk with "
            "the rest left open"
        ),
    ] = False
    features: Annotated[
        tuple[str, ...], Meta(description="what else is modelled: names of specs/features.toml")
    ] = ()
    grain: Annotated[
        Grain,
        Meta(description="one step of the model: a section, fused, or each call of one, step"),
    ] = "fused"
    start: Annotated[int | None, Meta(description="the zone's first pfn, in pages")] = None
    end: Annotated[int | None, Meta(description="the pfn after its last, in pages")] = None
    #: Larger than pageblock_order with a lowered PAGE_BLOCK_MAX_ORDER.
    huge_order: Annotated[
        int | None,
        Meta(description="HPAGE_PMD_ORDER, the order of a huge page, if not pageblock_order"),
    ] = None

    def __post_init__(self) -> None:
        if not 0 <= self.max_order <= LARGEST_ORDER:
            raise self._misfit("max_order", f"the largest order is 0 to {LARGEST_ORDER}")
        if not 1 <= self.pageblock_order <= self.max_order:
            raise self._misfit(
                "max_order",
                "must be at least {pageblock_order}, which is "
                f"{self.pageblock_order} (and at least 1)",
            )
        if not 0 <= self.min_order <= self.pageblock_order:
            raise self._misfit(
                "min_order", f"must be 0 to {{pageblock_order}}, which is {self.pageblock_order}"
            )
        chunk = self.chunk_pageblocks
        if self.pageblocks < 1 or self.pageblocks % chunk or self.pageblocks > MOST_PAGEBLOCKS:
            raise self._misfit("pageblocks", self._which_pageblocks_fit())
        if not self.min_order <= self.largest_allocation <= self.max_order:
            raise self._misfit(
                "alloc_order",
                f"must be {self.min_order} ({{min_order}}) to {self.max_order} ({{max_order}})",
            )
        if self.huge_order is not None and "pcp" not in self.features:
            raise self._misfit("huge_order", "goes with {features} pcp only")
        if not self.pageblock_order <= self.huge_page_order <= self.max_order:
            raise self._misfit(
                "huge_order",
                f"must be {self.pageblock_order} ({{pageblock_order}}) "
                f"to {self.max_order} ({{max_order}})",
            )
        if not 0 <= self.isolators <= 2:
            raise self._misfit("isolators", "0, 1 or 2 fit")
        if not self.migratetypes or self.migratetypes != _in_order(self.migratetypes):
            raise self._misfit(
                "migratetypes", f"one or more of {', '.join(MIGRATETYPES)} fit, in this order"
            )

        if self.grain not in GRAINS:
            raise self._misfit("grain", f"{' or '.join(GRAINS)} fits")
        acting = [name for name, one in feature_tables().items() if one.actor]
        acting = [name for name in self.features if name in acting]
        if self.grain == "step" and acting:
            raise self._misfit("grain", f"does not go with {{features}} {acting[0]}")
        self._check_edges()

    def _misfit(self, field: str, fits: str) -> FieldError:
        return FieldError(field, getattr(self, field), fits)

    def _check_edges(self) -> None:
        pages = self.pageblocks << self.pageblock_order
        chunk = 1 << self.max_order
        unit = self.unit_pages
        for field, value, low, high in (
            ("start", self.start, 0, chunk - unit),
            ("end", self.end, pages - chunk + unit, pages),
        ):
            if value is not None and (not low <= value <= high or value % unit):
                raise self._misfit(
                    field,
                    f"a pfn from {low} to {high} fits, in steps of {unit}, "
                    "the resolution ({min_order})",
                )
        if self.start_unit >= self.end_unit:
            raise self._misfit("end", f"must be above {{start}}, {self.start}")

    @property
    def start_unit(self) -> int:
        """The first pfn of the zone, in units."""
        return (self.start or 0) >> self.min_order

    @property
    def end_unit(self) -> int:
        """The pfn after the last of the zone, in units."""
        pages = self.pageblocks << self.pageblock_order
        return (pages if self.end is None else self.end) >> self.min_order

    @property
    def edged(self) -> bool:
        """Whether the zone begins or ends inside of a chunk."""
        return (self.end_unit - self.start_unit) << self.min_order != (
            self.pageblocks << self.pageblock_order
        )

    def _which_pageblocks_fit(self) -> str:
        chunk = self.chunk_pageblocks
        most = MOST_PAGEBLOCKS // chunk * chunk
        if chunk == 1:
            return f"1 to {most} fit"
        below = min(max(self.pageblocks // chunk * chunk, chunk), most)
        near = sorted({below, min(below + chunk, most)})
        return (
            f"must be a whole number of largest-order chunks, "
            f"{chunk} pageblocks each, up to {most}; {' and '.join(map(str, near))} fit"
        )

    @property
    def chunk_pageblocks(self) -> int:
        """Pageblocks in one buddy of the largest order."""
        return 1 << (self.max_order - self.pageblock_order)

    @property
    def largest_allocation(self) -> int:
        """The largest order that callers of the allocator ask for."""
        return self.max_order if self.alloc_order is None else self.alloc_order

    @property
    def huge_page_order(self) -> int:
        """The order of a huge page, which waits on per-CPU lists."""
        return self.pageblock_order if self.huge_order is None else self.huge_order

    @property
    def windowed(self) -> bool:
        """Whether one chunk stands for the zone.

        A zone of one chunk is its own window; one that ends inside a chunk is modelled whole.
        """
        return not (self.whole or self.edged) and self.pageblocks > self.chunk_pageblocks

    @property
    def modelled_pageblocks(self) -> int:
        """Pageblocks that are in the model's state."""
        return self.chunk_pageblocks if self.windowed else self.pageblocks

    @property
    def unit_pages(self) -> int:
        """Pages in one unit of the model."""
        return 1 << self.min_order

    @property
    def pageblock_units(self) -> int:
        """Units in one pageblock."""
        return 1 << (self.pageblock_order - self.min_order)

    def pageblock_of(self, pfn: int) -> int:
        """The pageblock of a pfn that counts units."""
        return pfn // self.pageblock_units

    def units(self, order: int) -> int:
        """Units in a block of an order."""
        return 1 << (order - self.min_order)

    @property
    def resolution(self) -> str:
        """Which blocks the model tells apart, in words."""
        if self.min_order == 0:
            return "every page"
        units = self.pageblock_units
        return f"orders {self.min_order} and up ({units} unit{'s' * (units > 1)} per pageblock)"

    @property
    def describe(self) -> str:
        """The zone in one line of words."""
        isolators = f"{self.isolators or 'no'} isolator{'s' * (self.isolators != 1)}"
        chunk = self.chunk_pageblocks
        asked = "" if self.alloc_order is None else f"allocations up to order {self.alloc_order}, "
        window = f"a window of {chunk} pageblock{'s' * (chunk > 1)}"
        huge = "" if self.huge_order is None else f"huge pages of order {self.huge_order}, "
        features = f"with {', '.join(self.features)}, " if self.features else ""
        edges = (
            f"pfns {self.start_unit << self.min_order} to {self.end_unit << self.min_order}, "
            if self.edged
            else ""
        )
        return (
            f"{self.pageblocks} pageblocks of order {self.pageblock_order}, "
            f"largest order {self.max_order}, {isolators}, {self.resolution}, "
            f"{edges}{asked}{huge}{features}"
            f"{window if self.windowed else 'the whole zone'}"
            f"{', call by call' if self.grain == 'step' else ''}"
        )

    @property
    def flags(self) -> list[str]:
        """The command-line options that ask for this zone; defaults are left out."""
        flags = ["--pageblocks", str(self.pageblocks), "--order", str(self.max_order)]
        default = Zone()
        for name in ("pageblock_order", "isolators"):
            if getattr(self, name) != getattr(default, name):
                flags += [option(name), str(getattr(self, name))]
        if self.min_order != self.pageblock_order:
            flags += ["--min-order", str(self.min_order)]
        if self.alloc_order is not None:
            flags += ["--alloc-order", str(self.alloc_order)]
        if self.migratetypes != default.migratetypes:
            flags += ["--migratetypes", ",".join(t.lower() for t in self.migratetypes)]
        if self.features:
            flags += ["--with", ",".join(self.features)]
        if self.huge_order is not None:
            flags += ["--huge-order", str(self.huge_order)]
        if self.start is not None:
            flags += ["--zone-start", str(self.start)]
        if self.end is not None:
            flags += ["--zone-end", str(self.end)]
        if self.grain != default.grain:
            flags += ["--grain", self.grain]
        if self.whole:
            flags.append("--whole-zone")
        return flags


def option(field: str) -> str:
    """What the command line calls a field of a zone."""
    return _OPTIONS.get(field, "--" + field.replace("_", "-"))


def parse_migratetypes(text: str) -> tuple[str, ...]:
    """``movable,unmovable`` as the types that callers allocate, in the kernel's order."""
    asked = {word.strip().upper() for word in text.split(",")}
    if unknown := asked - set(MIGRATETYPES):
        raise GenError(
            f"--migratetypes: unknown type '{sorted(unknown)[0].lower()}'; "
            f"known: {', '.join(t.lower() for t in MIGRATETYPES)}"
        )
    return _in_order(asked)


def _in_order(types: Collection[str]) -> tuple[str, ...]:
    return tuple(t for t in MIGRATETYPES if t in types)
