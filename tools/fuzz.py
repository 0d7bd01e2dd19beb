"""Hostile inputs: files of every kind that gen reads, damaged at random, and what comes of it.

    python -m tools.fuzz --minutes 60 [--seed 1] [--kind trace]

Each input is a good one with some damage.  Whatever it is, gen gives the verdict that it would have
given without having read it, or says in one line what is wrong, with the exit code for that; never
a traceback, a hang, a control character on the terminal, or a file where none belongs.  What breaks
that is kept in ``tests/data/hostile/``, which the tests go through each time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.cli.main import main
from gen.draw.formats import FORMATS
from gen.errors import ExitCode
from gen.tlc.cache import without_header
from gen.tlc.stream import read_report

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "data" / "hostile"
#: Seconds that any command may take on a damaged file.
PATIENCE = 10

#: What breaks readers, writers and terminals.
NASTY = (
    *("\n", "\r", "\t", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800"),
    *("====", "(*", "*)", "\\*", "'", '"', "`", "|", "]]>", "</script>", "<!--", "&", "%s", "$("),
    *("$[ 7 * 7 ]$", "\\*% for x in y", "$% raw %$", "{{ 1 }}", "../../x", "/dev/zero", "\\ud800"),
    *("Observation v7.2/NoFreelistWarning Never 0 1", "@!@!@ENDMSG 2193 @!@!@", "[ok]"),
    *("[" * 2000, "{" * 2000, "a." * 2000, "9" * 5000, "1e999", "NaN", "-1", "0x10", "null"),
)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 10**30, -(10**30), 1.0, 0.5, float("inf"), "", " ", [], {}),
    *([[]], {"": {}}, ["x"] * 50, "x" * 5000, *NASTY[:20]),
)


class Hang(Exception):  # noqa: N818  (a find, no error of ours)
    """A command took longer than anybody would wait."""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said; ``trouble``: what no command may do, "" if nothing."""

    code: int
    out: str
    err: str
    trouble: str


