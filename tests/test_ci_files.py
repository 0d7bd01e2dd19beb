"""JUnit XML and SARIF: a CI system must not show a violation, or no verdict, as a success."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeJava, Gen

from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.draw.lkml import draw_trace
from gen.errors import ExitCode
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.zone import Zone
from gen.report.junit import junit
from gen.report.sarif import sarif
from gen.report.words import DRAW_OPTIONS
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain
from tools.golden import trace

#: What XML, or SARIF, might take for its own.
ODD = "a <{0}> [x](y) \x07"
B1 = "hygiene-v2-isolation-race"


def request(names: list[str], design: str = "") -> Check:
    return Check(
        design=find_design("hygiene-v2"),
        zone=Zone(),
        properties=tuple(find_properties(names)),
        toolchain=find_toolchain(environ={}),
        tlc=TlcOptions(),
        run_dir=Path("run"),
        made_by="gen check",
        design_option=design,
    )


def verdicts() -> tuple[Check, list[Verdict]]:
    """One of each kind."""
    names = ["NoFreelistWarning", "Conservation", "SingleIsolator", "Alignment"]
    asked = request(names)
    race, held, vacuous, unknown = asked.properties
    return asked, [
        Verdict(race, Result.VIOLATED, length=3, distinct=118, seconds=1.5, trace=trace(B1)),
        Verdict(held, Result.HOLDS, distinct=4711, seconds=2.25),
        Verdict(vacuous, Result.VACUOUS, message="nobody isolates"),
        Verdict(
            unknown, Result.NO_VERDICT, message="a <{0}> [x](y) \x07", code=ExitCode.NO_VERDICT
        ),
    ]


# ---- JUnit ---------------------------------------------------------------------------


def test_junit_counts_and_shows_each_verdict_as_what_it_is() -> None:
    asked, told = verdicts()
    suites = ET.fromstring(junit(asked, told))
    (suite,) = suites
    counted = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counted == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "3.750",
    }
    assert [case.get("name") for case in suite] == [v.prop.name for v in told]
    assert {case.get("classname") for case in suite} == {"hygiene-v2"}
    assert [[part.tag for part in case] for case in suite] == [
        ["failure"],
        [],
        ["skipped"],
        ["error"],
    ]
    (failure,) = suite[0]
    assert draw_trace(trace(B1), DRAW_OPTIONS) in (failure.text or "")
    assert "gen check --pageblocks 4" in (failure.text or "")
    assert (failure.get("message") or "").startswith("[violation] NoFreelistWarning, 3 states: ")
    assert suite[3][0].get("message") == "a <{0}> [x](y) \\x07"


# ---- SARIF ---------------------------------------------------------------------------


def run_of(asked: Check, told: list[Verdict]) -> Any:
    made = json.loads(sarif(asked, told))
    assert made["version"] == "2.1.0" and made["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = made["runs"]
    return run


def test_sarif_has_a_rule_and_a_result_for_each_property() -> None:
    asked, told = verdicts()
    run = run_of(asked, told)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [v.prop.name for v in told]
    results = run["results"]
    assert [(r["kind"], r["level"]) for r in results] == [
        ("fail", "error"),
        ("pass", "none"),
        ("notApplicable", "none"),
        ("open", "none"),
    ]
    for number, result in enumerate(results):
        assert result["ruleIndex"] == number and result["ruleId"] == rules[number]["id"]
        (place,) = result["locations"]
        artifact = place["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": "specs/designs/hygiene-v2.toml"}
    assert results[0]["properties"]["drawing"] == draw_trace(trace(B1), DRAW_OPTIONS)


def test_a_run_without_a_verdict_has_not_succeeded() -> None:
    asked, told = verdicts()
    (invocation,) = run_of(asked, told)["invocations"]
    assert invocation["executionSuccessful"] is False
    (note,) = invocation["toolExecutionNotifications"]
    assert note["associatedRule"] == {"id": "Alignment"}
    # No placeholder and no link is made of it.
    assert note["message"]["text"].startswith(r"no verdict: a <{{0}}> \[x\](y)")
    (invocation,) = run_of(asked, told[:3])["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"] == []


def test_the_steps_of_a_violation_are_on_a_thread_per_cpu_in_the_order_of_time() -> None:
    asked, told = verdicts()
    (flow,) = run_of(asked, told)["results"][0]["codeFlows"]
    threads = flow["threadFlows"]
    assert [thread["id"] for thread in threads] == ["CPU0", "CPU1"]
    steps = [[at["executionOrder"] for at in thread["locations"]] for thread in threads]
    assert steps == [[1], [2]]
    step = threads[1]["locations"][0]["location"]
    assert step["message"] == {"text": "rmqueue_buddy(mt=MOVABLE, order=9)"}
    assert step["logicalLocations"] == [{"name": "rmqueue_buddy", "kind": "function"}]


@pytest.mark.parametrize(
    ("given", "uri"),
    [("my design.toml", "my%20design.toml"), ("/a/b.toml", "file:///a/b.toml"), ("v6.5", None)],
)
def test_a_design_file_is_what_a_result_points_at(given: str, uri: str | None) -> None:
    asked = request(["Alignment"], given)
    told = [Verdict(asked.properties[0], Result.HOLDS)]
    (result,) = run_of(asked, told)["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == (uri or f"specs/designs/{given}.toml")


# ---- the command ---------------------------------------------------------------------


def test_a_check_without_a_verdict_writes_files_that_say_so(
    gen: Gen, fake_java: FakeJava, tmp_path: Path
) -> None:
    files = [tmp_path / "gen.xml", tmp_path / "gen.sarif"]
    options = ["--property", "Alignment", "--java", fake_java("exit 1")]
    ran = gen("check", *options, "--junit", str(files[0]), "--sarif", str(files[1]))
    assert ran.code not in (0, 1)
    (suite,) = ET.fromstring(files[0].read_text(encoding="utf-8"))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    run = json.loads(files[1].read_text(encoding="utf-8"))["runs"][0]
    assert run["results"][0]["kind"] == "open"
    assert run["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("option", ["--junit", "--sarif"])
def test_a_file_that_cannot_be_is_told_before_the_search(
    gen: Gen, fake_java: FakeJava, tmp_path: Path, option: str
) -> None:
    for given in (str(tmp_path / "no" / "file"), "", "/"):
        ran = gen("check", option, given, "--java", fake_java("sleep 9"))
        assert (ran.code, ran.out) == (2, "")
        ran.told(option)


@pytest.mark.tlc
def test_a_violation_that_tlc_finds_fails_in_both_files(gen: Gen, tmp_path: Path) -> None:
    files = [tmp_path / "gen.xml", tmp_path / "gen.sarif"]
    options = ["--property", "NoFreelistWarning", "--junit", str(files[0])]
    ran = gen("check", *options, "--sarif", str(files[1]))
    assert ran.code == 12
    assert 'failures="1" errors="0"' in files[0].read_text(encoding="utf-8")
    run = json.loads(files[1].read_text(encoding="utf-8"))["runs"][0]
    assert run["results"][0]["kind"] == "fail"
    assert run["invocations"][0]["executionSuccessful"] is True
