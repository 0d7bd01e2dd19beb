"""TLC's stream: a verdict is taken from a whole and understood output, and from nothing less."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gen.tlc.report import Outcome, Progress, Report
from gen.tlc.stream import StreamReader, read_report
from gen.tlc.value import Function, ModelValue, Record

DATA = Path(__file__).parent / "data" / "tlc"
# Read off the samples by hand. "exit_code" is there for samples recorded without it.
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "expected.json").read_text())

VIOLATIONS = {
    Outcome.INVARIANT,
    Outcome.ACTION_PROPERTY,
    Outcome.TEMPORAL,
    Outcome.DEADLOCK,
    Outcome.ASSUMPTION,
    Outcome.ASSERTION,
}


@cache
def sample(name: str) -> tuple[str, int]:
    """What TLC printed on stdout, and its exit code."""
    text = (DATA / f"{name}.txt").read_text(encoding="latin-1")
    head, mark, rest = text.partition("### stdout\n")
    if not mark:
        return text, EXPECTED[name]["exit_code"]
    exit_code = next(word for word in head.split() if word.startswith("exit="))
    return rest.partition("### stderr\n")[0], int(exit_code.removeprefix("exit="))


def read(name: str, exit_code: int | None = None) -> Report:
    text, recorded = sample(name)
    return read_report(text, recorded if exit_code is None else exit_code)


def message(code: int, text: str, severity: int = 0) -> str:
    return f"@!@!@STARTMSG {code}:{severity} @!@!@\n{text}\n@!@!@ENDMSG {code} @!@!@\n"


def without(name: str, code: int) -> str:
    """A sample's text without its messages ``code``."""
    kept: list[str] = []
    inside = False
    for line in sample(name)[0].split("\n"):
        inside = inside or line.startswith(f"@!@!@STARTMSG {code}:")
        if not inside:
            kept.append(line)
        inside = inside and line != f"@!@!@ENDMSG {code} @!@!@"
    return "\n".join(kept)


