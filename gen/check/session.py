"""A check: which properties hold, and for each that does not, a replayed counterexample."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from gen.check.request import Check
from gen.check.shortest import GRAPH, Shortest, choose
from gen.check.verdict import OnProgress, OnVerdict, Result, Verdict
from gen.errors import ExitCode, GenError
from gen.model.property import SAFETY, Kind, Property, properties
from gen.model.render import (
    Replay,
    actions,
    happening,
    render_replay,
    render_shortest,
    replay_state,
    zone_for,
)
from gen.tlc.cache import content_key
from gen.tlc.command import LOG
from gen.tlc.report import Outcome, Progress, Report, TraceState
from gen.tlc.spec import Spec
from gen.tlc.task import Task
from gen.tlc.value import format_value
from gen.trace.trace import Trace, trace_from_replay

#: Steps that the calls which are open at the violation may run on in the replay.
GO_ON = 12
#: Where it is violated no search has an end.
CONSERVATION = "Conservation"

UNBOUNDED = (
    "pages are lost, or there twice (Conservation is violated): from there on the search has no "
    "bound; up to there nothing was found"
)

#: Why there is no verdict although TLC found a counterexample, and one reason for that.
UNCONFIRMED = "TLC found a counterexample but its replay did not confirm it: "

ANOTHER_WAY = "it took another way"

#: A search that saw more states than this is not made again only to choose among counterexamples.
MOST_TO_CHOOSE = 20_000

#: What a run that gave no verdict ends the command with.
_EXIT_CODES = {
    Outcome.ASSUMPTION: ExitCode.ASSUMPTION,
    Outcome.ASSERTION: ExitCode.ASSERTION,
    Outcome.DEADLOCK: ExitCode.DEADLOCK,
    Outcome.EVALUATION: ExitCode.EVALUATION,
    Outcome.PARSE: ExitCode.PARSE,
    Outcome.CONFIG: ExitCode.CONFIG,
    Outcome.BAD_OPTION: ExitCode.CONFIG,
}
#: Whether a report settles what TLC was asked, so that it need not be asked again.
IsFinal = Callable[[Report], bool]


class Stopped(Exception):  # noqa: N818  (it may be no error, but the user's wish)
    """A check that was ended before its end, by Ctrl-C or by trouble that is not TLC's.

    ``verdicts``: one for each property, in their order; NO_VERDICT where it was not known yet.
    ``cause``: the KeyboardInterrupt or the GenError.
    """

    def __init__(self, verdicts: list[Verdict], cause: KeyboardInterrupt | GenError) -> None:
        super().__init__(str(cause) or "interrupted")
        self.verdicts = verdicts
        self.cause = cause


@dataclass(frozen=True)
class _Followed:
    """A counterexample, what TLC said when it followed it, and whether that confirms it."""

    found: Report
    report: Report
    confirmed: bool


@dataclass
class _Session:
    """The runs of one check, on some threads; everything shared is guarded by ``lock``."""

    check: Check
    on_progress: OnProgress
    on_verdict: OnVerdict
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    replays: list[Future[None]] = field(default_factory=list)
    #: The modules that were searched, by the name of the search.
    asked: dict[str, Spec] = field(default_factory=dict)

    def tell(self, verdict: Verdict) -> None:
        with self.lock:
            self.verdicts[verdict.prop.name] = verdict
            self.on_verdict(verdict)

    def time_left(self) -> float | None:
        if self.check.tlc.timeout is None:
            return None
        return max(self.started + self.check.tlc.timeout - time.monotonic(), 0.01)

    def run(
        self,
        spec: Spec,
        label: str,
        workers: int,
        final: IsFinal,
        dump: str | None = None,
    ) -> Report:
        """What TLC says of a spec; of one that has a final report it is not asked again.

        ``dump``: the name of a file for the state graph, which only a run can make.
        """
        if self.stop.is_set():
            raise GenError("no verdict: stopped", ExitCode.NO_VERDICT)
        directory = self.check.run_dir / label
        toolchain = self.check.toolchain
        task = Task(spec, replace(self.check.tlc, workers=workers), dump)
        cache = None if dump else self.check.cache
        key = self.key(task)
        known = cache.load(key, final) if cache else None
        if known:
            return known

        def progress(reported: Progress | None, elapsed: float) -> None:
            with self.lock:
                self.on_progress(label, reported, elapsed)

        report = self.check.executor.run(
            *(task, toolchain, directory),
            timeout=self.time_left(),
            on_progress=progress,
            stop=self.stop,
        )
        if cache and final(report):
            cache.store(key, directory / LOG, report)
        return replace(report, message=self.reason(report)) if not report.ok else report

    def key(self, task: Task, *more: str) -> str:
        """What TLC's answer is kept by; ``more``: what is made of it depends on that, too."""
        toolchain = self.check.toolchain
        # In any directory: where a run was made is not what it was.
        return content_key(task.spec, toolchain, task.command(toolchain, Path("/")), *more)

    def reason(self, report: Report) -> str:
        """Why a run has no verdict, in the words of the options that the user has given."""
        options = self.check.tlc
        if report.outcome is Outcome.OUT_OF_MEMORY:
            heap = self.check.executor.heap(options)
            return f"the heap of {heap} was not enough; a larger --heap may fit"
        if report.outcome is Outcome.KILLED and self.stop.is_set():
            return f"stopped after {time.monotonic() - self.started:.1f} s"
        if report.outcome is Outcome.KILLED and self.is_late():
            return f"the --timeout of {options.timeout:g} s was reached"
        return report.message or report.outcome.value

    def is_late(self) -> bool:
        """Whether the time that the user has given is over."""
        timeout = self.check.tlc.timeout
        return timeout is not None and time.monotonic() >= self.started + timeout

    def search(self, properties: Sequence[Property], label: str) -> Report:
        """What TLC says of these, and of the pages: see ``_guarded``."""
        properties = _guarded(properties)
        spec = self.check.spec(properties)
        self.asked[label] = spec
        asked = spec.cfg.split()
        if lost := [p.name for p in properties if p.name not in asked]:
            raise GenError(f"no verdict: TLC is not asked about {lost[0]}", ExitCode.CONFIG)

        def final(report: Report) -> bool:
            return _holds_all(report, properties) or _violated(report, properties) is not None

        report = self.run(spec, label, self.check.tlc.workers, final)
        if self.check.tlc.workers > 1 and report.trace:
            # Several workers find some counterexample; one finds the shortest, each time.
            again = self.run(spec, label + "-again", 1, final)
            if _holds_all(again, properties):  # one of the two runs is wrong
                found = f"{self.check.tlc.workers} workers found a counterexample"
                return replace(report, violated=None, message=f"{found}, one found none")
            report = again
        return report

    def choose(self, prop: Property, found: Report) -> Shortest | str:
        """Look at every counterexample that is as short as the one that was found.

        A text says why there are too many to look at: the one that was found is still one.
        """
        check = self.check
        spec = render_shortest(check.design, check.zone, prop, len(found.trace), check.made_by)
        # Other properties' variables may have been in the state that was searched.
        state = replay_state(check.design, check.zone, prop)
        known = [
            replace(one, values={name: one.values[name] for name in state}) for one in found.trace
        ]
        task = Task(spec, replace(check.tlc, workers=1), GRAPH)
        key = self.key(task, *(format_value(s.values[name]) for s in known for name in state))
        if check.cache and (kept := check.cache.load_choice(key)):
            with contextlib.suppress(ValueError):
                return Shortest.from_text(kept)
        label = f"{prop.name}-shortest"
        report = self.run(spec, label, 1, lambda report: report.ok, GRAPH)
        if not report.ok:
            return report.message
        try:
            dot = (check.run_dir / label / f"{GRAPH}.dot").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise GenError(f"no verdict: TLC's state graph: {error}", ExitCode.SYSTEM) from None
        chosen = choose(dot, known, check.zone)
        if check.cache:
            check.cache.store_choice(key, chosen.to_text())
        return chosen

    def easiest(self, prop: Property, found: Report) -> tuple[_Followed, Shortest | str | None]:
        """Follow the counterexample that is to be drawn: the one that was found, or a better one.

        The one that was found often is the best, so it is followed while the others are
        looked at.
        """
        small = (found.distinct or 0) <= MOST_TO_CHOOSE and self.check.zone.grain == "fused"
        wanted = self.check.all_shortest or (self.check.easiest and small)
        if not wanted or prop.kind not in SAFETY:
            return self.follow(prop, found), None
        with ThreadPoolExecutor(1) as aside:
            likely = aside.submit(self.follow, prop, found)
            shortest = self.choose(prop, found)
        if isinstance(shortest, str) or all(
            there.values.items() <= here.values.items()
            for here, there in zip(found.trace, shortest.trace, strict=True)
        ):
            followed = likely.result()
        else:
            found = replace(found, trace=shortest.trace)
            followed = self.follow(prop, found, f"{prop.name}-easiest-replay")
        return followed, shortest if self.check.all_shortest else None

    def follow(self, prop: Property, found: Report, label: str = "") -> _Followed:
        """Let TLC follow a counterexample once more."""
        states = [
            {name: format_value(value) for name, value in state.values.items()}
            for state in found.trace
        ]
        replay = Replay(states, prop, GO_ON, found.back_to)
        spec = render_replay(self.check.design, self.check.zone, replay, self.check.made_by)
        state = replay_state(self.check.design, self.check.zone, prop)

        def final(report: Report) -> bool:
            if prop.kind is Kind.LIVENESS:
                return _confirms_loop(report, found, state)
            return _confirms(report, found.trace, state)

        report = self.run(spec, label or f"{prop.name}-replay", 1, final)
        return _Followed(found, report, final(report))

    def replay(
        self, prop: Property, found: Report, seconds: float, measured: Verdict | None = None
    ) -> None:
        """Let TLC follow its own counterexample once more, and keep what it logged."""
        begun = time.monotonic()
        followed, shortest = self.easiest(prop, found)
        found, report = followed.found, followed.report
        seconds += time.monotonic() - begun
        if not followed.confirmed:
            self.tell(
                Verdict(
                    prop,
                    Result.NO_VERDICT,
                    seconds=seconds,
                    message=f"{UNCONFIRMED}{report.message or ANOTHER_WAY}",
                    code=_code(report),
                )
            )
            return
        length, loop, logged = len(found.trace), found.back_to, report.trace
        if loop is not None:
            # The state where the loop begins comes again, reached by the loop's last step.
            length, loop = length + 1, loop + 1
            logged = tuple(_unrolled(report, length))
        trace = trace_from_replay(
            self.check.design.name, zone_for(self.check.zone, [prop]), prop, length, logged
        )
        if loop is not None:
            trace = replace(trace, loop=loop)
        if measured is not None:
            self.tell(replace(measured, length=length, seconds=seconds, trace=trace))
            return
        self.tell(
            Verdict(
                prop,
                Result.HOLDS if prop.kind is Kind.REACHABLE else Result.VIOLATED,
                length=length,
                distinct=found.distinct or 0,
                generated=found.generated or 0,
                seconds=seconds,
                trace=trace,
                code=ExitCode.OK if prop.kind is Kind.REACHABLE else ExitCode.SAFETY,
                shortest=shortest,
            )
        )

    def cover(self, prop: Property) -> None:
        """Count which actions happen, in one zone after the other, until all have happened.

        That an action happens is shown by any run; that it never does, by complete ones.
        """
        begun = time.monotonic()
        zone = self.check.zone
        known: set[str] = set()
        seen: set[str] = set()
        report = None
        for isolators in dict.fromkeys((zone.isolators or 1, 1, 2, 0)):
            check = replace(self.check, zone=replace(zone, isolators=isolators))
            spec = check.spec(_guarded([prop]))
            label = f"{prop.name}-{isolators}"
            report = self.run(spec, label, 1, lambda r: r.ok)
            seconds = time.monotonic() - begun
            if not report.ok:
                self.tell(_no_verdict(prop, report, seconds))
                return
            known |= actions(spec)
            seen |= happening(report.printed)
            if known and known <= seen:
                self.tell(_holds(prop, report, seconds))
                return
        never = ", ".join(sorted(known - seen))
        self.tell(Verdict(prop, Result.VACUOUS, message=f"never happens, in no zone: {never}"))

    def measure(self, prop: Property) -> None:
        """Raise the bound to what TLC finds above it, until there is nothing above it."""
        begun = time.monotonic()
        found: tuple[Property, Report] | None = None
        bound = 0
        while not self.stop.is_set():
            bounded = replace(prop, bound=bound)
            report = self.search([bounded], f"{prop.name}-{bound}")
            seconds = time.monotonic() - begun
            if _holds_all(report, [bounded]):
                measured = replace(
                    _holds(prop, report, seconds), result=Result.MEASURED, measured=bound
                )
                if found:
                    self.replay(*found, seconds, measured)
                else:
                    self.tell(measured)
                return
            above = report.trace[-1].values.get("list_ops") if report.trace else None
            if _violated(report, [bounded]) is None or not isinstance(above, int) or above <= bound:
                self.tell(_no_verdict(prop, report, seconds))
                return
            found, bound = (bounded, report), above

    def judge(self, properties: Sequence[Property], label: str, pool: ThreadPoolExecutor) -> None:
        """A verdict for each of these: search, set aside what is violated, search again."""
        if [p.kind for p in properties] == [Kind.COST]:
            self.measure(properties[0])
            return
        if [p.kind for p in properties] == [Kind.COVERAGE]:
            self.cover(properties[0])
            return
        left = list(properties)
        while left and not self.stop.is_set():
            begun = time.monotonic()
            report = self.search(left, label)
            seconds = time.monotonic() - begun
            if _holds_all(report, left):
                for prop in left:
                    held = _holds(prop, report, seconds)
                    self.tell(replace(held, spec=self.asked[label]))
                return
            violated = _violated(report, _guarded(left))
            if violated is not None and violated.name == CONSERVATION:
                # Without an end of its own: what is lost or doubled once is so again and again.
                for prop in left:
                    if prop is not violated:
                        self.tell(_no_verdict(prop, replace(report, message=UNBOUNDED), seconds))
                left = [prop for prop in left if prop is violated]
            if violated is None:
                for prop in left:
                    self.tell(_no_verdict(prop, report, seconds))
                return
            if violated not in left:
                return
            left.remove(violated)
            label = f"without-{violated.name}"
            if violated is properties[0] and len(properties) == 1:
                self.replay(violated, report, seconds)
            else:
                replay = pool.submit(self.replay, violated, report, seconds)
                with self.lock:
                    self.replays.append(replay)


