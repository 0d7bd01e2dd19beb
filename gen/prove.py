"""A proof: obligations, each a complete run of TLC, and what they come to for each property.

What is proved, and why it is enough, is said in ``specs/README.md``, "What a proof is".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from gen.check import Check, Result, Stopped, Verdict, check, run_spec
from gen.errors import ExitCode, GenError
from gen.render import Spec, actions, happening, render, render_locality
from gen.specs import CERTIFICATES, Property, find_design, find_properties, properties
from gen.tlc_output import Report
from gen.zone import GRAINS, Zone

#: The obligations by name, in the order in which they are met, and what each shows.
OBLIGATIONS = {
    "windows": "TLC has searched every state of a window",
    "induction": "from any state in which the invariant holds, no section leaves it",
    "vacuity": "the state after boot is one of these, and every section happens",
    "locality": "each chunk of a zone behaves like the window",
    "resolution": "a finer resolution gives the same verdicts",
    "grain": "the calls of a hold, one by one, give the same verdicts",
}
#: The configuration in which TLC finds the state after boot among those of the induction.
BOOT = "INIT BootIsAny\nNEXT Nothing\n"


class Outlook(Enum):
    """What a proof says of one property."""

    #: For any number of CPUs and of callers, in a zone of any size, for runs of any length.
    PROVED = "proved"
    #: For any number of CPUs and as many callers as the zone has, in a zone of any size.
    EXHAUSTED = "proved by exhausting the windows"
    #: Every state of a window holds it, but an obligation that it rests on was not met.
    BOUNDED = "holds within bounds"
    VIOLATED = "violated"
    #: The design, or the zone, has nothing that the property speaks of.
    VACUOUS = "vacuous"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True)
class Run:
    """One run of TLC that an obligation rests on, by the content of what was asked.

    ``tla``, ``cfg``: SHA-256 of the module without its header, and of its configuration.
    """

    label: str
    tla: str
    cfg: str
    distinct: int
    generated: int
    depth: int

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class Obligation:
    """One thing that was to be shown; ``met`` is False if it was not, whatever the reason."""

    name: str
    met: bool
    #: What was shown, with numbers, or why it was not.
    message: str
    runs: tuple[Run, ...] = ()
    seconds: float = 0.0
    #: Its trace: a state in which the invariant holds, and the next one, in which it does not.
    counterexample: Verdict | None = None

    def to_json(self) -> dict[str, Any]:
        """What a certificate keeps: all but how long it took."""
        return {
            "name": self.name,
            "shows": OBLIGATIONS[self.name],
            "met": self.met,
            "message": self.message,
            "runs": [run.to_json() for run in self.runs],
        }


@dataclass(frozen=True)
class Proof:
    """All obligations, and for each property what they come to."""

    request: Check
    obligations: tuple[Obligation, ...]
    #: What the search of the windows has said, in the order of the properties.
    verdicts: tuple[Verdict, ...]

    def met(self, name: str) -> bool:
        """Whether an obligation was asked for and met."""
        return any(o.name == name and o.met for o in self.obligations)

    def failed(self, name: str) -> bool:
        """Whether an obligation was asked for and not met."""
        return any(o.name == name and not o.met for o in self.obligations)

    def outlook(self, verdict: Verdict) -> Outlook:
        """What the obligations come to for a property."""
        if verdict.result is Result.VIOLATED:
            return Outlook.VIOLATED
        if verdict.result is Result.VACUOUS:
            return Outlook.VACUOUS
        common = self.met("locality") and not (self.failed("resolution") or self.failed("grain"))
        if verdict.prop.inductive and self.met("induction") and self.met("vacuity") and common:
            return Outlook.PROVED
        if verdict.result is not Result.HOLDS:
            return Outlook.NO_VERDICT
        return Outlook.EXHAUSTED if common else Outlook.BOUNDED

    @property
    def exit_code(self) -> ExitCode:
        """0 if every property is proved, TLC's code for a violation, 3 if one is neither."""
        found = {self.outlook(verdict) for verdict in self.verdicts}
        if Outlook.VIOLATED in found:
            return ExitCode.SAFETY
        proved = {Outlook.PROVED, Outlook.EXHAUSTED}
        done = found <= {*proved, Outlook.VACUOUS} and bool(found & proved)
        return ExitCode.OK if done else ExitCode.NO_VERDICT

    def to_json(self) -> dict[str, Any]:
        """The certificate; what it holds is the same for the same input."""
        check = self.request
        return {
            "format": FORMAT,
            "design": check.design.name,
            "source": check.design.source,
            "command": check.made_by,
            "zone": check.zone.flags,
            "jar_sha256": check.toolchain.jar_sha256,
            "properties": {
                v.prop.name: {
                    "result": self.outlook(v).value,
                    **({"length": v.length} if v.result is Result.VIOLATED else {}),
                    **({"why": v.message} if v.message else {}),
                }
                for v in self.verdicts
            },
            "obligations": [o.to_json() for o in self.obligations],
        }


FORMAT = "pageblock-gen certificate 1"

OnObligation = Callable[[Obligation], None]


