"""Rendering: readable TLA+, the same bytes each time, that SANY accepts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic

from gen.errors import GenError
from gen.model.choice import choices
from gen.model.design import design_names, find_design, load_design
from gen.model.feature import features
from gen.model.property import find_properties
from gen.model.render import _environment, render
from gen.model.zone import Zone
from gen.tlc.spec import Spec
from gen.tlc.toolchain import find_toolchain
from tools.golden import DESIGNS, GOLDENS, committed, path_of, rendered, replayed, trace_names

ZONES = {
    "window": Zone(),
    "whole": Zone(whole=True),
    "P=X": Zone(pageblock_order=10, min_order=10),
    "X=P+2": Zone(pageblock_order=8, min_order=8),
    "min-order 8": Zone(min_order=8),
    "no isolator": Zone(isolators=0),
    "alloc-order 9": Zone(alloc_order=9),
    "two isolators": Zone(isolators=2, whole=True),
    "three migratetypes": Zone(migratetypes=("UNMOVABLE", "MOVABLE", "RECLAIMABLE")),
    "every feature": Zone(features=tuple(features())),
    "cut zone": Zone(min_order=8, start=256, end=1792, features=("highatomic",)),
}


#: All designs in all these zones, asked for all properties, and some for those of a check
#: without options; and each recorded trace as it is replayed.
ALL = " all"
SEARCHED = {f"{d}, {z}": (d, z) for d, z in product(DESIGNS, ZONES)} | {
    f"{d}, {z},{ALL}": (d, z) for d, z in product(design_names(), ZONES)
}
REPLAYED = {f"replay of {name}": name for name in trace_names()}
SPECS = [*SEARCHED, *REPLAYED]


@cache
def spec_of(name: str) -> Spec:
    if name in REPLAYED:
        return replayed(REPLAYED[name])
    design, zone = SEARCHED[name]
    if not name.endswith(ALL):
        return rendered(design, ZONES[zone])
    made = find_design(design)
    return render(made, ZONES[zone], [p for p in find_properties(["all"]) if made.has(p.needs)])


def specs() -> Iterator[tuple[str, Spec]]:
    """All of them, by name.

    A test goes through them itself: a case of its own for each costs more than the check.
    """
    return ((name, spec_of(name)) for name in SPECS)


# ---- golden files --------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.startswith("render")])
def test_the_rendering_is_the_golden_one(name: str) -> None:
    """After a wanted change: python -m tools.golden, and read what it prints."""
    assert GOLDENS[name]() == path_of(name).read_text(encoding="utf-8")


def test_there_is_no_golden_file_that_nothing_is_compared_with() -> None:
    assert committed().keys() == GOLDENS.keys()


def test_the_same_input_gives_the_same_bytes() -> None:
    # In other processes: the order of a set of strings changes with the hash seed.
    run = "import sys; from gen.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", run, "render", "--design", "v6.12"]
    out = {
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(out) == 1
    assert next(iter(out)).startswith(rendered("v6.12", Zone()).tla.encode())


# ---- to be read ----------------------------------------------------------------------


def test_nothing_of_the_template_language_is_left() -> None:
    for name, spec in specs():
        for mark in ("$[", "]$", "$%", "%$", "$#", "#$", "\\*%", "\\*#"):
            assert mark not in spec.tla + spec.cfg, (name, mark)


def test_the_module_is_plain_text() -> None:
    for name, spec in specs():
        for text in (spec.tla, spec.cfg):
            assert text.isascii(), name
            assert "\t" not in text and "\r" not in text, name
            assert text.endswith("\n") and not text.endswith("\n\n"), name
            assert "\n\n\n" not in text, name
            assert " \n" not in text, f"{name}: trailing blanks"


def test_no_line_is_too_long_to_read() -> None:
    for name, spec in specs():
        for number, line in enumerate(spec.tla.splitlines(), 1):
            if not line.startswith("\\* Made by: "):
                assert len(line) <= 130, f"{name}, {number}: {line}"


def test_what_takes_several_lines_has_an_empty_one_below_it() -> None:
    for name, spec in specs():
        found = re.search(r"^ .*\n[\w\\].*$", spec.tla, re.MULTILINE)
        assert not found, f"{name}: {found[0]}"


@pytest.mark.parametrize("design", DESIGNS)
def test_the_module_says_where_it_comes_from(design: str) -> None:
    data = find_design(design)
    spec = rendered(design, Zone())
    head = spec.tla[:1000]
    assert f"MODULE {spec.name} " in head.splitlines()[0]
    assert data.title in head and data.source in head
    assert "Made by: gen render --pageblocks 4 --order 10 --design " + design in head
    assert f"\\* Kernel: {data.kernel}\n" in head


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_reads_like_its_kernel_and_asks_for_no_other(design: str) -> None:
    text = rendered(design, Zone()).tla
    code = "\n".join(line.partition("\\*")[0] for line in text.splitlines())
    for other in DESIGNS:
        assert other not in code
    assert "Design" not in code and "choice" not in code


# ---- the configuration ---------------------------------------------------------------


def test_a_module_has_the_properties_that_were_asked_for_and_no_other() -> None:
    design = find_design("v6.12")
    asked = find_properties(["FreelistHygiene", "IsolatedNotAllocated"])
    spec = render(design, Zone(), asked)
    assert spec.cfg == (
        "INIT Boot\nNEXT Step\nINVARIANTS FreelistHygiene\nPROPERTIES IsolatedNotAllocated\n"
    )
    assert "\nFreelistHygiene ==" in spec.tla and "\nConservation ==" not in spec.tla


def test_what_a_property_needs_in_the_state_is_there_for_that_property_alone() -> None:
    design = find_design("v6.12")
    with_it = render(design, Zone(), find_properties(["NoFreelistWarning"])).tla
    without = render(design, Zone(), find_properties(["FreelistHygiene"])).tla
    assert "warned'" in with_it and "warned" not in without


def test_the_configuration_asks_tlc_for_nothing_that_it_gets_wrong() -> None:
    # SYMMETRY and VIEW with liveness; CHECK_DEADLOCK is an error in this jar.
    for name, spec in specs():
        keywords = {line.split()[0] for line in spec.cfg.splitlines()}
        assert keywords <= {"INIT", "NEXT", "SPECIFICATION", "INVARIANTS", "PROPERTIES"}, name
        assert ("SPECIFICATION" in keywords) is not ("NEXT" in keywords), name


# ---- known wrong answers of this TLC: by text, as far as text can tell ----------------


def test_no_lazy_function_goes_through_tail_or_subseq() -> None:
    for name, spec in specs():
        assert not re.search(r"\b(?:Tail|SubSeq|SelectSeq)\(", spec.tla), name


def test_no_function_has_functions_for_its_domain() -> None:
    # [x \in [..] |-> ..], [[..] -> ..] and operators that stand for a set of functions
    for name, spec in specs():
        assert not re.search(r"\\in\s*\[[^\]]*->[^\]]*\]\s*\|->", spec.tla), name
        assert not re.search(r"\[\s*\[[^\]]*->[^\]]*\]\s*->", spec.tla), name


def test_no_primed_variable_goes_through_a_let_alias() -> None:
    # LET x == y' IN ...: states are missed.  A prime is written by the actions alone.
    for name, spec in specs():
        for definition in re.findall(r"^ +(?:LET\s+)?\w+ == .*'.*$", spec.tla, re.MULTILINE):
            if "'" in definition.partition("\\*")[0]:
                pytest.fail(f"{name}: a primed variable in a LET: {definition.strip()}")


# ---- SANY ----------------------------------------------------------------------------


def sany(directory: Path, specs: dict[str, Spec]) -> dict[str, str]:
    """What SANY finds wrong, by name; all modules in one JVM.

    It exits 0 on semantic errors, so what counts is its words: each module must have
    reached its semantic analysis, with nothing said after it.
    """
    tools = find_toolchain()
    names = {f"m{i}": name for i, name in enumerate(specs)}
    for module, name in names.items():
        text = specs[name].tla.replace(f"MODULE {specs[name].name} ", f"MODULE {module} ", 1)
        (directory / f"{module}.tla").write_text(text, encoding="utf-8")
    java = [str(tools.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    java += [f"-Djava.io.tmpdir={directory}", "-cp", str(tools.jar), "tla2sany.SANY"]
    done = subprocess.run(
        [*java, *(f"{module}.tla" for module in names)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {}
    for part in re.split(r"^\*+ SANY2 .*$", done.stdout + done.stderr, flags=re.MULTILINE)[1:]:
        last = re.findall(r"Parsing file (?:.*/)?(m[0-9]+)\.tla", part)
        said = re.sub(r"^(?:Parsing file|Semantic processing of module) .*\n", "", part, flags=re.M)
        if last and f"Semantic processing of module {last[0]}\n" not in part:
            found[names[last[0]]] = "not analysed: " + said.strip()
        elif last and said.strip():
            found[names[last[0]]] = said.strip()
        if last:
            names.pop(last[0])
    return found | dict.fromkeys(names.values(), "SANY did not come to it")


@pytest.mark.tlc
def test_sany_accepts_every_module(tmp_path: Path) -> None:
    assert sany(tmp_path, dict(specs())) == {}


@pytest.mark.tlc
def test_sany_is_heard_when_it_finds_something(tmp_path: Path) -> None:
    good = rendered("v6.12", Zone())
    semantic = replace(good, tla=good.tla.replace("Alignment ==", "Alignment == NoSuchName /\\"))
    syntax = replace(good, tla=good.tla.replace("Alignment ==", "Alignment == ) "))
    # It stops at a syntax error, so that is the last one.
    specs = {"good": good, "semantic": semantic, "good again": good, "syntax": syntax}
    found = sany(tmp_path, specs)
    assert set(found) == {"semantic", "syntax"}
    assert "Unknown operator: `NoSuchName'" in found["semantic"]


@pytest.mark.tlc
def test_choices_can_be_combined_by_a_user(tmp_path: Path) -> None:
    """Any two values of two choices that go together: a design needs no Python.

    How a pageblock is isolated is three choices that need each other, so one here: the
    ways in which the designs make them.
    """
    isolation = ("set_migratetype_isolate", "unset_migratetype_isolate", "isolate_bit")
    designs = [find_design(name) for name in design_names()]
    ways = sorted({tuple(d.choices[name] for name in isolation) for d in designs})
    assert {way[0] for way in ways} == set(choices()[isolation[0]])
    assert {way[1] for way in ways} == set(choices()[isolation[1]])
    others = [(name, list(values)) for name, values in choices().items() if name not in isolation]
    p = 19
    assert len(others) <= p and len(ways) <= p
    specs: dict[str, Spec] = {}
    for i, j in product(range(p), range(p)):
        # An orthogonal array, p a prime: any two of its columns show all pairs of numbers.
        row = [(i + k * j) % p for k in range(p)]
        made = {
            name: values[n % len(values)] for (name, values), n in zip(others, row, strict=False)
        }
        made |= dict(zip(isolation, ways[j % len(ways)], strict=True))
        lines = [f'{key} = "{key}"' for key in ("name", "title", "kernel", "source")]
        lines += ["[choices]", *(f'{name} = "{value}"' for name, value in made.items())]
        file = tmp_path / "design.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        try:
            design = load_design(file)
        except GenError as odd:  # how a page is freed is some choices that need each other too
            assert "goes with" in odd.message
            continue
        asked = [p for p in find_properties(["all"]) if design.has(p.needs)]
        specs[str(made)] = render(design, Zone(), asked if i % 2 else asked[:1])
    assert len(specs) > 100
    assert sany(tmp_path, specs) == {}


@pytest.mark.parametrize("damage", ["cut", "no pickle", "too long", "a directory"])
def test_a_damaged_template_cache_changes_no_module(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _environment.cache_clear()
    good = render(find_design("v6.12"), Zone(), [])
    kept = list((tmp_path / "pageblock-gen" / "templates").iterdir())
    assert kept
    for path in kept:
        data = path.read_bytes()
        magic = data[: len(bc_magic)]
        path.unlink()
        if damage == "a directory":
            path.mkdir()
        else:
            bad = {"cut": data[:-9], "no pickle": magic + b"\xff(c\n", "too long": data + b"?"}
            path.write_bytes(bad[damage])
    _environment.cache_clear()
    try:
        assert render(find_design("v6.12"), Zone(), []) == good
    finally:
        _environment.cache_clear()