_VIOLATIONS = (Outcome.INVARIANT, Outcome.ACTION_PROPERTY)


def _violated(report: Report, asked: Sequence[Property]) -> Property | None:
    """The property that a search has found a counterexample to, if it was asked about it."""
    if not report.trace:
        return None
    if report.outcome is Outcome.TEMPORAL:
        live = [p for p in asked if p.kind is Kind.LIVENESS]
        return live[0] if len(live) == 1 else None  # TLC does not name it
    if report.outcome not in _VIOLATIONS:
        return None
    return next((p for p in asked if p.name == report.violated), None)


def _guarded(asked: Sequence[Property]) -> list[Property]:
    """What is asked, and Conservation: once pages are lost the states have no bound.

    So a search for anything else ends where that begins.
    """
    guard = properties()[CONSERVATION]
    if guard in asked or any(p.start != guard.start for p in asked):
        return list(asked)
    return [*asked, guard]


def _holds_all(report: Report, asked: Sequence[Property]) -> bool:
    """Whether TLC has searched every state, and with liveness the loops too."""
    return report.ok and (report.temporal or all(p.kind is not Kind.LIVENESS for p in asked))


def _unrolled(report: Report, length: int) -> list[TraceState]:
    """The first ``length`` states of a behaviour with a loop, going round as often as needed."""
    states = list(report.trace)
    while report.back_to and len(states) < length:
        states += report.trace[report.back_to - 1 :]
    return states[:length]


