"""What lies in specs/: all of it is reachable, used, and checked when it is read."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.errors import GenError
from gen.model.choice import choice_defaults, choices, provided
from gen.model.choice import choice_needs as _choice_needs
from gen.model.design import Design, Shown, design_names, find_design, load_design
from gen.model.feature import features
from gen.model.property import find_properties, properties
from gen.model.reader import open_toml
from gen.model.render import Replay, render, render_replay, replay_state
from gen.model.section import CallTable, VariantTable, _variants, sections
from gen.model.specs import SPECS
from gen.model.variable import variable_tables
from gen.model.zone import Zone

TEMPLATES = {
    str(path.relative_to(SPECS)): path.read_text(encoding="utf-8") for path in SPECS.rglob("*.j2")
}

OWN = """
name = "mine"
title = "v6.10 that frees large pages in pieces"
kernel = "v6.10 with one patch"
source = "somebody, today"
promises = ["NoFreelistWarning"]

[choices]
freelist_type_check = "warn"
isolate_bit = "none"
merge_type_check = "mergeable"
merge_retype = "first-after-removal"
fallback = "claim-or-take"
claim_type = "page"
free_one_page = "pieces"
set_migratetype_isolate = "split-and-move"
unset_migratetype_isolate = "split-and-move"
isolate_range = "pageblocks"
isolate_single_pageblock = "check-only"
split_free_page = "rechecked"
accounting = "sums"
zone_boundary = "refuse"
isolate_free_page = "move"
pcp_trylock_failure = "own-type"
alloc_contig_pages = "refcounted"
cma_alloc = "global-mutex"
pcp_huge_order = "pageblock"
zone_pcp = "disabled"
free_pcppages_bulk = "under-lock"
reserve_highatomic_pageblock = "move-then-set"
"""

#: What gen check looks at if nothing else is asked for.
DEFAULT = [
    "NoFreelistWarning",
    "FreelistHygiene",
    "IsolatedNotAllocated",
    "Conservation",
    "Alignment",
]


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


#: With everything that can be modelled, in a zone that is cut within a pageblock.
EVERYTHING = Zone(min_order=8, start=256, end=1792, features=tuple(features()), huge_order=10)


def module(design: Design, *asked: str, zone: Zone = Zone()) -> str:  # noqa: B008
    chosen = [p for p in find_properties(asked) if design.has(p.needs)]
    return render(design, zone, chosen).tla


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
    with pytest.raises(GenError, match=r"unknown design 'qqq'.*known: .*, hygiene-v2, "):
        find_design("qqq")
    with pytest.raises(GenError, match="did you mean 'FreelistHygiene'"):
        find_properties(["FreelistHygeine"])


def test_properties_come_in_the_table_s_order_the_kernel_s_own_warning_first() -> None:
    for grain in ("fused", "step"):
        every = [name for name, p in properties().items() if p.grain in ("", grain)]
        assert [p.name for p in find_properties(["all"], grain=grain)] == every
    assert next(iter(properties())) == "NoFreelistWarning"
    asked = find_properties(["Alignment", "FreelistHygiene"])
    assert [p.name for p in asked] == ["FreelistHygiene", "Alignment"]


def test_some_properties_are_checked_by_default_the_others_by_name_or_all_at_once() -> None:
    assert [p.name for p in find_properties([])] == DEFAULT
    others = [name for name, p in properties().items() if not p.by_default]
    assert set(others) == set(properties()) - set(DEFAULT) and len(others) >= 7
    for name in others:
        assert [p.name for p in find_properties([name])] == [name]
    assert find_properties(["all"]) == find_properties(["Alignment", "all", others[0]])
    stepwise = [p.name for p in find_properties([], grain="step")]
    assert sorted(stepwise) == sorted([*DEFAULT, "LockDiscipline"])
    with pytest.raises(GenError, match=r"unknown property 'al'.*did you mean 'all'"):
        find_properties(["al"])


@pytest.mark.parametrize("name", list(properties()))
def test_every_property_has_a_formula_a_witness_and_a_sentence(name: str) -> None:
    prop = properties()[name]
    assert prop.kind in ("state", "action", "liveness", "reachable", "cost", "coverage")
    wanted = f"{name}_action ==" if prop.kind in ("action", "cost") else f"{name} =="
    assert wanted in prop.formula
    assert prop.statement.endswith(".")
    assert prop.sentence.endswith(":" if prop.warning else ".")
    fields = set(re.findall(r"(\w+) \|->", prop.witness))
    told = set(re.findall(r"\{(\w+)(?::\w+)?\}", prop.sentence + prop.failure))
    assert told <= fields, "a field of the sentence that the witness does not have"
    for choice, needed in prop.needs.items():
        values = {needed} if isinstance(needed, str) else set(needed)
        assert values <= set(choices()[choice])
    assert 0 <= prop.isolators <= 2


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
        given = {
            thing for (name, _), things in provided().items() if name == choice for thing in things
        }
        rendered = f"choice.{choice}" in text or f'section("{choice}")' in text
        rendered = rendered or any(f'can("{thing}")' in text for thing in given)
        assert rendered, f"choices.toml documents {choice}, no template asks for it"


@pytest.mark.parametrize("choice", list(choices()))
def test_every_value_of_a_choice_makes_other_code(choice: str) -> None:
    """A value that is documented but does nothing would render what another one renders."""
    assert len(choices()[choice]) > 1
    # With a scan that splits, and with types read without the lock, too.
    bases = [find_design("v6.12"), find_design("hygiene-v2"), find_design("v6.5")]
    seen: dict[tuple[str, ...], str] = {}
    for value in choices()[choice]:
        made = [replace(base, choices={**base.choices, choice: value}) for base in bases]
        texts = tuple(module(design, "all", zone=EVERYTHING) for design in made)
        assert texts not in seen, f"{choice}: '{value}' renders what '{seen.get(texts)}' renders"
        seen[texts] = value


@pytest.mark.parametrize("choice", list(choices()))
def test_every_value_of_a_choice_is_explained(choice: str) -> None:
    for value, meaning in choices()[choice].items():
        assert len(meaning) > 5, f"{choice} = {value}"


def _contradictions() -> list[tuple[str, str, str, str]]:
    """(choice, value, another choice, a value of that which does not go with it)."""
    return [
        (choice, value, other, bad)
        for (choice, value), needs in _choice_needs().items()
        for other, wanted in needs.items()
        for bad in choices()[other]
        if bad not in ([wanted] if isinstance(wanted, str) else wanted)
    ]


@pytest.mark.parametrize(("choice", "value", "other", "bad"), _contradictions())
def test_choices_that_do_not_go_together_are_said_in_one_line(
    tmp_path: Path, choice: str, value: str, other: str, bad: str
) -> None:
    made = next(d.choices for d in map(find_design, design_names()) if d.choices[choice] == value)
    made = {**made, other: bad}
    lines = [f'{name} = "{v}"' for name, v in made.items()]
    text = OWN.partition("[choices]")[0] + "[choices]\n" + "\n".join(lines)
    said = complaint(written(tmp_path, text))
    found = re.search(r"(\w+) = '([^']+)' goes with (\w+) = '(.+)' only, not with '([^']+)'$", said)
    assert found, said
    one, has, two, fits, not_with = found.groups()
    # Of several contradictions one is said, from either side; all have the choice in them.
    assert (one, has, two, not_with) in _contradictions() and other in (one, two)
    assert (made[one], made[two]) == (has, not_with)
    assert set(fits.split("' or '")) <= set(choices()[two]) - {not_with}


def test_choices_that_need_others_name_values_that_exist() -> None:
    assert len(_contradictions()) > 50
    for (choice, value), needs in _choice_needs().items():
        assert value in choices()[choice]
        for other, wanted in needs.items():
            values = {wanted} if isinstance(wanted, str) else set(wanted)
            assert values <= set(choices()[other])


def test_a_choice_with_a_default_need_not_be_made(tmp_path: Path) -> None:
    """So that a new one does not touch every design, the user's own included."""
    defaults = choice_defaults()
    assert len(defaults) >= 8
    for choice, value in defaults.items():
        text = re.sub(rf"^{choice} = .*\n", "", OWN, flags=re.MULTILINE)
        design = find_design(str(written(tmp_path, text)))
        assert text != OWN and design.choices[choice] == value
        other = next(v for v in choices()[choice] if v != value)
        made = find_design(str(written(tmp_path, text + f'{choice} = "{other}"\n')))
        assert made.choices[choice] == other


