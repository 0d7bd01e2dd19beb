"""Of all shortest counterexamples the one that is easiest to follow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice, pairwise

from gen.errors import ExitCode, GenError
from gen.model.zone import Zone
from gen.tlc.report import TraceState
from gen.tlc.value import Value, format_value, parse_assignments, parse_value
from gen.trace.changes import touched
from gen.trace.interleaving import assign_lanes
from gen.trace.state import State, read_state

#: The bare name of the file for TLC's state graph; TLC appends ``.dot``.
GRAPH = "graph"
#: So many are compared; of more, the first in the order of TLC's fingerprints.
MOST = 20_000

_NODE = re.compile(r'(-?\d+) \[label="(.*)"(,style = filled)?\];?')

_EDGE = re.compile(r"(-?\d+) -> (-?\d+) \[")


@dataclass(frozen=True)
class Shortest:
    """``count``: how many behaviours there are, as sequences of states; ``compared``: of those.

    ``trace``: the one with the fewest switches between CPUs, and of these the one that changes
    the fewest pageblocks.
    """

    count: int
    compared: int
    trace: tuple[TraceState, ...]

    def to_text(self) -> str:
        """As it is kept for another time."""
        states = [{k: format_value(v) for k, v in state.values.items()} for state in self.trace]
        return json.dumps({"count": self.count, "compared": self.compared, "states": states})

    @classmethod
    def from_text(cls, text: str) -> Shortest:
        """What ``to_text()`` has kept.  ValueError if it is not that."""
        try:
            kept = json.loads(text)
            states = [{k: parse_value(v) for k, v in one.items()} for one in kept["states"]]
            trace = tuple(TraceState(n, "", state) for n, state in enumerate(states, 1))
            return cls(int(kept["count"]), int(kept["compared"]), trace)
        except (AttributeError, KeyError, TypeError, GenError) as error:
            raise ValueError(f"no choice: {error}") from None


def choose(dot: str, found: Sequence[TraceState], zone: Zone) -> Shortest:
    """The best of the behaviours in a state graph that TLC dumped of ``specs/shortest.tla.j2``.

    ``found``: the counterexample that TLC came upon; it wins among equals.  GenError (no
    verdict) if the graph has none of that length, or shorter ones, or all but this one.
    """
    ways = _Ways(_read(dot), len(found))
    rank = _Rank(ways.graph, [state.values for state in found], zone)
    compared = list(islice(ways, MOST))
    if len(compared) == ways.count and not any(map(rank.is_known, compared)):
        raise GenError(
            "no verdict: TLC's counterexample is not among those that it gave when it was asked "
            "for all",
            ExitCode.NO_VERDICT,
        )
    best = min(compared, key=rank)
    trace = tuple(TraceState(n, "", rank.values(node)) for n, node in enumerate(best, 1))
    return Shortest(ways.count, len(compared), trace)


class _Ways:
    """The shortest ways through a state graph to a state that is bad, in the order of nodes."""

    def __init__(self, graph: _Graph, length: int) -> None:
        self.graph = graph
        levels = graph.levels
        ends = [node for node in graph.bad if node in levels]
        if not ends or min(levels[node] for node in ends) != length:
            raise GenError(
                f"no verdict: TLC found a counterexample of {length} states, and no such one when "
                "it was asked for all",
                ExitCode.NO_VERDICT,
            )
        self._ends = sorted(node for node in ends if levels[node] == length)
        #: The states one level below, by the state that they lead to; none: it is an initial one.
        self._before: dict[int, list[int]] = {}
        for one, other in sorted(graph.edges):
            if one in levels and levels[other] == levels[one] + 1:
                self._before.setdefault(other, []).append(one)

    @cached_property
    def count(self) -> int:
        """How many there are."""

        @cache
        def to(node: int) -> int:
            return sum(map(to, self._before[node])) if node in self._before else 1

        return sum(map(to, self._ends))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for end in self._ends:
            yield from self._to(end)

    def _to(self, node: int) -> Iterator[tuple[int, ...]]:
        if node not in self._before:
            yield (node,)
        for earlier in self._before.get(node, ()):
            for path in self._to(earlier):
                yield (*path, node)


class _Rank:
    """How easy a way is to follow: the least is the easiest.

    Many ways go through the same few steps, so what is known of states and steps is kept.
    """

    def __init__(self, graph: _Graph, known: Sequence[Mapping[str, Value]], zone: Zone) -> None:
        self.known = list(known)
        self.values = cache(graph.state)
        self._state = cache(lambda node: read_state(self.values(node), zone))
        self._actor = cache(lambda one, other: _actor(self._state(one), self._state(other)))
        self._touched = cache(lambda one, other: touched(self._state(one), self._state(other)))
        self._text = cache(self._as_text)

    def __call__(self, path: tuple[int, ...]) -> tuple[int, int, bool, list[tuple[str, ...]]]:
        steps = [*pairwise(path)]
        actors = [self._actor(*step) for step in steps]
        changed = [self._touched(*step) for step in steps]
        return *_cost(actors, changed), not self.is_known(path), [self._text(n) for n in path]

    def is_known(self, path: tuple[int, ...]) -> bool:
        """Whether it is the one that TLC came upon."""
        return [self.values(node) for node in path] == self.known

    def _as_text(self, node: int) -> tuple[str, ...]:
        values = self.values(node)
        return tuple(format_value(values[name]) for name in sorted(values))


def cost(states: Sequence[State]) -> tuple[int, int]:
    """How often the CPU changes in a behaviour, and how many pageblocks change in it."""
    steps = [*pairwise(states)]
    return _cost([_actor(*step) for step in steps], [touched(*step) for step in steps])


def _cost(actors: Sequence[tuple[str, int]], changed: Sequence[frozenset[int]]) -> tuple[int, int]:
    lanes = assign_lanes(actors)
    return sum(a != b for a, b in pairwise(lanes)), len(frozenset().union(*changed))


def _actor(one: State, other: State) -> tuple[str, int]:
    """Who acts, as a step's log would say: each caller has a state of its own."""
    for number, (was, now) in enumerate(zip(one.callers, other.callers, strict=True), 1):
        if was != now:
            return "isolator", number
    for block in sorted(frozenset(one.blocks) ^ frozenset(other.blocks)):
        if block.words.carried:
            return "page", block.pfn
    return "any", 0


