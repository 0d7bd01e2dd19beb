"""Who may import whom in gen/: down only, and nothing below knows the kernel."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import gen
from gen.model.design import design_names
from gen.model.property import properties
from gen.model.section import section_tables

GEN = Path(gen.__file__).parent

#: From the bottom up; a package may import from itself and from those below it.
LAYERS = (
    ("errors", "files", "kept", "printable", "run_dir"),
    ("tlc",),
    ("model",),
    ("trace",),
    ("check", "draw"),
    ("prove",),
    ("report",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

MODULES = sorted(GEN.rglob("*.py"))


def package(path: Path) -> str:
    """``tlc`` of gen/tlc/process.py, ``errors`` of gen/errors.py."""
    return path.relative_to(GEN).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """The modules of gen that one imports, wherever in its text, as ``tlc.process``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.add(str(node.module))
            if (GEN.parent / str(node.module).replace(".", "/")).is_dir():
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("gen.") for name in found if name.startswith("gen.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(GEN)))
def test_a_module_imports_from_its_own_package_and_from_below(path: Path) -> None:
    if path == GEN / "__init__.py":
        assert not imported(path)
        return
    mine = package(path)
    for name in imported(path) - {"__version__"}:
        other = name.partition(".")[0]
        below = LEVEL[other] < LEVEL[mine]
        same = other == mine or (LEVEL[other] == LEVEL[mine] == 0)
        assert below or same, f"{path.name} of {mine} imports {name}"


def test_there_are_no_circles_of_modules() -> None:
    names = {".".join(p.relative_to(GEN).with_suffix("").parts): p for p in MODULES}
    after = {name: imported(path) & names.keys() for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for other in sorted(after[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in names:
        visit(name, ())


@pytest.mark.parametrize(
    "path", sorted((GEN / "tlc").glob("*.py")), ids=lambda path: str(path.name)
)
def test_what_runs_tlc_knows_no_kernel(path: Path) -> None:
    text = (
        path.read_text(encoding="utf-8").replace("pageblock-gen", "").replace("PAGEBLOCK_GEN", "")
    )
    words = {*design_names(), *properties(), *section_tables()}
    words |= {"pageblock", "zone", "migratetype", "buddy", "kernel", "isolat", "mm/", "Linux 6"}
    known = [word for word in sorted(words) if re.search(rf"(?<!\w){re.escape(word)}", text, re.I)]
    assert not known


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if package(p) not in ("cli", "__main__")],
    ids=lambda path: str(path.relative_to(GEN)),
)
def test_nothing_but_the_command_prints(path: Path) -> None:
    if path.name == "progress.py":  # the live line of a terminal
        return
    calls = [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
    ]
    assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def test_the_page_on_the_architecture_lists_the_packages_in_the_order_of_their_imports() -> None:
    page = (GEN.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`gen/\w+(?:/|\.py)`(?:, )?)+) \|", page, re.MULTILINE)
    named = [re.findall(r"`gen/(\w+)", row) for row in rows]
    told = [name for names in named for name in names]
    assert sorted(told) == sorted(set(LEVEL) - {"__main__"})
    assert [LEVEL[name] for name in told] == sorted(LEVEL[name] for name in told)
