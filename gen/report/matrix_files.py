"""The matrix as files: Markdown, HTML, JSON, and the traces of its cells."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen import __version__, printable
from gen.check.matrix import Matrix, Row
from gen.check.verdict import Result
from gen.draw.formats import FLAVOURS, FORMATS, PNG, files
from gen.draw.html import environment
from gen.draw.page import Heading
from gen.errors import ExitCode, GenError, fault, reason
from gen.files import FileFormat, parse_json, read_bytes, write_bytes, write_json, write_text
from gen.model.property import Property
from gen.report.table import LEGEND, counts, used, words
from gen.report.words import drawing, reproduce, states

FORMAT = FileFormat("matrix", (1,), "gen matrix makes a new one")

INDEX = ("matrix.md", "matrix.html", "matrix.json")
#: In which a cell's trace is written, unless all are asked for.
QUICK = tuple(name for name in FORMATS if name not in PNG)

_STAGE = ".matrix-"
#: The data of a matrix have a hundred thousand.
_MOST_BYTES = 1 << 26


# ---- as files ------------------------------------------------------------------------


def slug(text: str) -> str:
    """A name of a file, or an anchor, that needs no escaping anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-") or "design"


def check_names(names: Sequence[str]) -> None:
    """GenError if the drawings of two of these designs would be in the same directory."""
    known: dict[str, str] = {}
    for name in names:
        # Some file systems do not tell upper case from lower.
        other = known.setdefault(slug(name).lower(), name)
        if other != name:
            raise GenError(f"designs '{other}' and '{name}': too alike for names of directories")


def _anchor(row: Row, prop: Property) -> str:
    return f"{slug(row.design.name)}-{prop.name}"


