"""TLA+ values: what TLC prints is read exactly, and nothing else is read at all."""

from __future__ import annotations

import copy
import json
import pickle
import random

import pytest

from gen.tlc.value import (
    Function,
    ModelValue,
    Record,
    TlaValueError,
    Value,
    format_value,
    from_json,
    parse_assignments,
    parse_value,
    to_json,
)

EXAMPLES: list[tuple[str, Value]] = [
    ("0", 0),
    ("-12", -12),
    ("TRUE", True),
    ("FALSE", False),
    ('""', ""),
    (r'"tab\tnl\nq\"bs\\ /\\ x = 1"', 'tab\tnl\nq"bs\\ /\\ x = 1'),
    (r'"\f\r|"', "\f\r|"),
    ('"{<<[|->"', "{<<[|->"),
    ("m1", ModelValue("m1")),
    ("TRUEST", ModelValue("TRUEST")),
    ("{}", frozenset()),
    ("{3, 1, 2}", frozenset({1, 2, 3})),
    ("{{}, {1}}", frozenset({frozenset[Value](), frozenset[Value]({1})})),
    ("1..3", frozenset({1, 2, 3})),
    ("-1..1", frozenset({-1, 0, 1})),
    ("-3..-2", frozenset({-3, -2})),
    ("3..2", frozenset()),
    ("<<>>", ()),
    ("<<0, <<TRUE>>, {}>>", (0, (True,), frozenset[Value]())),
    ('[b |-> 1, a |-> "x"]', Record({"a": "x", "b": 1})),
    ("(m1 :> 0 @@ m2 :> 1)", Function({ModelValue("m1"): 0, ModelValue("m2"): 1})),
    ('(-2 :> "q" @@ 5 :> "r")', Function({5: "r", -2: "q"})),
    ("(<<1, 2>> :> {1})", Function({(1, 2): frozenset[Value]({1})})),
]


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_what_tlc_prints_is_read_as_that_value_and_kind(text: str, value: Value) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a value"),
        ("x y", 2, "the end of the value"),
        ("{1,\n 2", 6, "',' or '}'"),
        ("<<1, >>", 5, "a value"),
        ("[a -> 1]", 3, "a TLA+ value"),
        ("[a |-> 1, a |-> 2]", 10, "fields to be different"),
        ("[]", 1, "a field's name"),
        ("(1 :> 2 @@ 1 :> 3)", 11, "arguments to be different"),
        ("(1)", 2, "':>'"),
        ("{1, 1}", 0, "elements to be different"),
        ('"abc', 4, "a closing quote"),
        ('"abc\n"', 4, "a closing quote"),
        (r'"\q"', 1, "an escape"),
        ('"\\', 1, "an escape"),
        ("1..", 3, "upper bound"),
        ("1..2147483647", 3, "at most 1,000,000"),
        ("9" * 5000, 0, "an integer"),
        ("-x", 0, "a TLA+ value"),
        ("-1x", 0, "an integer"),
        ("SUBSET {1}", 7, "the end of the value"),
        ("[{m1} -> {1, 2}]", 6, "a TLA+ value"),
        ("[a: {1}]", 2, "a TLA+ value"),
        ("<<" * 5000, 200, "inside one another"),
    ],
)
def test_what_is_no_value_is_refused_with_its_place(
    text: str, position: int, expected: str
) -> None:
    with pytest.raises(TlaValueError) as caught:
        parse_value(text)
    assert caught.value.position == position
    assert expected in str(caught.value)


def test_an_error_in_a_wrapped_value_names_its_line_and_column() -> None:
    with pytest.raises(TlaValueError, match=r"^line 2, column 3: .* found ';'$"):
        parse_value("{1,\n  ;}")


def test_a_state_with_several_variables_is_read_although_its_values_wrap() -> None:
    text = (
        "/\\ f = [ r |->\n      ( 0 :> [owner |-> m1] @@\n        1 :>\n            <<>> ),\n"
        "  s |-> 1..2 ]\n/\\ x = 4\n"
    )
    assert parse_assignments(text) == {
        "f": Record(
            {
                "r": Function({0: Record({"owner": ModelValue("m1")}), 1: ()}),
                "s": frozenset({1, 2}),
            }
        ),
        "x": 4,
    }


def test_a_state_with_one_variable_is_read_although_it_has_no_conjunction() -> None:
    assert parse_assignments("i = 3\n\n") == {"i": 3}


def test_a_string_that_looks_like_a_conjunct_adds_no_variable() -> None:
    assert parse_assignments('/\\ k = 1\n/\\ m = "a /\\\\ x = 1"') == {"k": 1, "m": "a /\\ x = 1"}


