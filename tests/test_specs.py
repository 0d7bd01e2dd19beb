"""What lies in specs/: all of it is reachable, used, and checked when it is read."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from gen.cli import main
from gen.errors import GenError
from gen.render import render
from gen.specs import (
    SPECS,
    Design,
    choices,
    design_names,
    find_design,
    find_properties,
    load_design,
    properties,
    sections,
)
from gen.zone import Zone

TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in SPECS.glob("*.j2")}

OWN = """
name = "mine"
title = "v6.10 that frees large pages in pieces"
kernel = "v6.10 with one patch"
source = "somebody, today"
promises = ["NoFreelistWarning"]

[choices]
freelist_type_check = "warn"
merge_type_check = "mergeable"
merge_retype = "first-after-removal"
fallback = "claim-or-take"
free_one_page = "pieces"
set_migratetype_isolate = "split-and-move"
unset_migratetype_isolate = "split-and-move"
isolate_single_pageblock = "check-only"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    """What is said of a design file; one line, with the file's name."""
    with pytest.raises(GenError) as caught:
        find_design(str(path))
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


def module(design: Design) -> str:
    chosen = [p for p in find_properties([]) if design.has(p.needs)]
    return render(design, Zone(), chosen).tla


# ---- designs -------------------------------------------------------------------------


def test_the_designs_of_the_first_part_are_there() -> None:
    assert {"v6.5", "hygiene-v2", "v6.10", "v6.12"} <= set(design_names())


@pytest.mark.parametrize("name", design_names())
def test_every_design_file_loads_and_says_where_it_comes_from(name: str) -> None:
    design = find_design(name)
    assert design.name == name
    assert design.title and design.kernel and design.source
    assert set(design.choices) == set(choices())
    assert set(design.promises) <= set(properties())


def test_no_two_designs_are_the_same_code() -> None:
    for one, other in combinations(map(find_design, design_names()), 2):
        assert one.choices != other.choices, (one.name, other.name)


def test_an_unknown_design_or_property_suggests_the_near_name() -> None:
    with pytest.raises(GenError, match=r"unknown design 'v6\.11'.*did you mean 'v6\.1"):
        find_design("v6.11")
    with pytest.raises(GenError, match=r"unknown design 'qqq'.*known: hygiene-v2, "):
        find_design("qqq")
    with pytest.raises(GenError, match="did you mean 'FreelistHygiene'"):
        find_properties(["FreelistHygeine"])


def test_properties_come_in_the_table_s_order_the_kernel_s_own_warning_first() -> None:
    assert [p.name for p in find_properties([])] == list(properties())
    assert next(iter(properties())) == "NoFreelistWarning"
    asked = find_properties(["Alignment", "FreelistHygiene"])
    assert [p.name for p in asked] == ["FreelistHygiene", "Alignment"]


@pytest.mark.parametrize("name", list(properties()))
def test_every_property_has_a_formula_a_witness_and_a_sentence(name: str) -> None:
    prop = properties()[name]
    assert prop.kind in ("state", "action")
    wanted = f"{name}_action ==" if prop.kind == "action" else f"{name} =="
    assert wanted in prop.formula
    assert prop.statement.endswith(".") and prop.sentence.endswith(".")
    fields = set(re.findall(r"(\w+) \|->", prop.witness))
    told = set(re.findall(r"\{(\w+)(?::\w+)?\}", prop.sentence + prop.failure))
    assert told <= fields, "a field of the sentence that the witness does not have"
    for choice, value in prop.needs.items():
        assert value in choices()[choice]


# ---- choices -------------------------------------------------------------------------


def test_templates_ask_for_choices_that_exist() -> None:
    text = "\n".join(TEMPLATES.values())
    asked = set(re.findall(r"\bchoice\.(\w+)", text))
    assert asked and asked <= set(choices())
    for choice, values in re.findall(r'\bchoice\.(\w+) (?:==|!=|in) (\[.*?\]|".*?")', text):
        for value in re.findall(r'"(.*?)"', values):
            assert value in choices()[choice], f"{choice} = {value} is not documented"


def test_every_choice_is_asked_for_by_a_template_or_has_sections() -> None:
    text = "\n".join(TEMPLATES.values())
    for choice in choices():
        rendered = f"choice.{choice}" in text or f'section("{choice}")' in text
        assert rendered, f"choices.toml documents {choice}, no template asks for it"


@pytest.mark.parametrize("choice", list(choices()))
def test_every_value_of_a_choice_makes_other_code(choice: str) -> None:
    """A value that is documented but does nothing would render what another one renders."""
    values = list(choices()[choice])
    assert len(values) > 1 or choice == "split_free_page"
    seen: dict[str, str] = {}
    for value in values:
        base = find_design("v6.12")
        made = Design(
            base.name, base.title, base.kernel, base.source, (), {**base.choices, choice: value}
        )
        text = module(made)
        assert text not in seen, f"{choice}: '{value}' renders what '{seen.get(text)}' renders"
        seen[text] = value