def provable(prop: Property) -> bool:
    """Whether it is a safety property of what happens from boot on."""
    return prop.kind in ("state", "action") and prop.start == "Boot" and not prop.features


def load_certificate(path: Path) -> dict[str, Any]:
    """A certificate as it was written; GenError that says why it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise GenError(f"{path}: {getattr(e, 'strerror', None) or e}") from None
    except json.JSONDecodeError as e:
        raise GenError(f"{path}: not JSON: {e}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise GenError(f"{path}: no certificate; a certificate.json of gen prove fits")
    command = data.get("command")
    if not isinstance(command, str) or not command.startswith("gen prove --design "):
        raise GenError(f"{path}: its command is not one of gen prove")
    return data


def zone_of_any_size(zone: Zone) -> Zone:
    """The window that stands for a zone with these orders, whatever its size.

    GenError if a feature is asked for that the proof does not cover.
    """
    if odd := [f for f in zone.features if f not in ("pcp", "cma", "highatomic")]:
        raise GenError(
            f"--with {','.join(odd)}: gen prove has no proof for it; pcp, cma, highatomic fit"
        )
    return replace(zone, pageblocks=2 * zone.chunk_pageblocks, whole=False)


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

    with ThreadPoolExecutor(len(CHAINS)) as pool:
        jobs = [pool.submit(meet, chain) for chain in CHAINS]
        try:
            pending = set(jobs)
            while pending:
                # In short waits: Ctrl-C must reach this thread at once.
                ended, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                for job in ended:
                    job.result()
        except BaseException as e:
            prover.stop.set()
            while not all(job.done() for job in jobs):
                with contextlib.suppress(KeyboardInterrupt):
                    time.sleep(0.02)
            raise (e.cause if isinstance(e, Stopped) else e) from None
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
        return _inductive(
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
        spec = render(self.request.design, zone, self.inductive(), self.request.made_by)
        spec = replace(spec, cfg=BOOT)
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
        spec = _induction(self.request, zone, asked)
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


def _inductive(request: Check, violated: Sequence[str]) -> list[Property]:
    return [
        replace(p, start="AnyState", steps="AnySection")
        for p in request.properties
        if p.inductive and request.design.has(p.needs) and p.name not in violated
    ]


def _induction(request: Check, zone: Zone, asked: Sequence[Property]) -> Spec:
    zone = replace(zone, isolators=0)
    return render(request.design, zone, asked, request.made_by, covers=True)


def certified(request: Check) -> set[str]:
    """The properties that a committed certificate proves of a check's design and orders.

    Only if it is about the specs, the design and the jar as they are now.
    """
    path = CERTIFICATES / f"{request.design.name}.json"
    if not path.is_file() or find_design(request.design.name) != request.design:
        return set()
    try:
        kept = load_certificate(path)
        zone = zone_of_any_size(request.zone)
    except GenError:  # it speaks of something else
        return set()
    about = kept.get("zone"), kept.get("jar_sha256")
    if about != (zone.flags, request.toolchain.jar_sha256):
        return set()
    said: dict[str, str] = {name: what["result"] for name, what in kept["properties"].items()}
    asked = replace(request, properties=tuple(find_properties([*said])))
    violated = [name for name, result in said.items() if result == Outlook.VIOLATED.value]
    now = {tla_hash(render_locality(request.design, z)) for z in locality_zones(zone)}
    now.add(tla_hash(_induction(asked, zone, _inductive(asked, violated))))
    if not now <= {run["tla"] for met in kept["obligations"] for run in met["runs"]}:
        return set()
    return {name for name, result in said.items() if result == Outlook.PROVED.value}


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
            _hash(spec.cfg),
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
        _hash(spec.cfg),
        report.distinct or 0,
        report.generated or 0,
        report.depth or 0,
    )


def tla_hash(spec: Spec) -> str:
    """The hash of a module without its lines of comment: they say who made it."""
    lines = (line for line in spec.tla.splitlines() if not line.lstrip().startswith("\\*"))
    return _hash("\n".join(lines))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def locality_zones(zone: Zone) -> list[Zone]:
    """The small zones in which each chunk is held against the window: of two chunks with two
    pageblocks each, and of three with one.

    What couples the chunks does not depend on how many pageblocks or types there are.
    """
    order = zone.pageblock_order
    return [
        Zone(
            pageblocks=pageblocks,
            max_order=largest,
            pageblock_order=order,
            min_order=order,
            migratetypes=("MOVABLE",),
            whole=True,
        )
        for pageblocks, largest in ((4, order + 1), (3, order))
    ]


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """What a certificate says that a new one does not, one line each; nothing if they agree."""
    lines = []
    for key in dict.fromkeys((*old, *new)):
        path = f"{where}{key}"
        a, b = old.get(key), new.get(key)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            lines += differences(a, b, f"{path}: ")
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            lines += differences(dict(enumerate(a)), dict(enumerate(b)), f"{path} ")  # type: ignore[arg-type]
        else:
            lines.append(f"{path}: {a!r} in the certificate, {b!r} now")
    return lines
