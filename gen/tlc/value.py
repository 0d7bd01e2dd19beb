"""TLA+ values as TLC prints them: parsed, compared, written back, and kept as JSON.

| TLA+                | Python                       |
|---------------------|------------------------------|
| ``3``, ``-1``       | ``int``                      |
| ``TRUE``            | ``bool``                     |
| ``"a"``             | ``str``                      |
| ``m1``              | ``ModelValue("m1")``         |
| ``{1, 2}``, ``1..2``| ``frozenset``                |
| ``<<1, "a">>``      | ``tuple``                    |
| ``[f |-> 1]``       | ``Record``                   |
| ``(1 :> 2 @@ ...)`` | ``Function``                 |

Python says ``True == 1``. The sets and functions that TLC prints are homogeneous (TLC refuses to
compare a Boolean with an integer), so one of them never holds both, and nothing is lost by it.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias, TypeVar

K = TypeVar("K")

# TLC itself refuses to enumerate sets larger than this.
_MAX_INTERVAL = 1_000_000
# Deeper than any state, and well inside Python's own recursion limit.
_MAX_DEPTH = 100
# TLC's integers have 32 bits; this only keeps int() away from absurd texts.
_MAX_DIGITS = 100

_NAME_CHARS = frozenset(string.ascii_letters + string.digits + "_")

_DIGITS = frozenset(string.digits)

_ESCAPES = {'"': '"', "\\": "\\", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}

_UNESCAPES = {char: "\\" + letter for letter, char in _ESCAPES.items()}
# Longest first, so that "<<" is never read as two signs.
_SYMBOLS = ("|->", "<<", ">>", ":>", "@@", "..", "/\\", "{", "}", "[", "]", "(", ")", ",", "=")

_RESERVED = frozenset({"TRUE", "FALSE"})


class TlaValueError(ValueError):
    """A text (or JSON object) is no TLA+ value.

    ``expected`` and ``found`` are for people. ``position`` is the offset into the text in
    characters, ``line`` and ``column`` count from 1; all three are None for JSON.
    """

    def __init__(self, expected: str, found: str, text: str = "", at: int | None = None) -> None:
        self.expected = expected
        self.found = found
        self.position = at
        self.line: int | None = None
        self.column: int | None = None
        where = ""
        if at is not None:
            self.line = text.count("\n", 0, at) + 1
            self.column = at - text.rfind("\n", 0, at)
            where = f"line {self.line}, column {self.column}: "
        super().__init__(f"{where}expected {expected}, found {found}")


def _is_name(text: str) -> bool:
    """An identifier of TLA+; it may start with a digit but must hold a letter or underscore."""
    return bool(text) and _NAME_CHARS.issuperset(text) and not _DIGITS.issuperset(text)


@dataclass(frozen=True, slots=True)
class ModelValue:
    """A model value: equal to itself only, and to no string. ValueError if it is no name."""

    name: str

    def __post_init__(self) -> None:
        if not _is_name(self.name) or self.name in _RESERVED:
            raise ValueError(f"no name for a model value: {self.name!r}")

    def __repr__(self) -> str:
        return f"ModelValue({self.name!r})"


class _Frozen(Mapping[K, "Value"]):
    """An immutable, hashable mapping that is never empty: TLA+'s empty function is ``<<>>``."""

    __slots__ = ("_data", "_hash")

    _data: dict[K, Value]
    _hash: int

    def __init__(self, items: Mapping[K, Value]) -> None:
        if not items:
            raise ValueError("the empty function is the empty tuple: ()")
        # The order is the keys', whatever the caller's: two equal values print alike.
        ordered = {key: items[key] for key in sorted(items, key=_order)}
        object.__setattr__(self, "_data", ordered)
        object.__setattr__(self, "_hash", hash((type(self), frozenset(ordered.items()))))

    def __getitem__(self, key: K) -> Value:
        return self._data[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self) and isinstance(other, _Frozen) and self._data == other._data
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __reduce__(self) -> tuple[type[_Frozen[K]], tuple[dict[K, Value]]]:
        # copy and pickle would otherwise set the slots one by one.
        return type(self), (dict(self._data),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._data!r})"


class Record(_Frozen[str]):
    """``[f |-> v, ...]``: field name to value, fields sorted. ValueError for a field no name."""

    __slots__ = ()

    def __init__(self, items: Mapping[str, Value]) -> None:
        for key in items:
            if not _is_name(key):
                raise ValueError(f"no name for a record's field: {key!r}")
        super().__init__(items)


class Function(_Frozen["Value"]):
    """``(k :> v @@ ...)``: argument to value, arguments sorted.

    TLC prints a function on ``1..n`` as a tuple and one on names as a record, so those never
    come out of ``parse_value`` as a ``Function``.
    """

    __slots__ = ()


Value: TypeAlias = (
    "int | bool | str | ModelValue | frozenset[Value] | tuple[Value, ...] | Record | Function"
)


