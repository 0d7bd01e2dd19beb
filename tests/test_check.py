"""From runs of TLC to verdicts: nothing is said to hold, or to be violated, that was not shown."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gen.check.confirm import confirm
from gen.check.request import Check
from gen.check.session import Stopped, check
from gen.check.verdict import Result, Verdict
from gen.cli.check import _exit_code
from gen.errors import ExitCode, GenError
from gen.model.design import find_design
from gen.model.property import find_properties, properties
from gen.model.render import actions, render, replay_state
from gen.model.zone import Zone
from gen.report.words import observation, summary, trouble
from gen.tlc.options import TlcOptions
from gen.tlc.report import Outcome, Report, TraceState
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain
from gen.trace.trace import Trace

OK = Report(
    outcome=Outcome.SUCCESS,
    exit_code=0,
    violated=None,
    message="",
    trace=(),
    back_to=None,
    stuttering=False,
    initial_states=1,
    generated=20,
    distinct=10,
    queue=0,
    depth=4,
    coverage={},
    printed=(),
    completed=True,
)
DESIGN = find_design("hygiene-v2")
ONE = "Alignment"
#: The variables of a replay, and those of the one that has most.
STATE = replay_state(DESIGN, Zone(), properties()[ONE])
MOST = replay_state(DESIGN, Zone(), properties()["NoFreelistWarning"])


def state(number: int, value: int, **more: Any) -> TraceState:
    """A state in which every variable has the same value."""
    return TraceState(number, "", {**dict.fromkeys(MOST, value), **more})


# nr_free is in the search for the sake of a property that is not replayed.
FOUND = tuple(state(n, n, nr_free=0) for n in (1, 2, 3))


def violates(name: str) -> Report:
    """TLC found a counterexample of three states."""
    return replace(
        OK,
        outcome=Outcome.INVARIANT,
        exit_code=12,
        violated=name,
        message=f"Invariant {name} is violated.",
        trace=FOUND,
        completed=False,
    )


def replayed(
    *, confirmed: object = True, witness: object = ("w",), states: tuple[int, ...] = (1, 2, 3)
) -> Report:
    """TLC has followed the counterexample, and one step on."""
    trace = tuple(state(n, n, confirmed=confirmed, witness=witness) for n in (*states, 9))
    return replace(violates("NotReplayed"), trace=trace)


def without(report: Report, name: str) -> Report:
    """Its second state has lost a variable."""
    first, second, *rest = report.trace
    left = {k: v for k, v in second.values.items() if k != name}
    return replace(report, trace=(first, replace(second, values=left), *rest))


Fake = Callable[[str, dict[str, Any]], Report]


class Runs:
    """Stands for process.run: a report for each run directory, by its name."""

    def __init__(self, reports: dict[str, Report | Fake]) -> None:
        self.reports = reports
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, command: list[str], directory: Path, **kwargs: Any) -> Report:
        name = directory.name
        kwargs["workers"] = command[command.index("-workers") + 1]
        kwargs["cfg"] = (directory / command[-2]).read_text(encoding="utf-8")
        self.calls.append((name, kwargs))
        report = self.reports[name]
        return report if isinstance(report, Report) else report(name, kwargs)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., Check]:
    def make(*names: str, design: str = "hygiene-v2", **options: Any) -> Check:
        return Check(
            design=find_design(design),
            zone=Zone(),
            properties=tuple(find_properties(list(names))),
            toolchain=Toolchain(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"),
            tlc=TlcOptions(**options),
            run_dir=tmp_path,
            made_by="gen check",
        )

    return make


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runs]:
    """Puts reports in the place of TLC's runs; what a trace is made of does not matter here."""

    def put(**reports: Report | Fake) -> Runs:
        fake = Runs({name.replace("_", "-"): report for name, report in reports.items()})
        monkeypatch.setattr("gen.tlc.process.run", fake)
        return fake

    def read(design: str, zone: Zone, prop: Any, length: int, states: Any) -> Trace:
        return Trace(design, zone, prop, length, states, (), {})

    def spec(_design: object, _zone: object, properties: Any, _made_by: str) -> Spec:
        return Spec("pageblock", "", " ".join(p.name for p in properties))

    monkeypatch.setattr("gen.check.confirm.trace_from_replay", read)
    monkeypatch.setattr("gen.check.request.render", spec)
    monkeypatch.setattr("gen.check.confirm.render_replay", lambda *_: Spec("replay", "", ""))
    return put


