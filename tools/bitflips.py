"""Flips bits in all that is kept and read again, and counts what comes of it.

    python -m tools.bitflips [N] [SEED]    N flips in each kind of file (default: 100, 1)

Each flip is made in a copy, and read by a process of its own, so that a crash or a hang is seen
as one.  TLC is not run: a Java that prints a recorded run stands for it, and for a replay, and
for a proof that is made once more, stands what they have said of the file as it was.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from unittest.mock import patch

from gen.check.request import Check
from gen.cli.main import main as gen
from gen.draw.saved import difference, load_trace
from gen.errors import GenError
from gen.files import sha256_bytes
from gen.kept import make_private
from gen.model import render
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.specs import CERTIFICATES
from gen.model.zone import Zone
from gen.prove import certificate
from gen.report.matrix_files import _traces, check_output
from gen.tlc import aot
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import find_toolchain
from tools.golden import GALLERY

_SAID = Path(__file__).parent.parent / "tests" / "data" / "tlc" / "success.txt"
#: Seconds after which a reader counts as one that hangs.
_PATIENCE = 60


class Outcome(IntEnum):
    """What a reader does; of the exit codes of a process those that nobody else has."""

    SAME = 50
    MADE_AGAIN = 51
    REFUSED = 52
    #: A trace that says something else of what it is about: TLC is asked that, and answers it.
    ASKS_ANOTHER = 53
    DIFFERENT = 54
    TRACEBACK = 55
    CRASH = 56
    HANG = 57

    @property
    def bad(self) -> bool:
        """Whether it must not be."""
        return self >= Outcome.DIFFERENT


@dataclass(frozen=True)
class Kind:
    """Files of one kind, as they should be, and how they are read: in a process of its own."""

    name: str
    files: list[Path]
    read: Callable[[Path], Outcome]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _read_aside(read: Callable[[], Outcome]) -> Outcome:
    """What a reader does, whatever that is."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        signal.alarm(_PATIENCE)
        end = Outcome.TRACEBACK
        with contextlib.suppress(BaseException), _silence():
            try:
                end = read()
            except GenError as error:
                end = Outcome.TRACEBACK if "\n" in error.message else Outcome.REFUSED
        os._exit(end)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        return Outcome.HANG
    return Outcome(code) if code in [*Outcome] else Outcome.CRASH


def flip(kind: Kind, chance: random.Random) -> Outcome:
    """Flip one bit in one file, have it read, and put all back as it was."""
    path = chance.choice(kind.files)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    with path.open("r+b") as file:  # its mode stays
        file.write(damaged)

    def read() -> Outcome:
        end = kind.read(path)
        again = path.is_file() and path.read_bytes() == whole
        return Outcome.MADE_AGAIN if end is Outcome.SAME and again else end

    end = _read_aside(read)
    path.unlink(missing_ok=True)
    path.write_bytes(whole)
    path.chmod(0o600)
    return end


# ---- the kinds -----------------------------------------------------------------------


def _same(is_same: bool) -> Outcome:
    return Outcome.SAME if is_same else Outcome.DIFFERENT


def _templates(room: Path) -> Kind:
    def rendered() -> str:
        render._environment.cache_clear()
        return render.render(find_design("hygiene-v2"), Zone(), find_properties([])).tla

    right = rendered()
    files = sorted((room / "pageblock-gen" / "templates").iterdir())
    return Kind("compiled template", files, lambda _: _same(rendered() == right))


def _entries(room: Path) -> Kind:
    """What TLC has said: kept by a matrix, and read by another."""
    java, made = room / "java", room / "matrix"
    text = _SAID.read_text(encoding="utf-8").partition("### stdout\n")[2]
    (room / "said").write_text(text.partition("### stderr\n")[0], encoding="utf-8")
    version = 'openjdk version \\"21.0.1\\" 2023-10-17'
    java.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && echo "{version}" >&2 || cat {room / "said"}\n'
    )
    java.chmod(0o755)

    def table() -> str:
        argv = ("matrix", "--designs", "v6.12", "--properties", "Alignment", "--java", str(java))
        code = gen([*argv, "--output", str(made)])
        return f"{code} {(made / 'matrix.json').read_text(encoding='utf-8')}"

    with _silence():
        right = table()
    files = [*(room / "pageblock-gen" / "tlc").iterdir()]
    return Kind("entry of the cache", files, lambda _: _same(table() == right))