def _order(value: Any) -> tuple[Any, ...]:
    """A total order over values: by kind, then inside the kind. Raises TlaValueError."""
    # bool before int: a bool is an int in Python.
    if isinstance(value, bool):
        return (0, value)
    if isinstance(value, int):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, ModelValue):
        return (3, value.name)
    if isinstance(value, tuple):
        return (4, len(value), [_order(item) for item in value])
    if isinstance(value, frozenset):
        return (5, len(value), sorted(_order(item) for item in value))
    if isinstance(value, Record):
        return (6, [(key, _order(item)) for key, item in value.items()])
    if isinstance(value, Function):
        return (7, [(_order(key), _order(item)) for key, item in value.items()])
    raise TlaValueError("a TLA+ value", f"{type(value).__name__} {value!r}")


def _sorted(values: frozenset[Value]) -> list[Value]:
    return sorted(values, key=_order)


# ---------------------------------------------------------------------------------- text to value


@dataclass(frozen=True, slots=True)
class _Token:
    """``kind`` is "int", "string", "name", "end", or the symbol itself."""

    kind: str
    text: str
    at: int
    value: int | str = ""

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


def _read_string(text: str, start: int) -> tuple[_Token, int]:
    chars: list[str] = []
    at = start + 1
    while at < len(text):
        char = text[at]
        if char == '"':
            at += 1
            return _Token("string", text[start:at], start, "".join(chars)), at
        # TLC escapes a newline, so a raw one means that the closing quote is missing.
        if char == "\n":
            break
        if char == "\\":
            escape = text[at + 1 : at + 2]
            if escape not in _ESCAPES:
                raise TlaValueError(
                    'an escape: \\" \\\\ \\t \\n \\f \\r', f"'\\{escape}'", text, at
                )
            chars.append(_ESCAPES[escape])
            at += 2
        else:
            chars.append(char)
            at += 1
    found = "the end of the line" if at < len(text) else "the end"
    raise TlaValueError("a closing quote", found, text, at)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r\n":
            at += 1
            continue
        if char == '"':
            token, at = _read_string(text, at)
            tokens.append(token)
            continue
        negative = char == "-" and text[at + 1 : at + 2] in _DIGITS
        if negative or char in _NAME_CHARS:
            end = at + 1
            while end < len(text) and text[end] in _NAME_CHARS:
                end += 1
            word = text[at:end]
            if not _DIGITS.issuperset(word.removeprefix("-")):
                if negative:
                    raise TlaValueError("an integer", f"'{word}'", text, at)
                tokens.append(_Token("name", word, at))
            elif len(word) > _MAX_DIGITS:
                raise TlaValueError("an integer", f"{len(word)} digits", text, at)
            else:
                tokens.append(_Token("int", word, at, int(word)))
            at = end
            continue
        symbol = next((sign for sign in _SYMBOLS if text.startswith(sign, at)), None)
        if symbol is None:
            raise TlaValueError("a TLA+ value", f"{char!r}", text, at)
        tokens.append(_Token(symbol, symbol, at))
        at += len(symbol)
    tokens.append(_Token("end", "", len(text)))
    return tokens


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def fail(self, expected: str, token: _Token | None = None) -> NoReturn:
        token = token or self.token
        raise TlaValueError(expected, str(token), self.text, token.at)

    def accept(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.next += 1
        return True

    def expect(self, kind: str, expected: str = "") -> _Token:
        token = self.token
        if token.kind != kind:
            self.fail(expected or f"'{kind}'")
        self.next += 1
        return token

    def end(self, expected: str) -> None:
        if self.token.kind != "end":
            self.fail(expected)

    def value(self) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"at most {_MAX_DEPTH} values inside one another")
        token = self.token
        self.next += 1
        result: Value
        match token.kind:
            case "int":
                result = self.integer(token)
            case "string":
                result = str(token.value)
            case "name":
                names: dict[str, Value] = {"TRUE": True, "FALSE": False}
                result = names[token.text] if token.text in names else ModelValue(token.text)
            case "{":
                result = self.set(token)
            case "<<":
                result = tuple(self.items(">>"))
            case "[":
                result = self.record()
            case "(":
                result = self.function()
            case _:
                self.fail("a value", token)
        self.depth -= 1
        return result

    def integer(self, token: _Token) -> Value:
        low = int(token.value)
        if not self.accept(".."):
            return low
        end = self.expect("int", "the interval's upper bound")
        high = int(end.value)
        if high - low >= _MAX_INTERVAL:
            self.fail(f"an interval of at most {_MAX_INTERVAL:,} numbers", end)
        return frozenset(range(low, high + 1))

    def items(self, close: str) -> list[Value]:
        if self.accept(close):
            return []
        found = [self.value()]
        while self.accept(","):
            found.append(self.value())
        self.expect(close, f"',' or '{close}'")
        return found

    def set(self, token: _Token) -> Value:
        items = self.items("}")
        result = frozenset(items)
        if len(result) != len(items):
            self.fail("a set's elements to be different", token)
        return result

    def record(self) -> Value:
        fields: dict[str, Value] = {}
        while True:
            name = self.expect("name", "a field's name")
            if name.text in fields:
                self.fail("a record's fields to be different", name)
            self.expect("|->")
            fields[name.text] = self.value()
            if not self.accept(","):
                break
        self.expect("]", "',' or ']'")
        return Record(fields)

    def function(self) -> Value:
        pairs: dict[Value, Value] = {}
        while True:
            start = self.token
            key = self.value()
            if key in pairs:
                self.fail("a function's arguments to be different", start)
            self.expect(":>")
            pairs[key] = self.value()
            if not self.accept("@@"):
                break
        self.expect(")", "'@@' or ')'")
        return Function(pairs)


