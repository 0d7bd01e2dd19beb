"""What is to be shown for a proof, and what it comes to for each property."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.errors import ExitCode, GenError
from gen.files import FileFormat, sha256
from gen.model.assumption import Assumption, assumptions
from gen.model.feature import proved_features
from gen.model.property import BOOT, SAFETY, Property
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc.spec import Spec

#: The obligations by name, in the order in which they are met, and what each shows.
OBLIGATIONS = {
    "windows": "TLC has searched every state of a window",
    "induction": "from any state in which the invariant holds, no section leaves it",
    "vacuity": "the state after boot is one of these, and every section happens",
    "locality": "each chunk of a zone behaves like the window",
    "resolution": "a finer resolution gives the same verdicts",
    "grain": "the calls of a hold, one by one, give the same verdicts",
}


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

    @property
    def assumptions(self) -> list[Assumption]:
        """What all of it rests on."""
        check = self.request
        return assumptions(check.design, check.zone, check.properties, proof=True)

    def to_json(self) -> dict[str, Any]:
        """The certificate; what it holds is the same for the same input."""
        check = self.request
        return {
            **FORMAT.head,
            "design": check.design.told,
            "source": check.design.source,
            "command": check.made_by,
            "zone": check.zone.flags,
            "jar_sha256": check.toolchain.jar_sha256,
            "assumptions": [one.sentence for one in self.assumptions],
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


FORMAT = FileFormat("certificate", (1, 2), "gen prove makes a new one")


def provable(prop: Property) -> bool:
    """Whether it is a safety property of what happens from boot on."""
    return prop.kind in SAFETY and prop.start == BOOT and not prop.features


def zone_of_any_size(zone: Zone) -> Zone:
    """The window that stands for a zone with these orders, whatever its size.

    GenError if a feature is asked for that the proof does not cover.
    """
    proved = proved_features()
    if odd := [name for name in zone.features if name not in proved]:
        raise GenError(
            f"--with {','.join(odd)}: gen prove has no proof for it; {', '.join(proved)} fit"
        )
    return replace(zone, pageblocks=2 * zone.chunk_pageblocks, whole=False)


def inductive(request: Check, violated: Sequence[str]) -> list[Property]:
    return [
        p.by_induction()
        for p in request.properties
        if p.inductive and request.design.has(p.needs) and p.name not in violated
    ]


def induction(request: Check, zone: Zone, asked: Sequence[Property]) -> Spec:
    zone = replace(zone, isolators=0)
    return render(request.design, zone, asked, request.made_by, covers=True)


def tla_hash(spec: Spec) -> str:
    """The hash of a module without its lines of comment: they say who made it."""
    lines = (line for line in spec.tla.splitlines() if not line.lstrip().startswith("\\*"))
    return sha256("\n".join(lines))


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