def test_every_sample_has_an_expectation_and_the_other_way_round() -> None:
    assert {path.stem for path in DATA.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recorded_run_is_reported_as_what_it_was(name: str) -> None:
    report, expected = read(name), EXPECTED[name]
    assert report.outcome is Outcome[expected["outcome"]]
    assert report.violated == expected["violated"]
    assert len(report.trace) == expected["states"]
    assert report.distinct == expected["distinct"]
    assert report.ok is (expected["outcome"] == "SUCCESS")
    assert report.completed is (expected["outcome"] == "SUCCESS" or name == "continue")
    assert bool(report.message) is not report.ok
    assert "\n" not in report.message
    assert "@!@!@" not in report.message


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_run_that_did_not_exit_0_is_never_ok(name: str) -> None:
    for exit_code in (1, 3, 12, 130, 137, 143, 255, -9, -15):
        report = read(name, exit_code)
        assert not report.ok and not report.completed, exit_code


@pytest.mark.parametrize("name", sorted(set(EXPECTED)))
def test_exit_code_0_alone_makes_no_run_ok(name: str) -> None:
    assert read(name, 0).ok is (EXPECTED[name]["outcome"] == "SUCCESS")


# ------------------------------------------------------------------------------------- truncation

CUT = [
    "success",
    "live_ok",
    "print_markers",
    "coverage",
    "invariant",
    "inv_initial",
    "actionprop",
    "prop_initviol",
    "deadlock",
    "live_backto",
    "live_stuttering",
    "prop_leadsto",
    "continue",
    "dfid",
    "simulate_viol",
    "assert_fail",
    "assume_false",
    "eval_type",
    "oom_inv",
    "strings",
    "values_wrapped",
]


@pytest.mark.parametrize("exit_code", [0, 12, 143, -9])
@pytest.mark.parametrize("name", CUT)
def test_output_cut_anywhere_gives_no_verdict_that_is_not_all_there(
    name: str, exit_code: int
) -> None:
    text, recorded = sample(name)
    whole = read_report(text, recorded)
    lines = text.split("\n")
    last = lines.index("@!@!@ENDMSG 2186 @!@!@")
    for end in range(len(lines)):
        report = read_report("\n".join(lines[:end]), exit_code)
        assert not (report.ok and end <= last)
        assert not (report.completed and end <= last)
        if report.outcome in VIOLATIONS:
            assert report.outcome is whole.outcome
            assert report.violated == whole.violated
            assert report.trace == whole.trace
            assert (report.back_to, report.stuttering) == (whole.back_to, whole.stuttering)
        else:
            assert report.violated is None
            assert report.back_to is None
            assert not report.stuttering
            # The states that lead to an error are all there or not shown.
            assert report.trace in ((), whole.trace)
        if report.outcome not in VIOLATIONS and exit_code in (143, -9):
            assert report.outcome in (Outcome.KILLED, Outcome.OUT_OF_MEMORY)


@pytest.mark.parametrize("name", ["success", "invariant", "live_backto", "deadlock"])
def test_output_cut_inside_a_line_gives_no_verdict_that_is_not_all_there(name: str) -> None:
    text, _ = sample(name)
    whole = read(name)
    for end in range(text.index("@!@!@STARTMSG 2190"), text.index("Finished in")):
        report = read_report(text[:end], 0)
        assert not report.ok
        assert report.outcome not in VIOLATIONS or report.trace == whole.trace


def test_a_killed_run_is_never_reported_as_no_violation() -> None:
    for exit_code in (130, 137, 143, -2, -9, -15):
        report = read("sigterm_j17", exit_code)
        assert report.outcome is Outcome.KILLED
        assert "stopped by SIG" in report.message
        assert not report.completed


def test_a_violation_printed_whole_survives_that_the_run_is_killed_afterwards() -> None:
    report = read("invariant", 143)
    assert report.outcome is Outcome.INVARIANT
    assert len(report.trace) == 3


def test_a_violation_cut_off_by_a_kill_is_mentioned_but_not_claimed() -> None:
    text = sample("invariant")[0]
    report = read_report(text[: text.index("3: <Inc")], 143)
    assert report.outcome is Outcome.KILLED
    assert report.violated is None
    assert "Invariant Inv is violated." in report.message


def test_output_that_just_stops_with_exit_0_is_incomplete() -> None:
    assert read("sigterm_j17", 0).outcome is Outcome.INCOMPLETE
    assert read_report("", 0).outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("code", [2190, 2193, 2199, 2186])
def test_success_needs_each_of_the_messages_that_make_it(code: int) -> None:
    assert read("success").ok
    report = read_report(without("success", code), 0)
    assert not report.ok
    assert report.outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("severity", [1, 2])
@pytest.mark.parametrize("code", [1000, 2110, 2121, 2103, 2132, 9999])
def test_success_with_any_error_message_beside_it_is_not_ok(code: int, severity: int) -> None:
    extra = message(code, "what?", severity)
    wrapped = message(2222, f"text: {extra.rstrip()}")
    for text in (sample("success")[0] + extra, extra + sample("success")[0]):
        assert not read_report(text, 0).ok
    assert not read_report(wrapped + sample("success")[0], 0).ok


def test_a_stray_or_missing_end_of_a_message_spoils_the_verdict() -> None:
    text, _ = sample("success")
    for code in (2199, 2193, 2190, 2200):
        line = f"@!@!@ENDMSG {code} @!@!@\n"
        assert not read_report(text.replace(line, "", 1), 0).ok
        assert not read_report(text.replace(line, line * 2, 1), 0).ok
    torn = sample("invariant")[0].replace("@!@!@ENDMSG 2217 @!@!@\n", "", 1)
    assert read_report(torn, 12).outcome is Outcome.INCOMPLETE
    stray = "@!@!@ENDMSG 2217 @!@!@\n" + sample("invariant")[0]
    assert read_report(stray, 12).outcome is Outcome.INCOMPLETE


def test_an_error_whose_message_is_cut_is_mentioned() -> None:
    text = sample("invariant")[0].partition("Invariant Inv")[0]
    report = read_report(text, 12)
    assert report.outcome is Outcome.INCOMPLETE
    assert "TLC reported an error" in report.message


def test_an_error_inside_a_harmless_message_is_an_error() -> None:
    inner = message(5006, "TLC found an error in line 3", 1).rstrip()
    report = read_report(message(1000, f"text: {inner}"), 0)
    assert report.outcome is Outcome.CONFIG


def test_states_left_on_the_queue_are_no_complete_search() -> None:
    text, _ = sample("success")
    report = read_report(text.replace("found, 0 states left", "found, 7 states left"), 0)
    assert report.outcome is Outcome.INCOMPLETE
    assert "7 states" in report.message


def test_success_with_another_exit_code_is_no_success() -> None:
    report = read("success", 1)
    assert report.outcome is Outcome.INCOMPLETE
    assert "exit code is 1" in report.message


# --------------------------------------------------------------------------------- false successes


def test_a_violation_under_continue_is_reported_although_tlc_exits_0() -> None:
    report = read("continue")
    assert report.exit_code == 0
    assert report.outcome is Outcome.INVARIANT
    assert [state.values["x"] for state in report.trace] == [0, 1, 2]


def test_a_specification_without_initial_states_is_not_ok() -> None:
    report = read("no_initial_state")
    assert report.initial_states == 0
    assert "no initial state" in report.message


def test_depth_first_search_is_not_ok_because_it_checks_no_temporal_property() -> None:
    assert "-dfid" in read("live_dfid").message


def test_temporal_properties_checked_on_no_state_are_not_ok() -> None:
    text = sample("live_ok")[0].replace("with 4 total distinct", "with 0 total distinct")
    report = read_report(text, 0)
    assert report.outcome is Outcome.INCOMPLETE
    assert "no state at all" in report.message


def test_a_search_continued_from_a_checkpoint_is_not_ok() -> None:
    assert "checkpoint" in read("recover_same_fp").message


def test_a_simulation_is_not_ok() -> None:
    assert "simulation" in read("simulate_num").message


def test_a_counterexample_without_its_last_state_is_not_claimed() -> None:
    """TLC drops it when a variable changes its type, and prints everything else."""
    report = read("trace_lacks_last_state")
    assert report.outcome is Outcome.INCOMPLETE
    assert "Invariant Inv is violated." in report.message
    assert "last state" in report.message


def test_a_printed_string_that_looks_like_a_message_is_only_printed() -> None:
    report = read("print_markers")
    assert report.ok
    assert report.printed == ('"@!@!@STARTMSG 2110:1 @!@!@"',) * 3
    end = "@!@!@STARTMSG 2186"
    printed = f'"Terminating due to java.lang.OutOfMemoryError"\n{end}'
    text = sample("success")[0].replace(end, printed)
    assert read_report(text, 0).ok


# ------------------------------------------------------------------------------------------ traces


def test_a_trace_gives_actions_and_values() -> None:
    report = read("actionprop")
    assert [state.number for state in report.trace] == [1, 2, 3, 4, 5]
    assert [state.action for state in report.trace] == ["", "Inc", "Inc", "Inc", "Reset"]
    assert report.trace[3].values == {"h": (0, 1, 2), "x": 3}


def test_a_violation_in_an_initial_state_has_that_state_as_its_trace() -> None:
    for name, values in (("inv_initial", {"x": 1}), ("prop_initviol", {"h": (), "x": 0})):
        (state,) = read(name).trace
        assert (state.number, state.action, state.values) == (1, "", values)


def test_a_loop_and_stuttering_are_told_apart() -> None:
    for name, back_to in (("live_backto", 1), ("prop_leadsto", 4), ("live_simulate", 1)):
        assert (read(name).back_to, read(name).stuttering) == (back_to, False)
    report = read("live_stuttering")
    assert (report.back_to, report.stuttering) == (None, True)
    assert [state.values["x"] for state in report.trace] == [1, 2]


def test_strings_in_a_state_do_not_break_the_trace() -> None:
    values = [state.values["m"] for state in read("strings").trace]
    assert values == ["a", 'tab\tnl\nq"bs\\ /\\ x = 1', "{<<[|->", "z"]


def test_values_that_tlc_wraps_over_lines_are_read() -> None:
    value = read("values_wrapped").trace[-1].values["f"]
    assert isinstance(value, Record)
    assert value["s"] == frozenset({1, 2, 3})
    assert value["z"] == Function({-2: "q", 5: "r"})
    assert value["ss"] == Function({"a b": 1})
    owners = value["r"]
    assert isinstance(owners, Function)
    assert owners[12] == Record(
        {"owner": ModelValue("m1"), "kind": "some long string to wrap", "neg": -12}
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("/\\ x = 1\n", "/\\ x = SUBSET {1}\n", "state 2 cannot be read"),
        ("/\\ x = 1\n", "", "other variables"),
        ("2: <Inc", "4: <Inc", "not numbered"),
        ("2: <Inc", "? <Inc", "no number"),
    ],
)
def test_a_trace_that_cannot_be_read_is_said_and_raises_nothing(
    old: str, new: str, why: str
) -> None:
    for name in ("invariant", "live_backto", "choose_error"):
        text, exit_code = sample(name)
        report = read_report(text.replace(old, new, 1), exit_code)
        assert report.outcome is Outcome.INCOMPLETE
        assert why in report.message
        assert report.trace == ()
        assert report.violated is None


