"""What the templates give is what they gave: digests of many renderings."""

from __future__ import annotations

import re

import pytest

from gen.model.choice import choices
from gen.model.design import design_names, find_design
from gen.model.feature import features
from gen.model.property import properties
from gen.model.render import _environment, render
from gen.model.zone import Zone
from tools.renderings import FAMILIES, committed, differences, digest, measured, renderings


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return measured()


def test_no_rendering_has_changed_by_the_way(now: dict[str, str]) -> None:
    """After a wanted change: python -m tools.renderings, and read which ones it names."""
    told = differences(committed(), now)
    assert not told, f"{len(told)} renderings:\n" + "\n".join(told)


def test_every_template_is_in_some_rendering(now: dict[str, str]) -> None:
    assert now
    every = _environment().list_templates(extensions=["j2"])
    loaded = {name for name in every if not name.endswith(".toml.j2")}
    cache = _environment().cache
    assert cache is not None
    used = {str(name) for _, name in cache if not str(name).endswith(".toml.j2")}
    assert loaded == used, sorted(loaded ^ used)


def test_a_rendering_that_differs_is_named() -> None:
    before = {"v6.5": "1", "v6.12": "2", "v7.1": "3"}
    now = {"v6.5": "1", "v6.12": "4", "v7.2": "3"}
    assert differences(before, now) == ["gone: v7.1", "new: v7.2", "other: v6.12"]


def test_every_design_feature_value_and_property_that_keeps_variables_is_rendered() -> None:
    names = set(renderings())
    assert len(names) >= 150
    assert set(design_names()) <= names
    for family in FAMILIES:
        assert {f"{family}, with {feature}" for feature in features()} <= names
    for choice, values in choices().items():
        assert {f"v6.12, {choice} = {value}" for value in values} <= names
    kept = {name for name, prop in properties().items() if prop.keeps}
    assert kept and {f"v6.12, {name}" for name in kept} <= names


def test_the_digest_is_of_the_module_and_its_configuration_but_not_of_who_made_it() -> None:
    design = find_design("v6.12")
    asked = [properties()["FreelistHygiene"]]
    spec = render(design, Zone(), asked, "gen render")
    assert digest(spec) == digest(render(design, Zone(), asked, "gen check"))
    assert digest(spec) != digest(render(design, Zone(), [properties()["Conservation"]]))
    assert digest(spec) != digest(type(spec)(spec.name, spec.tla, spec.cfg + "\n"))
    comment = re.sub(r"(?m)^(EXTENDS.*\n)", r"\1\\* mine\n", spec.tla)
    assert comment != spec.tla and digest(spec) != digest(type(spec)(spec.name, comment, spec.cfg))
