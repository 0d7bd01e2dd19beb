"""Two designs side by side: verdicts, costs, and a call that succeeds in one of them only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gen.check.exercised import met
from gen.check.request import Check
from gen.check.session import check
from gen.check.verdict import Result, Verdict
from gen.model.property import Kind, Property, properties
from gen.model.render import filled
from gen.model.variable import variables
from gen.trace.trace import Trace


@dataclass(frozen=True)
class Comparison:
    """The verdicts of two designs on the same properties, in their order.

    ``fails``: which of the two (0 or 1) has a call that fails where it succeeds in the
    other; None if there is none, or it was not asked.  ``succeeds``: that call in the other.
    """

    checks: tuple[Check, Check]
    verdicts: tuple[list[Verdict], list[Verdict]]
    fails: int | None = None
    succeeds: Verdict | None = None

    @property
    def rows(self) -> list[tuple[Verdict, Verdict]]:
        """Both verdicts on each property."""
        return list(zip(*self.verdicts, strict=True))


def compare(checks: tuple[Check, Check]) -> Comparison:
    """Check both designs, and let the call that fails in one of them run in the other."""
    verdicts = met(checks[0]), met(checks[1])
    made = Comparison(checks, verdicts)
    for first, second in made.rows:
        if first.prop.same_call is None:
            continue
        results = (first.result, second.result)
        for n, verdict in enumerate((first, second)):
            if results[n] is Result.VIOLATED and results[1 - n] is Result.HOLDS and verdict.trace:
                other = replace(checks[1 - n], run_dir=checks[1 - n].run_dir / "same-call")
                other.run_dir.mkdir()
                prop = same_call(other, verdict.trace)
                (succeeds,) = check(replace(other, properties=(prop,)))
                return replace(made, fails=n, succeeds=succeeds)
    return made


def same_call(request: Check, failed: Trace) -> Property:
    """To be reached: the call of ``failed``, from where it began, succeeds in another design.

    What the other design has in its state besides is as after boot.
    """
    wanted = failed.prop.same_call
    assert wanted is not None
    base = properties()[wanted.property]
    assert base.kind is Kind.REACHABLE
    formula = filled(
        wanted.formula,
        first=failed.states[0],
        last=failed.states[failed.length - 1],
        variables=variables(request.design, request.zone.features, base.keeps),
    )
    return replace(base, formula=formula.strip(), start=wanted.start)


def same_call_in_both(made: Comparison) -> list[tuple[Check, Verdict]]:
    """The call that fails in one design, and the same call in the other; none if none does."""
    if made.fails is None or made.succeeds is None or made.succeeds.trace is None:
        return []
    failed = next(v for v in made.verdicts[made.fails] if v.prop.same_call)
    return [(made.checks[made.fails], failed), (made.checks[1 - made.fails], made.succeeds)]


def directories(run_dir: Path) -> tuple[Path, Path]:
    """A directory for each of the two checks."""
    made = run_dir / "1", run_dir / "2"
    for path in made:
        path.mkdir()
    return made


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows in columns, below a row of names; what differs between the last two is marked."""
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    lines = []
    for number, (name, first, second) in enumerate(rows):
        mark = "* " if number and first != second else "  "
        lines.append(f"{mark}{name:{widths[0]}}  {first:{widths[1]}}  {second}".rstrip())
    return "\n".join(lines) + "\n"
