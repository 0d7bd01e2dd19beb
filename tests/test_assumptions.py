"""What a verdict rests on is said with it, and said whole where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Gen
from test_prove import ALL, HOLD, proof, request_for

from gen import printable
from gen.check.verdict import Result, Verdict
from gen.model.assumption import ASSUMPTIONS, Assumption, assumptions, in_short
from gen.model.design import find_design
from gen.model.feature import features
from gen.model.property import find_properties
from gen.model.reader import open_toml
from gen.model.specs import CERTIFICATES
from gen.model.zone import Zone
from gen.prove.certificate import differences, load_certificate
from gen.report import proof as told
from gen.report.words import summary


def assumed(liveness: bool = False, proof: bool = False, **zone: Any) -> list[Assumption]:
    asked = find_properties([], liveness=liveness)
    return assumptions(find_design("v7.2"), Zone(**zone), asked, proof=proof)


def names(*args: Any, **zone: Any) -> set[str]:
    return {one.name for one in assumed(*args, **zone)}


def test_the_line_says_orders_types_isolators_what_is_left_out_grouping_and_lockless_reads() -> (
    None
):
    assert in_short(assumed(features=("pcp", "cma"), isolators=2, min_order=8)) == (
        "orders 8 to 10; unmovable and movable pages; 2 isolators; without highatomic, contig, "
        "offline, compound, reporting; mobility grouping on; lockless reads at once, between holds"
    )


@pytest.mark.parametrize("feature", features())
def test_a_feature_is_left_out_until_it_is_asked_for(feature: str) -> None:
    assert f"left_out, {feature}" in names()
    assert features()[feature] in next(
        one.sentence for one in assumed() if one.name == f"left_out, {feature}"
    )
    assert f"left_out, {feature}" not in names(features=(feature,))


def test_nothing_is_said_to_be_left_out_where_nothing_is() -> None:
    assert "without" not in in_short(assumed(features=tuple(features())))


@pytest.mark.parametrize(
    ("here", "there", "name"),
    [
        ({}, {"grain": "step"}, "cpus"),
        ({"grain": "step"}, {}, "two_cpus"),
        ({}, {"grain": "step"}, "lockless"),
        ({"grain": "step"}, {}, "lockless_within_holds"),
        ({}, {"whole": True}, "window"),
        ({"whole": True}, {}, "whole"),
        ({"features": ("contig",)}, {}, "contig_hands_over"),
        ({"liveness": True}, {}, "fairness"),
        ({"proof": True}, {}, "larger_zones"),
        ({"proof": True}, {}, "any_callers"),
    ],
)
def test_an_assumption_is_told_where_it_is_made_and_nowhere_else(
    here: Any, there: Any, name: str
) -> None:
    assert name in names(**here) and name not in names(**there)


def test_every_assumption_is_made_somewhere_and_is_a_sentence() -> None:
    every: Any = {"liveness": True, "proof": True, "features": tuple(features())}
    found = [assumed(), assumed(**every), assumed(grain="step"), assumed(whole=True)]
    made = {one.name.partition(",")[0] for some in found for one in some}
    assert made == set(open_toml(ASSUMPTIONS).data)
    for one in (one for some in found for one in some):
        assert one.sentence.endswith(".") and printable.is_line(one.sentence + one.short)
        assert "{" not in one.sentence + one.short


# ---- where it is said ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result.HOLDS, True),
        (Result.UNREACHABLE, True),
        (Result.MEASURED, True),
        (Result.VIOLATED, False),
        (Result.VACUOUS, False),
        (Result.NO_VERDICT, False),
    ],
)
def test_what_no_counterexample_shows_is_never_told_without_what_it_rests_on(
    tmp_path: Path, result: Result, said: bool
) -> None:
    request = request_for(tmp_path)
    text = summary(request, [Verdict(request.properties[0], result)], 1.0)
    assert ("\nrests on: orders 9 to 10; unmovable" in text) == said
    assert ("without pcp, cma" in text) == said


def test_all_of_it_is_printed_without_a_search(gen: Gen) -> None:
    ran = gen("check", "--design", "v7.2", "--with", "pcp", "--assumptions", "--java", "/none")
    assert ran.code == 0 and not ran.err
    lines = ran.out.splitlines()
    assert len(lines) == len(assumed(features=("pcp",))) > 20
    assert any(line.startswith("mobility_grouping: Mobility grouping is on ") for line in lines)
    assert not any(line.startswith("left_out, pcp") for line in lines)


def test_a_certificate_holds_what_it_rests_on(tmp_path: Path) -> None:
    made = proof(request_for(tmp_path), ALL, *HOLD)
    said = made.to_json()["assumptions"]
    assert said == [one.sentence for one in made.assumptions]
    assert any("any number of isolators" in sentence for sentence in said)
    for sentence in said:
        assert f"- {sentence}" in told.markdown(made).replace("\\", "")


@pytest.mark.parametrize("path", sorted(CERTIFICATES.glob("*.json")), ids=lambda path: path.stem)
def test_a_certificate_that_is_older_is_still_confirmed(path: Path) -> None:
    kept = load_certificate(path)
    assert differences(kept, {**kept, "assumptions": ["new"]}) == []


def test_a_certificate_that_rests_on_something_else_is_not(tmp_path: Path) -> None:
    made = json.loads(json.dumps(proof(request_for(tmp_path), ALL, *HOLD).to_json()))
    less = {**made, "assumptions": made["assumptions"][1:]}
    (line,) = differences(less, made)
    assert line.startswith("assumptions: ")
    assert differences(made, less)
    without = {key: value for key, value in made.items() if key != "assumptions"}
    assert differences(made, without) and not differences(without, made)
