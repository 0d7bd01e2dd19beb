"""What the specs say of themselves, so that Python need not know a property or a design by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from conftest import Gen

import gen as package
from gen.check.search import guarded
from gen.errors import GenError
from gen.model.choice import choices
from gen.model.design import default_design, design_names, find_design, find_designs, load_design
from gen.model.feature import features, proved_features
from gen.model.property import Kind, compared, find_properties, properties
from gen.model.render import render
from gen.model.section import drawn_functions
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.prove.obligations import zone_of_any_size

GEN = Path(package.__file__).parent

#: It reads the state of the zone, and has to know what that is made of.
READS_THE_STATE = {"shortest.py"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for part in ("check", "prove", "cli")
        for path in sorted((GEN / part).glob("*.py"))
        if path.name not in READS_THE_STATE
    ],
    ids=lambda path: str(path.relative_to(GEN)),
)
def test_what_checks_and_proves_knows_no_kernel_function_property_or_design(path: Path) -> None:
    known = {*properties(), *design_names(), *choices(), *features(), *drawn_functions()}
    known |= {"isolator", "asked", "list_ops", "CallersGoOn", "AnyState", "Boot"}
    texts = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not known & texts


# ---- designs ---------------------------------------------------------------------------


def test_one_design_is_searched_if_none_is_named(gen: Gen) -> None:
    text = {name: (SPECS / "designs" / f"{name}.toml").read_text() for name in design_names()}
    said = [name for name in text if "\ndefault = true\n" in text[name]]
    assert said == [default_design()]
    assert f"design {default_design()}:" in gen("render", "--tla").out


def test_a_design_of_ones_own_cannot_make_itself_the_default(tmp_path: Path) -> None:
    text = (SPECS / "designs" / f"{default_design()}.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GenError, match="default: only a design that comes with the tool"):
        load_design(path)
    path.unlink()
    path.symlink_to(SPECS / "designs" / f"{default_design()}.toml")
    assert load_design(path) == find_design(default_design())


@pytest.mark.parametrize("key", ["default", "historic"])
def test_a_flag_of_a_design_that_is_no_flag_is_said_in_one_line(tmp_path: Path, key: str) -> None:
    text = (SPECS / "designs" / "v6.12.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(f'{key} = "yes"\n{text}', encoding="utf-8")
    with pytest.raises(GenError) as caught:
        load_design(path)
    assert caught.value.message == f"{path}:1: {key} = 'yes': true or false fits"


@pytest.mark.parametrize("name", design_names())
def test_a_design_is_historic_if_and_only_if_it_retells_a_bug_of_its_base(name: str) -> None:
    design = find_design(name)
    assert design.historic == design.kernel.startswith("historic variant of ")
    assert not design.historic or find_design(design.base)
    assert design.historic == (design.shown_by is not None)
    assert design.historic != (name in find_designs([]))


# ---- properties ------------------------------------------------------------------------


def test_every_search_ends_where_pages_are_lost_if_it_begins_at_boot() -> None:
    (guard,) = (prop for prop in properties().values() if prop.unbounded)
    assert guard.kind is Kind.STATE
    asked = find_properties(["Alignment"])
    assert guarded(asked) == [*asked, guard]
    assert guarded([guard]) == [guard]
    elsewhere = find_properties(["StillSucceeds"])
    assert elsewhere[0].start != guard.start and guarded(elsewhere) == elsewhere


@pytest.mark.parametrize("name", [p.name for p in properties().values() if p.kind is Kind.LIVENESS])
def test_what_fairness_rests_on_is_checked_with_every_search_for_a_loop(name: str) -> None:
    prop = properties()[name]
    assert prop.rests_on
    spec = render(find_design("v6.12"), Zone(), [prop])
    assert f"\nINVARIANTS {prop.rests_on}\n" in spec.cfg
    assert f"\n{prop.rests_on} ==" in spec.tla


def test_a_cost_is_measured_by_a_variable_that_is_there() -> None:
    costs = [p for p in properties().values() if p.kind is Kind.COST or p.measures]
    assert costs
    for prop in costs:
        assert prop.kind is Kind.COST and prop.measures in prop.keeps
        spec = render(find_design("v6.12"), Zone(), [prop])
        assert re.search(rf"^  {prop.measures},", spec.tla, re.MULTILINE)


def test_designs_are_compared_by_more_than_what_every_design_is_asked() -> None:
    assert compared() and not {*compared()} & {p.name for p in find_properties([])}


def test_the_same_call_is_asked_for_as_something_that_is_possible() -> None:
    ways = [(p, p.same_call) for p in properties().values() if p.same_call]
    assert ways
    for prop, way in ways:
        assert prop.compared and properties()[way.property].kind is Kind.REACHABLE
        for name in (way.start, way.property):
            assert re.search(rf"^{name} ==", way.formula, re.MULTILINE)


# ---- features --------------------------------------------------------------------------


def test_a_feature_with_a_proof_is_proved_and_one_without_says_which_have_one() -> None:
    assert proved_features() and {*proved_features()} < {*features()}
    for name in features():
        if name in proved_features():
            assert zone_of_any_size(Zone(features=(name,))).features == (name,)
        else:
            with pytest.raises(GenError, match=", ".join(proved_features())):
                zone_of_any_size(Zone(features=(name,)))