def _confirms_loop(report: Report, found: Report, state: Sequence[str]) -> bool:
    """Whether a replay has gone through stem and loop, back to the loop's first state.

    That nobody is treated unfairly meanwhile, and that the property is violated, is what
    TLC says once more.
    """
    if report.outcome is not Outcome.TEMPORAL or not report.trace:
        return False
    loop = found.back_to
    if not loop or loop > len(found.trace):
        return False
    wanted = [*found.trace, found.trace[loop - 1]]
    followed = _unrolled(report, len(wanted))
    return (
        len(followed) == len(wanted)
        and all(
            name in then.values and then.values[name] == now.values[name]
            for now, then in zip(wanted, followed, strict=True)
            for name in state
        )
        and all(then.values.get("witness") for then in followed[loop - 1 :])
    )


def _confirms(report: Report, found: Sequence[TraceState], state: Sequence[str]) -> bool:
    """Whether a replay has reached each state of the counterexample, and its violation.

    ``state``: the variables of the replay; the search may have had others for other properties.
    """
    if report.outcome is not Outcome.INVARIANT or report.violated != "NotReplayed":
        return False
    if len(report.trace) < len(found):
        return False
    same = all(
        name in then.values and then.values[name] == now.values[name]
        for now, then in zip(found, report.trace, strict=False)
        for name in state
    )
    last = report.trace[len(found) - 1].values
    return same and last.get("confirmed") is True and bool(last.get("witness"))


