"""Actors beside CPUs and callers: a table and a template each, and a line that switches them on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gen.errors import GenError
from gen.model import actor, feature, section, variable
from gen.model.actor import Actor, actors
from gen.model.design import find_design
from gen.model.feature import feature_tables, features
from gen.model.property import properties
from gen.model.render import render
from gen.model.specs import ACTORS, actor_files
from gen.model.zone import Zone


def test_every_actor_is_switched_on_by_a_feature_and_has_its_action_in_its_template() -> None:
    assert {path.stem for path in actor_files()} == {
        one.actor for one in feature_tables().values() if one.actor
    }
    for one in actors([*features()]):
        text = (ACTORS / f"{one.name}.tla.j2").read_text(encoding="utf-8")
        assert re.search(rf"^{one.action} ==", text, re.MULTILINE), one.action


def test_an_actor_acts_where_its_feature_is_modelled_and_nowhere_else() -> None:
    assert [one.name for one in actors(["pcp", "reporting"])] == ["page_reporting"]
    assert actors(["pcp"]) == []
    asked = [properties()["FreelistHygiene"]]
    design = find_design("v7.2")
    with_it = render(design, Zone(features=("reporting",)), asked).tla
    assert "\nStep == AnyCPU \\/ PageReporting \\/" in with_it
    assert "PageReporting" not in render(design, Zone(), asked).tla


def test_what_an_actor_is_trusted_to_do_is_in_the_fairness(monkeypatch: pytest.MonkeyPatch) -> None:
    fair = Actor("page_reporting", "PageReporting", "WF_vars(PageReportingDrain)")
    monkeypatch.setattr("gen.model.render.actors", lambda _: [fair])
    asked = [properties()["IsolationTerminates"]]
    text = render(find_design("v7.2"), Zone(features=("reporting",)), asked).tla
    assert "_vars /\\ Fair /\\ WF_vars(PageReportingDrain)\n" in text


VARIABLE = """
[variables.mine]
after = "AFTER"
what = "{pfn}"
boot = "{}"
"""
SECTION = """
[sections.free_one_page]
file = "mm/mine.c"
args = []
shown = []
models = "mine"
calls = ["spin_lock", "spin_unlock"]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VARIABLE.replace("AFTER", "fre"), "variable 'mine': after = 'fre': did you mean 'free'"),
        (VARIABLE.replace("AFTER", "free").replace("mine", "free"), "is there already"),
        (SECTION, "section 'free_one_page' is there already"),
        ('fare = "x"', "fare: did you mean 'fair'"),
        ("", "actor says no 'action'"),
    ],
)
def test_an_actor_s_file_that_cannot_be_is_one_line_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    caches = (variable.variable_tables, section.section_tables, actor._tables)
    for module in (variable, section, actor):
        monkeypatch.setattr(module, "actor_files", lambda: [path])
    try:
        for cached in caches:
            cached.cache_clear()
        with pytest.raises(GenError) as caught:
            for cached in caches:
                cached()
    finally:
        for cached in caches:
            cached.cache_clear()
    assert said in caught.value.message and str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_feature_that_names_an_actor_that_there_is_not_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = {"mine": feature.Feature("x", actor="page_report")}
    monkeypatch.setattr(actor, "feature_tables", lambda: table)
    with pytest.raises(GenError, match=r"mine: actor = 'page_report': did you mean 'page_repor"):
        actors(["mine"])
