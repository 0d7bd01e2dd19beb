"""specs/manifest.json: the verdicts that are expected of TLC, and the table in docs/verdicts.md.

    python -m tools.manifest             measures them again, and prints what changed
    python -m tools.manifest NAME ...    the same for the configurations of these names alone

A configuration is a name and a ``gen matrix`` command.  To add one, put it into
specs/manifest.json with an empty "verdicts", and run this.  Those that begin with
"gallery: " follow from specs/gallery.toml.  A new design or property needs nothing but
this command: what TLC has said of the others comes out of the cache.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gen.cli import options
from gen.cli.main import main as gen
from gen.errors import ExitCode, GenError, near_miss
from gen.files import FileFormat, write_text
from gen.model.design import find_designs
from gen.model.property import find_properties
from gen.model.specs import SPECS
from gen.report import gallery

MANIFEST = SPECS / "manifest.json"
PAGE = SPECS.parent / "docs" / "verdicts.md"
FORMAT = FileFormat("manifest", (2,), "that of the same commit fits")
#: The configuration that the table in docs/verdicts.md shows.
SHOWN = "default"
GALLERY = "gallery: "

_BLOCK = re.compile(
    r"(<!-- verdicts: specs/manifest.json -->\n)(.*?)(<!-- end of verdicts -->)", re.S
)
_NUMBERS = ("length", "distinct", "depth", "measured")
#: One of each of these must be there.  What is reachable holds by a behaviour of a length.
_NEEDS = {
    "holds": (("distinct",), ("depth", "length")),
    "violated": (("length",),),
    "measured": (("measured",), ("depth",)),
}


@dataclass(frozen=True)
class Cell:
    """What TLC says of a design and a property; a number that does not apply is 0.

    ``length``: states in the shortest counterexample.  ``distinct``, ``depth``: states that
    TLC has seen, and how deep it has searched, in states.  ``measured``: what HotPathCost is.
    """

    result: str
    length: int = 0
    distinct: int = 0
    depth: int = 0
    measured: int = 0

    def __str__(self) -> str:
        told = (f"{name} {getattr(self, name):,}" for name in _NUMBERS if getattr(self, name))
        return ", ".join([self.result, *told])


#: Cells by (design, property).
Cells = Mapping[tuple[str, str], Cell]


@dataclass(frozen=True)
class Configuration:
    """A ``gen matrix`` command, and the verdicts that it gave."""

    name: str
    command: str
    cells: Cells = field(default_factory=dict)

    def asked(self) -> list[tuple[str, str]]:
        """(design, property) of all cells that the command's table has."""
        args = options.parse(shlex.split(self.command)[1:])[1]
        options.zone(args)
        designs = find_designs(options.names(args.designs, "--designs"))
        properties = find_properties(options.names(args.properties, "--properties"))
        return [(d.name, p.name) for d in designs.values() for p in properties]


# ---- the file ------------------------------------------------------------------------


def load(text: str) -> dict[str, Configuration]:
    """The configurations by name; GenError that says where the text is no manifest."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as e:
        raise GenError(f"manifest: not JSON: {e}") from None
    top = _table(FORMAT.body(data), "manifest", {"configurations"})
    named = _table(top["configurations"], "configurations")
    return {name: _configuration(name, one) for name, one in named.items()}


def _configuration(name: str, data: Any) -> Configuration:
    one = _table(data, name, {"command", "verdicts"})
    command = one["command"]
    if not isinstance(command, str) or not command.startswith("gen matrix "):
        raise GenError(f"{name}: command: must be a line that begins with 'gen matrix '")
    cells = {
        (design, prop): _cell(f"{name}: {design}/{prop}", cell)
        for design, row in _table(one["verdicts"], f"{name}: verdicts").items()
        for prop, cell in _table(row, f"{name}: {design}").items()
    }
    return Configuration(name, command, cells)


def _cell(where: str, data: Any) -> Cell:
    one = _table(data, where)
    for key, value in one.items():
        if key not in ("result", *_NUMBERS):
            raise GenError(f"{where}: {key}: {near_miss(key, ['result', *_NUMBERS])}")
        if key != "result" and (type(value) is not int or value < 1):
            raise GenError(f"{where}: {key}: must be a whole number above 0; leave it out if none")
    if not isinstance(one.get("result"), str) or not one["result"]:
        raise GenError(f"{where}: result: is missing; it is a word, such as 'holds'")
    cell = Cell(**one)
    for numbers in _NEEDS.get(cell.result, ()):
        if not any(number in one for number in numbers):
            raise GenError(f"{where}: '{cell.result}' goes with '{numbers[0]}', which is missing")
    return cell


def _table(data: Any, where: str, keys: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise GenError(f"{where}: must be a table, in braces")
    if keys is not None and data.keys() != keys:
        wrong = sorted(data.keys() ^ keys)[0]
        what = "is missing" if wrong in keys else near_miss(wrong, sorted(keys))
        raise GenError(f"{where}: {wrong}: {what}")
    return data


def read() -> dict[str, Configuration]:
    """The committed manifest."""
    return load(MANIFEST.read_text(encoding="utf-8"))


def dump(configurations: Mapping[str, Configuration]) -> str:
    """What ``load`` reads, with each verdict in a line of its own, for the sake of diffs."""
    blocks = []
    for one in configurations.values():
        rows: dict[str, list[str]] = {}
        for (design, prop), cell in one.cells.items():
            kept = {name: value for name, value in vars(cell).items() if value}
            rows.setdefault(design, []).append(f"{_json(prop)}: {_json(kept)}")
        told = [
            f"{_json(d)}: {{\n          {_lines(row, 10)}\n        }}" for d, row in rows.items()
        ]
        blocks.append(
            f'{_json(one.name)}: {{\n      "command": {_json(one.command)},\n      "verdicts": '
            + (f"{{\n        {_lines(told, 8)}\n      }}\n    }}" if told else "{}\n    }")
        )
    head = "".join(f"  {_json(key)}: {_json(value)},\n" for key, value in FORMAT.head.items())
    return f'{{\n{head}  "configurations": {{\n    {_lines(blocks, 4)}\n  }}\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(items: Sequence[str], indent: int) -> str:
    return (",\n" + " " * indent).join(items)


def from_gallery() -> dict[str, Configuration]:
    """The configurations that specs/gallery.toml names, without verdicts."""
    made = {}
    for entry in gallery.entries():
        name = GALLERY + entry.name
        asked = ["--designs", entry.design, "--properties", entry.prop]
        made[name] = Configuration(name, shlex.join(["gen", "matrix", *entry.zone.flags, *asked]))
    return made


# ---- a fresh run ---------------------------------------------------------------------


def measure(configuration: Configuration) -> Cells:
    """What TLC says today; GenError if the command ends with trouble."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory, "matrix")
        argv = [*shlex.split(configuration.command)[1:], "--output", str(output)]
        with contextlib.redirect_stdout(io.StringIO()):
            code = gen(argv)
        # A cell without a verdict is a cell too.
        if code not in (ExitCode.OK, ExitCode.NO_VERDICT) or not output.is_dir():
            raise GenError(f"{configuration.name}: '{configuration.command}' ended with {code}")
        table = json.loads((output / "matrix.json").read_text(encoding="utf-8"))
    return {(one["design"], one["property"]): _measured(one) for one in table["verdicts"]}


