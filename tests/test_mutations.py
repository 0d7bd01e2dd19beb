"""Each call, guard and assignment of v6.12 matters to some property, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import mutations
import pytest

from gen.render import render
from gen.specs import find_properties, sections

KNOWN = mutations.read()
QUESTION = KNOWN.questions[0]
MUTANTS = {mutant.name: mutant for mutant in mutations.mutants(QUESTION.design)}


def test_the_recorded_mutants_are_those_that_there_are() -> None:
    """After a change of specs/: python tests/mutations.py, and read what it prints."""
    assert list(KNOWN.fates) == list(MUTANTS)


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


def test_every_call_and_every_failure_of_every_section_is_mutated() -> None:
    for name, section in sections(QUESTION.design).items():
        calls = [call for call in section.calls if not call.function.startswith("spin_")]
        assert calls
        for call in calls:
            assert f"{name}: skip {call.function}" in MUTANTS
            assert call.fails == (f"{name}: go on after {call.function} failed" in MUTANTS)
        swaps = [m for m in MUTANTS if m.startswith(f"{name}: swap ")]
        # free_pages_prepare() and prep_new_page() stand outside of the lock.
        outside = name in ("free_one_page", "rmqueue_buddy")
        assert len(swaps) == (0 if outside else len(calls) - 1)


def test_every_kernel_function_and_every_assignment_of_the_module_is_mutated() -> None:
    tla = render(QUESTION.design, QUESTION.zone, QUESTION.properties).tla
    assert {"expand: skip", "__free_one_page: skip", "put_page: skip"} <= set(MUTANTS)
    operators = tla[: tla.index("start_isolate_page_range(start, end)")]
    for field in ("free", "inuse", "ret", "page", "order", "migratetype", "nr_free"):
        kept = [m for m in MUTANTS if f": keep z.{field}" in m]
        assert len(kept) >= operators.count(f"!.{field} = ") > 0


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_one_change_of_the_module_or_said_to_be_none(name: str) -> None:
    properties = QUESTION.properties
    changed = MUTANTS[name].spec(QUESTION, properties).tla
    same = changed == render(QUESTION.design, QUESTION.zone, properties).tla
    assert same == (KNOWN.fates[name].by == mutations.UNCHANGED)


def test_a_mutant_does_not_stay_in_what_is_rendered_next() -> None:
    before = render(QUESTION.design, QUESTION.zone, QUESTION.properties)
    for mutant in MUTANTS.values():
        mutant.spec(QUESTION, QUESTION.properties)
    assert render(QUESTION.design, QUESTION.zone, QUESTION.properties) == before


def test_the_file_is_as_the_command_writes_it() -> None:
    assert mutations.MUTATIONS.read_text(encoding="utf-8") == mutations.dump(KNOWN)


def sample() -> list[str]:
    """For everyone who notices something in the first configuration, the first mutant."""
    first: dict[str, str] = {}
    for name, fate in KNOWN.fates.items():
        if fate.command == QUESTION.command:
            first.setdefault(fate.by, name)
    return list(first.values())


@pytest.mark.tlc
@pytest.mark.slow
def test_tlc_notices_what_it_has_noticed(tmp_path: Path) -> None:
    search = mutations.Search(tmp_path, keep=False)
    asked = find_properties(KNOWN.asked[QUESTION.command][0])
    unchanged = search.ask(render(QUESTION.design, QUESTION.zone, asked))
    assert asked and unchanged.ok, unchanged.message or unchanged.violated
    chosen = sample()
    assert len(chosen) > 3
    for name in chosen:
        fate = search.fate(MUTANTS[name], [(QUESTION, asked)])
        changed = "" if KNOWN.specs == mutations.specs_hash() else "; specs/ has changed since"
        assert fate.by != mutations.NOBODY, f"{name}: was {KNOWN.fates[name]}{changed}"
