"""A proof: obligations, each a complete run of TLC, met one after the other.

What is proved, and why it is enough, is said in ``specs/README.md``, "What a proof is".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from gen.check.jobs import ended_first, finish
from gen.check.request import Check
from gen.check.runner import run_spec
from gen.check.session import Stopped, check
from gen.check.verdict import Result, Verdict
from gen.files import sha256
from gen.model.property import Property, properties
from gen.model.render import actions, happening, render_boot, render_locality
from gen.model.zone import GRAINS, Zone
from gen.prove.obligations import (
    OBLIGATIONS,
    Obligation,
    Proof,
    Run,
    induction,
    inductive,
    locality_zones,
    tla_hash,
)
from gen.tlc.report import Report
from gen.tlc.spec import Spec

OnObligation = Callable[[Obligation], None]


#: Obligations that rest on one another, in their order; the chains are met side by side.
CHAINS = (("windows", "induction", "vacuity", "resolution"), ("locality", "grain"))


def prove(request: Check, names: Sequence[str], on_obligation: OnObligation) -> Proof:
    """Meet the obligations of these names.

    ``on_obligation`` is called as each is decided, from other threads, one at a time.  Raises
    what ended it before its end: KeyboardInterrupt, or GenError for trouble that is not TLC's.
    """
    prover = _Prover(request)
    done: dict[str, Obligation] = {}
    lock = threading.Lock()

    def meet(chain: Sequence[str]) -> None:
        for name in chain:
            if name in names:
                begun = time.monotonic()
                made = getattr(prover, name)()
                with lock:
                    done[name] = replace(made, seconds=time.monotonic() - begun)
                    on_obligation(done[name])

    jobs: list[Future[None]] = []
    try:
        with ThreadPoolExecutor(len(CHAINS)) as pool, ended_first(jobs, prover.stop.set):
            for chain in CHAINS:
                jobs.append(pool.submit(meet, chain))
            finish(jobs)
    except Stopped as e:
        raise e.cause from None
    met = tuple(done[name] for name in OBLIGATIONS if name in done)
    return Proof(request, met, tuple(prover.known()))


class _Prover:
    """Meets obligations; each finds what the earlier ones have shown in ``verdicts``."""

    def __init__(self, request: Check) -> None:
        self.request = request
        self.stop = threading.Event()
        self.verdicts: dict[str, Verdict] = {}
        #: What the run of the induction has printed of sections that happen, and may happen.
        self.happening: tuple[set[str], set[str]] | None = None

    def known(self) -> Iterable[Verdict]:
        for prop in self.request.properties:
            unknown = Verdict(prop, Result.NO_VERDICT, message="the windows were not searched")
            yield self.verdicts.get(prop.name, unknown)

    def inductive(self) -> list[Property]:
        """The properties that the invariant is made of, but those known to be violated."""
        return inductive(
            self.request, [p.name for p in self.request.properties if self.violated(p)]
        )

    def violated(self, prop: Property) -> bool:
        verdict = self.verdicts.get(prop.name)
        return verdict is not None and verdict.result is Result.VIOLATED

    # ---- the obligations ---------------------------------------------------------------

    def windows(self) -> Obligation:
        verdicts = self._check(self._into("windows"))
        self.verdicts = {v.prop.name: v for v in verdicts}
        held = [v for v in verdicts if v.result is Result.HOLDS]
        open_ = [v for v in verdicts if v.result is Result.NO_VERDICT]
        runs = _searches(held)
        callers = self.request.zone.isolators
        most = max((v.distinct for v in held), default=0)
        message = (
            f"{len(held)} of {len(verdicts)} properties hold, with up to {callers} "
            f"caller{'s' * (callers != 1)}; {most:,} states"
        )
        if open_:
            message += f"; no verdict on {', '.join(v.prop.name for v in open_)}"
        return Obligation("windows", not open_, message, runs)

    def induction(self) -> Obligation:
        return self._induct("induction", self.request.zone)

    def vacuity(self) -> Obligation:
        if self.happening is None:
            return Obligation("vacuity", False, "the induction was not tried, or failed")
        zone = replace(self.request.zone, isolators=0)
        spec = render_boot(self.request.design, zone, self.inductive(), self.request.made_by)
        report = self._run(spec, "vacuity")
        runs = (_run("vacuity", spec, report),)
        if not report.ok:
            return Obligation("vacuity", False, f"the state after boot: {report.message}", runs)
        happen, may = self.happening
        if not may or may - happen:
            never = ", ".join(sorted(may - happen)) or "none is known"
            return Obligation("vacuity", False, f"sections that never happen: {never}", runs)
        message = f"boot is one of these states; {len(may)} of {len(may)} sections happen"
        return Obligation("vacuity", True, message, runs)

    def locality(self) -> Obligation:
        runs = []
        said = []
        for zone in locality_zones(self.request.zone):
            label = f"locality-{zone.pageblocks // zone.chunk_pageblocks}"
            spec = render_locality(self.request.design, zone, self.request.made_by)
            report = self._run(spec, label)
            runs.append(_run(label, spec, report))
            chunks = zone.pageblocks // zone.chunk_pageblocks
            if not report.ok:
                message = f"{chunks} chunks: {report.message}"
                return Obligation("locality", False, message, tuple(runs))
            said.append(
                f"{chunks} chunks of {zone.chunk_pageblocks}: {report.distinct or 0:,} states"
            )
        return Obligation("locality", True, "; ".join(said), tuple(runs))

    def resolution(self) -> Obligation:
        zone = self.request.zone
        if zone.min_order == 0:
            return Obligation("resolution", True, "every page is told apart already")
        finer = replace(zone, min_order=zone.min_order - 1)
        again = replace(self._into("resolution"), zone=finer)
        verdicts = self._check(again)
        message = f"orders {finer.min_order} and up: "
        odd = [
            f"{now.prop.name} {now.result.value}, not {then.result.value}"
            for now, then in zip(verdicts, self.known(), strict=True)
            if now.result is not then.result
        ]
        if odd:
            return Obligation("resolution", False, message + "; ".join(odd))
        runs = _searches([v for v in verdicts if v.result is Result.HOLDS])
        most = max((run.distinct for run in runs), default=0)
        message += f"the same verdicts, {most:,} states"
        if self.happening is None:
            return Obligation("resolution", True, message, runs)
        made = self._induct("resolution", finer)
        return replace(made, message=f"{message}; {made.message}", runs=(*runs, *made.runs))

    # ---- runs ----------------------------------------------------------------------------

    def _induct(self, name: str, zone: Zone) -> Obligation:
        asked = self.inductive()
        wanted = [p for p in self.request.properties if p.inductive]
        broken = [p.name for p in wanted if self.violated(p)]
        if broken:
            message = f"the invariant is violated: {', '.join(broken)}"
            return Obligation(name, False, message)
        zone = replace(zone, isolators=0)
        label = f"induction-{zone.min_order}"
        spec = induction(self.request, zone, asked)
        report = self._run(spec, label)
        runs = (_run(label, spec, report),)
        if report.ok:
            if name == "induction":
                self.happening = happening(report.printed), actions(spec)
            message = (
                f"{', '.join(p.name for p in asked)}: {report.initial_states or 0:,} states, "
                f"{(report.generated or 0) - (report.initial_states or 0):,} steps"
            )
            return Obligation(name, True, message, runs)
        prop = next((p for p in asked if p.name == report.violated), None)
        if prop is None or not report.trace:
            return Obligation(name, False, f"no verdict: {report.message}", runs)
        message = f"{prop.name} is not inductive"
        if name != "induction":
            return Obligation(name, False, message, runs)
        boot = self._from_boot(properties()[prop.name])
        if boot.result is Result.VIOLATED:
            message += f", and violated from boot, in {boot.length} states"
            return Obligation(name, False, message, runs)
        held = boot.result is Result.HOLDS
        message += (
            "; no state of a window is like that, so the invariant is to be strengthened"
            if held
            else "; whether such a state is reached from boot is not known"
        )
        # From a state in which the invariant holds to one in which it does not, drawn.
        (leaves,) = self._check(replace(self._into("leaves"), zone=zone, properties=(prop,)))
        return Obligation(name, False, message, runs, counterexample=leaves)

    def _from_boot(self, prop: Property) -> Verdict:
        """What the windows say of a property."""
        if prop.name not in self.verdicts:
            (verdict,) = self._check(replace(self._into("from-boot"), properties=(prop,)))
            self.verdicts[prop.name] = verdict
        return self.verdicts[prop.name]

    def grain(self) -> Obligation:
        # One chunk: in the step grain every CPU's place in every section is in the state.
        zone = replace(locality_zones(self.request.zone)[0], isolators=1)
        zone = replace(zone, pageblocks=zone.chunk_pageblocks)
        asked = [p for p in self.request.properties if p.by_default]
        said = []
        for grain in GRAINS:
            request = replace(self._into(f"grain-{grain}"), zone=replace(zone, grain=grain))
            verdicts = self._check(replace(request, properties=tuple(asked)))
            said.append({v.prop.name: v.result for v in verdicts})
            most = max((v.distinct for v in verdicts), default=0)
        odd = [name for name in said[0] if said[0][name] is not said[1][name]]
        unknown = [name for name in said[1] if said[1][name] is Result.NO_VERDICT]
        if odd or unknown:
            return Obligation("grain", False, f"not the same: {', '.join(odd or unknown)}")
        message = f"{len(asked)} properties, the same verdicts; {most:,} states call by call"
        return Obligation("grain", True, message)

    def _run(self, spec: Spec, label: str) -> Report:
        return run_spec(self.request, spec, label, self.stop)

    def _check(self, request: Check) -> list[Verdict]:
        return check(request, stop=self.stop)

    def _into(self, name: str) -> Check:
        """The request with a directory of its own for its runs."""
        directory = self.request.run_dir / name
        directory.mkdir()
        return replace(self.request, run_dir=directory)


def _searches(held: Sequence[Verdict]) -> tuple[Run, ...]:
    """The searches in which properties held, by the names of those properties."""
    names: dict[Spec, list[Verdict]] = {}
    for verdict in held:
        if verdict.spec is not None:
            names.setdefault(verdict.spec, []).append(verdict)
    return tuple(
        Run(
            ", ".join(v.prop.name for v in some),
            tla_hash(spec),
            sha256(spec.cfg),
            some[0].distinct,
            some[0].generated,
            some[0].depth,
        )
        for spec, some in names.items()
    )


def _run(label: str, spec: Spec, report: Report) -> Run:
    return Run(
        label,
        tla_hash(spec),
        sha256(spec.cfg),
        report.distinct or 0,
        report.generated or 0,
        report.depth or 0,
    )
