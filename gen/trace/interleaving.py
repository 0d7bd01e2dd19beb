"""A trace as an interleaving: each step on the lane of a CPU, and how the steps depend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gen.trace.log import Call, Place, Step
from gen.trace.trace import Trace

if TYPE_CHECKING:  # to load it takes as long as all the rest of gen, and a drawing needs no graph
    import networkx as nx


@dataclass(frozen=True)
class Event:
    """A step on its lane.  ``continued``: it comes after the violation."""

    lane: int
    step: Step
    continued: bool


@dataclass(frozen=True)
class Interleaving:
    """The events of a trace in the order of time; lanes are numbered as they appear."""

    trace: Trace
    events: tuple[Event, ...]

    @property
    def lanes(self) -> int:
        """How many CPUs the drawing needs."""
        return 1 + max((event.lane for event in self.events), default=0)

    @property
    def failing(self) -> int:
        """The index of the event that violates the property; -1 if the boot state does."""
        return len(self.trace.steps) - 1

    @cached_property
    def graph(self) -> nx.DiGraph[int]:
        """The dependencies as a graph.

        Nodes: indices of events, with ``cpu``, ``function``, ``args``, ``reads`` and
        ``writes``.  Edges have ``kinds``, a sorted tuple of "program order" (same lane),
        "lock" (zone->lock handed from one lane to another) and "conflict" (another lane
        read or wrote, and one of the two wrote), and ``places``, those in conflict.
        Happens-before is the transitive closure.
        """
        import networkx as nx

        graph: nx.DiGraph[int] = nx.DiGraph()
        for index, event in enumerate(self.events):
            name, args = _what(event.step)
            graph.add_node(
                index,
                cpu=event.lane,
                function=name,
                args=args,
                reads=tuple(sorted(event.step.reads)),
                writes=tuple(sorted(event.step.writes)),
                continued=event.continued,
            )
        for later, event in enumerate(self.events):
            for kind, earlier, places in self._depends_on(later, event):
                known = graph.get_edge_data(earlier, later, default={"kinds": (), "places": ()})
                graph.add_edge(
                    earlier,
                    later,
                    kinds=tuple(sorted({*known["kinds"], kind})),
                    places=tuple(sorted({*known["places"], *places})),
                )
        return graph

    def _depends_on(self, later: int, event: Event) -> list[tuple[str, int, set[Place]]]:
        found: list[tuple[str, int, set[Place]]] = []
        before = range(later - 1, -1, -1)
        same = next((i for i in before if self.events[i].lane == event.lane), None)
        if same is not None:
            found.append(("program order", same, set()))
        if event.step.locked:
            held = next((i for i in before if self.events[i].step.locked), None)
            if held is not None and self.events[held].lane != event.lane:
                found.append(("lock", held, set()))
        # For each place the nearest earlier step that conflicts with this one.
        touched = event.step.reads | event.step.writes
        for place in sorted(touched):
            for i in before:
                other = self.events[i]
                wrote = place in other.step.writes
                read = place in other.step.reads and place in event.step.writes
                if wrote or read:
                    if other.lane != event.lane:
                        found.append(("conflict", i, {place}))
                    break
        return found

    @property
    def racing(self) -> tuple[int, ...]:
        """The events of other lanes that the failing one is in conflict with."""
        if self.failing < 0:
            return ()
        edges = self.graph.in_edges(self.failing, data=True)
        return tuple(sorted(i for i, _, data in edges if "conflict" in data["kinds"]))


def _what(step: Step) -> tuple[str, dict[str, object]]:
    """The function of the kernel that the step calls, or stands in if it calls none."""
    for call in step.walk():
        if isinstance(call, Call) and call.draw != "never":
            return call.name, dict(call.args)
    for frame in reversed(step.frames):
        return frame.name, dict(frame.args)
    return "", {}


def interleave(trace: Trace, *, continuation: bool = True) -> Interleaving:
    """Give each step a lane.

    An isolator has a lane of its own.  All other sections leave nothing behind on
    their CPU, so one lane serves them all; while a page is between two sections of
    one caller, that caller's lane is taken, and others act on another one.
    """
    steps = [(step, False) for step in trace.steps]
    if continuation:
        steps += [(step, True) for step in _open_calls(trace)]
    lanes = assign_lanes([step.actor for step, _ in steps])
    events = [Event(lane, *one) for lane, one in zip(lanes, steps, strict=True)]
    return Interleaving(trace, tuple(events))


def assign_lanes(actors: Sequence[tuple[str, int]]) -> list[int]:
    """The lane of each step, from who acts in it."""
    lanes: dict[tuple[str, int], int] = {}
    on_its_way: dict[int, int] = {}  # pfn of the page: the caller's lane
    found: list[int] = []

    def lane_of(key: tuple[str, int]) -> int:
        return lanes.setdefault(key, len(lanes))

    def free_lane() -> int:
        number = 0
        while lane_of(("caller", number)) in on_its_way.values():
            number += 1
        return lane_of(("caller", number))

    for kind, ident in actors:
        if kind in ("isolator", "cpu"):
            lane = lane_of((kind, ident))
        elif kind == "page" and ident in on_its_way:
            lane = on_its_way.pop(ident)
        else:
            lane = free_lane()
            if kind == "page":
                on_its_way[ident] = lane
        found.append(lane)
    return found


def _open_calls(trace: Trace) -> list[Step]:
    """The steps after the violation, as long as they are in a call that was open then."""
    open_frames = {step.actor: step.frames for step in trace.steps if step.frames}
    kept: list[Step] = []
    for step in trace.continuation:
        frames = open_frames.get(step.actor, ())
        if not frames or step.frames[: len(frames)] != frames:
            break
        kept.append(step)
    return kept
