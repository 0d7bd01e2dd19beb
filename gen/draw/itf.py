"""A trace in the Informal Trace Format of Apalache, which the ITF viewer of VS Code opens.

The format: https://apalache-mc.org/docs/adr/015adr-trace.html
"""

from __future__ import annotations

import json
from typing import Any

from gen import printable
from gen.draw.options import DrawOptions
from gen.tlc.value import Function, ModelValue, Record, Value
from gen.trace.graph import call, to_networkx
from gen.trace.trace import Trace

#: A variable that is not the model's: what led to the state.
ACTION = "action"


def itf(trace: Trace, options: DrawOptions) -> str:
    """The states of the counterexample, with ``action`` in each: what led to it."""
    graph = to_networkx(options.interleave(trace))
    did = [f"CPU {data['cpu']}: {call(data)}" for _, data in graph.nodes(data=True)]
    names = sorted(trace.states[0])
    states: list[dict[str, Any]] = []
    for index, state in enumerate(trace.states[: trace.length]):
        action = did[index - 1] if index else "boot"
        values = {name: _expression(state[name]) for name in names}
        states.append({"#meta": {"index": index}, ACTION: action, **values})
    made = {
        "#meta": {
            "format": "ITF",
            "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
            "description": f"pageblock-gen: {trace.design} violates {trace.prop.name}",
        },
        "params": [],
        "vars": [ACTION, *names],
        **({} if trace.loop is None else {"loop": trace.loop - 1}),
        "states": states,
    }
    return printable.json_text(made)


def _expression(value: Value) -> Any:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"#bigint": str(value)}
    if isinstance(value, tuple):
        return {"#tup": [_expression(item) for item in value]}
    if isinstance(value, frozenset):
        # Sorted by what is written: the same set is the same text.
        return {"#set": sorted(map(_expression, value), key=json.dumps)}
    if isinstance(value, Record):
        return {name: _expression(item) for name, item in value.items()}
    if isinstance(value, Function):
        return {"#map": [[_expression(k), _expression(v)] for k, v in value.items()]}
    assert isinstance(value, ModelValue)
    return value.name