def _paths(row: Row, prop: Property, formats: Sequence[str]) -> dict[str, str]:
    """Where the trace of a cell is, by format; nothing if it has none."""
    if row.verdicts[prop.name].trace is None:
        return {}
    return {name: f"{_anchor(row, prop)}/{FORMATS[name].file}" for name in formats}


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table too."""
    return re.sub(r"([\\`*_{}\[\]<>|#&~])", r"\\\1", printable.line(" ".join(text.split())))


def markdown(matrix: Matrix, formats: Sequence[str] = QUICK) -> str:
    """The table as Markdown; a violated cell links to its drawing, a list below to the others."""
    head = ["design", *(_escape(p.name) for p in matrix.properties)]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    drawn = []
    for row in matrix.rows:
        cells = [_escape(row.design.name)]
        for prop in matrix.properties:
            verdict = row.verdicts[prop.name]
            text = words(verdict)
            paths = _paths(row, prop, formats)
            cells.append(f"[{text}]({paths[FLAVOURS[0]]})" if paths else text)
            if paths:
                links = ", ".join(f"[{name}]({path})" for name, path in paths.items())
                drawn.append(f"- {cells[0]}, {_escape(prop.name)}: {links}")
        lines.append(f"| {' | '.join(cells)} |")
    legend = [f"- {LEGEND[result]}" for result in used(matrix)]
    designs = [f"- {_escape(row.design.name)}: {_escape(row.design.title)}" for row in matrix.rows]
    asked = [f"- {_escape(p.name)}: {_escape(p.statement)}" for p in matrix.properties]
    about = ["# Designs and properties", "", f"{_escape(matrix.zone.describe)}.", ""]
    traces = ["## Traces, in every format", "", *drawn, ""] if drawn else []
    return "\n".join([*about, *lines, "", *legend, "", *traces, *designs, "", *asked, ""])


def to_json(matrix: Matrix, formats: Sequence[str] = QUICK) -> dict[str, Any]:
    """The table as data; the same for the same verdicts, however long they took."""
    return {
        **FORMAT.head,
        "made_by": f"pageblock-gen {__version__}",
        "jar_sha256": matrix.rows[0].check.toolchain.jar_sha256,
        "zone": matrix.zone.describe,
        "designs": [
            {"name": r.design.name, "title": r.design.title, "source": r.design.source}
            for r in matrix.rows
        ],
        "properties": [{"name": p.name, "statement": p.statement} for p in matrix.properties],
        "verdicts": [
            {
                "design": row.design.name,
                "property": prop.name,
                "result": verdict.result.value,
                "length": verdict.length,
                "measured": verdict.measured,
                "distinct": verdict.distinct,
                "depth": verdict.depth,
                "message": verdict.message,
                "drawing": paths.get(FLAVOURS[0]),
                "formats": paths,
                "command": reproduce(row.check, verdict),
            }
            for row in matrix.rows
            for prop in matrix.properties
            for verdict in [row.verdicts[prop.name]]
            for paths in [_paths(row, prop, formats)]
        ],
    }


_SIGNS = {
    Result.HOLDS: "✓",
    Result.VIOLATED: "✗",
    Result.UNREACHABLE: "✗",
    Result.MEASURED: "#",
    Result.VACUOUS: "○",
    Result.NO_VERDICT: "?",
}


def html(matrix: Matrix, formats: Sequence[str] = QUICK) -> str:
    """The table as a page; the drawings stand below it, with links to the other formats."""
    return (
        environment()
        .get_template("matrix.html.j2")
        .render(
            matrix=matrix,
            Result=Result,
            signs=_SIGNS,
            kinds={result: result.value.replace(" ", "-") for result in Result},
            legend={result: LEGEND[result] for result in used(matrix)},
            anchor=_anchor,
            counts=counts,
            drawing=drawing,
            paths=lambda row, prop: _paths(row, prop, formats),
            forms=FORMATS,
            reproduce=reproduce,
            states=states,
            words=words,
        )
    )


def check_output(text: str) -> Path:
    """The directory for the files; GenError if it cannot be, or holds what is no matrix."""
    fits = "a new directory, or one with an earlier matrix, fits"
    if not text:
        raise GenError(f"--output: an empty name; {fits}")
    directory = Path(text).absolute()
    try:
        if directory.exists() or directory.is_symlink():
            if not directory.is_dir():
                raise GenError(f"--output {text}: is not a directory; {fits}")
            if other := _another_version(directory):
                raise GenError(f"--output {text}: holds {other}; {fits}")
            if strange := _strange(directory):
                raise GenError(f"--output {text}: holds {strange}, which is no matrix's; {fits}")
        else:
            directory.parent.mkdir(parents=True, exist_ok=True)
        # Tried, not asked: access() knows nothing of full or read-only file systems.
        where = directory if directory.is_dir() else directory.parent
        with tempfile.TemporaryDirectory(prefix=_STAGE, dir=where):
            pass
    except (OSError, ValueError) as e:
        message = f"--output {text}: cannot be written: {reason(e)}; {fits}"
        raise GenError(message, fault(e)) from None
    return directory


def _index(directory: Path) -> Any:
    """The data of a matrix; GenError or ValueError if there are none."""
    return parse_json(read_bytes(directory / INDEX[-1], _MOST_BYTES))


def _another_version(directory: Path) -> str:
    """What is said of a matrix there that this version cannot read; "" if there is none."""
    if not (directory / INDEX[-1]).is_file():
        return ""
    with contextlib.suppress(ValueError):
        try:
            data = _index(directory)
            if isinstance(data, dict) and data.get("format") == FORMAT.head["format"]:
                FORMAT.body(data)
        except GenError as e:
            return e.message
    return ""


def _strange(directory: Path) -> str | None:
    """The name of something in a directory that no earlier matrix has put there."""
    known = {*INDEX, *_traces(directory)} if (directory / INDEX[-1]).is_file() else set()
    folders = {name.partition("/")[0] for name in known if "/" in name}
    for name, path in sorted(_held(directory).items()):
        stage = name.startswith(_STAGE)
        mine = name in folders if path.is_dir() and not path.is_symlink() else name in known
        if not stage and not mine:
            return name
    return None


def _held(directory: Path) -> dict[str, Path]:
    """What is in a directory, and in its directories, by its name from there."""
    first = {path.name: path for path in directory.iterdir()}
    below = [p for p in first.values() if p.is_dir() and not p.is_symlink()]
    return first | {f"{p.name}/{path.name}": path for p in below for path in p.iterdir()}


def _traces(directory: Path) -> set[str]:
    """The files of traces of an earlier matrix, as its JSON names them; none if there is no such.

    Those of the first versions had one drawing for a cell, beside the table.
    """
    with contextlib.suppress(GenError, ValueError, LookupError, TypeError, AttributeError):
        data = FORMAT.body(_index(directory))
        cells = [v for v in data["verdicts"] if v["drawing"]]
        names = {str(name) for v in cells for name in v.get("formats", {}).values()}
        names |= {str(v["drawing"]) for v in cells}
        return {name for name in names if _is_trace(name)}
    return set()


def _is_trace(name: str) -> bool:
    """Whether a matrix may have put a file of this name there."""
    folder, slash, file = name.partition("/")
    if slash:
        return folder == slug(folder) and file in {form.file for form in FORMATS.values()}
    return name == slug(name) and name.endswith(".txt")


def write(matrix: Matrix, directory: Path, formats: Sequence[str] = QUICK) -> list[Path]:
    """Write all files, or none; what an earlier matrix has left there goes.

    A cell with a trace has a directory with the trace in these formats.
    """
    new = not directory.is_dir()
    stage = None
    try:
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=directory.parent if new else directory))
        _fill(matrix, stage, formats)
        # From here on nothing needs room on the disk.
        stage.chmod(0o755)
        if new:
            stage.rename(directory)
        else:
            _move(stage, directory)
    except OSError as e:
        raise GenError(
            f"no verdict: {directory} cannot be written: {reason(e)}", ExitCode.NO_VERDICT
        ) from None
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
    return [directory / name for name in INDEX]


def _fill(matrix: Matrix, directory: Path, formats: Sequence[str]) -> None:
    back = (("the table", f"../{INDEX[1]}"),)
    for row in matrix.rows:
        for prop in matrix.properties:
            if trace := row.verdicts[prop.name].trace:
                folder = directory / _anchor(row, prop)
                folder.mkdir()
                for name, data in files(trace, formats, Heading(links=back)).items():
                    write_bytes(folder / name, data)
    write_text(directory / "matrix.md", markdown(matrix, formats))
    write_text(directory / "matrix.html", html(matrix, formats))
    write_json(directory / "matrix.json", to_json(matrix, formats))


def _move(stage: Path, directory: Path) -> None:
    """Each file of a whole matrix into the place of an earlier one's; the data come last."""
    fresh = _held(stage)
    for name in sorted(_traces(directory) - fresh.keys()):
        (directory / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something is left in it
            if "/" in name:
                (directory / name).parent.rmdir()
    for left in directory.glob(f"{_STAGE}*"):
        if left != stage:
            shutil.rmtree(left, ignore_errors=True)
    for name in sorted(fresh, key=lambda name: (name == INDEX[-1], name in INDEX, name)):
        target = directory / name
        # A new directory moves as a whole: another one would need room.
        if fresh[name].is_dir() and not target.exists():
            fresh[name].rename(target)
        elif fresh[name].is_file():
            fresh[name].replace(target)