def parse_value(text: str) -> Value:
    """One value, which may wrap over lines. Raises TlaValueError."""
    parser = _Parser(text)
    value = parser.value()
    parser.end("the end of the value")
    return value


def parse_assignments(text: str) -> dict[str, Value]:
    r"""A state: ``/\ x = v`` per variable, or a lone ``x = v``; in the order of the text.

    In a state that TLC calls not completely specified, an unassigned variable is printed as
    ``null``, which reads as ``ModelValue("null")``. Raises TlaValueError.
    """
    parser = _Parser(text)
    values: dict[str, Value] = {}
    conjunction = parser.accept("/\\")
    while True:
        name = parser.expect("name", "a variable's name" if conjunction else "'/\\' or a variable")
        if name.text in values:
            parser.fail("the variables to be different", name)
        parser.expect("=")
        values[name.text] = parser.value()
        if not (conjunction and parser.accept("/\\")):
            break
    parser.end("'/\\' or the end of the state" if conjunction else "the end of the state")
    return values


# ---------------------------------------------------------------------------------- value to text


def format_value(value: Value) -> str:
    """TLA+ text on one line, the same for equal values; ``parse_value`` reads it back."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_UNESCAPES.get(char, char) for char in value) + '"'
    if isinstance(value, ModelValue):
        return value.name
    if isinstance(value, frozenset):
        return "{" + ", ".join(format_value(item) for item in _sorted(value)) + "}"
    if isinstance(value, tuple):
        return "<<" + ", ".join(format_value(item) for item in value) + ">>"
    if isinstance(value, Record):
        return "[" + ", ".join(f"{key} |-> {format_value(v)}" for key, v in value.items()) + "]"
    if isinstance(value, Function):
        pairs = (f"{format_value(key)} :> {format_value(v)}" for key, v in value.items())
        return "(" + " @@ ".join(pairs) + ")"
    raise TlaValueError("a TLA+ value", f"{type(value).__name__} {value!r}")


# ------------------------------------------------------------------------------------------- JSON


def to_json(value: Value) -> Any:
    """JSON for ``value``, the same for equal values; ``from_json`` reads it back.

    Integers, Booleans and strings are themselves and a tuple is a list; the rest is
    ``{"set": [...]}``, ``{"record": {...}}``, ``{"function": [[k, v], ...]}``, ``{"model": "m"}``.
    """
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, ModelValue):
        return {"model": value.name}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, frozenset):
        return {"set": [to_json(item) for item in _sorted(value)]}
    if isinstance(value, Record):
        return {"record": {key: to_json(item) for key, item in value.items()}}
    if isinstance(value, Function):
        return {"function": [[to_json(key), to_json(item)] for key, item in value.items()]}
    raise TlaValueError("a TLA+ value", f"{type(value).__name__} {value!r}")


def from_json(obj: Any) -> Value:
    """The value that ``to_json`` wrote. Raises TlaValueError (without a position)."""
    return _from_json(obj, 1)


def _from_json(obj: Any, depth: int) -> Value:
    if depth > _MAX_DEPTH:
        raise TlaValueError(f"at most {_MAX_DEPTH} values inside one another", "more")
    if isinstance(obj, bool | int | str):
        return obj
    if isinstance(obj, list):
        return tuple(_from_json(item, depth + 1) for item in obj)
    if isinstance(obj, dict) and len(obj) == 1:
        try:
            match obj:
                case {"model": str(name)}:
                    return ModelValue(name)
                case {"set": list(items)}:
                    result = frozenset(_from_json(item, depth + 1) for item in items)
                    if len(result) != len(items):
                        raise TlaValueError("a set's elements to be different", repr(items))
                    return result
                case {"record": dict(fields)}:
                    return Record({k: _from_json(v, depth + 1) for k, v in fields.items()})
                case {"function": list(pairs)}:
                    return _function_from_json(pairs, depth + 1)
        except TlaValueError:
            raise
        except ValueError as error:
            # Record, Function and ModelValue say why a name or an empty mapping will not do.
            raise TlaValueError("a TLA+ value", f"{obj!r} ({error})") from error
    raise TlaValueError(
        'an integer, Boolean, string, list or {"set" | "record" | "function" | "model": ...}',
        repr(obj),
    )


def _function_from_json(pairs: list[Any], depth: int) -> Function:
    result: dict[Value, Value] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise TlaValueError("a pair [argument, value]", repr(pair))
        key = _from_json(pair[0], depth)
        if key in result:
            raise TlaValueError("a function's arguments to be different", repr(pair[0]))
        result[key] = _from_json(pair[1], depth)
    return Function(result)
