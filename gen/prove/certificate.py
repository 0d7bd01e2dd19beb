"""Certificates: what a proof has said, kept, read, and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen.check.request import Check
from gen.errors import GenError
from gen.files import read_bytes
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.render import render_locality
from gen.model.specs import CERTIFICATES
from gen.prove.obligations import (
    FORMAT,
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


def load_certificate(path: Path) -> dict[str, Any]:
    """A certificate, with the head of today; GenError that says why it is none."""
    try:
        data = json.loads(read_bytes(path, _MOST_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as e:
        raise GenError(f"{path}: not JSON: {e}") from None
    try:
        body = FORMAT.body(data)
    except GenError as e:
        raise GenError(f"{path}: {e.message}") from None
    command = body.get("command")
    if not isinstance(command, str) or not command.startswith("gen prove --design "):
        raise GenError(f"{path}: its command is not one of gen prove")
    return {**FORMAT.head, **body}


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
    about = kept.get("zone"), kept.get("jar_sha256")
    if about != (zone.flags, request.toolchain.jar_sha256):
        return set()
    said: dict[str, str] = {name: what["result"] for name, what in kept["properties"].items()}
    asked = replace(request, properties=tuple(find_properties([*said])))
    violated = [name for name, result in said.items() if result == Outlook.VIOLATED.value]
    now = {tla_hash(render_locality(request.design, z)) for z in locality_zones(zone)}
    now.add(tla_hash(induction(asked, zone, inductive(asked, violated))))
    if not now <= {run["tla"] for met in kept["obligations"] for run in met["runs"]}:
        return set()
    return {name for name, result in said.items() if result == Outlook.PROVED.value}


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """What a certificate says that a new one does not, one line each; nothing if they agree."""
    lines = []
    for key in dict.fromkeys((*old, *new)):
        if not where and key in _LATER and key not in old:
            continue
        path = f"{where}{key}"
        a, b = old.get(key), new.get(key)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            lines += differences(a, b, f"{path}: ")
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            lines += differences(dict(enumerate(a)), dict(enumerate(b)), f"{path} ")  # type: ignore[arg-type]
        else:
            lines.append(f"{path}: {a!r} in the certificate, {b!r} now")
    return lines
