"""Each call, guard and assignment of v6.12 matters to some property, or it is said why not."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from gen.model.feature import features
from gen.model.property import find_properties
from gen.model.render import render
from gen.model.section import sections
from gen.tlc.spec import Spec
from tools import mutations

KNOWN = mutations.read()
QUESTIONS = KNOWN.questions
MUTANTS = {mutant.name: mutant for mutant in mutations.mutants(QUESTIONS)}


@cache
def changed(name: str) -> list[Spec]:
    """The modules of a mutant that are other ones than the design's: the first that there is."""
    for question in QUESTIONS:
        spec = MUTANTS[name].spec(question, question.properties)
        if spec != question.unchanged:
            return [spec]
    return []


def test_what_would_notice_a_mistake_is_known_of_the_specs_as_they_are() -> None:
    """The others here go on about what was known, so that this one alone fails."""
    renew = "specs/mutations.json is out of date: python -m tools.mutations"
    assert KNOWN.specs == mutations.specs_hash(QUESTIONS), renew
    assert list(KNOWN.fates) == list(MUTANTS), renew


def test_a_mutant_that_nobody_notices_is_explained() -> None:
    """In specs/README.md, "What nobody notices"."""
    assert set(mutations.explanations()) == set(KNOWN.survivors)
    assert all(len(why) > 40 for why in mutations.explanations().values())


def test_what_is_explained_as_equivalent_has_the_states_of_the_design_and_nothing_else_has() -> (
    None
):
    states = tuple(count for _, count in KNOWN.asked.values())
    for name, why in mutations.explanations().items():
        assert why.startswith("Equivalent") == (KNOWN.fates[name].distinct == states), name


def test_every_feature_of_the_model_is_searched() -> None:
    assert {f for q in QUESTIONS for f in q.zone.features} == set(features())


def test_every_call_and_every_failure_of_every_section_is_mutated() -> None:
    for name, section in sections(QUESTIONS[0].design.choices).items():
        calls = [call.function for call in section.calls]
        inner = [call for call in section.calls if not call.function.startswith("spin_")]
        assert inner
        for call in inner:
            assert f"{name}: skip {call.function}" in MUTANTS
            fails = call.fails and call is not inner[-1]
            assert fails == (f"{name}: go on after {call.function} failed" in MUTANTS)
        for one, other in pairwise(calls):
            locks = any(call.startswith("spin_") for call in (one, other))
            assert locks != (f"{name}: swap {one} and {other}" in MUTANTS)


def test_every_kernel_function_and_every_assignment_of_a_module_is_mutated() -> None:
    assert {"expand: skip", "__free_one_page: skip", "list_del: skip"} <= set(MUTANTS)
    for question in QUESTIONS:
        tla = question.unchanged.tla
        operators = tla[: tla.index("start_isolate_page_range(start, end)")]
        for field in ("free", "inuse", "ret", "page", "order", "migratetype", "nr_free", "pcp"):
            kept = [m for m in MUTANTS if f": keep z.{field}" in m]
            assert len(kept) >= operators.count(f"!.{field} = ")


def test_a_mutant_is_one_change_of_a_module_or_said_to_be_none() -> None:
    for name in MUTANTS.keys() & KNOWN.fates.keys():
        assert bool(changed(name)) == (KNOWN.fates[name].by != mutations.UNCHANGED), name


def test_no_two_mutants_are_the_same() -> None:
    modules = [changed(name)[0].tla for name in MUTANTS if changed(name)]
    assert len(modules) > 100
    assert len(modules) - len(set(modules)) < len(modules) // 20


def test_a_mutant_does_not_stay_in_what_is_rendered_next() -> None:
    for name in MUTANTS:
        changed(name)
    for question in QUESTIONS:
        again = render(question.design, question.zone, question.properties)
        assert again == question.unchanged


def test_the_file_is_as_the_command_writes_it() -> None:
    assert mutations.MUTATIONS.read_text(encoding="utf-8") == mutations.dump(KNOWN)


def sample() -> list[str]:
    """For everyone who notices something in the first configuration, the first mutant."""
    first: dict[str, str] = {}
    for name, fate in KNOWN.fates.items():
        if fate.command == QUESTIONS[0].command and name in MUTANTS:
            first.setdefault(fate.by, name)
    return list(first.values())


@pytest.mark.tlc
@pytest.mark.slow
def test_tlc_notices_what_it_has_noticed(tmp_path: Path) -> None:
    search = mutations.Search(tmp_path, keep=False)
    question = QUESTIONS[0]
    asked = find_properties(KNOWN.asked[question.command][0])
    unchanged = search.ask(render(question.design, question.zone, asked))
    assert asked and unchanged.ok, unchanged.message or unchanged.violated
    chosen = sample()
    assert len(chosen) > 3
    for name in chosen:
        fate = search.fate(MUTANTS[name], [(question, asked, unchanged.distinct or 0)])
        assert fate.by != mutations.NOBODY, f"{name}: was {KNOWN.fates[name]}"
