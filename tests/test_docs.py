"""README and docs/: what they tell a reader to run, open or believe is so."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest

from gen.cli.options import parse, parsers
from gen.cli.options import zone as zone_of
from gen.errors import ExitCode
from gen.model.design import design_names, find_design
from gen.model.property import find_properties
from tools import docs, manifest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(
        ROOT / name
        for name in (
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "specs/README.md",
        )
    ),
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: Options of other programs, and of our tools.
FOREIGN = {"--host", "--quick", "--record", "--strict"}
#: In the table of exit codes, and said there not to be there yet.
TO_COME = {"--bisect"}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


#: A fenced block, its kind and what is in it; and one that is indented.
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")


def blocks(page: Path, kind: str = "") -> list[str]:
    """Its blocks of one kind; those that are indented, or only fenced, are of none."""
    found = [block for of, block in FENCED.findall(text(page)) if of == kind]
    return found if kind else found + INDENTED.findall(FENCED.sub("", text(page)))


def prose(page: Path) -> str:
    """What stands in no block."""
    return INDENTED.sub("", FENCED.sub("", text(page)))


def spans(page: Path) -> list[str]:
    """What is written as code within the text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def commands(page: Path) -> Iterator[list[str]]:
    """The command lines of its blocks, as words; a line may hold several."""
    for block in blocks(page):
        for line in block.splitlines():
            for part in re.split(r"&&|[|>]", line.strip().removeprefix("$ ")):
                if re.match(r"(\.venv/bin/)?(gen|python3?|pip|dask) ", part.strip()):
                    yield shlex.split(part, comments=True)


def anchors(page: Path) -> set[str]:
    """Of its headings, as forges make them."""
    made = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\]\([^)]*\)", "", heading).lower()
        made.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return made


# ---- links ---------------------------------------------------------------------------


@pages
def test_a_link_leads_to_a_file_and_to_a_heading_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    targets += re.findall(r"^\[[^]]+\]: (\S+)$", prose(page), re.MULTILINE)
    for target in targets:
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pages
def test_a_file_or_package_that_is_named_is_there(page: Path) -> None:
    """Names with a capital stand for any, such as specs/designs/NAME.toml."""
    under = ROOT if page.parent.name != "specs" else page.parent
    for span in spans(page):
        if not re.fullmatch(
            r"(gen|specs|tools|tests|docs|benchmarks|counterexamples|\.ci)/\S*", span
        ):
            continue
        if re.search(r"[A-Z]{4}|mine|\*", span):
            continue
        assert (ROOT / span).exists() or (under / span).exists(), span


def test_every_page_of_docs_is_found_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", text(ROOT / "README.md")))
    assert linked == {page.name for page in (ROOT / "docs").glob("*.md")}


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len(text(ROOT / "README.md").splitlines()) <= 150


# ---- commands ------------------------------------------------------------------------


def test_the_readme_says_how_to_set_it_up_to_run_it_and_to_check_a_design_of_one_s_own() -> None:
    shown = [" ".join(command) for command in commands(ROOT / "README.md")]
    assert ".venv/bin/pip install -q ." in shown
    assert "gen check --design mine.toml" in shown
    assert shown[0] == "gen check --pageblocks 4 --order 10"


def listed(given: object) -> list[str]:
    """The names of an option: none, one, some, or a list with commas."""
    return (
        given.split(",") if isinstance(given, str) else [*given] if isinstance(given, list) else []
    )


@pages
def test_a_command_that_is_shown_is_one(page: Path) -> None:
    """With designs, properties and files that are there."""
    for program, *rest in commands(page):
        if program.endswith("gen") and rest != ["--help"]:
            args = vars(parse(rest)[1])
            if "order" in args:
                zone_of(parse(rest)[1])
            for design in listed(args.get("design")) + listed(args.get("designs")):
                assert design in design_names() or design == "mine.toml", rest
            find_properties(listed(args.get("property")) + listed(args.get("properties")))
            for place in ("path", "left", "right", "recheck"):
                assert (ROOT / (args.get(place) or "")).exists(), rest
        elif re.search(r"python3?$", program) and rest[0] == "-m":
            assert importlib.util.find_spec(rest[1]) is not None, rest


