"""A design held against another one: which of its violations are new, old or mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gen.check.request import Check
from gen.check.session import Stopped, check
from gen.check.verdict import OnProgress, Result, Verdict, silent
from gen.errors import GenError
from gen.model.design import Design
from gen.tlc.report import Progress


@dataclass(frozen=True)
class Against:
    """What a check says of the design that another one is held against.

    ``verdicts``: one for each property that is asked of the other.
    """

    base: Design
    verdicts: tuple[Verdict, ...]

    def of(self, verdict: Verdict) -> Verdict:
        """The base's verdict on the property of this one."""
        return next(v for v in self.verdicts if v.prop.name == verdict.prop.name)

    def is_old(self, verdict: Verdict) -> bool:
        """A violation that the base has too: a counterexample of it is known, and confirmed."""
        return verdict.violated and self.of(verdict).violated

    def is_new(self, verdict: Verdict) -> bool:
        """A violation that the base is not known to have: what is not known excuses nothing."""
        return verdict.violated and not self.of(verdict).violated

    def is_mended(self, verdict: Verdict) -> bool:
        """A search of the design came to its end, and only the base violates it."""
        return verdict.result is Result.HOLDS and self.of(verdict).violated

    @property
    def unknown(self) -> list[Verdict]:
        """What is not known of the base."""
        return [v for v in self.verdicts if v.result is Result.NO_VERDICT]


def check_names(design: Design, base: Design) -> None:
    """GenError if there are not two designs, or one name stands for both."""
    if design == base:
        raise GenError(f"--against '{base.name}': that is the design itself; another one fits")
    if design.name == base.name:
        raise GenError(f"two designs are named '{base.name}'; give one another name")


def hold_against(request: Check, base: Check, on_progress: OnProgress = silent) -> Against:
    """Check the base of ``base`` on what is asked of the design of ``request``.

    After trouble that is not TLC's the rest is not known.  Raises Stopped on Ctrl-C, with
    no verdict on the design.
    """

    def progress(run: str, reported: Progress | None, seconds: float) -> None:
        on_progress(f"against-{run}", reported, seconds)

    try:
        verdicts: Sequence[Verdict] = check(base, progress)
    except Stopped as stopped:
        if not isinstance(stopped.cause, GenError):
            none = [
                Verdict(p, Result.NO_VERDICT, message="not checked") for p in request.properties
            ]
            raise Stopped(none, stopped.cause) from None
        why = stopped.cause.message
        verdicts = [
            replace(v, message=why) if v.result is Result.NO_VERDICT else v
            for v in stopped.verdicts
        ]
    return Against(base.design, tuple(verdicts))
