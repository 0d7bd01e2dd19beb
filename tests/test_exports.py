"""Traces as JSON for other tools: the schema is the file's, and nothing is lost in ITF."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from made import made_trace

import gen
from gen.draw.formats import FORMATS
from gen.draw.options import DrawOptions
from gen.tlc.value import Function, Record, Value
from gen.trace.trace import FORMAT, READS, VERSION, Trace
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"
SCHEMA = json.loads(
    (Path(gen.__file__).parent / "trace/trace.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def rendered(found: Trace, fmt: str) -> Any:
    return json.loads(FORMATS[fmt].render(found, DrawOptions()))


# ---- the schema of a trace -----------------------------------------------------------


@pytest.mark.parametrize("name", trace_names())
def test_every_trace_is_as_the_schema_says(name: str) -> None:
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(rendered(trace(name), "json"))


def test_the_schema_is_of_the_version_that_is_written() -> None:
    assert SCHEMA["properties"]["version"] == {"enum": [*READS]} and max(READS) == VERSION
    assert SCHEMA["properties"]["format"] == {"const": FORMAT}
    VALIDATOR.validate(rendered(made_trace(loop=3), "json"))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("version",), 3),
        (("format",), "x"),
        (("more",), 1),
        (("length",), 0),
        (("zone", "migratetypes"), ["CMA"]),
        (("zone", "whole"), None),
        (("states", 1, "variables", "free"), None),
        (("states", 1, "calls", 1, "record", "draw"), "sometimes"),
        (("states", 1, "calls", 0, "record", "actor"), "nobody"),
        (("states", 1, "calls", 1, "record", "reads"), {"set": [["page", "x"]]}),
    ],
)
def test_the_schema_refuses_what_is_no_trace(where: tuple[Any, ...], value: Any) -> None:
    obj = copy.deepcopy(rendered(trace(B1), "json"))
    place = obj
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    assert not VALIDATOR.is_valid(obj)


# ---- ITF -----------------------------------------------------------------------------


def back(value: Any) -> Value:
    """An expression of ITF as the value that it was."""
    match value:
        case bool() | str():
            return value
        case {"#bigint": str(digits)}:
            return int(digits)
        case {"#tup": list(items)}:
            return tuple(map(back, items))
        case {"#set": list(items)}:
            return frozenset(map(back, items))
        case {"#map": list(pairs)}:
            return Function({back(k): back(v) for k, v in pairs})
        case dict():
            assert not any(key.startswith("#") for key in value)
            return Record({key: back(item) for key, item in value.items()})
    raise AssertionError(value)


@pytest.mark.parametrize("name", trace_names())
def test_itf_holds_the_states_of_the_counterexample_and_what_led_to_them(name: str) -> None:
    found = trace(name)
    made = rendered(found, "itf")
    assert made["#meta"]["format"] == "ITF"
    assert made.get("loop") == (None if found.loop is None else found.loop - 1)
    assert len(made["states"]) == found.length
    for index, (state, was) in enumerate(zip(made["states"], found.states, strict=False)):
        assert state.pop("#meta") == {"index": index}
        assert set(state) == set(made["vars"])
        action = state.pop("action")
        assert action.startswith("CPU ") if index else action == "boot"
        assert {key: back(value) for key, value in state.items()} == dict(was)


def test_itf_counts_the_state_that_a_loop_goes_back_to_from_zero() -> None:
    assert rendered(made_trace(lanes=2, steps=6, loop=3), "itf")["loop"] == 2