@pages
def test_an_extra_that_is_to_be_installed_is_there(page: Path) -> None:
    extras = re.findall(r"(?:pageblock-gen|['\"]\.)\[([\w,]+)\]", text(page))
    assert {name for some in extras for name in some.split(",")} <= {
        *PROJECT["optional-dependencies"]
    }


def options() -> dict[str, set[str]]:
    """Those of each command, and of gen itself, but for --help."""
    parser, made = parsers()
    every = {"gen": parser, **made}
    return {
        name: {o for a in one._actions for o in a.option_strings} - {"-h", "--help"}
        for name, one in every.items()
    }


def test_the_page_of_commands_has_every_command_and_every_option() -> None:
    page = text(ROOT / "docs" / "commands.md")
    for command in parsers()[1]:
        assert re.search(rf"`gen {command}[ `]", page), command
    for command, known in options().items():
        for option in known:
            assert re.search(rf"[`| ]{re.escape(option)}(?![\w-])", page), f"{command} {option}"


@pages
def test_an_option_that_is_named_is_one(page: Path) -> None:
    known = {option for some in options().values() for option in some} | {"--help"}
    assert not TO_COME & known, "it is there now: say so in docs/commands.md"
    named = {o for span in spans(page) for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)}
    assert named <= known | FOREIGN | TO_COME
    assert page.name == "commands.md" or not named & TO_COME


def test_every_exit_code_is_in_the_table() -> None:
    table = text(ROOT / "docs" / "commands.md").partition("## Exit codes")[2]
    told = {int(n) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.M) for n in row.split(",")}
    assert told >= {code.value for code in ExitCode}


# ---- what is believed ----------------------------------------------------------------


@pages
def test_a_design_that_is_shown_can_be_checked(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        if "choices" in tomllib.loads(block):
            (tmp_path / "mine.toml").write_text(block, encoding="utf-8")
            assert find_design(str(tmp_path / "mine.toml")).name == "mine"


def test_the_fixes_that_hold_are_those_of_the_manifest_and_of_the_certificates() -> None:
    """In the zone that the README names, of the properties that every design is asked."""
    part = text(ROOT / "README.md").partition("## Which of the proposed fixes hold")[2]
    rows = re.findall(r"^\| (`.+?) \| (yes, proved|no) \|", part.partition("\n## ")[0], re.M)
    told = {name: holds for names, holds in rows for name in re.findall(r"`([\w.-]+)`", names)}
    cells = manifest.read()[manifest.SHOWN].cells
    assert {*told} == {design for design, _ in cells} - {"v6.1", "v6.5"}
    for design, holds in told.items():
        broken = [p.name for p in find_properties([]) if cells[design, p.name].result != "holds"]
        assert bool(broken) == (holds == "no"), (design, broken)
        proved = text(ROOT / "specs" / "certificates" / f"{design}.md")
        for prop in find_properties([]) if holds != "no" else ():
            assert re.search(rf"^\| `{prop.name}` \| proved", proved, re.M), (design, prop.name)


@pytest.mark.parametrize("page", docs.TABLES)
def test_the_tables_are_as_specs_and_gen_have_them(page: str) -> None:
    """If not: python -m tools.docs."""
    shown = text(docs.DOCS / page)
    assert docs.renewed(page, shown) == shown


def test_every_dependency_has_its_reason() -> None:
    page = text(ROOT / "docs" / "architecture.md").partition("## Dependencies")[2]
    for name in (re.split(r"[^\w-]", requirement)[0] for requirement in PROJECT["dependencies"]):
        assert f"| `{name}` |" in page, name
    for extra in PROJECT["optional-dependencies"]:
        assert f"| `{extra}` |" in page, extra


def imports() -> networkx.DiGraph[str]:
    """Which package of gen/ imports from which; its modules that stand alone are "base"."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    root = ROOT / "gen"
    for path in root.glob("*/*.py"):
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gen."):
                other = str(node.module).split(".")[1]
                other = other if (root / other).is_dir() else "base"
                if other != path.parent.name:
                    graph.add_edge(path.parent.name, other)
    return graph


def test_the_picture_of_the_packages_is_that_of_their_imports() -> None:
    (picture,) = (b for b in blocks(ROOT / "docs" / "architecture.md", "mermaid") if "base[" in b)
    drawn = re.findall(r"^ *(\w+)(?:\[[^]]*\])? --> (\w+)", picture, re.M)
    assert sorted(drawn) == sorted(networkx.transitive_reduction(imports()).edges)