def test_a_loop_back_to_no_state_is_said() -> None:
    text, exit_code = sample("live_backto")
    report = read_report(text.replace("1: Back to", "9: Back to"), exit_code)
    assert report.outcome is Outcome.INCOMPLETE


def test_a_violation_without_any_trace_is_not_claimed() -> None:
    report = read_report(without("invariant", 2217), 12)
    assert report.outcome is Outcome.INCOMPLETE
    assert "Invariant Inv is violated." in report.message


# ---------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("assert_fail", '<<"boom", 3>> (at line 8, column 19 to line 8, column 46 in M)'),
        ("eval_error_next", "Head to the empty sequence. (at line 8, column 24"),
        ("inv_nonbool", "expected a boolean value"),
        ("parse_error", 'Parse error: Encountered "====" at line 13'),
        ("semantic_error", "Unknown operator: `y'. (line 12, col 8"),
        ("missing_module", "module NoSuchModule"),
        ("race_shared_tmpdir_150", "Lexical error"),
        ("cfg_syntax", "configuration file at line 4"),
        ("cfg_nofile", "File not found."),
        ("badflag", "-nosuchflag"),
        ("oom_bigv", "java.lang.OutOfMemoryError: Java heap space"),
        ("oom_exit", "Terminating due to java.lang.OutOfMemoryError"),
        ("view_flag", "state 1 cannot be read"),
    ],
)
def test_the_message_says_what_to_mend(name: str, words: str) -> None:
    assert words in read(name).message
    assert "unexpected exception" not in read(name).message