def run(*argv: str) -> Ran:
    """Runs gen in this process, watched."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2)]
    trouble, code = "", -1

    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            code = int(main(argv))
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except Hang:
        trouble = f"no end after {PATIENCE} s"
    except BaseException:  # what else comes out is a find
        trouble = traceback.format_exc(limit=-3)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    texts = []
    for stream in streams:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))
    out, err = texts
    return Ran(code, out, err, trouble or _misbehaves(code, out, err))


def _misbehaves(code: int, out: str, err: str) -> str:
    """What no command may do; a note beside the one complaint is none."""
    if "Traceback" in out + err:
        return "a traceback"
    if code not in {*map(int, ExitCode)}:
        return f"exit code {code}"
    if found := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", out + err):
        return f"prints {found[0]!r}"
    said = [line for line in err.splitlines() if line.startswith("gen: ")]
    if code in (ExitCode.USAGE, ExitCode.NO_VERDICT) and len(said) != 1:
        return f"exit code {code} with {len(said)} lines that say why"
    return ""


# ---- damage --------------------------------------------------------------------------


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with one to four things done to it, each at some place in it."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = _damaged_once(data, chance)
    return data


def _damaged_once(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    to = min(len(data), at + chance.choice((1, 2, 8, 40, 400)))
    some = chance.choice(NASTY).encode("utf-8", "surrogatepass")
    what = chance.choice(("flip", "cut", "double", "insert", "replace", "end"))
    if what == "flip" and at < len(data):
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    return {
        "cut": data[:at] + data[to:],
        "double": data[:to] + data[at:],
        "insert": data[:at] + some + data[at:],
        "replace": data[:at] + some + data[to:],
    }.get(what, data[:at])


def odd_value(obj: Any, chance: random.Random) -> Any:
    """JSON with another value, another key, or less, somewhere in it."""
    if not isinstance(obj, dict | list) or not obj or chance.random() < 0.15:
        return chance.choice(ODD)
    made: Any = obj.copy()
    key: Any = chance.choice([*obj]) if isinstance(obj, dict) else chance.randrange(len(obj))
    what = chance.random()
    if what < 0.1:
        del made[key]
    elif what < 0.2 and isinstance(made, dict):
        made[str(chance.choice(NASTY))] = chance.choice(ODD)
    elif what < 0.2:
        made.insert(key, made[key])
    else:
        made[key] = odd_value(obj[key], chance)
    return made


def damaged_json(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return damaged(data, chance)
    made = odd_value(json.loads(data), chance)
    return json.dumps(made, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def damaged_lines(data: bytes, chance: random.Random) -> bytes:
    """A file of lines, with one of them, or its value, gone, doubled, moved or another one."""
    if chance.random() < 0.3:
        return damaged(data, chance)
    lines = data.decode().splitlines()
    at = chance.randrange(len(lines))
    some = chance.choice(NASTY)
    head, sign, value = lines[at].partition("=")
    quoted = f"{head}{sign} {json.dumps(some)}" if sign else some
    lines[at : at + 1] = chance.choice(
        (
            [],
            [lines[at], lines[at]],
            [quoted],
            [f"{head}{sign}{value[:-1]}{some}{value[-1:]}"],
            [some, lines[at]],
            [lines[at], chance.choice(lines)],
        )
    )
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def damaged_stream(data: bytes, chance: random.Random) -> bytes:
    """What is printed, not what was recorded of the run."""
    head, mark, rest = data.partition(b"### stdout\n")
    return head + mark + damaged(rest.partition(b"### stderr\n")[0], chance)


# ---- kinds of files --------------------------------------------------------------------

#: What is wrong with how gen takes a file; "" if nothing is.  The directory is a fresh one.
Judge = Callable[[bytes, bytes, Path], str]


@dataclass(frozen=True)
class Kind:
    """Files of a kind: good ones, how they are damaged, and what is asked of each."""

    name: str
    good: Callable[[], Sequence[bytes]]
    damage: Callable[[bytes, random.Random], bytes]
    judge: Judge


def _files(*patterns: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [path.read_bytes() for one in patterns for path in sorted(ROOT.glob(one))]


def _says(data: bytes) -> Mapping[str, Any] | None:
    """What of a design file goes into the model; None if it is no TOML."""
    try:
        read = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    names = ("base", "choices", "names", "sections", "operators", "kernel")
    return {name: read.get(name) for name in names}


def design(good: bytes, data: bytes, where: Path) -> str:
    """Only what a file says of the kernel is in the module, whatever its title may be."""
    file = where / "mine.toml"
    texts = []
    for content in (good, data):
        file.write_bytes(content)
        ran = run("render", "--design", str(file), "--with", "pcp", "--tla")
        if ran.trouble:
            return ran.trouble
        texts.append(ran.out)
    if ran.code:
        return "a module, and an error" if ran.out else ""
    if ran.out.count("\n====") != 1 or not ran.out.endswith("=\n"):
        return "a module that ends before its end"
    if _says(good) == _says(data) and without_header(texts[0]) != without_header(texts[1]):
        return "another module, though nothing but words has changed"
    return ""


def overlay(_good: bytes, data: bytes, where: Path) -> str:
    """A template changes definitions of its own, or is refused."""
    folder = where / "mine"
    file = folder / "mm" / "free_pcppages_bulk" / "under-lock.tla.j2"
    file.parent.mkdir(parents=True)
    (folder / "design.toml").write_text(
        'name = "mine"\ntitle = "t"\nkernel = "k"\nsource = "s"\nbase = "v7.2"\n', encoding="utf-8"
    )
    file.write_bytes(data)
    ran = run("render", "--design", f"{folder}/", "--with", "pcp", "--tla")
    if ran.trouble or ran.code:
        return ran.trouble or ("a module, and an error" if ran.out else "")
    base = run("render", "--design", "v7.2", "--with", "pcp", "--tla")
    old, new = (_outside(text.out) for text in (base, ran))
    return "" if old == new else "something besides definitions has changed"


def _outside(tla: str) -> list[str]:
    """The lines of a module that no definition has, and the names of those that are asked."""
    keep = (
        r"VARIABLES?|EXTENDS|ASSUME|RECURSIVE|CONSTANTS?|THEOREM|LOCAL|INSTANCE|----|====|"
        r"(Step|Boot)\b"
    )
    return [line for line in without_header(tla).splitlines() if re.match(keep, line)]


def trace(_good: bytes, data: bytes, where: Path) -> str:
    """A trace is drawn in every format, or refused in all of them."""
    file = where / "trace.json"
    file.write_bytes(data)
    codes = set()
    for form in sorted(FORMATS):
        if form.endswith("png"):  # no text
            continue
        ran = run("show", str(file), "--format", form)
        if ran.trouble:
            return f"--format {form}: {ran.trouble}"
        codes.add(ran.code)
    return "" if len(codes) == 1 else f"exit codes {sorted(codes)}"


def certificate(_good: bytes, data: bytes, where: Path) -> str:
    """What a certificate says is done again by TLC, and nothing else is done."""
    file, ran_file = where / "certificate.json", where / "ran"
    file.write_bytes(data)
    java = where / "java"
    java.write_text(
        '#!/bin/sh\n[ "$1" = -version ] && { echo \'openjdk version "21.0.1"\' >&2; exit 0; }\n'
        f"echo ran >> {ran_file}; exit 1\n",
        encoding="utf-8",
    )
    java.chmod(0o755)
    ran = run("prove", "--recheck", str(file), "--java", str(java))
    if not ran.trouble and (ran.code == 0 or "[confirmed]" in ran.out):
        return "confirmed, by a Java that says nothing"
    # TLC has failed: that may be said beside.
    return "" if ran.trouble.startswith("exit code 3 with") else ran.trouble


def tlc(good: bytes, data: bytes, _where: Path) -> str:
    """What TLC printed is a complete search only if it was one."""
    exited = re.search(rb"exit=(\d+)", good.partition(b"### stdout\n")[0])
    code = int(exited[1]) if exited else 0
    before = read_report(_printed(good), code)
    try:
        report = read_report(_printed(data), code)
    except Exception:  # a find, whatever it is
        return traceback.format_exc(limit=-3)
    if report.ok and not before.ok:
        return f"a complete search, where there was {before.outcome}"
    if report.ok and (report.distinct, report.depth) != (before.distinct, before.depth):
        return "" if _digits(good) != _digits(data) else "other counts, though no digit has changed"
    if report.trace and before.ok:  # else a replay has to confirm it
        return "a counterexample, where there was none"
    return ""


def _printed(data: bytes) -> str:
    """What TLC printed, of what was recorded of a run."""
    text = data.decode("utf-8", "replace").partition("### stdout\n")[2]
    return text.partition("### stderr\n")[0]


def _digits(data: bytes) -> list[bytes]:
    return re.findall(rb"\d+", data)


# ---- what else a user can have, or be given --------------------------------------------

#: What may lie where a file is wanted, and what may be wanted of it.
_PLACES = ("fifo", "directory", "zero", "full", "link", "loop", "dangling", "huge", "readonly")
_ROLES = ("design", "trace", "certificate", "matrix", "output", "junit", "both", "itself")


def any_place(_good: bytes, chance: random.Random) -> bytes:
    return f"{chance.choice(_ROLES)} {chance.choice(_PLACES)}".encode()


def place(_good: bytes, data: bytes, where: Path) -> str:
    """What is no file is neither waited for nor replaced, and no output takes another's place."""
    role, _, what = data.decode().partition(" ")
    path = _lies(what, where / ("mine.toml" if role == "design" else "file.json"))
    before = _lstat(path)
    trace_file = where / "trace.json"
    shutil.copy(ROOT / "tests" / "data" / "traces" / "v6.12-undo.json", trace_file)
    (where / "java").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (where / "java").chmod(0o755)
    check = ("check", "--property", "Alignment", "--java", str(where / "java"))
    argv = {
        "design": ("render", "--design", str(path)),
        "trace": ("show", str(path)),
        "certificate": ("prove", "--recheck", str(path)),
        "matrix": ("diff", str(trace_file), str(path)),
        "output": ("show", str(trace_file), "-o", str(path)),
        "junit": (*check, "--junit", str(path)),
        "both": (*check, "--junit", str(where / "a.xml"), "--sarif", f"{where}/./a.xml"),
        "itself": ("show", str(trace_file), "-o", f"{where}/../{where.name}/trace.json"),
    }[role]
    kept = trace_file.read_bytes()
    ran = run(*argv)
    if role in ("both", "itself") and ran.code != ExitCode.USAGE:
        return f"exit code {ran.code} for {role}"
    if trace_file.read_bytes() != kept:
        return "the trace is another one now"
    if _lstat(path) != before:
        return f"{what}: is something else now"
    return ran.trouble


