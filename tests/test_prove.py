"""gen prove: nothing is called proved unless every obligation that it rests on was met."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Gen

from gen.check.request import Check
from gen.check.runner import run_spec
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.model.design import find_design
from gen.model.property import properties
from gen.model.render import render, render_locality
from gen.model.specs import CERTIFICATES
from gen.model.zone import Zone
from gen.prove import obligations
from gen.prove.certificate import differences, load_certificate
from gen.prove.obligations import (
    OBLIGATIONS,
    Obligation,
    Outlook,
    Proof,
    provable,
    zone_of_any_size,
)
from gen.tlc.options import TlcOptions
from gen.tlc.report import Outcome
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain, find_toolchain

STATE, STEP = properties()["FreelistHygiene"], properties()["IsolatedNotAllocated"]


def request_for(tmp_path: Path, design: str = "v6.12", **zone: Any) -> Check:
    return Check(
        design=find_design(design),
        zone=zone_of_any_size(Zone(**zone)),
        properties=(STATE, STEP),
        toolchain=Toolchain(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"),
        tlc=TlcOptions(),
        run_dir=tmp_path,
        made_by="gen prove --design v6.12",
    )


def proof(request: Check, met: dict[str, bool], *results: Result) -> Proof:
    verdicts = [Verdict(p, r) for p, r in zip(request.properties, results, strict=True)]
    done = tuple(Obligation(name, is_met, "") for name, is_met in met.items())
    return Proof(request, done, tuple(verdicts))


ALL = dict.fromkeys(OBLIGATIONS, True)
HOLD = (Result.HOLDS, Result.HOLDS)


def outlooks(made: Proof) -> list[Outlook]:
    return [made.outlook(verdict) for verdict in made.verdicts]


def test_with_all_obligations_met_a_state_property_is_proved_and_a_step_property_exhausted(
    tmp_path: Path,
) -> None:
    made = proof(request_for(tmp_path), ALL, *HOLD)
    assert outlooks(made) == [Outlook.PROVED, Outlook.EXHAUSTED]
    assert made.exit_code is ExitCode.OK


@pytest.mark.parametrize("name", ["locality", "resolution", "grain"])
@pytest.mark.parametrize("how", ["failed", "not asked"])
def test_nothing_is_proved_for_any_zone_without_what_it_rests_on(
    tmp_path: Path, name: str, how: str
) -> None:
    met = {**ALL, name: False}
    if how == "not asked":
        del met[name]
    made = proof(request_for(tmp_path), met, *HOLD)
    if how == "not asked" and name != "locality":
        assert outlooks(made) == [Outlook.PROVED, Outlook.EXHAUSTED]
    else:
        assert outlooks(made) == [Outlook.BOUNDED, Outlook.BOUNDED]
        assert made.exit_code is ExitCode.NO_VERDICT


@pytest.mark.parametrize("name", ["induction", "vacuity"])
def test_without_the_induction_a_state_property_is_only_exhausted(
    tmp_path: Path, name: str
) -> None:
    made = proof(request_for(tmp_path), {**ALL, name: False}, *HOLD)
    assert outlooks(made) == [Outlook.EXHAUSTED, Outlook.EXHAUSTED]


@pytest.mark.parametrize(
    ("result", "outlook", "code"),
    [
        (Result.VIOLATED, Outlook.VIOLATED, ExitCode.SAFETY),
        (Result.NO_VERDICT, Outlook.NO_VERDICT, ExitCode.NO_VERDICT),
        (Result.VACUOUS, Outlook.VACUOUS, ExitCode.OK),
    ],
)
def test_what_the_windows_do_not_hold_is_never_proved(
    tmp_path: Path, result: Result, outlook: Outlook, code: ExitCode
) -> None:
    made = proof(request_for(tmp_path), ALL, Result.HOLDS, result)
    assert outlooks(made) == [Outlook.PROVED, outlook]
    assert made.exit_code is code


def test_a_violated_state_property_is_not_proved_whatever_was_met(tmp_path: Path) -> None:
    made = proof(request_for(tmp_path), ALL, Result.VIOLATED, Result.HOLDS)
    assert outlooks(made)[0] is Outlook.VIOLATED


def test_what_is_no_safety_property_is_not_asked() -> None:
    assert not [p for p in properties().values() if provable(p) and p.kind == "liveness"]
    assert provable(STATE) and not provable(properties()["StillSucceeds"])


def test_a_feature_without_a_proof_is_refused() -> None:
    with pytest.raises(GenError, match="contig"):
        zone_of_any_size(Zone(features=("contig",)))


# ---- certificates ------------------------------------------------------------------------


def test_a_changed_number_in_a_certificate_is_named(tmp_path: Path) -> None:
    made = proof(request_for(tmp_path), ALL, *HOLD).to_json()
    edited = json.loads(json.dumps(made))
    edited["obligations"][1]["met"] = False
    (line,) = differences(edited, made)
    assert "obligations" in line and "met" in line
    assert differences(made, made) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[" * 9999, "not JSON"),
        ("9" * 9999, "not JSON"),
        (" " * (1 << 20) + "{}", "too large"),
        ("[]", "no certificate"),
        ('{"format": "x"}', "no certificate"),
        (json.dumps(obligations.FORMAT.head | {"command": "rm -r"}), "says no 'design'"),
        (
            json.dumps(obligations.FORMAT.head | {"version": 3}),
            "a certificate of version 3; this tool reads 1 and 2; gen prove makes a new one",
        ),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_line(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GenError, match=words):
        load_certificate(path)


def test_a_certificate_whose_version_stood_in_its_format_says_the_same(tmp_path: Path) -> None:
    new = json.loads((CERTIFICATES / "v6.12.json").read_text(encoding="utf-8"))
    old = {"format": "pageblock-gen certificate 1", **obligations.FORMAT.body(new)}
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    assert differences(load_certificate(path), new) == []


def test_a_certificate_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(GenError, match="No such file"):
        load_certificate(tmp_path / "nothing.json")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(GenError, match="no regular file"):
        load_certificate(tmp_path / "fifo")


@pytest.mark.parametrize("path", sorted(CERTIFICATES.glob("*.json")), ids=lambda p: p.stem)
def test_a_committed_certificate_is_of_the_specs_as_they_are(path: Path) -> None:
    """If not: .ci/exhaustive, or python -m tools.certificates, proves it again."""
    kept = load_certificate(path)
    design = find_design(kept["design"])
    hashes = {run["label"]: run["tla"] for o in kept["obligations"] for run in o["runs"]}
    request = request_for(path.parent, kept["design"])
    for zone in obligations.locality_zones(request.zone):
        spec = render_locality(design, zone)
        assert hashes[
            f"locality-{zone.pageblocks // zone.chunk_pageblocks}"
        ] == obligations.tla_hash(spec), f"out of date: python -m tools.certificates {path.stem}"


# ---- with TLC ------------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path: Path) -> Check:
    return replace(request_for(tmp_path), toolchain=find_toolchain(None, None))


def by_hand(types: int, order: int, min_order: int) -> int:
    """How many states there are in which hygiene holds: blocks of 2**order pages, with
    pageblocks of order 9, and pages that are free or in use."""

    def inside(o: int) -> int:  # of one pageblock, of one type
        halves: int = inside(o - 1) ** 2 if o > min_order else 0
        return 2 + halves

    def filled(o: int) -> int:
        if o == 9:
            return types * inside(9)
        whole_held: int = types ** (1 << (o - 9))
        return types + whole_held + filled(o - 1) ** 2

    return filled(order)


@pytest.mark.tlc
@pytest.mark.parametrize(("order", "min_order"), [(10, 9), (10, 8), (9, 8)])
def test_the_induction_starts_in_every_state_in_which_hygiene_holds(
    real: Check, order: int, min_order: int
) -> None:
    zone = zone_of_any_size(Zone(max_order=order, min_order=min_order, isolators=0))
    prop = replace(STATE, start="AnyState", steps="AnySection")
    report = run_spec(real, render(real.design, zone, [prop]), "induction")
    assert report.ok
    assert report.initial_states == report.distinct == by_hand(3, order, min_order)


@pytest.mark.tlc
def test_a_window_that_leaves_out_a_neighbour_is_no_window(real: Check) -> None:
    """The refinement fails if a range cannot begin next to the window."""
    zone = obligations.locality_zones(real.zone)[-1]
    spec = render_locality(real.design, zone)
    window = "Starts == Pageblocks \\union {-2, -1}"
    assert spec.tla.count(window) == 1
    broken = Spec(spec.name, spec.tla.replace(window, window.replace(", -1", "")), spec.cfg)
    assert run_spec(real, spec, "whole").ok
    report = run_spec(real, broken, "broken")
    assert report.outcome is Outcome.ACTION_PROPERTY


@pytest.mark.tlc
def test_what_leaves_the_invariant_is_searched_from_boot_and_drawn(
    gen: Gen, tmp_path: Path
) -> None:
    ran = gen(
        "prove", "--design", "v6.10", "--property", "FreelistHygiene",
        "--obligations", "induction,vacuity", "--output", str(tmp_path / "out"),
    )  # fmt: skip
    assert ran.code == 12
    assert "[not met] induction" in ran.out
    assert "violated from boot, in 4 states" in ran.out
    assert "v6.10 violates FreelistHygiene:" in ran.out and "#0" in ran.out
    assert "proved" not in ran.out
    kept = json.loads((tmp_path / "out" / "certificate.json").read_text(encoding="utf-8"))
    assert kept["properties"]["FreelistHygiene"] == {"result": "violated", "length": 4}


@pytest.mark.tlc
@pytest.mark.slow
def test_the_committed_certificate_of_v6_12_is_confirmed_by_tlc(gen: Gen) -> None:
    ran = gen("prove", "--recheck", str(CERTIFICATES / "v6.12.json"))
    assert ran.code == 0, ran.out + ran.err
    assert "[confirmed] the certificate of v6.12" in ran.out


@pytest.mark.tlc
def test_an_edited_certificate_is_not_confirmed(gen: Gen, tmp_path: Path) -> None:
    first = tmp_path / "first"
    given = ("--design", "v6.12", "--property", "Alignment", "--obligations", "induction")
    assert gen("prove", *given, "--output", str(first)).code == 3  # one obligation is not enough
    path = first / "certificate.json"
    text = path.read_text(encoding="utf-8")
    confirmed = gen("prove", "--recheck", str(path))
    assert confirmed.code == 0 and "[confirmed]" in confirmed.out
    path.write_text(text.replace('"distinct": 48', '"distinct": 49'), encoding="utf-8")
    ran = gen("prove", "--recheck", str(path))
    assert ran.code == 3 and "[differs]" in ran.out and "distinct" in ran.err
