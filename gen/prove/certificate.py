"""Certificates: what a proof has said, kept, read, and compared."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from gen.check.request import Check
from gen.errors import GenError, near_miss
from gen.files import parse_json, read_bytes
from gen.model.design import find_design
from gen.model.property import find_properties, properties
from gen.model.reader import Line, Words, typed
from gen.model.render import render_locality
from gen.model.specs import CERTIFICATES
from gen.model.zone import Zone, option
from gen.prove.obligations import (
    FORMAT,
    OBLIGATIONS,
    Outlook,
    induction,
    inductive,
    locality_zones,
    tla_hash,
    zone_of_any_size,
)

#: What the first certificates do not have, and need not: it follows from what they do.
_LATER = ("assumptions",)

#: A certificate has ten thousand.
_MOST_BYTES = 1 << 20

_HASH = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}(?![\s\S])", extra={"fits": "a SHA-256 in hex fits"})
]


@dataclass(frozen=True)
class _RunTable:
    """A run of TLC, as a certificate has it."""

    called: ClassVar[str] = "run"
    label: Line
    tla: _HASH
    cfg: _HASH
    distinct: int
    generated: int
    depth: int


@dataclass(frozen=True)
class _ObligationTable:
    called: ClassVar[str] = "obligation"
    name: Line
    shows: Line
    met: bool
    message: Words
    runs: tuple[_RunTable, ...]


@dataclass(frozen=True)
class _OutlookTable:
    called: ClassVar[str] = "property"
    result: Outlook
    length: int = 0
    why: Words = ""


@dataclass(frozen=True)
class _CertificateTable:
    """All that is in a certificate, below its head."""

    called: ClassVar[str] = "certificate"
    design: Line
    source: Line
    command: Line
    zone: tuple[Line, ...]
    jar_sha256: _HASH
    properties: Mapping[str, _OutlookTable]
    obligations: tuple[_ObligationTable, ...]
    #: What it rests on, in sentences; of those made since there are any.
    assumptions: tuple[Line, ...] = ()


#: The options that a question to gen prove is made of: what a proof is about.  Nothing else is
#: taken from a file: no program, no path, no place to write to.
_ASKS = {option(field.name) for field in fields(Zone)} - {"--pageblocks", "--whole-zone", "--grain"}
_ASKS |= {"--property", "--obligations"}


def load_certificate(path: Path) -> dict[str, Any]:
    """A certificate, with the head of today; GenError that says why it is none."""
    body = load_stub(path)
    try:
        typed(body, _CertificateTable)
        _check_known("property", body["properties"], properties())
        _check_known("obligation", [one["name"] for one in body["obligations"]], OBLIGATIONS)
        command_words(body["command"])
    except GenError as e:
        raise GenError(f"{path}: {e.message}") from None
    return {**FORMAT.head, **body}


def _check_known(noun: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise GenError(f"unknown {noun} {name!r}: {near_miss(name, [*known])}")


def load_stub(path: Path) -> dict[str, Any]:
    """What is below the head of a certificate, which may be one that is still to be made."""
    try:
        data = parse_json(read_bytes(path, _MOST_BYTES))
    except ValueError as e:
        raise GenError(f"{path}: not JSON: {e}") from None
    try:
        return FORMAT.body(data)
    except GenError as e:
        raise GenError(f"{path}: {e.message}") from None


def command_words(command: object) -> list[str]:
    """The words of a certificate's command; GenError if it is more than a question to gen prove.

    They begin with ``gen prove --design``, and what the design is called.
    """
    fits = "gen prove --design NAME fits, with a zone, properties and obligations"
    refused = GenError(f"its command is not one of gen prove: {fits}")
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        raise refused from None
    if words[:3] != ["gen", "prove", "--design"] or len(words) % 2 or shlex.join(words) != command:
        raise refused
    for name, value in zip(words[4::2], words[5::2], strict=True):
        if name not in _ASKS or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9,._-]*", value):
            raise refused
    return words


def certified(request: Check) -> set[str]:
    """The properties that a committed certificate proves of a check's design and orders.

    Only if it is about the specs, the design and the jar as they are now.
    """
    path = CERTIFICATES / f"{request.design.name}.json"
    if not path.is_file() or find_design(request.design.name) != request.design:
        return set()
    try:
        kept = load_certificate(path)
        zone = zone_of_any_size(request.zone)
    except GenError:  # it speaks of something else
        return set()
    about = kept["design"], kept["zone"], kept["jar_sha256"]
    if about != (request.design.told, zone.flags, request.toolchain.jar_sha256):
        return set()
    if _RESTS_ON - {one["name"] for one in kept["obligations"] if one["met"]}:
        return set()
    said: dict[str, str] = {name: what["result"] for name, what in kept["properties"].items()}
    asked = replace(request, properties=tuple(find_properties([*said])))
    violated = [name for name, result in said.items() if result == Outlook.VIOLATED.value]
    now = {tla_hash(render_locality(request.design, z)) for z in locality_zones(zone)}
    now.add(tla_hash(induction(asked, zone, inductive(asked, violated))))
    if not now <= {run["tla"] for met in kept["obligations"] for run in met["runs"]}:
        return set()
    return {name for name, result in said.items() if result == Outlook.PROVED.value}


#: The obligations without which no property is proved.
_RESTS_ON = {"induction", "vacuity", "locality"}


def unreadable(names: Iterable[str]) -> list[str]:
    """A line for each installed certificate of a design of these names that cannot be read."""
    lines = []
    for name in names:
        path = CERTIFICATES / f"{name}.json"
        try:
            if path.is_file():
                load_certificate(path)
        except GenError as e:
            lines.append(f"nothing is called proved of {name}: {e.message}")
    return lines


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """What a certificate says that a new one does not, one line each; nothing if they agree."""
    lines = []
    for key in dict.fromkeys((*old, *new)):
        if not where and key in _LATER and key not in old:
            continue
        path = f"{where}{key}"
        a, b = old.get(key), new.get(key)
        # As text: 396.0 is not 396 there, nor true 1, nor null nothing.
        there = [json.dumps(some[key], sort_keys=True) for some in (old, new) if key in some]
        if len(there) == 2 and there[0] == there[1]:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            lines += differences(a, b, f"{path}: ")
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            lines += differences(dict(enumerate(a)), dict(enumerate(b)), f"{path} ")  # type: ignore[arg-type]
        else:
            one = repr(a) if key in old else "nothing"
            other = repr(b) if key in new else "nothing"
            lines.append(f"{path}: {one} in the certificate, {other} now")
    return lines