@pytest.mark.parametrize("choice", list(choices()))
def test_every_value_of_a_choice_is_explained(choice: str) -> None:
    for value, meaning in choices()[choice].items():
        assert len(meaning) > 5, f"{choice} = {value}"


# ---- sections: a hold of zone->lock is a named list of calls -------------------------


@pytest.mark.parametrize("name", design_names())
def test_every_section_names_its_c_file_and_function_and_is_one_hold(name: str) -> None:
    for section in sections(find_design(name)).values():
        assert re.fullmatch(r"mm/\w+\.c", section.file)
        assert re.fullmatch(r"\w+", section.function)
        assert section.models
        called = [call.function for call in section.calls]
        assert called[0] == "spin_lock" and called[-1] == "spin_unlock"
        assert called.count("spin_lock") == called.count("spin_unlock") == 1
        assert set(section.shown) <= set(section.args)


@pytest.mark.parametrize("name", design_names())
def test_a_call_after_one_that_may_fail_is_guarded_up_to_the_unlock(name: str) -> None:
    for section in sections(find_design(name)).values():
        failed = False
        for call in section.calls:
            guarded = "z.ret = 0" in call.guard
            assert guarded == (failed and call.function != "spin_unlock"), (section.name, call)
            failed = failed or call.fails


@pytest.mark.parametrize("name", design_names())
def test_every_call_of_a_section_is_an_operator_of_the_module(name: str) -> None:
    design = find_design(name)
    text = module(design)
    defined = set(re.findall(r"^(\w+)(?:\(.*\))? ==", text, re.MULTILINE))
    used = 0
    for section in sections(design).values():
        if section.name not in defined:
            continue  # this design has no such hold
        used += 1
        assert f"\\* {section.file}: {section.function}()" in text
        for call in section.calls:
            assert call.function in defined, (section.name, call.function)
    assert used >= 4


# ---- a user's own design -------------------------------------------------------------


def test_a_design_of_ones_own_needs_a_file_and_no_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, OWN)
    assert main(["render", "--design", str(path), "--tla"]) == 0
    text = capsys.readouterr().out
    assert "design mine:" in text
    assert re.search(r"split_large_buddy\(z[0-9], page, order\)", text)
    assert text != module(find_design("v6.10"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('fallback = "', 'falback = "', "unknown choice 'falback': did you mean 'fallback'?"),
        ("claim-or-take", "claim-or-tak", "fallback = 'claim-or-tak': did you mean 'claim-or-take"),
        ('fallback = "claim-or-take"', "", "the choice 'fallback' is not made; one of: steal-then"),
        ("[choices]", "[choice]", "there is no table [choices]"),
        ("[choices]", "[choices", "not a TOML file"),
        ('name = "mine"', "", "'name' is missing"),
        ('name = "mine"', "name = 7", "'name' is missing; it is a line of text"),
        ('source = "somebody, today"', 'source = ""', "'source' is missing"),
    ],
)
def test_what_is_wrong_in_a_design_file_is_said_in_one_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert OWN.count(old) == 1
    assert said in complaint(written(tmp_path, OWN.replace(old, new)))


def test_a_promise_that_is_no_property_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, OWN.replace("NoFreelistWarning", "NoFreelistWarnings"))
    with pytest.raises(GenError, match="did you mean 'NoFreelistWarning'"):
        load_design(path)


def test_a_design_file_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    assert "No such file" in complaint(tmp_path / "absent.toml")
    (tmp_path / "folder.toml").mkdir()
    assert "directory" in complaint(tmp_path / "folder.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "not a TOML file" in complaint(binary)


def changed(old: str, new: str) -> str:
    assert OWN.count(old) == 1
    return OWN.replace(old, new)


PROMISES = 'promises = ["NoFreelistWarning"]'
FALLBACK = 'fallback = "claim-or-take"'
TRACEBACK = pytest.mark.xfail(raises=(TypeError, AttributeError), reason="load_design()")


@pytest.mark.parametrize(
    "text",
    [
        changed(PROMISES, 'promises = "all"'),
        pytest.param(changed(PROMISES, "promises = [[]]"), marks=TRACEBACK),
        pytest.param(changed(PROMISES, "promises = [1]"), marks=TRACEBACK),
        pytest.param(changed(PROMISES, "promises = 5"), marks=TRACEBACK),
        changed(FALLBACK, "fallback = 5"),
        pytest.param(changed(FALLBACK, "fallback = []"), marks=TRACEBACK),
        pytest.param(changed(FALLBACK, "fallback = {}"), marks=TRACEBACK),
        "choices = 5",
        "",
    ],
)
def test_a_design_file_of_wrong_types_is_no_traceback(tmp_path: Path, text: str) -> None:
    with pytest.raises(GenError) as caught:
        load_design(written(tmp_path, text))
    assert "\n" not in caught.value.message