def _lies(what: str, path: Path) -> Path:
    """Puts something there that is no plain file of one's own."""
    if what == "fifo":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    elif what in ("zero", "full"):
        path.symlink_to(f"/dev/{what}")
    elif what == "link":
        path.with_name("aim").write_text("{}", encoding="utf-8")
        path.symlink_to("aim")
    elif what == "loop":
        path.symlink_to(path.name)
    elif what == "dangling":
        path.symlink_to("nowhere/at/all")
    else:
        with path.open("wb") as file:
            file.truncate(10**10 if what == "huge" else 0)
        path.chmod(0o444 if what == "readonly" else 0o644)
    return path


def _lstat(path: Path) -> object:
    """What it is; a plain file may be written anew."""
    found = path.lstat()
    plain = stat.S_ISREG(found.st_mode)
    leads = path.readlink() if path.is_symlink() else None
    return stat.S_IFMT(found.st_mode), leads, None if plain else found.st_ino


def any_name(_good: bytes, chance: random.Random) -> bytes:
    """A name of a file, or of a folder, that a user can give: anything but / and NUL."""
    parts = [chance.choice((*NASTY[:30], *NASTY[30:40], "x", " ", "-", "é")) for _ in range(3)]
    name = "".join(parts).replace("/", "").replace("\0", "")
    return name.encode("utf-8", "surrogatepass")[:120]


