"""Completion for a shell, of commands, options and the names that ``specs/`` has."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from gen.cli.options import parsers
from gen.errors import ExitCode, GenError
from gen.model.design import design_names
from gen.model.feature import features
from gen.model.property import properties
from gen.model.zone import MIGRATETYPES
from gen.prove.obligations import OBLIGATIONS


@dataclass(frozen=True)
class _Names:
    """What fits in the place of an argument.

    ``many``: a list with commas.  ``files``: a design file fits too.
    """

    what: str
    words: Sequence[str]
    many: bool = False
    files: bool = False

    @property
    def function(self) -> str:
        """The shell function that offers them; bash takes "_file" for a hint."""
        return f"_gen_{self.what}" + "_list" * self.many + "_or_file" * self.files


def _names(action: argparse.Action) -> _Names | None:
    """The names that an argument takes, by what it is called; None if it takes none."""
    known = {
        "--design": _Names("design", design_names(), files=True),
        "--against": _Names("design", design_names(), files=True),
        "designs": _Names("design", design_names(), files=True),
        "--designs": _Names("design", [*design_names(), "all"], many=True),
        "--property": _Names("property", [*properties(), "all"]),
        "--properties": _Names("property", [*properties(), "all"], many=True),
        "--with": _Names("feature", [*features()], many=True),
        "--obligations": _Names("obligation", [*OBLIGATIONS], many=True),
        "--migratetypes": _Names("migratetype", [t.lower() for t in MIGRATETYPES], many=True),
        "--depth": _Names("depth", ["calls", "all"]),
    }
    return next(
        (known[name] for name in (*action.option_strings, action.dest) if name in known), None
    )


def _bash(names: _Names) -> str:
    words = shlex.quote(" ".join(names.words))
    if names.many:
        # What stands before the last comma stays as it is.
        body = f'compgen -P "${{1%"${{1##*,}}"}}" -W {words} -- "${{1##*,}}"'
    else:
        body = f'compgen -W {words} -- "$1"'
    if names.files:
        body += """; compgen -f -X '!*.toml' -- "$1"; compgen -d -- "$1\""""
    # The script of an older shtab has another IFS, by which compgen would split the words.
    return f"{names.function}() {{ local IFS=$' \\t\\n'; {body}; }}"


def _zsh(names: _Names) -> str:
    words = " ".join(names.words)
    if names.many:
        body = f"_values -s , {names.what} {words}"
    elif names.files:
        body = (
            f"_alternative '{names.what}s:{names.what}:({words})' "
            f"'files:{names.what} file:_files -g \"*.toml\"'"
        )
    else:
        body = f"compadd -- {words}"
    return f"{names.function}() {{ {body} }}"


def script(shell: str) -> str:
    """What the shell has to read; GenError, one line, without the package that makes it."""
    try:
        import shtab
    except ImportError:
        raise GenError(
            "--print-completion needs the package shtab: pip install 'pageblock-gen[completion]'",
            ExitCode.SYSTEM,
        ) from None
    parser, commands = parsers()
    places = {
        "FILE": shtab.FILE,
        "PATH": shtab.FILE,  # a trace, or a directory with one
        "DIR": shtab.DIRECTORY,
    }
    offered: dict[str, _Names] = {}
    for action in [action for one in (parser, *commands.values()) for action in one._actions]:
        names = _names(action)
        if names is not None:
            offered[names.function] = names
            action.complete = {  # type: ignore[attr-defined]
                "bash": names.function,
                "zsh": names.function,
                "tcsh": f"({' '.join(names.words)})",
            }
        elif action.metavar in places:
            action.complete = places[str(action.metavar)]  # type: ignore[attr-defined]
    functions = {"bash": _bash, "zsh": _zsh}
    written = map(functions[shell], offered.values()) if shell in functions else ()
    return shtab.complete(parser, shell, preamble="\n".join(written)) + "\n"