def _why_vacuous(request: Check, prop: Property) -> str:
    if not request.design.has(prop.needs):
        return f"{request.design.name} has nothing that {prop.name} speaks of"
    if prop.grain not in ("", request.zone.grain):
        return f"it is said of --grain {prop.grain} alone"
    return f"it speaks of {prop.isolators} or more isolators, there are {request.zone.isolators}"


def _holds(prop: Property, report: Report, seconds: float) -> Verdict:
    reachable = prop.kind is Kind.REACHABLE
    return Verdict(
        prop,
        Result.UNREACHABLE if reachable else Result.HOLDS,
        distinct=report.distinct or 0,
        generated=report.generated or 0,
        depth=report.depth or 0,
        seconds=seconds,
        message="within these bounds it is not possible" if reachable else "",
        code=ExitCode.SAFETY if reachable else ExitCode.OK,
    )


def _no_verdict(prop: Property, report: Report, seconds: float) -> Verdict:
    return Verdict(
        prop,
        Result.NO_VERDICT,
        distinct=report.distinct or 0,
        generated=report.generated or 0,
        seconds=seconds,
        message=report.message,
        code=_code(report),
    )


def _code(report: Report) -> ExitCode:
    return _EXIT_CODES.get(report.outcome, ExitCode.NO_VERDICT)


