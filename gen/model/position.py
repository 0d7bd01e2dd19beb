"""Where a key stands in a TOML text: tomllib keeps no positions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Generator, Iterator
from typing import Any

#: A key from the top of a file on; of a list, the index.
Key = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_PARTS = re.compile(_PART)
_BLANK = re.compile(r"[ \t]*")
#: Between two values of a list, and between two lines.
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)
#: A number, a date, true or false.
_WORD = re.compile(r"[^,\]}#\n]+")


def line_of(text: str, data: Any, wanted: Key) -> int | None:
    """The line, counted from 1, in which a key stands; None if that is not known for sure.

    ``text`` has been read by tomllib, which made ``data`` of it.
    """
    # As tomllib does: only that is a line break.
    text = text.replace("\r\n", "\n")
    inside: int | None = None
    try:
        for key, at in _keys(text):
            _look_up(data, key)
            if key == wanted:
                return text.count("\n", 0, at) + 1
            if inside is None and key[: len(wanted)] == wanted:
                inside = at  # a table without a header of its own
    except (IndexError, KeyError, RecursionError, TypeError, ValueError):
        return None
    return None if inside is None or not wanted else text.count("\n", 0, inside) + 1


def _look_up(data: Any, key: Key) -> None:
    """Raises an error if there is no such key: then the text was not understood."""
    for part in key:
        data = data[part]


def _keys(text: str) -> Iterator[tuple[Key, int]]:
    """Every key and every header, and where it begins."""
    table: Key = ()
    lists: dict[Key, int] = {}
    at = _gap(text, 0)
    while at < len(text):
        begun = at
        if text[at] == "[":
            several = text.startswith("[[", at)
            parts, at = _dotted(text, _blank(text, at + 1 + several))
            at = _past(text, "]]" if several else "]", _blank(text, at))
            table = _header(parts, lists, several)
            yield table, begun
        else:
            parts, at = _dotted(text, at)
            key = (*table, *parts)
            yield key, begun
            at = yield from _value(text, _blank(text, _past(text, "=", _blank(text, at))), key)
        at = _gap(text, at)


def _header(parts: list[str], lists: dict[Key, int], several: bool) -> Key:
    """The key of a header; in a list of tables it is that of the last one."""
    key: Key = ()
    for number, part in enumerate(parts, 1):
        key += (part,)
        if several and number == len(parts):
            lists[key] = lists.get(key, -1) + 1
        if key in lists:
            key += (lists[key],)
    return key


def _value(text: str, at: int, key: Key) -> Generator[tuple[Key, int], None, int]:
    """The keys inside of a value; returns where it ends."""
    if text[at] == "{":
        at = _blank(text, at + 1)
        while text[at] != "}":
            begun = at
            parts, at = _dotted(text, at)
            inner = (*key, *parts)
            yield inner, begun
            at = yield from _value(text, _blank(text, _past(text, "=", _blank(text, at))), inner)
            at = _blank(text, at)
            if text[at] == ",":
                at = _blank(text, at + 1)
        return at + 1
    if text[at] == "[":
        at, number = _gap(text, at + 1), 0
        while text[at] != "]":
            yield (*key, number), at
            at = _gap(text, (yield from _value(text, at, (*key, number))))
            if text[at] == ",":
                at = _gap(text, at + 1)
            number += 1
        return at + 1
    found = _STRING.match(text, at) or _WORD.match(text, at)
    if found is None:
        raise ValueError("not a value")
    return found.end()


def _dotted(text: str, at: int) -> tuple[list[str], int]:
    found = _DOTTED.match(text, at)
    if found is None:
        raise ValueError("not a key")
    return [_unquoted(part) for part in _PARTS.findall(found[0])], found.end()


def _unquoted(part: str) -> str:
    return next(iter(tomllib.loads(f"{part} = 0"))) if part[0] in "\"'" else part


def _past(text: str, wanted: str, at: int) -> int:
    if not text.startswith(wanted, at):
        raise ValueError(f"no {wanted}")
    return at + len(wanted)


def _gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    assert found is not None
    return found.end()


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()
