"""Traces made by hand: larger than TLC finds them, to see that no layout breaks."""

from __future__ import annotations

from typing import Any

from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.tlc.value import Value, from_json
from gen.trace.trace import Trace

LONG = "unset_migratetype_isolate_and_put_back_what_was_there"


def _call(name: str, *inner: Any, **args: Any) -> list[Any]:
    call: dict[str, Any] = {
        "call": name,
        "args": {"record": args} if args else [],
        "shown": [*args],
        "draw": "always",
        "text": "",
        "idle": "",
        "returns": "",
        "reads": {"set": [["migratetype", args["b"]]] if "b" in args else []},
        "writes": {"set": [["migratetype", args["b"]]] if "b" in args else []},
    }
    events: list[Any] = [{"record": call}]
    for one in inner:
        events += one
    return [*events, {"record": {"leave": 0}}]


def _log(actor: int, b: int, name: str, nested: int, end: int) -> list[Any]:
    frames: list[Any] = [
        {"record": {"call": f, "args": args, "text": [], "remark": ""}}
        for f, args in (
            ("start_isolate_page_range", {"record": {"start": 0, "end": end}}),
            ("isolate_single_pageblock", []),
        )
    ]
    inner: list[Any] = []
    for _ in range(nested):
        inner = [_call(name, *inner, b=b, mt="ISOLATE")]
    hold = _call(name, _call("spin_lock"), *inner, _call("spin_unlock"), b=b, mt="ISOLATE")
    return [{"record": {"actor": "isolator", "id": actor, "frames": frames}}, *hold]


def made_trace(
    *,
    lanes: int = 6,
    steps: int = 40,
    pageblocks: int = 64,
    name: str = LONG,
    nested: int = 1,
    loop: int | None = None,
) -> Trace:
    """So many CPUs take turns, each step isolating another pageblock, in calls of this name."""
    types = ["MOVABLE"] * pageblocks
    chunks = pageblocks // 2
    free = {"set": [[2 * c, 10, "MOVABLE"] for c in range(chunks)]}
    states: list[dict[str, Value]] = []
    logs: list[Value] = []
    for step in range(steps + 1):
        if step:
            b = (step * 7) % pageblocks
            types[b] = "ISOLATE"
            logs.append(from_json(_log(1 + step % lanes, b, name, nested, pageblocks)))
        else:
            logs.append(())
        function = {"function": [[b, mt] for b, mt in enumerate(types)]}
        state = {"migratetype": function, "free": free, "inuse": {"set": []}}
        states.append({variable: from_json(value) for variable, value in state.items()})
    witness: dict[str, Value] = {
        "page": 62,
        "order": 10,
        "list": "MOVABLE",
        "b": 63,
        "type": "ISOLATE",
    }
    return Trace(
        design="v6.12",
        zone=Zone(pageblocks=pageblocks, whole=True),
        prop=find_properties(["FreelistHygiene"])[0],
        length=steps + 1,
        states=tuple(states),
        logs=tuple(logs),
        witness=witness,
        loop=loop,
    )