def _classes(room: Path) -> Kind:
    """A file of the right name, with any content: that is all that is looked at here."""
    tools = find_toolchain(environ={})
    content = random.Random(1).randbytes(1 << 16)
    directory = make_private(room / "pageblock-gen" / "aot")
    path = directory / f"{aot._key(tools)}-{sha256_bytes(content)}.aot"
    path.write_bytes(content)
    path.chmod(0o600)
    os.environ.pop(aot.SWITCH, None)

    def read(_: Path) -> Outcome:
        # It is gone, and made again when the next check has ended.
        return Outcome.DIFFERENT if aot.find(tools) else Outcome.MADE_AGAIN

    return Kind("classes (AOT)", [path], read)


def _copy(source: Path, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(source.read_bytes())
    return path


def _certificates(room: Path) -> Kind:
    """Read by gen prove --recheck, which compares; that it is proved again is left out."""
    whole = {path.name: certificate.load_certificate(path) for path in CERTIFICATES.glob("*.json")}
    files = [_copy(CERTIFICATES / name, room / "recheck" / name) for name in sorted(whole)]

    def read(path: Path) -> Outcome:
        odd = certificate.differences(certificate.load_certificate(path), whole[path.name])
        return Outcome.REFUSED if odd else Outcome.SAME

    return Kind("certificate, rechecked", files, read)


def _installed(room: Path) -> Kind:
    """Read by gen matrix: what is called proved must be no more than it was."""
    path = _copy(CERTIFICATES / "v6.12.json", room / "installed" / "v6.12.json")
    asked = tuple(find_properties([]))
    tools = find_toolchain(environ={})
    request = Check(find_design("v6.12"), Zone(), asked, tools, TlcOptions(), room, "")

    def proved() -> set[str]:
        with patch("gen.prove.certificate.CERTIFICATES", path.parent):
            return certificate.certified(request)

    right = proved()
    assert right

    def read(_: Path) -> Outcome:
        now = proved()
        return Outcome.REFUSED if not now else _same(now == right)

    return Kind("certificate, installed", [path], read)


def _saved(room: Path) -> Kind:
    """Read by gen replay: what is not as TLC says is refused; gen show draws what it reads."""
    sources = sorted(GALLERY.glob("*/trace.json"))[:8]
    files = [_copy(one, room / "saved" / f"{one.parent.name}.json") for one in sources]
    whole = {path: load_trace(str(path)) for path in files}

    def read(path: Path) -> Outcome:
        now, then = load_trace(str(path)), whole[path]
        if (now.design, now.zone, now.prop) != (then.design, then.zone, then.prop):
            find_design(now.design)
            return Outcome.ASKS_ANOTHER
        return Outcome.REFUSED if difference(now, then) else Outcome.SAME

    return Kind("saved trace", files, read)


def _matrices(room: Path) -> Kind:
    """Read by gen matrix, which replaces the files that it names, and no others."""
    made = room / "matrix"
    right = _traces(made)

    def read(_: Path) -> Outcome:
        check_output(str(made))
        return _same(_traces(made) <= right)

    return Kind("data of a matrix", [made / "matrix.json"], read)


KINDS = (_templates, _entries, _classes, _certificates, _installed, _saved, _matrices)


def count(number: int, seed: int, room: Path) -> dict[str, Counter[Outcome]]:
    """What comes of so many flips in each kind of file, all below a new and empty directory."""
    os.environ["XDG_CACHE_HOME"] = str(room)
    render._environment.cache_clear()
    found = {}
    for make in KINDS:
        kind, chance = make(room), random.Random(seed)
        found[kind.name] = Counter(flip(kind, chance) for _ in range(number))
    return found


def main(number: int = 100, seed: int = 1) -> int:
    """The table; 1 if something came that must not."""
    with tempfile.TemporaryDirectory() as directory:
        found = count(number, seed, Path(directory))
    print(f"{number} flips each, seed {seed}")
    for name, outcomes in found.items():
        told = (f"{n} {end.name.lower().replace('_', ' ')}" for end, n in sorted(outcomes.items()))
        print(f"{name:24}{', '.join(told)}", flush=True)
    return int(any(end.bad for outcomes in found.values() for end in outcomes))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