@pytest.mark.parametrize(
    "text", ["", "0", "/\\ x = ", "/\\ x", "x = 1 /\\ y = 2", "/\\ x = 1 /\\ x = 2", "/\\ x = 1 y"]
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(TlaValueError):
        parse_assignments(text)


def test_true_and_one_stay_different_when_read_written_and_kept() -> None:
    for text in ("TRUE", "1", "<<TRUE, 1>>", "<<1, TRUE>>"):
        assert format_value(parse_value(text)) == text
        assert format_value(from_json(json.loads(json.dumps(to_json(parse_value(text)))))) == text
    assert from_json(True) is True
    assert type(from_json(1)) is int


def test_a_model_value_is_no_string_and_its_name_is_checked() -> None:
    assert parse_value("a") != parse_value('"a"')
    for name in ("", "1", "a b", "TRUE", "é"):
        with pytest.raises(ValueError, match="no name"):
            ModelValue(name)


def test_records_and_functions_cannot_be_changed_and_work_as_keys() -> None:
    record, function = Record({"b": 1, "a": 2}), Function({2: "x", 1: "y"})
    assert (list(record), list(function)) == (["a", "b"], [1, 2])
    for value in (record, function):
        assert {value: 1}[copy.deepcopy(value)] == 1
        assert pickle.loads(pickle.dumps(value)) == value
        with pytest.raises(AttributeError, match="immutable"):
            value.extra = 1
        with pytest.raises(AttributeError, match="immutable"):
            del value._data
    assert Record({"a": 1}) != Function({"a": 1})
    assert record == Record({"a": 2, "b": 1})


def test_the_empty_function_has_one_form_only() -> None:
    for kind in (Record, Function):
        with pytest.raises(ValueError, match="empty tuple"):
            kind({})
    with pytest.raises(ValueError, match="field"):
        Record({"a b": 1})


def test_equal_values_are_written_alike_whatever_the_order_they_came_in() -> None:
    one = parse_value("{<<2>>, [a |-> {3, 1}, b |-> (2 :> m2 @@ 1 :> m1)], {}, z, a}")
    two = parse_value("{a, [b |-> (1 :> m1 @@ 2 :> m2), a |-> {1, 3}], z, <<2>>, {}}")
    assert one == two
    text = "{a, z, <<2>>, {}, [a |-> {1, 3}, b |-> (1 :> m1 @@ 2 :> m2)]}"
    assert format_value(one) == format_value(two) == text
    assert json.dumps(to_json(one)) == json.dumps(to_json(two))


def test_json_is_readable() -> None:
    value = parse_value('<<1, TRUE, "a", {2, 1}, [f |-> m], (1 :> <<>>)>>')
    assert to_json(value) == [
        1,
        True,
        "a",
        {"set": [1, 2]},
        {"record": {"f": {"model": "m"}}},
        {"function": [[1, []]]},
    ]


@pytest.mark.parametrize(
    "obj",
    [
        None,
        1.5,
        {},
        {"set": 1},
        {"set": [1, 1]},
        {"sets": []},
        {"set": [], "model": "m"},
        {"model": "1"},
        {"record": {}},
        {"record": {"a b": 1}},
        {"function": []},
        {"function": [[1]]},
        {"function": [[1, 2], [1, 3]]},
        {"set": [None]},
    ],
)
def test_json_that_is_no_value_is_refused(obj: object) -> None:
    with pytest.raises(TlaValueError):
        from_json(obj)


def test_deep_json_is_refused_instead_of_exhausting_the_stack() -> None:
    obj: object = 1
    for _ in range(5000):
        obj = [obj]
    with pytest.raises(TlaValueError, match="inside one another"):
        from_json(obj)


def test_what_is_no_value_cannot_be_written() -> None:
    for bad in (None, 1.5, [1]):
        with pytest.raises(TlaValueError):
            format_value(bad)  # type: ignore[arg-type]
        with pytest.raises(TlaValueError):
            to_json(bad)  # type: ignore[arg-type]


def _text(rng: random.Random) -> str:
    return "".join(rng.choice('ab \\"/{<[|->=:@\t\n\r\fé') for _ in range(rng.randrange(8)))


def _name(rng: random.Random) -> str:
    return rng.choice("abcxyz_") + rng.choice(["", "1", "_b", "Q9"])


def _value(rng: random.Random, depth: int) -> Value:
    kinds = ["bool", "int", "str", "model"]
    kind = rng.choice(kinds if depth == 0 else [*kinds, "set", "tuple", "record", "function"])
    size = rng.randrange(4)
    match kind:
        case "bool":
            return rng.random() < 0.5
        case "int":
            return rng.randint(-(2**31), 2**31 - 1)
        case "str":
            return _text(rng)
        case "model":
            return ModelValue(_name(rng))
        case "set":
            # No Booleans among the elements: TLA+'s sets do not mix them with integers.
            items = [_value(rng, depth - 1) for _ in range(size)]
            return frozenset(item for item in items if not isinstance(item, bool))
        case "tuple":
            return tuple(_value(rng, depth - 1) for _ in range(size))
        case "record":
            return Record({_name(rng): _value(rng, depth - 1) for _ in range(size + 1)})
        case _:
            return Function({rng.randint(-9, 9): _value(rng, depth - 1) for _ in range(size + 1)})


@pytest.mark.parametrize("seed", range(40))
def test_a_trace_written_to_a_module_or_to_json_comes_back_the_same(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        value = _value(rng, 4)
        text = format_value(value)
        assert "\n" not in text
        for back in (parse_value(text), from_json(json.loads(json.dumps(to_json(value))))):
            assert back == value
            # Equality does not see TRUE for 1; the text does.
            assert format_value(back) == text
        assert parse_assignments(f"/\\ x = {text}\n/\\ y = {text}") == {"x": value, "y": value}