def test_a_default_stands_behind_what_a_base_has_chosen() -> None:
    assert "cma_alloc" in choice_defaults()
    assert find_design("isolate-flag").choices["cma_alloc"] == "area-mutex"
    assert find_design("v7.2").choices["cma_alloc"] == "area-mutex"


# ---- variables: the state as data ----------------------------------------------------

VARIABLES = {
    name: {key: value for key, value in vars(one).items() if value not in (None, "", False)}
    for name, one in variable_tables().items()
}
KEPT = [name for name, data in VARIABLES.items() if data.get("kept")]


def state_of(text: str) -> list[str]:
    """The variables that a module declares."""
    block = re.search(r"^VARIABLES\n((?:  .*\n)+)", text, re.MULTILINE)
    assert block
    return [line.split()[0].rstrip(",") for line in block[1].splitlines()]


@pytest.mark.parametrize("name", design_names())
def test_a_variable_that_only_a_property_reads_is_there_for_that_property_alone(name: str) -> None:
    design = find_design(name)
    for prop in properties().values():
        if not design.has(prop.needs):
            continue
        text = module(design, prop.name)
        made = {v for v, data in VARIABLES.items() if "needs" in data and design.has(data["needs"])}
        modelled = {
            v for v, data in VARIABLES.items() if {*data.get("features", ())} & {*prop.features}
        }
        always = {
            v
            for v, data in VARIABLES.items()
            if not {"kept", "needs", "features", "grain"} & set(data)
        }
        wanted = always | made | modelled | (set(prop.keeps) & set(KEPT))
        assert state_of(text) == [*(v for v in VARIABLES if v in wanted), "isolator"], prop.name
        code = "\n".join(line.partition("\\*")[0] for line in text.splitlines())
        for variable in set(KEPT) - wanted:
            assert not re.search(rf"\b{variable}\b", code), (prop.name, variable)


