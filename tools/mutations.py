"""specs/mutations.json: what notices it if a call, a guard or an assignment of a design is wrong.

    python -m tools.mutations            makes every mutant again, and prints what changed
    python -m tools.mutations NAME ...   shows what becomes of the mutants of these names

Each mutant is one small change of the design.  TLC searches it in the configurations that
specs/mutations.json names and in which it changes the module, one after the other until a
property is violated: "noticed by" the property, or by TLC itself where the mutant cannot be
evaluated.  Asked are the properties that hold without the change.  A mutant that nobody
notices has to be explained in specs/README.md, "What nobody notices".

What TLC has said of a module is kept, as by gen matrix, by what the module says without its
comments.  So a run that was stopped goes on where it was, and after a change of specs/ only
those mutants are searched again whose module is another one.

Sections are mutated call by call, as sections.toml lists them: a call is skipped, two
neighbours are swapped, a guard is dropped or negated, a failure is ignored.  The lock is
left alone.  Operators that the templates declare as a kernel function give the zone back
as it was ("skip"); and each field that an operator assigns stays as it is ("keep").
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest import mock

from gen.check import matrix
from gen.cli import options
from gen.errors import GenError, near_miss
from gen.files import FileFormat, write_text
from gen.model.design import Design, find_design
from gen.model.property import BOOT, SAFETY, STEP, Property, find_properties
from gen.model.render import Replay, render, render_replay, replay_state
from gen.model.section import Call, Edited, Section, sections
from gen.model.specs import SPECS
from gen.model.zone import Zone
from gen.tlc import process
from gen.tlc.cache import Cache, content_key
from gen.tlc.command import LOG, command_line
from gen.tlc.options import TlcOptions, memory_bytes
from gen.tlc.report import Outcome, Report
from gen.tlc.spec import Spec
from gen.tlc.toolchain import Toolchain, find_toolchain

MUTATIONS = SPECS / "mutations.json"
EXPLAINED = SPECS / "README.md"
FORMAT = FileFormat("mutations", (2,), "that of the same commit fits")
#: Who notices, if it is no property.
NOBODY = "nobody"
TLC = "TLC"
#: The mutant is what the design is anyway, as with a section that it does not use.
UNCHANGED = "unchanged"

_LOCK = ("spin_lock", "spin_unlock")
#: Seconds after which a mutant is given up.
_TIMEOUT = 1800.0
#: Evaluated in every state for every combination of types, and about one function alone.
_COSTLY = ("HotPathTypes",)
#: What the model remembers for a property alone: no kernel has it.
_REMEMBERED = ("warned", "asserted", "type_before", "merge_retyped")


# ---- the mutants ---------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A ``gen check`` command: the design, the zone, and what is asked in it."""

    command: str

    @cached_property
    def design(self) -> Design:
        return find_design(options.parse(shlex.split(self.command)[1:])[1].design)

    @cached_property
    def zone(self) -> Zone:
        return options.zone(options.parse(shlex.split(self.command)[1:])[1])

    @cached_property
    def properties(self) -> list[Property]:
        """The safety properties of a search from boot that say something here."""
        args = options.parse(shlex.split(self.command)[1:])[1]
        return [
            p
            for p in find_properties(args.property)
            if p.kind in SAFETY
            and (p.start, p.steps) == (BOOT, STEP)
            and p.name not in _COSTLY
            and self.design.has(p.needs)
            and self.zone.isolators >= p.isolators
            and p.grain in ("", self.zone.grain)
            and set(p.features) <= set(self.zone.features)
        ]

    @cached_property
    def unchanged(self) -> Spec:
        """The module of the design itself, asked for all of them."""
        return render(self.design, self.zone, self.properties)

    @cached_property
    def operators(self) -> dict[str, bool]:
        """The kernel functions of the module that are operators, and whether they give a set.

        Read off the modules of replays, in which each of them writes itself into the log.
        """
        # What a property keeps in the state may bring functions with it.
        keeps = {prop.keeps: prop for prop in self.properties}
        found: dict[str, bool] = {}
        for prop in keeps.values():
            state = dict.fromkeys(replay_state(self.design, self.zone, prop), "0")
            tla = render_replay(self.design, self.zone, Replay([state], prop, 1)).tla
            logged = re.findall(
                r"^(\w+)\(z_[^)]*\) ==\n  LET z == Enter\(z_, .*?\n  IN\s+(\{?)Leave",
                tla,
                re.MULTILINE | re.DOTALL,
            )
            found |= {name: bool(many) for name, many in logged}
        return found


