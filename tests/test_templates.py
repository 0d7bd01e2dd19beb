"""The templates read like the kernel: short lines, little control, each file says what it holds."""

from __future__ import annotations

import re
from functools import cache

import pytest

from gen.errors import GenError
from gen.model.choice import capabilities, choices
from gen.model.design import design_names, find_design
from gen.model.render import _can
from gen.model.specs import SPECS

TEMPLATES = {
    str(path.relative_to(SPECS)): path.read_text(encoding="utf-8")
    for path in sorted(SPECS.rglob("*.j2"))
}
#: What models the kernel, and not how it is put together or what is asked of it.
KERNEL = ("mm/", "zone/", "actors/")
#: A tag of either kind, where it begins.
TAG = re.compile(r"\$\[|\$%")
#: A line that is a statement.  The head and the end of a kernel function decide nothing.
STATEMENT = re.compile(r"\s*\\\*%[-+]?(?! *(?:call kernel_function\(|endcall\b))")
#: What only says where the text is, and decides nothing.
INCLUDE = re.compile(r'\s*\$% include "[^%]*')


@cache
def put_together() -> frozenset[str]:
    """Assembly, and macros, as specs/README.md names them."""
    readme = (SPECS / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## What is put together, and macros\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([\w/.]+)` \|", table, re.MULTILINE))
    assert named and named <= TEMPLATES.keys(), named - TEMPLATES.keys()
    return frozenset(named)


def controls(line: str) -> bool:
    """Whether a line decides, repeats or computes something: a tag that does so counts as well."""
    if STATEMENT.match(line):
        return True
    if INCLUDE.match(line):
        return False
    return "$%" in line or bool(re.search(r"\$\[[^$]*\b(?:if|for)\b", line))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_of_a_template_is_too_long_or_has_more_than_two_tags(name: str) -> None:
    for number, line in enumerate(TEMPLATES[name].splitlines(), 1):
        assert len(line) <= 100, f"{name}:{number}: {len(line)} characters"
        assert len(TAG.findall(line)) <= 2, f"{name}:{number}: {line}"


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.startswith(KERNEL)])
def test_a_template_of_the_kernel_is_the_kernel_and_not_control(name: str) -> None:
    if name in put_together():
        return
    lines = [line for line in TEMPLATES[name].splitlines() if line.strip()]
    control = [line for line in lines if controls(line)]
    assert 5 * len(control) <= len(lines), "\n".join(control)


def test_control_is_seen_wherever_it_is() -> None:
    for line in (
        "\\*% if step",
        "  \\*%- endfor",
        "\\*% set x = 1",
        "a$% if step %$b$% endif %$",
        'f(z)$[ ", a" if "pcp" in has else "" ]$',
    ):
        assert controls(line), line
    for line in (
        '\\*% call kernel_function("expand", "page", "page")',
        "\\*% endcall",
        '$% include "mm/expand.tla.j2" %$',
        "  IN  IF order = 0 THEN $[ facts.claim ]$(z) ELSE z",
        '$[ section("rmqueue_buddy") ]$',
    ):
        assert not controls(line), line


def test_what_is_put_together_says_so_and_little_else_is_exempt() -> None:
    for name in put_together():
        macros = name.startswith("macros/") or name == "facts.j2"
        assert macros or "put together" in TEMPLATES[name].splitlines()[0], name
    kernel = [name for name in TEMPLATES if name.startswith(KERNEL)]
    assert len(put_together() & set(kernel)) * 10 < len(kernel)


@pytest.mark.parametrize("name", [n for n in TEMPLATES if n.startswith(("mm/", "actors/"))])
def test_a_template_begins_with_the_c_file_and_the_function_that_it_models(name: str) -> None:
    head = TEMPLATES[name].partition("#$\n")[0]
    assert re.match(r"\$# (?:mm|include/linux)/[\w-]+\.[ch]\b", head), head
    assert "put together" in head or re.search(r"\w\(\)|zone->\w|callers", head), head


@pytest.mark.parametrize("choice", [c for c in choices() if (SPECS / "mm" / c).is_dir()])
def test_a_folder_that_is_named_like_a_choice_has_a_file_for_each_value(choice: str) -> None:
    files = {path.name.removesuffix(".tla.j2") for path in (SPECS / "mm" / choice).iterdir()}
    assert files <= set(choices()[choice]), "a file that no value brings in"
    (include,) = {
        found[0]
        for text in TEMPLATES.values()
        for found in re.finditer(rf'include "mm/{choice}/" ~ choice\.{choice} [^%]*', text)
    }
    if "ignore missing" not in include:
        assert files == set(choices()[choice])


# ---- capabilities --------------------------------------------------------------------


def test_templates_do_not_ask_for_other_variants_by_name() -> None:
    """What several values have in common is a capability, asked for with can()."""
    for name, text in TEMPLATES.items():
        assert not re.search(r"choice\.\w+ (?:!=|not in)|choice\.\w+\.startswith", text) or (
            name in put_together()
        ), name


def test_every_capability_is_explained_and_asked_for_somewhere() -> None:
    head = (SPECS / "choices.toml").read_text(encoding="utf-8").partition("\n[")[0]
    explained = set(re.findall(r"^#   ([a-z-]+) {2,}\S", head, re.MULTILINE))
    text = "\n".join(TEMPLATES.values()) + (SPECS / "callers.toml").read_text(encoding="utf-8")
    asked = set(re.findall(r'can(?:\(| = )"([a-z-]+)"', text))
    assert explained == asked == capabilities()


def test_a_capability_that_no_value_provides_is_refused_with_the_near_one() -> None:
    with pytest.raises(GenError, match=r"can\('cache-type'\): did you mean 'caches-type'"):
        _can(frozenset(), "cache-type")
    assert _can({"caches-type"}, "caches-type") and not _can(set(), "caches-type")


def test_designs_can_do_what_their_choices_provide() -> None:
    can = {name: find_design(name).capabilities for name in design_names()}
    assert {"caches-type", "reads-type-early", "scan-splits"} <= can["v6.5"]
    assert not {"caches-type", "reads-type-early", "scan-splits"} & can["v6.12"]
    assert "has-isolate-bit" in can["v7.2"] and "has-isolate-bit" not in can["v6.12"]
    assert "passes-isolated-by" in can["isolate-flag"]
