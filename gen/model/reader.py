"""TOML files as typed records: every key known, every value of its type, every error one line.

A record is a frozen dataclass.  Its fields are the keys of a table; those without a default must
be there, and no other key may.  What a field means is the description of its ``msgspec.Meta``,
which the schemas for editors have as well.  ``called``, a class variable, is what a message calls
such a table.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from msgspec import inspect as types

from gen.errors import FieldError, GenError, near_miss
from gen.files import read_bytes
from gen.model.position import Key, line_of
from gen.printable import CONTROLS

T = TypeVar("T")

#: msgspec crashes if two threads convert to a type that is new to it.
_ONE_AT_A_TIME = threading.RLock()

#: Bytes in a file, and characters in a line of it: much longer keys keep tomllib busy for hours.
MOST_BYTES = 1 << 20
LONGEST_LINE = 1000

# Nothing that ends a line or moves a cursor: what is printed beside a verdict must not look like
# one.  The last part is the end of the text; a $ would do before a line break too.
_PRINTED = f"[^{CONTROLS}]"
_END = r"(?![\s\S])"

#: One line of text, with something to read in it.
Line = Annotated[
    str,
    Meta(
        pattern=rf"^(?=.*\S){_PRINTED}+{_END}",
        extra={"fits": "one line of text fits, without control characters"},
    ),
]
#: A line of text that may be empty.
Words = Annotated[
    str,
    Meta(
        pattern=rf"^{_PRINTED}*{_END}",
        extra={"fits": "a line of text fits, without control characters"},
    ),
]
#: Several lines of text.
Text = Annotated[
    str,
    Meta(
        pattern=rf"^(?=[\s\S]*\S)(?:{_PRINTED}|[\n\t])+{_END}",
        extra={"fits": "text fits, without control characters"},
    ),
]
#: The name of a function.
Function = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z_][A-Za-z0-9_]*{_END}",
        extra={"fits": "the name of a function fits, in quotes"},
    ),
]


@dataclass(frozen=True)
class TomlFile:
    """A TOML file: its tables, and the text that they come from."""

    path: Path
    text: str
    data: Mapping[str, Any]

    def get(self, kind: type[T], *key: str) -> T:
        """What is at a key (without one, all of the file), typed; GenError says what is wrong."""
        data: Any = self.data
        for part in key:
            data = data[part]
        try:
            return typed(data, kind, key)
        except MisfitError as misfit:
            raise self.error(misfit.key, misfit.message) from None

    def error(self, key: Key, message: str) -> GenError:
        """An error about a key of the file, with its line, if that is known for sure."""
        line = line_of(self.text, self.data, key)
        return GenError(f"{self.path}:{'' if line is None else f'{line}:'} {message}")


class MisfitError(GenError):
    """Something in ``key`` does not fit; the message names the key, but not the file."""

    def __init__(self, key: Key, message: str) -> None:
        super().__init__(message)
        self.key = key


def read(path: Path, kind: type[T]) -> T:
    """A TOML file as records of a type; GenError, one line, that says what is wrong and where."""
    return open_toml(path).get(kind)


def open_toml(path: Path) -> TomlFile:
    """A file that is TOML; GenError, one line, if it is not."""
    data = read_bytes(path, MOST_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GenError(f"{path}:{line}: not a TOML file: not UTF-8") from None
    lines = text.split("\n")
    longest = max(lines, key=len)
    if len(longest) > LONGEST_LINE:
        line = lines.index(longest) + 1
        raise GenError(
            f"{path}:{line}: a line of {len(longest):,} characters; up to {LONGEST_LINE:,} fit"
        )
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except RecursionError:
        raise GenError(f"{path}: not a TOML file: it is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and what int() says of too many digits
        what = " ".join(str(error).split())
        found = re.search(r" \(at line (\d+), column \d+\)$", what)
        where = f"{path}:{found[1]}:" if found else f"{path}:"
        what = what[: found.start()] if found else what
        raise GenError(f"{where} not a TOML file: {what}") from None


def typed(data: object, kind: type[T], key: Key = ()) -> T:
    """Data of TOML or JSON as a record, or records, of a type; MisfitError if it is something else.

    ``key``: where in its file the data stand.
    """
    field_error = None
    try:
        with _ONE_AT_A_TIME:
            made = msgspec.convert(data, kind)
        if _all_known(made, data):
            return made
        told = "something in it is not known"
    except FieldError as error:
        field_error = error
    except msgspec.ValidationError as error:
        told = str(error)
    # Only now is time spent on where it is, and what would fit.
    if misfit := next(_misfits(_type(kind), data, key), None):
        raise misfit
    if field_error is not None:
        raise _of_field(field_error, kind, data, key)
    raise MisfitError(key, f"{dotted(key)}: {told}".removeprefix(": "))


def _all_known(made: Any, data: Any) -> bool:
    """Whether all of the data has gone into what was made of it, and no number is too large."""
    if isinstance(data, dict):
        if isinstance(made, Mapping):
            return all(_all_known(made[name], one) for name, one in data.items())
        fields = made.__dataclass_fields__
        return all(name in fields and _all_known(getattr(made, name), data[name]) for name in data)
    if isinstance(data, list):
        return all(map(_all_known, made, data))
    return type(data) is not int or _is_64_bit(data)


def _is_64_bit(number: int) -> bool:
    return -(1 << 63) <= number < 1 << 63


@cache
def _type_info(kind: Hashable) -> types.Type:
    return types.type_info(kind)


def _type(kind: type[Any]) -> types.Type:
    assert isinstance(kind, Hashable)
    return _type_info(kind)


# ---- what is wrong -------------------------------------------------------------------


def _misfits(kind: types.Type, value: Any, key: Key) -> Iterator[MisfitError]:
    """What does not fit, from the outside in."""
    inner = _plain(kind, value)
    if inner is None or not _right(inner, value):
        yield MisfitError(key, _wrong(kind, value, key))
    elif isinstance(inner, types.DataclassType):
        yield from _table_misfits(inner, value, key)
    elif isinstance(inner, types.DictType):
        for name, one in value.items():
            yield from _misfits(inner.value_type, one, (*key, name))
    elif isinstance(inner, types.VarTupleType):
        for number, one in enumerate(value):
            yield from _misfits(inner.item_type, one, (*key, number))
    elif isinstance(inner, types.TupleType):
        for number, (item, one) in enumerate(zip(inner.item_types, value, strict=True)):
            yield from _misfits(item, one, (*key, number))


def _table_misfits(
    kind: types.DataclassType, table: Mapping[str, Any], key: Key
) -> Iterator[MisfitError]:
    noun = str(getattr(kind.cls, "called", "table"))
    fields = {field.encode_name: field for field in kind.fields}
    for name in table:
        if name not in fields:
            told = near_miss(name, list(fields))
            if not told.startswith("did you mean"):
                what = "table" if isinstance(table[name], dict) else "key"
                told = f"a {noun} has no such {what}; {told}"
            yield MisfitError((*key, name), f"{dotted((*key, name))}: {told}")
    for name, field in fields.items():
        if name in table:
            yield from _misfits(field.type, table[name], (*key, name))
        elif field.required:
            yield MisfitError(key, f"{_called(noun, key)} says no '{name}'{_meant(field.type)}")


def _of_field(error: FieldError, kind: type[Any], data: Any, key: Key) -> MisfitError:
    """A record that cannot be, found again among all that were made."""
    for at, cls, table in _tables(_type(kind), data, key):
        try:
            with _ONE_AT_A_TIME:
                msgspec.convert(table, cls)
        except FieldError as found:
            if found.message != error.message:
                continue
            named = (*at, found.field)
            if found.field in table:
                said = f"{dotted(named)} = {_shown(table[found.field])}"
            else:
                said, named = f"{dotted(named)} = {_shown(found.value)} (by default)", at
            return MisfitError(named, f"{said}: {found.fits(str)}")
    return MisfitError(key, error.message)


def _tables(kind: types.Type, value: Any, key: Key) -> Iterator[tuple[Key, type, Any]]:
    """The tables that become records, the inner ones first."""
    inner = _plain(kind, value)
    if isinstance(inner, types.DataclassType):
        for field in inner.fields:
            if field.encode_name in value:
                name = field.encode_name
                yield from _tables(field.type, value[name], (*key, name))
        yield key, inner.cls, value
    elif isinstance(inner, types.DictType):
        for name, one in value.items():
            yield from _tables(inner.value_type, one, (*key, name))
    elif isinstance(inner, types.VarTupleType):
        for number, one in enumerate(value):
            yield from _tables(inner.item_type, one, (*key, number))


def _plain(kind: types.Type, value: Any) -> types.Type | None:
    """A type without what is said about it; of several, the one that the value is of, or None."""
    if isinstance(kind, types.Metadata):
        return _plain(kind.type, value)
    if isinstance(kind, types.UnionType):
        some = (_plain(one, value) for one in kind.types)
        return next((one for one in some if one is not None and _right(one, value)), None)
    return kind


def _right(kind: types.Type, value: Any) -> bool:
    """Whether a value is of a type; what is inside of it is looked at later."""
    if isinstance(kind, types.StrType):
        fits = kind.pattern is None or (
            isinstance(value, str) and re.search(kind.pattern, value) is not None
        )
        return isinstance(value, str) and fits
    if isinstance(kind, types.BoolType):
        return isinstance(value, bool)
    if isinstance(kind, types.IntType):
        return type(value) is int and _is_64_bit(value)
    if isinstance(kind, types.LiteralType):
        return isinstance(value, str) and value in kind.values
    if isinstance(kind, types.EnumType):
        return isinstance(value, str) and value in [one.value for one in kind.cls]
    if isinstance(kind, types.NoneType):
        return value is None
    if isinstance(kind, types.DataclassType | types.DictType):
        return isinstance(value, dict)
    if isinstance(kind, types.TupleType):
        return isinstance(value, list) and len(value) == len(kind.item_types)
    if isinstance(kind, types.VarTupleType):
        return isinstance(value, list)
    return isinstance(kind, types.AnyType)


# ---- in words ------------------------------------------------------------------------


def dotted(key: Key) -> str:
    """A key as TOML has it, but for the index of a list: ``calls[2].when``."""
    told = ""
    for part in key:
        if isinstance(part, int):
            told += f"[{part}]"
        else:
            plain = re.fullmatch(r"[A-Za-z0-9_-]+", part, re.ASCII)
            told += f".{part if plain else _shown(part)}"
    return told.removeprefix(".")


def _called(noun: str, key: Key) -> str:
    """What a table is called at the beginning of a sentence."""
    if not key:
        return f"the {noun}"
    return f"{noun} {_shown(key[-1])}" if isinstance(key[-1], str) else f"{noun} {dotted(key)}"


def _meant(kind: types.Type) -> str:
    """What a field is, after a colon; "" if nobody says so."""
    about = kind.extra_json_schema if isinstance(kind, types.Metadata) else None
    return f": {about['description']}" if about and "description" in about else ""


def _wrong(kind: types.Type, value: Any, key: Key) -> str:
    """A value that is not of a type, and what would be."""
    words = _literals(kind)
    if isinstance(value, str) and words:
        return f"{dotted(key)} = {_shown(value)}: {near_miss(value, words)}"
    if not key:
        return f"a table fits, not {_shown(value)}"
    said = _shown(value)
    is_ = "is" if said in ("a table", "a list") else "="
    return f"{dotted(key)} {is_} {said}: {_fits(kind)}"


def _shown(value: Any) -> str:
    """A value in a few characters of one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        plain = not any(isinstance(one, dict | list) for one in value)
        told = f"[{', '.join(map(_shown, value[:9]))}]"
        return told if plain and len(value) < 9 and len(told) <= 60 else "a list"
    if isinstance(value, int) and not _is_64_bit(value):
        return "a number of more than 64 bits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _literals(kind: types.Type) -> list[str]:
    """The words that a type is one of; none if it is another type."""
    if isinstance(kind, types.Metadata):
        return _literals(kind.type)
    if isinstance(kind, types.LiteralType):
        return [str(value) for value in kind.values]
    return [str(one.value) for one in kind.cls] if isinstance(kind, types.EnumType) else []


def _fits(kind: types.Type) -> str:
    if isinstance(kind, types.Metadata):
        return str(kind.extra["fits"]) if kind.extra and "fits" in kind.extra else _fits(kind.type)
    if isinstance(kind, types.UnionType):
        some = [one for one in kind.types if not isinstance(one, types.NoneType)]
        if len(some) == 1:
            return _fits(some[0])
    return f"{_fitting(kind)} fits"


def _fitting(kind: types.Type) -> str:
    """What is of a type, in words."""
    if isinstance(kind, types.Metadata):
        return _fitting(kind.type)
    if isinstance(kind, types.UnionType):
        some = [_fitting(one) for one in kind.types if not isinstance(one, types.NoneType)]
        return " or ".join(some)
    if words := _literals(kind):
        return " or ".join(f"'{word}'" for word in words)
    if isinstance(kind, types.TupleType):
        return f"a list of {len(kind.item_types)}, each {_fitting(kind.item_types[0])},"
    if isinstance(kind, types.VarTupleType):
        return "a list"
    known: dict[type, str] = {
        types.StrType: "text in quotes",
        types.BoolType: "true or false",
        types.IntType: "a whole number",
    }
    return known.get(type(kind), "a table")
