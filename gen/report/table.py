"""The matrix as a table for a terminal, and the words of its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gen import printable
from gen.check.matrix import Matrix, Row
from gen.check.verdict import Result, Verdict

LEGEND = {
    Result.HOLDS: "proved within bounds (in bounds): TLC has searched every state, none violates "
    "it; proved: a certificate says so for any number of CPUs and callers, and any zone size",
    Result.VIOLATED: "violated at depth n: the shortest counterexample has n states; TLC has "
    "followed it once more",
    Result.UNREACHABLE: "unreachable: TLC has searched every state, and what should be possible "
    "is not",
    Result.MEASURED: "measured: the least number that no state or step exceeds",
    Result.VACUOUS: "vacuous: the design, or the zone, has nothing that the property speaks of",
    Result.NO_VERDICT: "no verdict: the search did not end, nothing is known",
}


def words(verdict: Verdict) -> str:
    """A verdict as a cell says it."""
    if verdict.result is Result.MEASURED:
        return f"measured: {verdict.measured}"
    if verdict.result is Result.HOLDS and verdict.trace:
        return f"reachable at depth {verdict.length}"
    if verdict.proved:
        return "proved"
    if verdict.result is Result.HOLDS:
        return "proved within bounds"
    if verdict.result is Result.VIOLATED:
        return f"violated at depth {verdict.length}"
    return str(verdict.result.value)


def _short(verdict: Verdict) -> str:
    """A verdict in a narrow terminal; the legend says the rest."""
    if verdict.result is Result.VIOLATED:
        return f"violated {verdict.length}"
    if verdict.result is Result.MEASURED:
        return f"{verdict.measured}"
    if verdict.result is Result.HOLDS and verdict.trace:
        return f"reachable {verdict.length}"
    if verdict.result is Result.HOLDS:
        return "proved" if verdict.proved else "in bounds"
    return str(verdict.result.value)


def counts(matrix: Matrix | Row) -> str:
    """How many cells say what: ``28 proved, 3 violated``."""
    told = {
        "proved": matrix.count(Result.HOLDS),
        "violated": matrix.count(Result.VIOLATED),
        "unreachable": matrix.count(Result.UNREACHABLE),
        "measured": matrix.count(Result.MEASURED),
        "vacuous": matrix.count(Result.VACUOUS),
        "no verdict": matrix.count(Result.NO_VERDICT),
    }
    return ", ".join(f"{count} {what}" for what, count in told.items() if count)


def used(matrix: Matrix) -> list[Result]:
    return [result for result in LEGEND if matrix.count(result)]


def summary(matrix: Matrix, seconds: float) -> str:
    """The last lines: what was checked, and what came of it."""
    cached = sum(row.cached for row in matrix.rows)
    known = "all" if cached == len(matrix.rows) else f"{cached} of {len(matrix.rows)} designs"
    return (
        f"checked: {len(matrix.rows)} designs, {len(matrix.properties)} properties; "
        f"{matrix.zone.describe}\n"
        f"result:  {counts(matrix)}; {seconds:.1f} s"
        + (f", {known} cached" if cached else "")
        + "\n"
    )


def trouble(matrix: Matrix) -> str:
    """What stands in the way of a verdict, in one line, with some of the cells."""
    unknown = [
        (f"{row.design.name}/{verdict.prop.name}", verdict.message)
        for row in matrix.rows
        for verdict in row.verdicts.values()
        if verdict.result is Result.NO_VERDICT
    ]
    cells = ", ".join(cell for cell, _ in unknown[:3])
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    reasons = dict.fromkeys(message.removeprefix("no verdict: ") for _, message in unknown)
    return f"no verdict on {cells}{more}: {'; '.join(reasons)}"


# ---- for a terminal ------------------------------------------------------------------


def plain(matrix: Matrix, width: int | None) -> str:
    """The table in columns; what does not fit into ``width`` goes into further tables below.

    None: as wide as it takes, with every cell in full words.
    """
    in_full = [[words(row.verdicts[p.name]) for p in matrix.properties] for row in matrix.rows]
    text = _grid(matrix, [p.name for p in matrix.properties], in_full, None)
    if width is not None and max(map(len, text.splitlines())) > width:
        short = [[_short(row.verdicts[p.name]) for p in matrix.properties] for row in matrix.rows]
        heads = [_broken(p.name) for p in matrix.properties]
        text = _grid(matrix, heads, short, width)
    return text + "\n" + "".join(f"{LEGEND[result]}\n" for result in used(matrix))


def _broken(name: str) -> str:
    """A property's name in several lines: NoFreelist, Warning."""
    lines = [""]
    for word in re.findall(r"[A-Z]?[^A-Z]+|[A-Z]", name):
        if lines[-1] and len(lines[-1] + word) > len("violated 00"):
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def _grid(
    matrix: Matrix, heads: Sequence[str], cells: Sequence[Sequence[str]], width: int | None
) -> str:
    names = ["design", *(printable.line(row.design.name) for row in matrix.rows)]
    first = max(map(len, names))
    columns = [[head, *(line[n] for line in cells)] for n, head in enumerate(heads)]
    widths = [max(len(line) for cell in column for line in cell.split("\n")) for column in columns]
    tables: list[list[int]] = [[]]
    for n in range(len(columns)):
        so_far = first + sum(widths[m] + 2 for m in tables[-1])
        if width is not None and tables[-1] and so_far + 2 + widths[n] > width:
            tables.append([])
        tables[-1].append(n)
    return "\n".join(
        "".join(_lines(names, first, [(columns[n], widths[n]) for n in table])) for table in tables
    )


def _lines(names: list[str], first: int, columns: list[tuple[list[str], int]]) -> Iterator[str]:
    for number, name in enumerate(names):
        cells = [column[number].split("\n") for column, _ in columns]
        height = max(map(len, cells))
        for line in range(height):
            told = [cell[line] if line < len(cell) else "" for cell in cells]
            padded = [f"{text:{width}}" for text, (_, width) in zip(told, columns, strict=True)]
            yield "  ".join([f"{name if line == 0 else '':{first}}", *padded]).rstrip() + "\n"
