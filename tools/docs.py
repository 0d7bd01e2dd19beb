"""docs/, specs/README.md: tables that follow from specs/ and gen/: nobody writes them twice.

    python -m tools.docs    renews them, and prints which have changed

Each stands between ``<!-- NAME: python -m tools.docs -->`` and ``<!-- end of NAME -->``.  The
verdicts of the default zone are renewed by ``python -m tools.manifest``, which asks TLC.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gen.draw.formats import FORMATS
from gen.errors import GenError
from gen.files import write_text
from gen.model.choice import choices
from gen.model.design import find_designs
from gen.model.property import properties
from gen.model.specs import SPECS
from tools import manifest

DOCS = Path(__file__).parent.parent / "docs"
#: Of a template of the kernel: the head, and in it a C file with what is said of it.
_HEAD = re.compile(r"\A\$# (.*?)\s*#\$\n", re.DOTALL)
_C_FILE = re.compile(r"((?:mm|include/linux)/[\w-]+\.[ch])(?::|, )((?:(?!(?:mm|include)/).)*)")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = [*heads]
    made = [[cell.replace("|", r"\|") for cell in row] for row in (heads, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in made]
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]]) + "\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _formats() -> str:
    rows = ((f"`{name}`", f"`{one.file}`", one.what) for name, one in FORMATS.items())
    return _table(("format", "file", ""), rows)


def _designs() -> str:
    rows = ((f"`{one.name}`", one.title, one.kernel) for one in find_designs([]).values())
    return _table(("design", "what it is", "kernel"), rows)


def _properties(by_default: bool) -> str:
    rows = (
        (f"`{one.name}`", one.statement)
        for one in properties().values()
        if one.by_default is by_default
    )
    return _table(("property", "what is promised"), rows)


def _zones() -> str:
    """The verdicts of the manifest's other zones: what is violated there, and what holds."""
    rows = []
    for name, one in manifest.read().items():
        if name == manifest.SHOWN or name.startswith(manifest.GALLERY):
            continue
        command = shlex.split(one.command)[2:]
        designs = command.index("--designs")
        options = command[:designs] + command[designs + 2 :]
        said: dict[str, set[str]] = {}
        for (design, _), cell in one.cells.items():
            said.setdefault(design, set()).add(cell.result)
        broken = [d for d, results in said.items() if results & {"violated", "unreachable"}]
        # A design without a verdict stands in neither column.
        held = [d for d, results in said.items() if d not in broken and "no verdict" not in results]
        rows.append((f"{name}: `{shlex.join(options)}`", _names(broken), _names(held)))
    return _table(("zone", "something is violated", "nothing that was asked is violated"), rows)


def _functions() -> str:
    """Where each function of the kernel is: what the heads of the templates say."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in sorted(p for part in ("mm", "actors") for p in (SPECS / part).rglob("*.j2")):
        head = _HEAD.match(path.read_text(encoding="utf-8"))
        folder = path.parent.relative_to(SPECS)
        flat = str(folder) in ("mm", "actors")
        where = str(path.relative_to(SPECS)) if flat else f"{folder}/"
        for file, said in _C_FILE.findall(head[1] if head else ""):
            for function in re.findall(r"(\w+)\(\)", said.partition(":")[0]):
                choice = folder.name if folder.name in choices() else ""
                found.setdefault((file, function), {})[where] = choice
    rows = (
        (f"`{function}()`", f"`{file}`", _names(where), _names(sorted({*where.values()} - {""})))
        for (file, function), where in sorted(found.items())
    )
    return _table(("function", "in the kernel", "here", "choice"), rows)


#: What makes each table, by the page and by the name that its markers have.
TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "../specs/README.md": {"functions": _functions},
    "commands.md": {"formats": _formats},
    "verdicts.md": {
        "zones": _zones,
        "designs": _designs,
        "properties of every design": lambda: _properties(True),
        "other properties": lambda: _properties(False),
    },
}


def renewed(page: str, text: str) -> str:
    """A page with its tables as they are today; GenError if the markers of one are not there."""
    for name, make in TABLES[page].items():
        first, last = f"<!-- {name}: python -m tools.docs -->\n", f"<!-- end of {name} -->\n"
        block = re.compile(re.escape(first) + ".*?" + re.escape(last), re.DOTALL)
        if len(block.findall(text)) != 1:
            raise GenError(f"docs/{page}: the markers of '{name}' must be there once")
        text = block.sub((first + make() + last).replace("\\", r"\\"), text)
    return text


def _renew() -> None:
    for page in TABLES:
        before = (DOCS / page).read_text(encoding="utf-8")
        after = renewed(page, before)
        if after != before:
            write_text(DOCS / page, after)
            print(f"docs/{page}")


if __name__ == "__main__":
    try:
        _renew()
    except GenError as error:
        sys.exit(error.message)