def _measured(one: Mapping[str, Any]) -> Cell:
    # How far a search came that was ended says nothing.
    numbers = {} if one["result"] == "no verdict" else {n: one[n] or 0 for n in _NUMBERS}
    return Cell(one["result"], **numbers)


def difference(name: str, before: Cells, after: Cells) -> list[str]:
    """A line for each cell that differs."""
    lines = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old != new:
            where = f"{name}: {'/'.join(key)}"
            lines.append(f"{where}: {old or 'not there'} -> {new or 'not there'}")
    return lines


# ---- docs/verdicts.md ----------------------------------------------------------------

_SIGNS = {"holds": "✓", "unreachable": "**✗**", "vacuous": "○", "no verdict": "?"}


def table(configuration: Configuration) -> str:
    """The verdicts as Markdown: a property in each row, as its name cannot be broken."""
    designs = list(dict.fromkeys(design for design, _ in configuration.cells))
    properties = list(dict.fromkeys(prop for _, prop in configuration.cells))
    lines = [
        "| | " + " | ".join(f"`{d}`" for d in designs) + " |",
        "|---" * (len(designs) + 1) + "|",
    ]
    for prop in properties:
        cells = (configuration.cells.get((design, prop)) for design in designs)
        lines.append(f"| `{prop}` | " + " | ".join(_sign(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _sign(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.result == "violated":
        return f"**{cell.length}**"
    if cell.measured:
        return str(cell.measured)
    return _SIGNS.get(cell.result, cell.result)


def in_page(text: str, shown: str) -> str:
    """docs/verdicts.md with this table between its markers."""
    if len(_BLOCK.findall(text)) != 1:
        raise GenError("docs/verdicts.md: the markers of the table of verdicts must be there once")
    return _BLOCK.sub(lambda found: found[1] + shown + found[3], text)


# ---- the command ---------------------------------------------------------------------


def renewed(names: Sequence[str] = ()) -> Iterator[dict[str, Configuration]]:
    """The whole manifest, once after each configuration that was measured again."""
    known = read()
    own = {name: one for name, one in known.items() if not name.startswith(GALLERY)}
    fresh = {
        name: replace(one, cells=known[name].cells if name in known else {})
        for name, one in (own | from_gallery()).items()
    }
    for name in names:
        if name not in fresh:
            raise GenError(f"unknown configuration '{name}': {near_miss(name, [*fresh])}")
    for name in names or [*fresh]:
        print(f"{name}: {fresh[name].command}", file=sys.stderr, flush=True)
        fresh[name] = replace(fresh[name], cells=measure(fresh[name]))
        yield fresh


def _renew(names: Sequence[str]) -> None:
    before = read()
    for after in renewed(names):
        write_text(MANIFEST, dump(after))
    changed = [f"{name}: gone" for name in before if name not in after]
    for name, one in after.items():
        changed += difference(name, before[name].cells if name in before else {}, one.cells)
    write_text(PAGE, in_page(PAGE.read_text(encoding="utf-8"), table(after[SHOWN])))
    for line in changed:
        print(line)
    print(f"{sum(len(one.cells) for one in after.values())} verdicts, {len(changed)} changed")


if __name__ == "__main__":
    try:
        _renew(sys.argv[1:])
    except GenError as error:
        sys.exit(error.message)
