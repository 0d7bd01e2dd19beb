"""The memory strip: the zone after every step, and a line of words for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gen.draw.names import Names
from gen.draw.sheet import Sheet, sheet
from gen.model.display import displays, letter, migratetypes
from gen.model.zone import Zone
from gen.trace.changes import Moment, moments
from gen.trace.interleaving import Interleaving
from gen.trace.log import Call
from gen.trace.state import Block

#: So many buddies on a wrong list are told in words; all are drawn.
_TOLD = 3


@dataclass(frozen=True)
class Strips:
    """A trace as strips: the moments, with a line of words for each."""

    it: Interleaving
    moments: tuple[Moment, ...]
    captions: tuple[str, ...]
    names: Names

    @property
    def zone(self) -> Zone:
        """The zone that they show."""
        return self.it.trace.zone

    def remark(self, number: int) -> str:
        """What is to be said of a moment beside what led to it; "" if nothing is."""
        trace = self.it.trace
        last = number == self.it.failing + 1
        if trace.loop is not None and last:
            stays = trace.loop == trace.length
            return f"then {'nothing more' if stays else f'again from {trace.loop} on'}, for ever"
        if trace.loop is not None and number == trace.loop:
            return "from here on, again and again"
        if number > self.it.failing + 1:
            return "after the violation"
        return f"violates {trace.prop.name}" if last else ""


def strips(it: Interleaving, drawn: Sheet | None = None) -> Strips:
    """The strips of an interleaving; GenError if its states have no zone."""
    drawn = drawn or sheet(it)
    states = [it.trace.zones[0], *(event.step.after for event in it.events)]
    captions = ["at boot"]
    for index, event in enumerate(it.events):
        rows = [row for row in drawn.rows if row.event == index]
        calls = [row.text for row in rows if isinstance(row.call, Call) and not row.call.is_lock]
        text = calls[0] if calls else next((row.text for row in reversed(rows)), "")
        captions.append(f"#{event.lane} {text}")
    made = moments(states)
    return Strips(it, tuple(made), tuple(captions), Names(it))


def spell(block: Block, strip: Strips) -> str:
    return f"{block.long}, at {strip.names.page(block.pfn)}"


def problems(strip: Strips, number: int) -> list[str]:
    """The free buddies of a state that are on a wrong list, in words."""
    now = strip.moments[number].state
    found = [(block, now.wrong(block)) for block in now.blocks]
    told = [f"{spell(block, strip)}: {wrong}" for block, wrong in found if wrong]
    more = len(told) - _TOLD
    return told if more < 2 else [*told[:_TOLD], f"and {more} more"]


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    runs: list[tuple[int, int]] = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs


def types_in(strip: Strips) -> list[str]:
    """The types that are anywhere in the strips, in the kernel's order."""
    used = {mt for m in strip.moments for mt in m.state.types}
    used |= {m.state.mt(b) for m in strip.moments for b in m.state.isolated}
    used |= {block.mt for m in strip.moments for block in m.state.blocks if block.mt}
    return [mt for mt in migratetypes() if mt in used] + sorted(used - migratetypes().keys())


def legend(strip: Strips) -> list[tuple[str, str, str]]:
    """What is in the strips: a class, a letter in it, and what it means."""
    known = [
        (letter(mt) if mt in migratetypes() else "other", letter(mt), mt) for mt in types_in(strip)
    ]
    kinds = {block.kind for m in strip.moments for block in m.state.blocks}
    for name, one in displays().items():
        if name in kinds and one.block and not (one.block.dashed or one.block.type):
            known.append(("used", "", one.title))
    dashed = [d.title for n, d in displays().items() if n in kinds and d.block and d.block.dashed]
    if dashed:
        known.append(("other away", "", ", ".join(sorted(dashed))))
    if any(m.state.wrong(block) for m in strip.moments for block in m.state.blocks):
        known.append(("wrong", "!", "free, but not on the list of all that it covers"))
    if any(m.state.isolated for m in strip.moments):
        known.append(("page", "(M)", "the type that is kept beside the isolation bit"))
    known.append(("page new", "", "new"))
    return known
