"""A folder of templates of a user's own: files of the shape of ``specs/`` that are looked at first.

What they come to is operators, as ``[operators.NAME]`` in a design file has them: a module is
rendered with the files and without, and each definition that differs is read as if it stood there.
So a template can say nothing that an expression cannot.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gen.errors import GenError, near_miss, reason
from gen.files import read_bytes, sha256
from gen.model.body import BodyError, check_body
from gen.model.definitions import Definition, definitions, difference
from gen.model.operator import Operator
from gen.model.specs import SPECS

#: The design file of a folder; the templates lie beside it.
DESIGN_FILE = "design.toml"
#: Folders of specs/ that say what the kernel does; the others say what is asked about it.
FOLDERS = ("actors", "mm")
_SUFFIX = ".tla.j2"
_MOST_BYTES = 1 << 16
_MOST_FILES = 100


@dataclass(frozen=True)
class Overlay:
    """Templates by their path in ``specs/``: ``files``, and ``paths``, where each was read."""

    files: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the files say."""
        return sha256(
            "\n".join(f"{name} {sha256(text)}" for name, text in sorted(self.files.items()))
        )

    def over(self, below: Overlay) -> Overlay:
        """Both; of two files of the same path this one's."""
        return Overlay({**below.files, **self.files}, {**below.paths, **self.paths})

    def without(self, name: str) -> Overlay:
        """The other files."""
        return Overlay({n: text for n, text in self.files.items() if n != name}, self.paths)


def read_overlay(folder: Path) -> Overlay:
    """The templates beside a design file; GenError if one has no place in ``specs/``."""
    try:
        found = sorted(
            path
            for one in FOLDERS
            for path in (folder / one).rglob("*")
            if not path.is_dir() and not path.name.startswith(".") and not path.name.endswith("~")
        )
    except OSError as error:
        raise GenError(f"{folder}: {reason(error)}") from None
    if len(found) > _MOST_FILES:
        raise GenError(f"{folder}: {len(found)} templates; up to {_MOST_FILES} fit")
    paths = {path.relative_to(folder).as_posix(): path for path in found}
    known = [
        path.relative_to(SPECS).as_posix()
        for one in FOLDERS
        for path in (SPECS / one).rglob(f"*{_SUFFIX}")
    ]
    return Overlay({name: _text(name, path, known) for name, path in paths.items()}, paths)


def _text(name: str, path: Path, known: list[str]) -> str:
    if name not in known:
        raise GenError(f"{path}: no template of specs/ lies there: {near_miss(name, known)}")
    data = read_bytes(path, _MOST_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise GenError(f"{path}: not UTF-8") from None


def own_operators(overlay: Overlay, base: str, made: str) -> list[Operator]:
    """What two modules do not share, rendered without these templates and with them.

    GenError, one line with the file's, if that is more than expressions.
    """
    old, new = definitions(base), definitions(made)
    found = difference(base, made)
    for name in new:
        head = re.compile(rf"^{name}\b.* ==", re.MULTILINE)
        if len(head.findall(made)) > max(len(head.findall(base)), 1):
            raise GenError(f"{_where(overlay, name)[0]}: {name} is defined already")
    if found.removed:
        raise GenError(f"{_file(overlay)}: {found.removed[0]} is not defined any more")
    owns = [_own(overlay, new[name]) for name in (*found.changed, *found.added)]
    there, here = _around(base, old), _around(made, new)
    if there != here:
        odd = next((line for line in here if line not in there), "")
        what = f"{odd!r} is no definition; those fit, and comments"
        what = what if odd else "something besides definitions is left out"
        raise GenError(f"{_file(overlay, odd)}: {what}")
    for name in found.changed:
        if old[name].params != new[name].params:
            where = _where(overlay, name)[0]
            args = ", ".join(old[name].params) or "none"
            raise GenError(f"{where}: {name} has other parameters; in the base it has {args}")
    return owns


def _own(overlay: Overlay, one: Definition) -> Operator:
    """A definition as an operator; its text is one expression, or GenError."""
    head, _, rest = one.lines[0].partition("==")
    body = "\n".join([" " * (len(head) + 2) + rest, *one.lines[1:]])
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "  ")
    file, line = _where(overlay, one.name)
    try:
        check_body(body)
    except BodyError as error:
        at = f"{file}:{line + error.line - 1}" if line else file
        raise GenError(f"{at}: {one.name}: {error.why}") from None
    return Operator(one.name, ", ".join(one.params), body, (), (file, line))


def _around(tla: str, known: Mapping[str, Definition]) -> list[str]:
    """What stands in a module outside of its definitions, but for comments."""
    lines = tla.splitlines()
    for one in known.values():
        lines[one.line - 1 : one.line - 1 + len(one.lines)] = [""] * len(one.lines)
    bare = (" ".join(re.sub(r"\\\*.*", "", line).split()) for line in lines)
    return [line for line in bare if line]


def _file(overlay: Overlay, text: str = "") -> str:
    """The file that has a text; or all of them."""
    having = [n for n in overlay.files if text and text in overlay.files[n]] or [*overlay.files]
    return ", ".join(str(overlay.paths[name]) for name in having)


def _where(overlay: Overlay, name: str) -> tuple[str, int]:
    """The file that defines an operator, and the line at which what it is begins."""
    heads = rf'^{name}(?:\(.*\))? ==(?P<same>.*\S)?|kernel_function\("{name}"'
    for file, text in overlay.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if begun := re.search(heads, line):
                return str(overlay.paths[file]), number + (not begun["same"])
    # It is made of something that the files say.
    return _file(overlay), 0