def _silent(*_: object) -> None:
    """Neither progress nor verdicts are told while the check runs."""


def check(
    request: Check,
    on_progress: OnProgress = _silent,
    on_verdict: OnVerdict = _silent,
    stop: threading.Event | None = None,
) -> list[Verdict]:
    """Run TLC as often as it takes for a verdict on every property, in their order.

    ``on_progress(run, progress, seconds)`` and ``on_verdict(verdict)`` are called from
    other threads, one at a time.  Raises Stopped on Ctrl-C, if ``stop`` is set while it
    runs, and on trouble that is not TLC's, a full disk for example.  However it ends, no
    TLC is left running.
    """
    session = _Session(request, on_progress, on_verdict, stop=stop or threading.Event())
    for prop in request.properties:
        if prop not in request.applicable:
            session.tell(
                Verdict(
                    prop,
                    Result.VACUOUS,
                    message=_why_vacuous(request, prop),
                )
            )
    jobs: list[Future[None]] = []
    with ThreadPoolExecutor(request.executor.lanes) as pool:
        try:
            for label, some in _searches(request.applicable).items():
                jobs.append(pool.submit(session.judge, some, label, pool))
            _finish(jobs)
            _finish(session.replays)
            if session.stop.is_set():
                raise GenError("no verdict: stopped", ExitCode.NO_VERDICT)
        except (KeyboardInterrupt, GenError) as e:
            _stop(session, jobs)
            raise Stopped(_known(session), e) from None
        except BaseException:
            _stop(session, jobs)
            raise
    return _known(session)


