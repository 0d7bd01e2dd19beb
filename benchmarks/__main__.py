"""The comparisons, side by side in one run: a table with medians and ratios.

``python -m benchmarks`` writes benchmarks/results.md and results.json, and renews the block in
docs/benchmarks.md; ``--quick`` does it in a small zone, once, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import measure, peers
from benchmarks.cases import Case, Contender, cases
from gen.cli.aot import searched
from gen.errors import GenError
from gen.tlc import aot
from gen.tlc.toolchain import find_toolchain

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
BLOCK = re.compile(
    r"(?<=<!-- benchmark: benchmarks/results.md -->\n).*?(?=<!-- end of benchmark -->)", re.S
)


@dataclass(frozen=True)
class Row:
    """A contender's medians in a case, and their ratios to the case's last one.

    ``bounds``: that one was cut short, so the ratios are less than these.
    """

    case: str
    name: str
    figure: measure.Figure
    ratio: float
    cpu_ratio: float
    bounds: bool
    target: float | None
    explored: peers.Explored | None


def compare(case: Case, repeats: int, timeout: float) -> list[Row]:
    """Run the contenders in turn, as often as asked; PeerError if one fails."""
    runs: dict[str, list[measure.Run]] = {c.name: [] for c in case.contenders}
    seen: dict[str, peers.Explored | None] = {}
    for _ in range(repeats):
        for contender in case.contenders:
            done, seen[contender.name] = _run(contender, timeout)
            runs[contender.name].append(done)
    figures = {name: measure.figure(some) for name, some in runs.items()}
    base = figures[case.contenders[-1].name]
    return [
        Row(
            case.title,
            contender.name,
            figures[contender.name],
            figures[contender.name].wall / base.wall,
            figures[contender.name].cpu / base.cpu,
            not base.finished,
            case.target if number == 0 else None,
            seen[contender.name],
        )
        for number, contender in enumerate(case.contenders)
    ]


def _run(contender: Contender, timeout: float) -> tuple[measure.Run, peers.Explored | None]:
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        done = measure.run(contender.prepare(room), room, timeout)
        log = room / contender.log
        seen = peers.explored(log.read_text(encoding="utf-8")) if log.exists() else None
    if done.finished and done.code not in contender.codes:
        raise peers.PeerError(f"{contender.name}: exit code {done.code}: {done.out[-300:]}")
    return done, seen


def table(rows: Sequence[Row], about: Sequence[str]) -> str:
    """The rows in Markdown, and what they were measured with."""
    lines = [
        "| | | seconds | ratio | target | CPU s | ratio | MiB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    last = ""
    for row in rows:
        seconds = f"{row.figure.wall:.1f}" if row.figure.finished else f"> {row.figure.wall:.0f}"
        target = f"<= {row.target:g}" if row.target is not None else ""
        less = "< " if row.bounds else ""
        lines.append(
            f"| {row.case if row.case != last else ''} | {row.name}{_seen(row)} | {seconds} "
            f"| {less}{row.ratio:.2f} | {target} | {row.figure.cpu:.1f} "
            f"| {less}{row.cpu_ratio:.2f} | {row.figure.peak:.0f} |"
        )
        last = row.case
    return "\n".join([*lines, "", *about]) + "\n"


def _seen(row: Row) -> str:
    if row.explored is None or row.explored.states < 100:
        return ""
    rate = row.explored.transitions / row.figure.wall
    return f": {row.explored.states:,} states, {rate:,.0f} transitions/s"


def about(repeats: int) -> list[str]:
    """The machine, and the versions of what ran on it."""
    toolchain = find_toolchain()
    versions = [f"Python {sys.version.split()[0]}", f"Java {toolchain.java_version}"]
    versions += [peers.version("rumur", "--version"), peers.version("spin", "-V")]
    return [
        f"{measure.machine()}; {', '.join(versions)}.",
        f"Medians of {repeats}, in turn, in one run; what takes minutes runs once. Ratio: to the "
        "last line of each comparison. MiB: of the largest process. `>`: time was over.",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small zone, once, nothing written")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs (default: 5)")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="S", help="for one run")
    parser.add_argument("--only", metavar="WORD", default="", help="comparisons that name it")
    args = parser.parse_args()
    repeats = 1 if args.quick else max(args.repeat, 1)
    rows: list[Row] = []
    try:
        toolchain = find_toolchain()
        aot.make(toolchain, searched())
        for case in cases(toolchain, args.quick):
            if args.only not in case.title:
                continue
            rows += compare(case, 1 if case.once else repeats, args.timeout)
            print(f"{case.title}: {rows[-len(case.contenders)].ratio:.2f}", file=sys.stderr)
    except (peers.PeerError, GenError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    text = table(rows, about(repeats))
    print(text, end="")
    if not args.quick and not args.only:
        (HERE / "results.md").write_text(text, encoding="utf-8")
        made = {"about": about(repeats), "rows": [asdict(row) for row in rows]}
        (HERE / "results.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(BLOCK.sub(lambda _: text, page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