def path(_good: bytes, data: bytes, where: Path) -> str:
    """A design says the same wherever it lies."""
    folder = Path(os.fsdecode(os.fsencode(where) + b"/" + data + b"x"))
    folder.mkdir()
    text = (ROOT / "specs" / "designs" / "hygiene-v2.toml").read_text(encoding="utf-8")
    text = text.replace('name = "hygiene-v2"', 'name = "mine"').replace("default = true", "")
    texts = []
    for file in (where / "mine.toml", folder / "mine.toml"):
        file.write_text(text, encoding="utf-8")
        ran = run("render", "--design", str(file), "--tla")
        if ran.trouble or ran.code:
            return ran.trouble
        texts.append(without_header(ran.out))
    return "" if texts[0] == texts[1] else "another module, by its path"


def any_home(_good: bytes, chance: random.Random) -> bytes:
    homes = ("", "x", "/proc", "/dev/null", "/nowhere", "here", "here\nthere", "\udcff", "\x1b[2J")
    masks = (0o000, 0o022, 0o077, 0o777)
    return f"{chance.choice(homes)}|{chance.choice(masks)}".encode("utf-8", "surrogateescape")


def home(_good: bytes, data: bytes, where: Path) -> str:
    """Wherever HOME is, and whatever the umask: a verdict or a line, and nothing for everybody."""
    name, _, mask = data.rpartition(b"|")
    home = os.fsencode(where) + b"/" + name if name[:1] not in (b"", b"/") else name
    java = where / "java"
    java.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    java.chmod(0o755)
    env = {b"PATH": os.environb[b"PATH"], b"HOME": home, b"TMPDIR": os.fsencode(where)}
    argv = [sys.executable, "-m", "gen", "check", "--property", "Alignment", "--java", str(java)]
    made = subprocess.run(
        argv, env=env, cwd=ROOT, capture_output=True, umask=int(mask), timeout=60, check=False
    )
    out, err = (text.decode("utf-8", "replace") for text in (made.stdout, made.stderr))
    if wrong := _misbehaves(made.returncode, out, err):
        return wrong
    loose = [path for path in where.rglob("*") if path.is_dir() and path.stat().st_mode & 0o022]
    return f"{loose[0].name} can be written by others" if loose else ""


