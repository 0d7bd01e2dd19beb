"""The zone that is modelled: how many pageblocks, which orders, at which resolution."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from gen.errors import GenError, near_miss

#: The largest order of any Linux configuration (arm64 with 64K pages: 13), and some.
LARGEST_ORDER = 16
#: More pageblocks than this and TLC would not finish in a lifetime.
MOST_PAGEBLOCKS = 4096

GRAINS = ("fused", "step")

MIGRATETYPES = ("UNMOVABLE", "MOVABLE", "RECLAIMABLE")


@dataclass(frozen=True)
class Zone:
    """A zone in whole largest-order chunks, the first of which starts at pfn 0.

    ``start`` and ``end`` cut it short within its first and its last chunk.

    Orders are logarithms of a number of pages, as in the kernel.  A *unit* is
    2**min_order pages: the model's resolution, in which its pfns count.

    Raises GenError if no such zone exists.
    """

    pageblocks: int = 4
    max_order: int = 10
    pageblock_order: int = 9
    min_order: int = 9
    isolators: int = 1
    migratetypes: tuple[str, ...] = ("UNMOVABLE", "MOVABLE")
    #: The largest order that callers of the allocator ask for; None: max_order.
    alloc_order: int | None = None
    #: Model all of the zone at once, not one largest-order chunk with the rest left open.
    whole: bool = False
    #: What else is modelled: names of ``specs/features.toml``, in its order.
    features: tuple[str, ...] = ()
    #: One step of the model: a section, "fused", or each call of one, "step".
    grain: str = "fused"
    #: The zone's first pfn, and the one after its last, in pages; None: those of its pageblocks.
    start: int | None = None
    end: int | None = None
    #: Of a huge page, HPAGE_PMD_ORDER; None: pageblock_order.  Larger with a lowered
    #: PAGE_BLOCK_MAX_ORDER.
    huge_order: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.max_order <= LARGEST_ORDER:
            raise GenError(f"--order {self.max_order}: the largest order is 0 to {LARGEST_ORDER}")
        if not 1 <= self.pageblock_order <= self.max_order:
            raise GenError(
                f"--order {self.max_order}: must be at least --pageblock-order, which is "
                f"{self.pageblock_order} (and at least 1)"
            )
        if not 0 <= self.min_order <= self.pageblock_order:
            raise GenError(
                f"--min-order {self.min_order}: must be 0 to --pageblock-order, "
                f"which is {self.pageblock_order}"
            )
        chunk = self.chunk_pageblocks
        if self.pageblocks < 1 or self.pageblocks % chunk or self.pageblocks > MOST_PAGEBLOCKS:
            raise GenError(self._which_pageblocks_fit())
        if not self.min_order <= self.largest_allocation <= self.max_order:
            raise GenError(
                f"--alloc-order {self.alloc_order}: must be {self.min_order} (--min-order) "
                f"to {self.max_order} (--order)"
            )
        if self.huge_order is not None and "pcp" not in self.features:
            raise GenError(f"--huge-order {self.huge_order}: goes with --with pcp only")
        if not self.pageblock_order <= self.huge_page_order <= self.max_order:
            raise GenError(
                f"--huge-order {self.huge_order}: must be {self.pageblock_order} "
                f"(--pageblock-order) to {self.max_order} (--order)"
            )
        if not 0 <= self.isolators <= 2:
            raise GenError(f"--isolators {self.isolators}: 0, 1 or 2 fit")
        if not self.migratetypes or self.migratetypes != _in_order(self.migratetypes):
            raise GenError(
                f"--migratetypes {','.join(self.migratetypes).lower()}: one or more of "
                f"{', '.join(t.lower() for t in MIGRATETYPES)} fit, in this order"
            )

        if self.grain not in GRAINS:
            raise GenError(f"--grain {self.grain}: {' or '.join(GRAINS)} fits")
        if self.grain == "step" and "reporting" in self.features:
            raise GenError("--grain step: does not go with --with reporting")
        self._check_edges()

    def _check_edges(self) -> None:
        pages = self.pageblocks << self.pageblock_order
        chunk = 1 << self.max_order
        unit = self.unit_pages
        for option, value, low, high in (
            ("--zone-start", self.start, 0, chunk - unit),
            ("--zone-end", self.end, pages - chunk + unit, pages),
        ):
            if value is not None and (not low <= value <= high or value % unit):
                raise GenError(
                    f"{option} {value}: a pfn from {low} to {high} fits, in steps of {unit}, "
                    "the resolution (--min-order)"
                )
        if self.start_unit >= self.end_unit:
            raise GenError(f"--zone-end {self.end}: must be above --zone-start, {self.start}")

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
            return f"--pageblocks {self.pageblocks}: 1 to {most} fit"
        below = min(max(self.pageblocks // chunk * chunk, chunk), most)
        near = sorted({below, min(below + chunk, most)})
        return (
            f"--pageblocks {self.pageblocks}: must be a whole number of largest-order chunks, "
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
                flags += ["--" + name.replace("_", "-"), str(getattr(self, name))]
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


def zone_from_data(data: Mapping[str, Any]) -> Zone:
    """A zone from the fields that a data file names; the others are as by default.

    GenError if it names a field that there is not, or if no such zone exists.
    """
    known = [field.name for field in dataclasses.fields(Zone)]
    if unknown := [name for name in data if name not in known]:
        raise GenError(f"zone: {unknown[0]}: {near_miss(unknown[0], known)}")
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    try:
        return Zone(**fields)
    except TypeError:
        raise GenError("zone: numbers are wanted, and lists of names") from None


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