@dataclass(frozen=True)
class Mutant:
    """One change: of the calls of a section, or of an operator in the module's text."""

    name: str
    section: str = ""
    calls: tuple[Call, ...] = ()
    operator: str = ""
    #: The field whose assignment is taken away, and which of how many; "": the whole operator.
    field: str = ""
    which: int = 0
    of: int = 0

    def spec(self, question: Question, properties: Sequence[Property]) -> Spec:
        """The module that is searched for these properties."""
        if not self.section:
            spec = render(question.design, question.zone, properties)
            return replace(spec, tla=self._changed(spec.tla, question))

        def changed(choices: Mapping[str, str], edited: Edited) -> dict[str, Section]:
            known = sections(choices, edited)
            return {**known, self.section: replace(known[self.section], calls=self.calls)}

        with mock.patch("gen.model.render.sections", changed):
            return render(question.design, question.zone, properties)

    def _changed(self, tla: str, question: Question) -> str:
        for name, body in _bodies(tla):
            if name != self.operator:
                continue
            if self.field:
                found = [a for a in _assignments(tla, body) if a[0] == self.field]
                if len(found) == self.of:
                    _, start, end = found[self.which]
                    return f"{tla[:start]} @{tla[end:]}"
            else:
                identity = "{z}" if question.operators[name] else "z"
                return f"{tla[: body.start]}  {identity}\n{tla[body.stop :]}"
        return tla


def mutants(questions: Sequence[Question]) -> list[Mutant]:
    """Every mutant of a design, in any of these configurations: of its sections, its
    operators, and their assignments."""
    design = questions[0].design
    known = sections(design.choices, design.patch.sections)
    made = [m for name, section in known.items() for m in _of_section(name, section)]
    for question in questions:
        made += [
            Mutant(f"{name}: skip", operator=name)
            for name in question.operators
            if name not in (*_LOCK, *known)
        ]
    for question in questions:
        made += _of_assignments(question.unchanged.tla)
    return list({mutant.name: mutant for mutant in made}.values())


def _of_section(name: str, section: Section) -> Iterator[Mutant]:
    calls = section.calls
    for n, call in enumerate(calls):
        before, after = calls[:n], calls[n + 1 :]
        if call.function in _LOCK:
            continue
        what = call.function
        yield Mutant(f"{name}: skip {what}", name, before + after)
        if after and after[0].function not in _LOCK:
            swapped = (*before, after[0], call, *after[1:])
            yield Mutant(f"{name}: swap {what} and {after[0].function}", name, swapped)
        if call.fails and any(c.function not in _LOCK for c in after):
            later = tuple(replace(c, guard=_without_ret(c.guard)) for c in after)
            yield Mutant(f"{name}: go on after {what} failed", name, (*before, call, *later))
            later = tuple(
                replace(c, guard=c.guard.replace("z.ret = 0", "z.ret # 0")) for c in after
            )
            yield Mutant(f"{name}: go on only if {what} failed", name, (*before, call, *later))
        if when := _without_ret(call.guard):
            always = replace(call, guard=call.guard.replace(when, "TRUE"))
            yield Mutant(f"{name}: {what} whether or not {when}", name, (*before, always, *after))
            never = replace(call, guard=call.guard.replace(when, f"~({when})"))
            yield Mutant(f"{name}: {what} unless {when}", name, (*before, never, *after))


def _without_ret(guard: str) -> str:
    return " /\\ ".join(part for part in guard.split(" /\\ ") if part and part != "z.ret = 0")