RequestFor = Callable[..., Check]
Put = Callable[..., Runs]


def by_name(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {v.prop.name: v for v in verdicts}


# --- what holds -------------------------------------------------------------------------------


def test_a_complete_search_is_a_verdict(request_for: RequestFor, runs: Put) -> None:
    runs(first=OK)
    request = request_for(ONE)
    (verdict,) = check(request)
    assert (verdict.result, verdict.distinct, verdict.depth) == (Result.HOLDS, 10, 4)
    assert observation(request, verdict) == "Observation hygiene-v2/Alignment Never 0 10"
    assert "no violation within these bounds" in summary(request, [verdict], 1.0)
    assert _exit_code([verdict]) == 0
    assert trouble([verdict]) == ""


@pytest.mark.parametrize(
    "report",
    [
        *(replace(OK, outcome=o) for o in Outcome if o is not Outcome.SUCCESS),
        replace(OK, completed=False),
        replace(OK, exit_code=1),
        replace(OK, initial_states=0),
        replace(OK, initial_states=None),
        # a violation that nobody can follow, or that is of nothing that was asked
        replace(violates(ONE), trace=()),
        violates("Conservation"),
        replace(violates(ONE), violated=None),
        replace(violates(ONE), outcome=Outcome.TEMPORAL),
    ],
    ids=lambda r: f"{r.outcome.value}-{r.exit_code}-{r.completed}-{r.initial_states}-{r.violated}",
)
def test_any_other_end_of_a_search_is_no_verdict_and_no_success(
    request_for: RequestFor, runs: Put, report: Report
) -> None:
    runs(first=report)
    request = request_for(ONE)
    (verdict,) = check(request)
    assert verdict.result is Result.NO_VERDICT
    assert verdict.message
    assert observation(request, verdict).startswith("Observation hygiene-v2/Alignment Unknown ")
    assert "no violation" not in summary(request, [verdict], 1.0)
    assert trouble([verdict]).startswith("no verdict: ")
    assert _exit_code([verdict]) not in (ExitCode.OK, ExitCode.SAFETY)


def test_a_property_that_is_missing_from_the_cfg_never_holds(
    request_for: RequestFor, runs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = runs(first=OK)
    spec = Spec("pageblock", "", "INIT Boot\nNEXT Step\nINVARIANTS Conservation\n")
    monkeypatch.setattr("gen.check.request.render", lambda *_: spec)
    with pytest.raises(Stopped, match="not asked about Alignment"):
        check(request_for(ONE))
    assert fake.names == []


def test_a_property_that_says_nothing_of_the_design_is_no_success(
    request_for: RequestFor, runs: Put
) -> None:
    fake = runs()
    request = request_for("NoFreelistWarning", design="v6.5")
    verdicts = check(request)
    assert [v.result for v in verdicts] == [Result.VACUOUS]
    assert "no violation" not in summary(request, verdicts, 0.0)
    assert "Unknown 0 0" in summary(request, verdicts, 0.0)
    assert trouble(verdicts) == "no verdict: v6.5 has nothing that NoFreelistWarning speaks of"
    assert _exit_code(verdicts) == ExitCode.NO_VERDICT
    assert fake.names == []


# --- what is violated -------------------------------------------------------------------------


def test_a_counterexample_is_shown_after_its_replay(request_for: RequestFor, runs: Put) -> None:
    fake = runs(first=violates(ONE), Alignment_replay=replayed())
    told: list[Verdict] = []
    (verdict,) = check(request_for(ONE), on_verdict=told.append)
    assert fake.names == ["first", "Alignment-replay"]
    assert (verdict.result, verdict.length) == (Result.VIOLATED, 3)
    assert verdict.trace is not None
    assert told == [verdict]
    assert _exit_code([verdict]) == ExitCode.SAFETY


@pytest.mark.parametrize(
    "replay",
    [
        OK,
        replace(replayed(), violated="Alignment"),
        replace(replayed(), outcome=Outcome.KILLED),
        replace(replayed(), outcome=Outcome.EVALUATION),
        replace(replayed(), trace=replayed().trace[:2]),
        replayed(states=(1, 7, 3)),
        replayed(states=(1, 2, 7)),
        replayed(confirmed=False),
        replayed(confirmed=1),
        replayed(witness=()),
        replace(replayed(), trace=tuple(TraceState(n, "", {"x": n}) for n in (1, 2, 3))),
        replace(replayed(), trace=FOUND),
        # one variable of one state
        *(without(replayed(), name) for name in STATE),
    ],
)
def test_a_counterexample_that_its_replay_does_not_confirm_is_never_shown(
    request_for: RequestFor, runs: Put, replay: Report
) -> None:
    runs(first=violates(ONE), Alignment_replay=replay)
    told: list[Verdict] = []
    (verdict,) = check(request_for(ONE), on_verdict=told.append)
    assert verdict.result is Result.NO_VERDICT
    assert verdict.trace is None
    assert "its replay did not confirm it" in verdict.message
    assert told == [verdict]
    assert _exit_code([verdict]) not in (ExitCode.OK, ExitCode.SAFETY)


def test_a_saved_trace_is_followed_itself_and_none_that_is_easier(
    request_for: RequestFor, runs: Put, tmp_path: Path
) -> None:
    fake = runs(Alignment_replay=replayed())
    states = tuple(dict.fromkeys(STATE, n) for n in (1, 2, 3))
    saved = Trace(DESIGN.name, Zone(), properties()[ONE], 3, states, (), {})
    verdict = confirm(replace(request_for(ONE), easiest=True, all_shortest=True), saved)
    assert fake.names == ["Alignment-replay"]
    assert (verdict.result, verdict.length, verdict.shortest) == (Result.VIOLATED, 3, None)
    runs(Alignment_replay=replayed(states=(1, 7, 3)))
    (tmp_path / "again").mkdir()
    again = replace(request_for(ONE), run_dir=tmp_path / "again")
    assert confirm(again, saved).result is Result.NO_VERDICT


def test_what_several_workers_found_is_searched_again_with_one(
    request_for: RequestFor, runs: Put
) -> None:
    longer = replace(violates(ONE), trace=(*FOUND, state(4, 4)))
    fake = runs(first=longer, first_again=violates(ONE), Alignment_replay=replayed())
    (verdict,) = check(request_for(ONE, workers=2))
    assert [(name, kwargs["workers"]) for name, kwargs in fake.calls] == [
        ("first", "2"),
        ("first-again", "1"),
        ("Alignment-replay", "1"),
    ]
    assert (verdict.result, verdict.length) == (Result.VIOLATED, 3)


def test_two_searches_that_contradict_each_other_are_no_verdict(
    request_for: RequestFor, runs: Put
) -> None:
    runs(first=violates(ONE), first_again=OK)
    (verdict,) = check(request_for(ONE, workers=2))
    assert verdict.result is Result.NO_VERDICT
    assert verdict.message == "2 workers found a counterexample, one found none"
    assert _exit_code([verdict]) not in (ExitCode.OK, ExitCode.SAFETY)


def test_every_property_gets_its_own_verdict(request_for: RequestFor, runs: Put) -> None:
    fake = runs(
        first=violates("NoFreelistWarning"),
        others=violates("FreelistHygiene"),
        without_FreelistHygiene=violates("IsolatedNotAllocated"),
        without_IsolatedNotAllocated=OK,
        NoFreelistWarning_replay=replayed(),
        FreelistHygiene_replay=replayed(),
        IsolatedNotAllocated_replay=replayed(confirmed=False),
    )
    verdicts = check(request_for())
    assert [(v.prop.name, v.result) for v in verdicts] == [
        ("NoFreelistWarning", Result.VIOLATED),
        ("FreelistHygiene", Result.VIOLATED),
        ("IsolatedNotAllocated", Result.NO_VERDICT),
        ("Conservation", Result.HOLDS),
        ("Alignment", Result.HOLDS),
    ]
    assert sorted(fake.names) == sorted(fake.reports)
    assert trouble(verdicts).startswith("no verdict on IsolatedNotAllocated: ")


def test_what_one_property_keeps_in_the_state_is_not_in_the_search_of_another(
    request_for: RequestFor, runs: Put
) -> None:
    searched: dict[str, list[str]] = {}

    def fine(name: str, kwargs: dict[str, Any]) -> Report:
        searched[name] = kwargs["cfg"].split()
        return replace(OK, temporal=True)

    known = properties()
    runs(**dict.fromkeys(["first", "others", *known], fine))
    verdicts = check(
        request_for(*(p.name for p in known.values() if p.kind not in ("cost", "coverage")))
    )
    # A search that finds nothing: what was to be reached is not.
    ended = (Result.HOLDS, Result.UNREACHABLE)
    held = [v.prop.name for v in verdicts if v.result in ended]
    # Each search asks for lost pages too; see below.
    assert searched["first"] == [*held[:1], "Conservation"]
    assert "Conservation" in searched["others"]
    for label, names in searched.items():
        if label != "others" and "Conservation" in names:
            names.remove("Conservation")
    assert sorted(name for names in searched.values() for name in names) == sorted(held)
    for names in searched.values():
        assert len({(known[name].keeps, known[name].start) for name in names}) == 1


def test_a_violation_stays_one_if_the_other_searches_end_in_trouble(
    request_for: RequestFor, runs: Put
) -> None:
    full = replace(OK, outcome=Outcome.OUT_OF_MEMORY, exit_code=3, completed=False)
    runs(first=violates("NoFreelistWarning"), NoFreelistWarning_replay=replayed(), others=full)
    request = request_for(heap="64m")
    verdicts = check(request)
    said = summary(request, verdicts, 1.0)
    assert _exit_code(verdicts) == ExitCode.SAFETY
    assert "1 of 5 properties violated, no verdict on 4" in said
    assert "NoFreelistWarning Sometimes 3 10" in said
    assert "Alignment Unknown 0 10" in said
    assert trouble(verdicts) == (
        "no verdict on FreelistHygiene, IsolatedNotAllocated, Conservation, Alignment: "
        "the heap of 64m was not enough; a larger --heap may fit"
    )


def test_what_holds_is_no_clean_end_if_another_search_ended_in_trouble(
    request_for: RequestFor, runs: Put
) -> None:
    killed = replace(OK, outcome=Outcome.KILLED, exit_code=137, message="killed", completed=False)
    runs(first=OK, others=killed)
    request = request_for()
    verdicts = check(request)
    said = summary(request, verdicts, 1.0)
    assert "no violation" not in said
    assert "result:  no verdict; " in said
    assert "NoFreelistWarning Never 0 10" in said
    assert _exit_code(verdicts) == ExitCode.NO_VERDICT


# --- time, and the end of a check -------------------------------------------------------------


def test_the_timeout_is_for_the_whole_check_and_not_for_each_run(
    request_for: RequestFor, runs: Put
) -> None:
    def slow(_name: str, _kwargs: dict[str, Any]) -> Report:
        time.sleep(0.2)
        return violates(ONE)

    def late(_name: str, kwargs: dict[str, Any]) -> Report:
        time.sleep(kwargs["timeout"])
        return replace(OK, outcome=Outcome.KILLED, message="timeout: ...", completed=False)

    fake = runs(first=slow, Alignment_replay=late)
    (verdict,) = check(request_for(ONE, timeout=0.5))
    assert 0.4 < fake.calls[0][1]["timeout"] <= 0.5
    assert 0.0 < fake.calls[1][1]["timeout"] <= 0.3
    assert verdict.result is Result.NO_VERDICT
    assert "the --timeout of 0.5 s was reached" in verdict.message


def waits(ended: list[str]) -> Fake:
    """A run that goes on until it is stopped, and takes its time to end then."""

    def run(name: str, kwargs: dict[str, Any]) -> Report:
        stop: threading.Event = kwargs["stop"]
        assert stop.wait(5)
        time.sleep(0.3)
        ended.append(name)
        return replace(OK, outcome=Outcome.KILLED, message="stopped", completed=False)

    return run


def test_trouble_in_one_run_ends_the_others_and_keeps_what_is_known(
    request_for: RequestFor, runs: Put
) -> None:
    def full(_name: str, _kwargs: dict[str, Any]) -> Report:
        raise GenError("no verdict: disk full", ExitCode.NO_VERDICT)

    ended: list[str] = []
    runs(
        first=waits(ended),
        others=violates("FreelistHygiene"),
        FreelistHygiene_replay=replayed(),
        without_FreelistHygiene=full,
    )
    with pytest.raises(Stopped) as stopped:
        check(request_for())
    assert ended == ["first"]
    assert isinstance(stopped.value.cause, GenError)
    verdicts = stopped.value.verdicts
    assert len(verdicts) == 5
    assert Result.HOLDS not in [v.result for v in verdicts]
    assert by_name(verdicts)["NoFreelistWarning"].message.startswith("stopped after ")


@pytest.mark.parametrize("where", ["on_verdict", "on_progress"])
def test_a_bug_in_what_shows_the_verdicts_is_not_swallowed(
    request_for: RequestFor, runs: Put, where: str
) -> None:
    begun = threading.Event()

    def ticks(_name: str, kwargs: dict[str, Any]) -> Report:
        assert begun.wait(5)
        kwargs["on_progress"](None, 0.1)
        return OK

    def other(name: str, kwargs: dict[str, Any]) -> Report:
        begun.set()
        return waits(ended)(name, kwargs)

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    ended: list[str] = []
    runs(first=ticks, others=other)
    with pytest.raises(ValueError, match="a bug"):
        check(request_for(), **{where: broken})  # type: ignore[arg-type]
    assert ended == ["others"]


def test_ctrl_c_and_one_more_wait_until_every_run_has_ended(
    request_for: RequestFor, runs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    plain = waits(ended)

    def interrupt(name: str, kwargs: dict[str, Any]) -> Report:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        assert kwargs["stop"].wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        return plain(name, kwargs)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runs(first=interrupt, others=plain)
        with pytest.raises(Stopped) as stopped:
            check(request_for())
    finally:
        signal.signal(signal.SIGINT, before)
        monkeypatch.undo()
    assert isinstance(stopped.value.cause, KeyboardInterrupt)
    assert sorted(ended) == ["first", "others"]
    assert {v.result for v in stopped.value.verdicts} == {Result.NO_VERDICT}


# --- loops ------------------------------------------------------------------------------------

LIVE = "IsolationTerminates"


def looping(back_to: int | None, *states: int, **more: Any) -> Report:
    """TLC found a behaviour that goes back to one of its states."""
    return replace(
        OK,
        outcome=Outcome.TEMPORAL,
        exit_code=13,
        message="Temporal properties were violated.",
        trace=tuple(state(n, value, **more) for n, value in enumerate(states, 1)),
        back_to=back_to,
        stuttering=back_to is None,
        completed=False,
    )


def test_every_call_returns_only_if_tlc_has_looked_at_the_loops(
    request_for: RequestFor, runs: Put
) -> None:
    runs(first=replace(OK, temporal=True))
    assert check(request_for(LIVE))[0].result is Result.HOLDS


def test_a_search_that_has_not_looked_at_the_loops_is_no_verdict(
    request_for: RequestFor, runs: Put
) -> None:
    runs(first=OK)
    assert check(request_for(LIVE))[0].result is Result.NO_VERDICT


def test_a_loop_is_shown_with_each_of_its_steps_once(request_for: RequestFor, runs: Put) -> None:
    # 1 2 (3 4): the replay sees 3 again, with the calls of the step from 4.
    again = looping(4, 1, 2, 3, 4, 3, witness=("w",))
    runs(first=looping(3, 1, 2, 3, 4), **{f"{LIVE}-replay": again})
    (verdict,) = check(request_for(LIVE))
    assert verdict.result is Result.VIOLATED and verdict.trace is not None
    assert (verdict.length, verdict.trace.length, verdict.trace.loop) == (5, 5, 4)
    assert [s.values["free"] for s in _states(verdict)] == [1, 2, 3, 4, 3]
    assert _exit_code([verdict]) == ExitCode.SAFETY


@pytest.mark.parametrize(
    "again",
    [
        replace(OK, temporal=True),
        looping(4, 1, 2, 3, 4, 4, witness=("w",)),  # does not come back to the third state
        looping(4, 1, 2, 9, 4, 3, witness=("w",)),  # another way
        looping(None, 1, 2, 3, 4, witness=("w",)),  # stands still where there was a loop
        looping(4, 1, 2, 3, 4, 3),  # nobody waits in the loop
        looping(2, 1, 2),
    ],
    ids=["no loop", "no way back", "another way", "stands still", "nobody waits", "too short"],
)
def test_a_loop_that_the_replay_does_not_go_round_is_no_verdict(
    request_for: RequestFor, runs: Put, again: Report
) -> None:
    again = replace(again, trace=tuple(_with_witness(s) for s in again.trace))
    runs(first=looping(3, 1, 2, 3, 4), **{f"{LIVE}-replay": again})
    (verdict,) = check(request_for(LIVE))
    assert verdict.result is Result.NO_VERDICT
    assert "did not confirm" in verdict.message


def _states(verdict: Verdict) -> Any:
    return verdict.trace.states if verdict.trace else ()


def _with_witness(one: TraceState) -> TraceState:
    return replace(one, values={"witness": (), **one.values})


def test_a_caller_that_could_not_go_on_is_no_verdict(request_for: RequestFor, runs: Put) -> None:
    runs(first=violates("CallersGoOn"))
    (verdict,) = check(request_for(LIVE))
    assert verdict.result is Result.NO_VERDICT and "CallersGoOn" in verdict.message


def test_loops_are_searched_for_alone_as_tlc_does_not_say_what_is_violated(
    request_for: RequestFor, runs: Put
) -> None:
    made = runs(first=OK, others=OK, **{LIVE: replace(OK, temporal=True)})
    found = check(request_for(ONE, "Conservation", LIVE))
    assert {v.result for v in found} == {Result.HOLDS}
    asked = {name: kwargs["cfg"].split() for name, kwargs in made.calls}
    assert asked[LIVE] == [LIVE, "Conservation"]


# --- a search without a bound -----------------------------------------------------------------


def test_nothing_is_searched_for_beyond_a_lost_page(request_for: RequestFor, runs: Put) -> None:
    made = runs(
        first=violates("Conservation"),
        others=violates("Conservation"),
        **{f"{name}-replay": replayed() for name in ("Conservation", ONE)},
    )
    found = by_name(check(request_for(ONE, "FreelistHygiene", "Conservation")))
    assert found["Conservation"].result is Result.VIOLATED
    for name in (ONE, "FreelistHygiene"):
        assert found[name].result is Result.NO_VERDICT
        assert "Conservation is violated" in found[name].message
    assert sorted(made.names) == ["Conservation-replay", "first", "others"]


def test_what_is_violated_before_a_page_is_lost_is_told(request_for: RequestFor, runs: Put) -> None:
    found = runs(first=violates(ONE), **{f"{ONE}-replay": replayed()})
    assert check(request_for(ONE))[0].result is Result.VIOLATED
    assert found.calls[0][1]["cfg"].split() == [ONE, "Conservation"]


# --- a number ---------------------------------------------------------------------------------

COST = "HotPathCost"


def needs(operations: object) -> Report:
    """TLC found a step that takes so many list operations."""
    found = replace(violates(COST), outcome=Outcome.ACTION_PROPERTY)
    last = state(3, 3, list_ops=operations)
    return replace(found, trace=(*found.trace[:2], last))


def test_a_cost_is_what_tlc_finds_nothing_above(request_for: RequestFor, runs: Put) -> None:
    followed = replayed()
    last = state(3, 3, list_ops=4, confirmed=True, witness=("w",))
    states = (*(state(n, n, list_ops=n) for n in (1, 2)), last)
    one = needs(4)
    one = replace(one, trace=states)
    made = runs(
        **{
            f"{COST}-0": needs(2),
            f"{COST}-2": one,
            f"{COST}-4": OK,
            f"{COST}-replay": replace(followed, trace=states),
        }
    )
    (verdict,) = check(request_for(COST))
    assert (verdict.result, verdict.measured) == (Result.MEASURED, 4)
    assert verdict.trace is not None
    assert len(made.names) == 4
    assert _exit_code([verdict]) == 0


@pytest.mark.parametrize("last", [0, 2, "many"])
def test_a_cost_that_does_not_grow_is_no_verdict(
    request_for: RequestFor, runs: Put, last: object
) -> None:
    runs(**{f"{COST}-0": needs(2), f"{COST}-2": needs(last)})
    (verdict,) = check(request_for(COST))
    assert (verdict.result, verdict.measured) == (Result.NO_VERDICT, None)


def test_a_cost_whose_last_search_did_not_end_is_no_verdict(
    request_for: RequestFor, runs: Put
) -> None:
    killed = replace(OK, outcome=Outcome.KILLED, message="stopped", completed=False)
    runs(**{f"{COST}-0": needs(2), f"{COST}-2": killed})
    assert check(request_for(COST))[0].result is Result.NO_VERDICT


# --- what happens at all ----------------------------------------------------------------------

COVERED = "CanContend"


def seen(*names: str) -> Report:
    return replace(OK, printed=tuple(f'"happens: {name}"' for name in names))


KNOWN = actions(render(DESIGN, Zone(), [properties()[COVERED]]))


def test_what_happens_in_one_zone_need_not_happen_in_another(
    request_for: RequestFor, runs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runs(**{f"{COVERED}-1": seen(*KNOWN - {"GiveBack"}), f"{COVERED}-2": seen("GiveBack")})
    monkeypatch.setattr("gen.check.coverage.actions", lambda _spec: KNOWN)
    assert check(request_for(COVERED))[0].result is Result.HOLDS
    assert made.names == [f"{COVERED}-1", f"{COVERED}-2"]


def test_an_action_that_never_happens_makes_it_vacuous(
    request_for: RequestFor, runs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(**{f"{COVERED}-{n}": seen(*KNOWN - {"GiveBack"}) for n in (0, 1, 2)})
    monkeypatch.setattr("gen.check.coverage.actions", lambda _spec: KNOWN)
    (verdict,) = check(request_for(COVERED))
    assert verdict.result is Result.VACUOUS and verdict.message.endswith("in no zone: GiveBack")


@pytest.mark.parametrize(
    "cut", [replace(seen("AllocPages"), outcome=Outcome.KILLED, completed=False)]
)
def test_counts_of_a_search_that_did_not_end_are_no_verdict(
    request_for: RequestFor, runs: Put, cut: Report
) -> None:
    runs(**{f"{COVERED}-1": cut})
    assert check(request_for(COVERED))[0].result is Result.NO_VERDICT