def test_trouble_of_the_machine_is_not_blamed_on_the_specification() -> None:
    text = "The exception was a java.io.IOException\n: No space left on device"
    report = read_report(message(1000, f"TLC threw an unexpected exception.\n{text}", 1), 255)
    assert report.outcome is Outcome.CRASHED
    assert report.message == "No space left on device"


def test_java_that_does_not_start_is_a_crash_with_javas_words() -> None:
    report = read_report("Error: Could not find or load main class tlc2.TLC\n", 1)
    assert report.outcome is Outcome.CRASHED
    assert "load main class" in report.message


def test_an_unknown_error_message_is_a_crash_and_its_text_is_kept() -> None:
    report = read_report(message(4321, "Something new.", 1), 255)
    assert (report.outcome, report.message) == (Outcome.CRASHED, "Something new.")


def test_a_full_heap_in_the_middle_of_a_message_is_out_of_memory() -> None:
    text = sample("success")[0].partition("@!@!@ENDMSG 2190")[0]
    report = read_report(text + "Terminating due to java.lang.OutOfMemoryError: x\n", 3)
    assert report.outcome is Outcome.OUT_OF_MEMORY


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_no_damage_to_the_output_raises_an_exception(name: str) -> None:
    rng = random.Random(name)
    text, exit_code = sample(name)
    for _ in range(10):
        chars = list(text)
        for _ in range(rng.randrange(1, 40)):
            at = rng.randrange(len(chars))
            chars[at] = rng.choice(["", "", ",", "9" * 5000, "@", "\n", '"', "{", chars[at] * 2])
        damaged = "".join(chars)
        for code in (0, exit_code):
            report = read_report(damaged, code)
            assert report.ok or report.message


def test_messages_nested_without_end_are_no_verdict_and_no_exception() -> None:
    text = "@!@!@STARTMSG 1000:1 @!@!@\n" * 5000
    report = read_report(text + sample("success")[0], 0)
    assert report.outcome is Outcome.INCOMPLETE