def test_what_properties_keep_is_a_variable_and_every_kept_variable_is_kept_by_one() -> None:
    asked = {variable for prop in properties().values() for variable in prop.keeps}
    assert asked - set(KEPT) == {"asked"}  # a field of isolator
    assert set(KEPT) <= asked


def test_variables_say_what_they_mean_and_need_choices_that_exist() -> None:
    for name, data in VARIABLES.items():
        assert set(data) <= {
            *("what", "boot", "any", "at_lock", "at_unlock", "needs", "kept", "features"),
            *(
                "grain",
                "protected",
                "shape",
                "title",
                "types",
                "reads_as",
                "block",
                "after",
                "held",
            ),
        }
        assert set(data.get("features", ())) <= set(features())
        assert len(data["what"]) > 5 and data["boot"]
        for choice, wanted in data.get("needs", {}).items():
            values = {wanted} if isinstance(wanted, str) else set(wanted)
            assert values <= set(choices()[choice]), name


# ---- sections: a hold of zone->lock is a named list of calls -------------------------


@pytest.mark.parametrize("name", design_names())
def test_every_section_names_its_c_file_and_function_and_is_one_hold(name: str) -> None:
    for section in sections(find_design(name).choices).values():
        assert re.fullmatch(r"mm/\w+\.c", section.file)
        assert re.fullmatch(r"\w+", section.function)
        assert section.models
        called = [call.function for call in section.calls]
        assert called.count("spin_lock") == called.count("spin_unlock") == 1
        first, last = called.index("spin_lock"), called.index("spin_unlock")
        assert first < last
        # Outside the lock only what no other hold looks at: a per-CPU list is its CPU's.
        allowed = {"free_pages_prepare", "prep_new_page", "add_to_pcp_list"}
        assert {*called[:first], *called[last + 1 :]} <= allowed
        assert set(section.shown) <= set(section.args)


@pytest.mark.parametrize("name", design_names())
def test_a_call_after_one_that_may_fail_is_guarded_up_to_the_unlock(name: str) -> None:
    for section in sections(find_design(name).choices).values():
        failed = False
        for call in section.calls:
            guarded = "z.ret = 0" in call.guard
            assert guarded == (failed and call.function != "spin_unlock"), (section.name, call)
            failed = failed or call.fails


@pytest.mark.parametrize("name", design_names())
def test_every_call_of_a_section_is_an_operator_of_the_module(name: str) -> None:
    design = find_design(name)
    text = module(design, zone=EVERYTHING)
    defined = set(re.findall(r"^(\w+)(?:\(.*\))? ==", text, re.MULTILINE))
    used = 0
    for section in sections(design.choices).values():
        if section.name not in defined:
            continue  # this design has no such hold
        used += 1
        assert f"\\* {section.file}: {section.function}()" in text
        for call in section.calls:
            assert call.function in defined, (section.name, call.function)
    assert used >= 4


# ---- a user's own design -------------------------------------------------------------