@dataclass(frozen=True, eq=False)
class _Graph:
    """A state graph: nodes are TLC's fingerprints, ``labels`` the states as text."""

    labels: Mapping[int, str]
    initial: tuple[int, ...]
    edges: frozenset[tuple[int, int]]

    @property
    def bad(self) -> list[int]:
        return [node for node, label in self.labels.items() if "bad = TRUE" in label]

    @property
    def levels(self) -> dict[int, int]:
        """The least number of states from an initial one to each."""
        after: dict[int, list[int]] = {}
        for one, other in self.edges:
            after.setdefault(one, []).append(other)
        levels = dict.fromkeys(self.initial, 1)
        queue = list(self.initial)
        for node in queue:  # it grows as it is read
            for reached in after.get(node, ()):
                if reached not in levels:
                    levels[reached] = levels[node] + 1
                    queue.append(reached)
        return levels

    def state(self, node: int) -> dict[str, Value]:
        """The variables of a state, but for ``bad``."""
        text = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], self.labels[node])
        values = parse_assignments(text)
        return {name: value for name, value in values.items() if name != "bad"}


def _read(dot: str) -> _Graph:
    labels: dict[int, str] = {}
    initial: list[int] = []
    edges: set[tuple[int, int]] = set()
    for line in dot.splitlines():
        if edge := _EDGE.match(line):
            edges.add((int(edge[1]), int(edge[2])))
        elif node := _NODE.fullmatch(line):
            labels[int(node[1])] = node[2]
            if node[3]:
                initial.append(int(node[1]))
    return _Graph(labels, tuple(dict.fromkeys(initial)), frozenset(edges))