# ------------------------------------------------------------------------------------------ counts


def test_progress_is_shown_as_it_comes_and_without_the_commas() -> None:
    reader = StreamReader()
    shown = [reader.feed(line + "\n") for line in sample("sigint_j17")[0].split("\n")]
    assert [p for p in shown if p] == [Progress(116, 774164, 264822, 6767)]
    assert shown[-1] is None
    report = reader.finish(130)
    assert (report.depth, report.generated, report.distinct, report.queue) == (
        (116, 774164, 264822, 6767)
    )


def test_counts_of_a_large_run_are_exact() -> None:
    report = read("progress_64M_states_completed")
    assert (report.generated, report.distinct, report.queue, report.depth) == (
        (192961202, 64481201, 0, 1201)
    )


@pytest.mark.parametrize(
    ("code", "text", "count"),
    [
        (2190, "1 distinct state generated at x.", 1),
        (2190, "1,234 distinct states generated at x.", 1234),
        (2190, "9876543210 distinct states generated at x.", 9876543210),
        (2191, "3 states generated, with 2 of them distinct at x.", 2),
        (2191, "1,003 states generated, with 1,002 of them distinct at x.", 1002),
    ],
)
def test_initial_states_are_counted_in_each_of_tlcs_wordings(
    code: int, text: str, count: int
) -> None:
    report = read_report(message(code, f"Finished computing initial states: {text}"), 0)
    assert report.initial_states == count


def test_coverage_is_the_last_whole_one() -> None:
    report = read("coverage")
    assert report.coverage == {"Init": (3, 3), "Inc": (2, 3), "Loop": (0, 1)}
    again = message(2201, "The coverage") + message(2772, "<Inc line 5, col 1 of M>: 1,002:3,004")
    text = sample("coverage")[0]
    assert read_report(text + again, 0).coverage == report.coverage
    text += again + message(2772, "<Inc line 9, col 1 of M>: 1:1") + message(2202, "End")
    assert read_report(text, 0).coverage == {"Inc": (1003, 3005)}


def test_what_the_specification_prints_is_kept_apart_from_the_parsers_words() -> None:
    report = read("assume_ok_print")
    assert report.printed == ('<<"hello", 3, {1, 2}, [a |-> 1, b |-> <<"q">>]>>', '"pr"  TRUE')
    assert read("semantic_error").printed == ()
    assert read("duplicate_var").printed == ()


def test_lines_with_windows_endings_are_read_alike() -> None:
    text, exit_code = sample("invariant")
    assert read_report(text.replace("\n", "\r\n"), exit_code) == read("invariant")


def test_a_search_for_loops_that_tlc_has_not_ended_is_no_proof_that_there_is_none() -> None:
    text, exit_code = sample("live_ok")
    assert read_report(text, exit_code).temporal
    assert not read_report(sample("success")[0], 0).temporal  # it was not asked for any
    unfinished = text.replace("STARTMSG 2267", "STARTMSG 2200").replace(
        "ENDMSG 2267", "ENDMSG 2200"
    )
    assert not read_report(unfinished, exit_code).temporal
    partial = text.replace("for the complete state space", "for the current state space")
    assert not read_report(partial, exit_code).temporal


def test_the_coverage_of_an_action_with_parts_of_its_own_is_read() -> None:
    # As TLC prints it of v6.5: a second place in brackets where an action has several ways on.
    told = {
        "Boot": "<Boot line 609, col 1 to line 609, col 4 of module pageblock>: 1:1",
        "AllocPages": "<AllocPages line 299, col 1 to line 299, col 10 of module pageblock "
        "(301 5 302 37)>: 1044:27464",
        "Succeeds": "<Succeeds line 625, col 1 to line 625, col 8 of module pageblock>: 0:1118",
    }
    text = message(2201, "The coverage statistics at 2026-11-25 05:15:00")
    text += message(2773, told["Boot"])
    text += message(2221, "  line 609, col 9 to line 609, col 31 of module pageblock: 1")
    text += message(2772, told["AllocPages"]) + message(2772, told["Succeeds"])
    text += message(2202, "End of statistics.")
    found = read_report(text, 0).coverage
    assert found == {"Boot": (1, 1), "AllocPages": (1044, 27464), "Succeeds": (0, 1118)}