ALIGNED = '[shown_by]\nproperty = "Alignment"\n'


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
        ("[choices]", "[choice]", "mine.toml:8: choice: did you mean 'choices'?"),
        ("[choices]", "[choices", "not a TOML file"),
        ('name = "mine"', "", "the design says no 'name': what it is called"),
        ('name = "mine"', "name = 7", "mine.toml:2: name = 7: one line of text fits"),
        ('source = "somebody, today"', 'source = ""', "source = '': one line of text fits"),
    ],
)
def test_what_is_wrong_in_a_design_file_is_said_in_one_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert OWN.count(old) == 1
    assert said in complaint(written(tmp_path, OWN.replace(old, new)))


def test_a_design_may_say_only_what_it_changes_of_another(tmp_path: Path) -> None:
    head = OWN.partition("[choices]")[0]
    path = written(tmp_path, f'{head}base = "v6.12"\n[choices]\nmerge_retype = "none"\n')
    assert load_design(path).choices == {**find_design("v6.12").choices, "merge_retype": "none"}
    above = tmp_path / "above.toml"
    above.write_text(f'{head}base = "mine.toml"\n[choices]\nclaim_type = "list"\n')
    assert load_design(above).choices["merge_retype"] == "none"


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ('"v6.13"', "base: unknown design 'v6.13'"),
        ("7", "mine.toml:8: base = 7: the name of a design"),
        ('"mine.toml"', "base = 'mine.toml' leads back to itself"),
        ('"./../{}/mine.toml"', "mine.toml' leads back to itself"),
        ('"absent.toml"', "No such file"),
    ],
)
def test_a_base_that_does_not_exist_is_said_in_one_line(
    tmp_path: Path, base: str, said: str
) -> None:
    text = OWN.replace("[choices]", f"base = {base.format(tmp_path.name)}\n[choices]")
    path = written(tmp_path, text)
    with pytest.raises(GenError) as caught:
        load_design(path)
    assert said in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize("name", [n for n in design_names() if find_design(n).names])
def test_a_function_with_another_name_in_a_version_is_drawn_with_that(name: str) -> None:
    design = find_design(name)
    prop = properties()["Alignment"]
    explored = module(design, zone=EVERYTHING)
    state = dict.fromkeys(replay_state(design, EVERYTHING, prop), "0")
    explained = render_replay(design, EVERYTHING, Replay([state], prop, 0, None)).tla
    drawn = {*re.findall(r'(?:call \|->|THEN) "(\w+)"', explained)}
    renamed = {ours: theirs for ours, theirs in design.names.items() if ours != theirs}
    assert renamed and not drawn & set(renamed)
    for ours, theirs in renamed.items():
        # isolate-flag moves no pages, whatever that is called.
        assert theirs in drawn or f"\n{ours}(" not in explored
        assert f"\n{ours}(" not in explored or f"it is called {theirs}()" in explored


def test_a_design_has_the_names_of_its_base_where_it_has_no_others() -> None:
    base, design = find_design("v7.2"), find_design("v6.18")
    assert design.named("free_unref_page") == base.named("free_unref_page") != "free_unref_page"
    assert design.named("free_contig_range") == "free_contig_range"
    assert base.named("free_contig_range") == "free_contig_frozen_range"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("names = 7", "names = 7: a table fits"),
        ('[names]\nfree_unref_pag = "x"', "names.free_unref_pag: did you mean 'free_unref_page'?"),
        ("[names]\nfree_unref_page = 7", "names.free_unref_page = 7: the name of a function"),
        ('[names]\nfree_unref_page = "a b"', "names.free_unref_page = 'a b': the name of a"),
        ("[names]\nfree_unref_page = '\"'", "names.free_unref_page = '\"': the name of a"),
    ],
)
def test_what_is_wrong_with_the_names_of_a_design_is_said_in_one_line(
    tmp_path: Path, names: str, said: str
) -> None:
    head, table, choices = OWN.partition("[choices]")
    text = f"{head}{names}\n{table}{choices}" if "[" not in names else f"{OWN}\n{names}\n"
    assert said in complaint(written(tmp_path, text))