def kinds() -> dict[str, Kind]:
    """Every kind of file, by name."""
    found = (
        Kind("design", _files("tests/data/patches/*.toml"), damaged_lines, design),
        Kind("overlay", _files("specs/mm/free_pcppages_bulk/under-lock.tla.j2"), damaged, overlay),
        Kind(
            "trace",
            _files("tests/data/traces/v6*.json", "counterexamples/hygiene-v2-*/trace.json"),
            damaged_json,
            trace,
        ),
        Kind("certificate", _files("specs/certificates/v6.1[02].json"), damaged_json, certificate),
        Kind("place", lambda: [b""], any_place, place),
        Kind("path", lambda: [b""], any_name, path),
        Kind("home", lambda: [b""], any_home, home),
        Kind("tlc", _files("tests/data/tlc/[a-z]*.txt"), damaged_stream, tlc),
    )
    return {kind.name: kind for kind in found}


# ---- the search ----------------------------------------------------------------------


@contextlib.contextmanager
def fresh() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    where = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        yield where
    finally:
        shutil.rmtree(where, ignore_errors=True)


def look(kind: Kind, good: bytes, data: bytes) -> str:
    """What is wrong with how gen takes a damaged file, or with what lies about afterwards."""
    with fresh() as where:
        here = {path.name for path in Path.cwd().iterdir()}
        wrong = kind.judge(good, data, where)
        left = {path.name for path in Path.cwd().iterdir()} - here
        return wrong or (f"leaves {sorted(left)}" if left else "")


def keep(kind: Kind, good: bytes, data: bytes) -> Path:
    """A find, in the corpus: the good file beside the damaged one."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    name = f"{kind.name}-{hashlib.sha256(data).hexdigest()[:12]}"
    (CORPUS / f"{name}.good").write_bytes(good)
    path = CORPUS / f"{name}.bad"
    path.write_bytes(data)
    return path


def fuzz(
    names: Sequence[str], seconds: float, seed: int, *, kept: bool = True
) -> tuple[Counter[str], list[str]]:
    """Damage files for so long: how many of each kind, and the finds, a line each."""
    chance = random.Random(seed)
    chosen = [kinds()[name] for name in names]
    files = {kind.name: kind.good() for kind in chosen}
    tried: Counter[str] = Counter()
    finds: list[str] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        kind = chance.choice(chosen)
        good = chance.choice(files[kind.name])
        try:
            data = kind.damage(good, chance)
        except ValueError:  # an odd value that is no JSON
            continue
        tried[kind.name] += 1
        wrong = look(kind, good, data)
        if wrong:
            path = keep(kind, good, data) if kept else ""
            finds.append(f"{kind.name}: {wrong.strip()} {path}")
            print(finds[-1], flush=True)
    return tried, finds


def main_() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=[*kinds()], default=[])
    args = parser.parse_args()
    tried, finds = fuzz(args.kind or [*kinds()], 60 * args.minutes, args.seed)
    told = ", ".join(f"{count:,} of {name}" for name, count in sorted(tried.items()))
    print(f"{sum(tried.values()):,} files ({told}), {len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main_())
