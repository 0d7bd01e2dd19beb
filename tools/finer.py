"""specs/finer.json: what designs say when they are looked at more finely, as it was measured.

    python -m tools.finer               measures what is out of date, and prints what changed
    python -m tools.finer DESIGN ...    measures these designs again

Two ways of looking closer: call by call (``--grain step``), and with the next lower order told
apart (``--min-order``).  Neither must change a verdict.  The zone is small, as both make for
many more states: one chunk of two pageblocks, one isolator, and movable pages only where
each call is a step.  That takes half an hour; TLC is not asked again what it has said of the
same module.  The exit code is 1 if a verdict differs.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gen.files import FileFormat, write_text
from gen.model.design import Design, find_design, find_designs
from gen.model.render import render
from gen.model.specs import SPECS
from gen.model.zone import Zone
from tools import grains
from tools.mutations import Search, without_comments

FINER = SPECS / "finer.json"
FORMAT = FileFormat("finer", (2,), "that of the same commit fits")
#: The ways of looking closer: the zone as it is checked, and looked at in this way.
WAYS: Mapping[str, tuple[Zone, Zone]] = {
    "call by call": (grains.FUSED, grains.STEP),
    "one order lower": (Zone(pageblocks=2), Zone(pageblocks=2, min_order=8)),
}


@dataclass(frozen=True)
class Look:
    """What a design says in one way of looking: the verdicts, and of which modules.

    ``lengths``: by property, the states of the shortest counterexample, 0 if it holds; of the
    zone as it is checked, and looked at more finely.  ``distinct``: the states of both.
    """

    modules: str
    distinct: tuple[int, int]
    lengths: dict[str, tuple[int | None, int | None]]

    @property
    def differing(self) -> list[str]:
        """The properties whose verdicts are not the same, or not known."""
        return [
            name
            for name, (one, other) in self.lengths.items()
            if one is None or other is None or bool(one) != bool(other)
        ]

    def to_json(self) -> dict[str, Any]:
        """As it is committed."""
        return {"modules": self.modules, "distinct": self.distinct, "lengths": self.lengths}


#: Looks by (design, way).
Looks = dict[tuple[str, str], Look]


def load() -> Looks:
    """What is committed."""
    data = FORMAT.body(json.loads(FINER.read_text(encoding="utf-8")))
    return {
        (design, way): Look(
            one["modules"],
            (one["distinct"][0], one["distinct"][1]),
            {name: (a, b) for name, (a, b) in one["lengths"].items()},
        )
        for design, ways in data["designs"].items()
        for way, one in ways.items()
    }


def modules(design: Design, way: str) -> str:
    """The hash of what is asked, so that it shows when an answer is out of date."""
    texts = [render(design, zone, grains.asked(design, zone)).tla for zone in WAYS[way]]
    return hashlib.sha256("".join(map(without_comments, texts)).encode()).hexdigest()[:16]


def look(search: Search, design: Design, way: str) -> Look:
    """Search a design as it is checked, and more finely."""
    one, other = (grains.say(search, design, zone) for zone in WAYS[way])
    return Look(
        modules(design, way),
        (one.distinct, other.distinct),
        {name: (length, other.lengths.get(name)) for name, length in one.lengths.items()},
    )


def save(looks: Looks) -> None:
    """Write what is committed, a line for each look."""
    rows: dict[str, list[str]] = {}
    for (design, way), one in sorted(looks.items()):
        row = f"      {json.dumps(way)}: {json.dumps(one.to_json())}"
        rows.setdefault(design, []).append(row)
    designs = ",\n".join(
        f"    {json.dumps(name)}: {{\n" + ",\n".join(some) + "\n    }"
        for name, some in rows.items()
    )
    head = "".join(f"  {json.dumps(k)}: {json.dumps(v)},\n" for k, v in FORMAT.head.items())
    write_text(FINER, f'{{\n{head}  "designs": {{\n{designs}\n  }}\n}}\n')


def wanted(names: Sequence[str]) -> Iterator[tuple[Design, str]]:
    """Every design but the historic variants, or those of these names, in each way."""
    designs = [find_design(name) for name in names] or list(find_designs([]).values())
    for design in designs:
        for way in WAYS:
            yield design, way


def main(names: Sequence[str]) -> int:
    """Measures, writes, and says what changed."""
    looks = load() if FINER.exists() else {}
    with tempfile.TemporaryDirectory() as directory:
        search = Search(Path(directory))
        for design, way in wanted(names):
            known = looks.get((design.name, way))
            if not names and known is not None and known.modules == modules(design, way):
                continue
            looks[design.name, way] = found = look(search, design, way)
            save(looks)
            same = known is not None and replace(known, modules=found.modules) == found
            print(
                f"{design.name}, {way}: {found.distinct[0]:,} and {found.distinct[1]:,} states"
                f"{', as it was' if same else ''}",
                flush=True,
            )
    differ = {key: one.differing for key, one in looks.items() if one.differing}
    for (name, way), properties in differ.items():
        print(f"{name}, {way}: other verdicts on {', '.join(properties)}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
