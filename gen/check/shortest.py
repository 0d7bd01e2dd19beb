"""Of all shortest counterexamples the one that is easiest to follow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise

from gen.errors import ExitCode, GenError
from gen.model.zone import Zone
from gen.tlc.report import TraceState
from gen.tlc.value import Function, Value, format_value, parse_assignments, parse_value
from gen.trace.interleaving import assign_lanes

#: The bare name of the file for TLC's state graph; TLC appends ``.dot``.
GRAPH = "graph"
#: So many are compared; of more, the first in the order of TLC's fingerprints.
MOST = 20_000

_NODE = re.compile(r'(-?\d+) \[label="(.*)"(,style = filled)?\];?')

_EDGE = re.compile(r"(-?\d+) -> (-?\d+) \[")

State = Mapping[str, Value]


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
    graph = _read(dot)
    length = len(found)
    levels = graph.levels
    ends = [node for node in graph.bad if node in levels]
    if not ends or min(levels[node] for node in ends) != length:
        raise GenError(
            f"no verdict: TLC found a counterexample of {length} states, and no such one when it "
            "was asked for all",
            ExitCode.NO_VERDICT,
        )
    ends = [node for node in ends if levels[node] == length]
    before: dict[int, list[int]] = {}
    for one, other in sorted(graph.edges):
        if one in levels and levels[other] == levels[one] + 1:
            before.setdefault(other, []).append(one)

    @cache
    def count(node: int) -> int:
        return 1 if levels[node] == 1 else sum(map(count, before[node]))

    def paths(node: int) -> Iterator[tuple[int, ...]]:
        if levels[node] == 1:
            yield (node,)
        for earlier in before.get(node, ()):
            for path in paths(earlier):
                yield (*path, node)

    total = sum(map(count, ends))
    every = (path for end in sorted(ends) for path in paths(end))
    compared = list(islice(every, MOST))
    known = [state.values for state in found]

    state = cache(graph.state)

    # Many behaviours go through the same few steps.
    @cache
    def actor(one: int, other: int) -> tuple[str, int]:
        return _actor(state(one), state(other))

    @cache
    def touched(one: int, other: int) -> frozenset[int]:
        return _touched(state(one), state(other), zone)

    @cache
    def texts(node: int) -> tuple[str, ...]:
        values = state(node)
        return tuple(format_value(values[name]) for name in sorted(values))

    def rank(path: tuple[int, ...]) -> tuple[int, int, bool, list[tuple[str, ...]]]:
        steps = [*pairwise(path)]
        least = _cost([actor(*step) for step in steps], [touched(*step) for step in steps])
        return *least, [state(node) for node in path] != known, [texts(node) for node in path]

    if len(compared) == total and not any(
        [state(node) for node in path] == known for path in compared
    ):
        raise GenError(
            "no verdict: TLC's counterexample is not among those that it gave when it was asked "
            "for all",
            ExitCode.NO_VERDICT,
        )
    best = min(compared, key=rank)
    trace = tuple(TraceState(n, "", state(node)) for n, node in enumerate(best, 1))
    return Shortest(total, len(compared), trace)


def cost(states: Sequence[State], zone: Zone) -> tuple[int, int]:
    """How often the CPU changes in a behaviour, and how many pageblocks change in it."""
    steps = [*pairwise(states)]
    return _cost([_actor(*step) for step in steps], [_touched(*step, zone) for step in steps])


def _cost(actors: Sequence[tuple[str, int]], touched: Sequence[frozenset[int]]) -> tuple[int, int]:
    lanes = assign_lanes(actors)
    return sum(a != b for a, b in pairwise(lanes)), len(frozenset().union(*touched))


def _actor(one: State, other: State) -> tuple[str, int]:
    """Who acts, as a step's log would say: each caller has a state of its own."""
    was, now = one["isolator"], other["isolator"]
    assert isinstance(was, tuple) and isinstance(now, tuple)
    for number, (before, after) in enumerate(zip(was, now, strict=True), 1):
        if before != after:
            return "isolator", number
    for pfn, _, _ in _blocks(one, "freeing") ^ _blocks(other, "freeing"):
        return "page", pfn
    return "any", 0


def _touched(one: State, other: State, zone: Zone) -> frozenset[int]:
    was, now = one["migratetype"], other["migratetype"]
    assert isinstance(was, Function) and isinstance(now, Function)
    found = {int(str(b)) for b in now if was[b] != now[b]}
    bits = [state.get("isolate_bit", frozenset()) for state in (one, other)]
    assert isinstance(bits[0], frozenset) and isinstance(bits[1], frozenset)
    found |= {int(str(b)) for b in bits[0] ^ bits[1]}
    for variable in ("free", "inuse", "freeing"):
        for pfn, order, _ in _blocks(one, variable) ^ _blocks(other, variable):
            last = pfn + zone.units(order) - 1
            found |= {*range(zone.pageblock_of(pfn), zone.pageblock_of(last) + 1)}
    return frozenset(found)


def _blocks(state: State, variable: str) -> set[tuple[int, int, str]]:
    blocks = state.get(variable, frozenset())
    assert isinstance(blocks, frozenset)
    return {(int(str(p)), int(str(o)), str(x)) for p, o, x in map(_triple, blocks)}


def _triple(block: Value) -> tuple[Value, Value, Value]:
    assert isinstance(block, tuple)
    pfn, order, what = block
    return pfn, order, what


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