def _bodies(tla: str) -> Iterator[tuple[str, slice]]:
    """The operators on z that take several lines, and where in the text their bodies are."""
    for found in re.finditer(r"^(\w+)\(z(?:, [^)]*)?\) ==\n((?: .*\n)+)", tla, re.MULTILINE):
        yield found[1], slice(found.start(2), found.end(2))
    for found in re.finditer(r"^(\w+)\(z(?:, [^)]*)?\) == (.*\n(?: .*\n)*)", tla, re.MULTILINE):
        yield found[1], slice(found.start(2), found.end(2))


def _assignments(tla: str, body: slice) -> list[tuple[str, int, int]]:
    """What a body assigns in an EXCEPT: the field, and where the expression begins and ends."""
    found = []
    for one in re.finditer(r"!\.(\w+)(?:\[\w+\])? =", tla[body]):
        start = end = body.start + one.end()
        depth = 0
        for sign in re.compile(r"<<|>>|[][(){},]").finditer(tla, start):
            end = sign.start()
            if not depth and sign[0] in ",]":
                break
            depth += 1 if sign[0] in ("<<", "[", "(", "{") else -1 if sign[0] != "," else 0
        found.append((one[1], start, end))
    return found


def _of_assignments(tla: str) -> Iterator[Mutant]:
    for name, body in _bodies(tla):
        fields = [field for field, *_ in _assignments(tla, body)]
        for n, field in enumerate(fields):
            if field in _REMEMBERED:
                continue
            which = fields[:n].count(field)
            of = fields.count(field)
            again = f" ({which + 1} of {of})" if of > 1 else ""
            yield Mutant(f"{name}: keep z.{field}{again}", "", (), name, field, which, of)


# ---- what becomes of them ------------------------------------------------------------


@dataclass(frozen=True)
class Fate:
    """Who notices a mutant, in which configuration, and after how many states.

    ``by``: a property, "TLC", "nobody", or "unchanged".  ``remark``: what TLC could not
    evaluate.  ``distinct``: of a mutant that nobody notices, the states seen
    in each configuration; those of the design itself mean that it changes nothing there.
    """

    by: str
    command: str = ""
    length: int = 0
    remark: str = ""
    distinct: tuple[int, ...] = ()

    def __str__(self) -> str:
        after = f" after {self.length} states" if self.length else ""
        where = f", {self.command}" if self.command else ""
        why = f" ({self.remark})" if self.remark else ""
        return f"{self.by}{after}{where}{why}"