def confirm(request: Check, trace: Trace) -> Verdict:
    """Run TLC once more on exactly a trace: with a fresh trace, or NO_VERDICT.

    GenError if the variables of its states are not the design's.
    """
    prop, states, back_to = trace.prop, trace.states[: trace.length], None
    if prop.kind is Kind.LIVENESS and (trace.loop is None or trace.loop < 2):
        raise GenError(f"{prop.name} is violated by a loop, and there is none in this trace")
    if prop.kind is not Kind.LIVENESS and trace.loop is not None:
        raise GenError(f"{prop.name} is violated by a trace that ends, and here is a loop")
    if trace.loop is not None:
        # A trace has the first state of its loop once more at its end; TLC does not write it.
        states, back_to = states[:-1], trace.loop - 1
    wanted = set(replay_state(request.design, request.zone, prop))
    for number, state in enumerate(states, 1):
        if odd := sorted(wanted ^ set(state)):
            raise GenError(
                f"state {number} has not the variables of {request.design.name}: {', '.join(odd)}"
            )
    followed = tuple(TraceState(number, "", dict(state)) for number, state in enumerate(states, 1))
    found = Report(
        outcome=Outcome.INVARIANT if back_to is None else Outcome.TEMPORAL,
        exit_code=ExitCode.SAFETY,
        violated=prop.name,
        message="",
        trace=followed,
        back_to=back_to,
        stuttering=False,
        initial_states=None,
        generated=None,
        distinct=None,
        queue=None,
        depth=None,
        coverage={},
        printed=(),
        completed=False,
    )
    session = _Session(request, _silent, _silent)
    session.replay(prop, found, 0.0)
    return session.verdicts[prop.name]


def run_spec(request: Check, spec: Spec, label: str, stop: threading.Event | None = None) -> Report:
    """What TLC says of one module, in a directory of this name; complete, or a violation."""

    def final(report: Report) -> bool:
        return report.ok or bool(report.trace)

    session = _Session(request, _silent, _silent, stop=stop or threading.Event())
    return session.run(spec, label, request.tlc.workers, final)


def _searches(properties: Sequence[Property]) -> dict[str, list[Property]]:
    """The properties that are searched together, by the name of the search.

    The first is searched alone, as it is drawn.  Of the others those go together that keep
    the same in the state: what is kept for another property would only make for more
    states, and the replay of one property would not have it.  Each liveness property is
    searched alone, as TLC does not say which one a loop violates.
    """
    searches = {"first": [*properties[:1]]} if properties else {}
    labels: dict[frozenset[str], str] = {frozenset(): "others"}
    for prop in properties[1:]:
        if prop.kind in (Kind.COST, Kind.COVERAGE, Kind.LIVENESS):
            searches[prop.name] = [prop]
            continue
        alike = frozenset((*prop.keeps, *prop.features)) | ({prop.start} - {"Boot"})
        label = labels.setdefault(alike, prop.name)
        searches.setdefault(label, []).append(prop)
    return searches


def _known(session: _Session) -> list[Verdict]:
    """A verdict for each property, in their order."""
    return [
        session.verdicts.get(p.name) or Verdict(p, Result.NO_VERDICT, message="not checked")
        for p in session.check.properties
    ]


def _stop(session: _Session, jobs: Sequence[Future[None]]) -> None:
    """End every TLC; a second Ctrl-C does not cut that short, it takes two seconds at most."""
    session.stop.set()
    # Not by joining the threads: up to Python 3.12 an interrupted join() takes the thread
    # for ended, and the interpreter then ends without it, and without its TLC's end.
    while not all(job.done() for job in (*jobs, *session.replays)):
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(0.02)


def _finish(jobs: Sequence[Future[None]]) -> None:
    """Wait for all, or for the first that fails, and raise what it raised."""
    pending = set(jobs)
    while pending:
        # In short waits: Ctrl-C must reach this thread at once.
        done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
        for job in done:
            job.result()