def test_a_promise_that_is_no_property_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, OWN.replace("NoFreelistWarning", "NoFreelistWarnings"))
    with pytest.raises(GenError, match="did you mean 'NoFreelistWarning'"):
        load_design(path)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("shown_by = 7", "mine.toml:8: shown_by = 7: a table fits"),
        ('[shown_by]\nproperty = "Alignmnt"', "shown_by.property: unknown property 'Alignmnt'"),
        ('[shown_by]\nproperty = "all"', "shown_by.property: unknown property 'all'"),
        ("[shown_by]\nzone = {}", "table 'shown_by' says no 'property'"),
        ('[shown_by]\npropety = "Alignment"', "shown_by.propety: did you mean 'property'?"),
        (ALIGNED + "zone = 7", "shown_by.zone = 7: a table fits"),
        (
            ALIGNED + "zone = { isolater = 2 }",
            "shown_by.zone.isolater: did you mean 'isolators'?",
        ),
        (ALIGNED + "zone = { isolators = 3 }", "shown_by.zone.isolators = 3: 0, 1 or 2 fit"),
        (
            ALIGNED + 'zone = { isolators = "2" }',
            "mine.toml:34: shown_by.zone.isolators = '2': a whole number fits",
        ),
        (
            ALIGNED + 'zone = { features = ["pcb"] }',
            "shown_by.zone.features[0] = 'pcb': did you mean 'pcp'?",
        ),
        (ALIGNED + "base_too = true", "shown_by.base_too = true: one line of text fits"),
    ],
)
def test_where_a_bug_is_shown_is_checked_when_its_file_is_read(
    tmp_path: Path, shown: str, said: str
) -> None:
    head, _, rest = OWN.partition("[choices]")
    table = shown.startswith("[")
    text = f"{head}[choices]{rest}\n{shown}" if table else f"{head}{shown}\n[choices]{rest}"
    assert said in complaint(written(tmp_path, text))


def test_where_a_bug_is_shown_is_a_zone_and_a_property(tmp_path: Path) -> None:
    text = f"{OWN}\n{ALIGNED}zone = {{ isolators = 2 }}\n"
    shown = load_design(written(tmp_path, text)).shown_by
    assert shown == Shown("Alignment", Zone(isolators=2))
    assert shown.command("mine").endswith("--isolators 2 --design mine --property Alignment")


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


@pytest.mark.parametrize(
    "text",
    [
        changed(PROMISES, 'promises = "all"'),
        changed(PROMISES, "promises = [[]]"),
        changed(PROMISES, "promises = [1]"),
        changed(PROMISES, "promises = 5"),
        changed(FALLBACK, "fallback = 5"),
        changed(FALLBACK, "fallback = []"),
        changed(FALLBACK, "fallback = {}"),
        "choices = 5",
        "",
    ],
)
def test_a_design_file_of_wrong_types_is_no_traceback(tmp_path: Path, text: str) -> None:
    with pytest.raises(GenError) as caught:
        load_design(written(tmp_path, text))
    assert "\n" not in caught.value.message


LIKE = """
[free.whole]
file = "mm/page_alloc.c"
args = ["page"]
shown = ["page"]
models = "v6.10"
what = "the page is freed whole"
idle = "nothing to free"
calls = [
  "spin_lock",
  "put(page)",
  { call = "free(page)", when = "z.ret = 0" },
  "put(page)",
  "spin_unlock",
]

[free.pieces]
like = "whole"
models = "v6.12"
what = "the page is freed in pieces"
"""


def variants(tmp_path: Path, more: str) -> dict[str, VariantTable]:
    return _variants(open_toml(written(tmp_path, LIKE + more)), "free")


def test_a_variant_that_is_like_another_has_its_calls_but_for_what_it_says(tmp_path: Path) -> None:
    same = variants(tmp_path, "")["pieces"]
    whole = variants(tmp_path, "")["whole"]
    assert (same.calls, same.idle, same.shown, same.file) == (
        *(tuple(c if isinstance(c, CallTable) else CallTable(call=c) for c in whole.calls),),
        *(whole.idle, whole.shown, whole.file),
    )
    assert (same.models, same.what) == ("v6.12", "the page is freed in pieces")
    text = 'skip = ["spin_lock"]\nreplace = { free = "split(page)" }\nshown = []'
    other = variants(tmp_path, text)["pieces"]
    calls = [call for call in other.calls if isinstance(call, CallTable)]
    assert [call.call for call in calls] == ["put(page)", "split(page)", "put(page)", "spin_unlock"]
    assert calls[1].when == "z.ret = 0" and other.shown == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('skip = ["fre"]', "no call 'fre': did you mean 'free'"),
        ('replace = { fre = "x" }', "no call 'fre': did you mean 'free'"),
        ('skip = ["put"]', "no call 'put': it is called more than once"),
        ('calls = ["free(page)"]', "free.pieces.calls: a variant has no such key"),
        ('[free.third]\nlike = "pieces"\nmodels = "x"\nwhat = "y"', "like = 'pieces': "),
    ],
)
def test_a_variant_that_cannot_be_like_another_is_refused(
    tmp_path: Path, more: str, said: str
) -> None:
    with pytest.raises(GenError) as caught:
        variants(tmp_path, more)
    assert said in caught.value.message and "mine.toml:" in caught.value.message