class Search:
    """Runs TLC on mutants; any thread may ask."""

    def __init__(self, directory: Path, *, keep: bool = True) -> None:
        self.directory = directory
        self.toolchain: Toolchain = find_toolchain()
        # As many at a time as there are cores.
        self.options = matrix.share(TlcOptions(), 1, memory_bytes() // matrix.cores())[1]
        self.cache = Cache() if keep else None
        self._number = 0
        self._lock = threading.Lock()

    def ask(self, spec: Spec) -> Report:
        """What TLC says of a module, from an earlier run if there was one."""
        spec = replace(spec, tla=without_comments(spec.tla))
        command = command_line(self.toolchain, Path("/"), spec.name, self.options)
        jar, java = self.toolchain.jar_sha256, self.toolchain.java_identity
        key = java and content_key(spec, jar, java, command)
        if self.cache and (known := self.cache.load(key, _settled)):
            return known
        with self._lock:
            self._number += 1
            directory = self.directory / str(self._number)
        directory.mkdir()
        write_text(directory / f"{spec.name}.tla", spec.tla)
        write_text(directory / f"{spec.name}.cfg", spec.cfg)
        command = command_line(self.toolchain, directory, spec.name, self.options)
        report = process.run(command, directory, timeout=_TIMEOUT)
        if self.cache and _settled(report):
            self.cache.store(key, directory / LOG, report)
        return report

    def asked(self, question: Question) -> tuple[list[Property], int]:
        """The properties that hold in a configuration without any change, and its states."""
        left = question.properties
        while True:
            report = self.ask(render(question.design, question.zone, left))
            if report.ok:
                return left, report.distinct or 0
            if report.violated not in [p.name for p in left]:
                raise GenError(f"{question.command}: {report.message or report.outcome.value}")
            print(f"{question.command}: not {report.violated}", file=sys.stderr, flush=True)
            left = [p for p in left if p.name != report.violated]

    def fate(
        self, mutant: Mutant, questions: Sequence[tuple[Question, Sequence[Property], int]]
    ) -> Fate:
        """Who notices a mutant, in the first configuration where somebody does.

        Each configuration comes with the properties that are asked, and the states that it
        has without a change: it need not be searched where the mutant is none.
        """
        distinct = []
        changed = False
        for question, properties, states in questions:
            spec = specification(mutant, question, properties)
            with _rendering:
                plain = render(question.design, question.zone, properties)
            if spec == plain:
                distinct.append(states)
                continue
            changed = True
            report = self.ask(spec)
            if report.outcome in (Outcome.INVARIANT, Outcome.ACTION_PROPERTY):
                return Fate(str(report.violated), question.command, len(report.trace))
            if report.outcome in _BROKEN:
                return Fate(TLC, question.command, len(report.trace), _line(report))
            if not report.ok:
                raise GenError(f"{mutant.name}: no verdict: {report.message}")
            distinct.append(report.distinct or 0)
        return Fate(NOBODY, distinct=tuple(distinct)) if changed else Fate(UNCHANGED)


#: Not PARSE: what cannot be read is no mutant, but our mistake.
_BROKEN = (Outcome.EVALUATION, Outcome.ASSERTION)
_rendering = threading.Lock()


def specification(mutant: Mutant, question: Question, properties: Sequence[Property]) -> Spec:
    """The mutant's module; one at a time, as the sections are replaced while it is made."""
    with _rendering:
        return mutant.spec(question, properties)


def without_comments(tla: str) -> str:
    """A module as TLC reads it: two that differ in their comments alone are the same."""
    lines = (line.partition("\\*")[0].rstrip() for line in tla.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _settled(report: Report) -> bool:
    return report.ok or report.outcome in (
        Outcome.INVARIANT,
        Outcome.ACTION_PROPERTY,
        Outcome.EVALUATION,
    )


def _line(report: Report) -> str:
    # Up to the values, which say little and much of it.
    return " ".join((report.message or report.outcome.value).split()).partition(": (")[0][:100]


# ---- the file ------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """specs/mutations.json.

    ``specs``: the hash of the modules that the fates were measured with.
    ``asked``: for each question the properties that hold without a change, and the states.
    """

    questions: list[Question]
    specs: str
    asked: dict[str, tuple[list[str], int]]
    fates: dict[str, Fate]

    @property
    def survivors(self) -> list[str]:
        """The mutants that nobody notices, though they change the module."""
        return [name for name, fate in self.fates.items() if fate.by == NOBODY]


@cache
def read() -> Recorded:
    """The committed fates."""
    data = FORMAT.body(json.loads(MUTATIONS.read_text(encoding="utf-8")))
    fates = {
        name: Fate(
            by=one["noticed by"],
            command=one.get("command", ""),
            length=one.get("length", 0),
            remark=one.get("remark", ""),
            distinct=tuple(one.get("distinct", ())),
        )
        for name, one in data["mutants"].items()
    }
    asked = {c: (one["properties"], one["distinct"]) for c, one in data["configurations"].items()}
    return Recorded([Question(c) for c in asked], data["specs"], asked, fates)


def specs_hash(questions: Sequence[Question]) -> str:
    """The hash of the modules that are mutated, as TLC reads them: sentences, other designs
    and what they alone use may change."""
    digest = hashlib.sha256()
    for question in questions:
        spec = question.unchanged
        digest.update(f"{question.command}\n{without_comments(spec.tla)}{spec.cfg}".encode())
    return digest.hexdigest()


def explanations() -> dict[str, str]:
    """The survivors that specs/README.md explains: ``- `NAME`, `NAME`: why``."""
    text = EXPLAINED.read_text(encoding="utf-8")
    _, _, after = text.partition("## What nobody notices\n")
    section = after.partition("\n## ")[0]
    found = re.findall(r"^- ((?:`[^`]+`[,\s]+)*`[^`]+`):\s+(.*(?:\n  .*)*)", section, re.MULTILINE)
    return {
        " ".join(name.split()): why.strip()
        for names, why in found
        for name in re.findall(r"`([^`]+)`", names)
    }


def dump(recorded: Recorded) -> str:
    """What ``read`` reads, a mutant a line."""
    configurations = {c: {"properties": p, "distinct": n} for c, (p, n) in recorded.asked.items()}
    told = {name: _told(fate) for name, fate in recorded.fates.items()}
    head = "".join(f"  {json.dumps(k)}: {json.dumps(v)},\n" for k, v in FORMAT.head.items())
    return (
        f'{{\n{head}  "specs": {json.dumps(recorded.specs)},\n'
        f'  "configurations": {_block(configurations)},\n  "mutants": {_block(told)}\n}}\n'
    )


def _told(fate: Fate) -> dict[str, Any]:
    told: dict[str, Any] = {"noticed by": fate.by}
    for name in ("length", "command", "remark", "distinct"):
        if value := getattr(fate, name):
            told[name] = value
    return told


def _block(data: Mapping[str, Any]) -> str:
    lines = ",\n    ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in data.items())
    return f"{{\n    {lines}\n  }}"


# ---- the command ---------------------------------------------------------------------


def measure(names: Sequence[str] = (), *, keep: bool = True) -> Recorded:
    """The fates of these mutants, or of all, as they are today."""
    known = read()
    every = {m.name: m for m in mutants(known.questions)}
    for name in names:
        if name not in every:
            raise GenError(f"unknown mutant '{name}': {near_miss(name, [*every])}")
    chosen = [every[name] for name in names] or [*every.values()]
    done = 0
    with tempfile.TemporaryDirectory(prefix="pageblock-gen-") as directory:
        search = Search(Path(directory), keep=keep)

        def one(mutant: Mutant) -> Fate | GenError:
            nonlocal done
            fate: Fate | GenError
            try:
                fate = search.fate(mutant, asked)
            except GenError as error:  # what others say is kept meanwhile
                fate = error
            done += 1
            print(f"{done} of {len(chosen)}, {mutant.name}: {fate}", file=sys.stderr, flush=True)
            return fate

        with ThreadPoolExecutor(matrix.cores()) as pool:
            found = pool.map(search.asked, known.questions)
            asked = [(q, *known_to) for q, known_to in zip(known.questions, found, strict=True)]
            fates = dict(zip((m.name for m in chosen), pool.map(one, chosen), strict=True))
    errors = [fate for fate in fates.values() if isinstance(fate, GenError)]
    if errors:
        raise GenError("; ".join(error.message for error in errors))
    return Recorded(
        known.questions,
        specs_hash(known.questions),
        {q.command: ([p.name for p in properties], n) for q, properties, n in asked},
        {name: fate for name, fate in fates.items() if isinstance(fate, Fate)},
    )


def difference(before: Recorded, after: Recorded) -> list[str]:
    """A line for each mutant whose fate differs."""
    names = [*before.fates, *(name for name in after.fates if name not in before.fates)]
    return [
        f"{name}: {before.fates.get(name, 'not there')} -> {after.fates.get(name, 'not there')}"
        for name in names
        if before.fates.get(name) != after.fates.get(name)
    ]


def _main(names: Sequence[str]) -> None:
    after = measure(names)
    if names:
        print("\n".join(f"{name}: {fate}" for name, fate in after.fates.items()))
        return
    changed = difference(read(), after)
    write_text(MUTATIONS, dump(after))
    for line in changed:
        print(line)
    counts: dict[str, int] = {}
    for fate in after.fates.values():
        counts[fate.by] = counts.get(fate.by, 0) + 1
    told = ", ".join(f"{by} {n}" for by, n in sorted(counts.items(), key=lambda x: -x[1]))
    print(f"{len(after.fates)} mutants, {len(changed)} changed; noticed by: {told}")
    explained = explanations()
    for name in after.survivors:
        if name not in explained:
            print(f"to be explained in specs/README.md: {name}")


if __name__ == "__main__":
    try:
        _main(sys.argv[1:])
    except GenError as error:
        sys.exit(error.message)
