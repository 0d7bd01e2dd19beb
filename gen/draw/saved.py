"""A trace that was saved: found by its path, and read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen.draw.formats import Format
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.errors import GenError
from gen.files import parse_json, read_bytes
from gen.trace.trace import Trace, trace_from_json

#: What a trace is called in a directory of the gallery, and in that of a run.
_NAMES = ("trace.json", "*.trace.json")
#: A trace has a hundred thousand.
_MOST_BYTES = 1 << 26


def find_trace(given: str) -> Path:
    """The file of a trace: the path itself, or the only trace in that directory.

    GenError if there is none, or more than one.
    """
    if not given:
        raise GenError("an empty name; a trace.json fits")
    path = Path(given)
    try:
        if not path.is_dir():
            if not path.exists():
                raise GenError(f"{given}: no such file or directory; a trace.json fits")
            return path
        found = sorted({file for name in _NAMES for file in path.glob(name)})
    except OSError as error:
        raise GenError(f"{given} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the name
        raise GenError(f"{given!r} is no path: {error}") from None
    if not found:
        raise GenError(f"{given}: no trace in this directory; one with a trace.json fits")
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise GenError(f"{given}: more than one trace; name one of them: {names}")
    return found[0]


def load_trace(given: str) -> Trace:
    """The trace at a path; GenError, one line that names the path, if it cannot be had."""
    path = find_trace(given)
    try:
        obj: Any = parse_json(read_bytes(path, _MOST_BYTES))
    except ValueError as error:
        why = f"it is no JSON: {error}"
        raise GenError(f"{path}: not a trace of pageblock-gen: {why}") from None
    with _blaming(path):
        trace = trace_from_json(obj)
        # Drawn here, so that what is wrong in it is said here.
        for state in ("changed", "all"):
            draw_trace(trace, DrawOptions(depth="all", state=state))
        return trace


def render_saved(given: str, made: Format, options: DrawOptions) -> str | bytes:
    """The trace at a path in a format; GenError as for ``load_trace``."""
    trace = load_trace(given)
    with _blaming(find_trace(given)):
        return made.render(trace, options)


@contextlib.contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """A file may hold any value in any place: what no step can lead to cannot be drawn either."""
    try:
        yield
    except GenError as error:
        raise GenError(f"{path}: {error.message}", error.code) from None
    except RecursionError:
        raise GenError(f"{path}: this trace is damaged: it is nested too deeply") from None
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        raise GenError(f"{path}: this trace is damaged: it cannot be drawn") from None


def difference(saved: Trace, fresh: Trace) -> str:
    """What of a saved trace is not as in a fresh one, as a few words; "" if they are the same."""
    if not saved.actions:  # of the first version, which has no names of actions
        fresh = replace(fresh, actions=())
    if saved == fresh:
        return ""
    for number, (one, other) in enumerate(zip(saved.states, fresh.states, strict=False), 1):
        if one != other:
            return f"state {number}"
    for number, (log, other_log) in enumerate(zip(saved.logs, fresh.logs, strict=False), 1):
        if log != other_log:
            return f"what was called before state {number}"
    for number, (name, other_name) in enumerate(zip(saved.actions, fresh.actions, strict=False), 1):
        if name != other_name:
            return f"the action before state {number}"
    return "how it ends" if saved.witness == fresh.witness else "the witness"
