"""A design's own text: what it changes in sections and operators beyond the choices there are.

A design file may have ``[sections.NAME]``, which edits the list of calls of one hold of the lock,
and ``[operators.NAME]``, which replaces an operator of the templates, or adds one.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from gen.errors import GenError, near_miss
from gen.files import sha256
from gen.model.body import BodyError, check_body
from gen.model.definitions import Definition, definitions, used
from gen.model.operator import Operator
from gen.model.overlay import DESIGN_FILE, Overlay, own_operators, read_overlay
from gen.model.position import Key, line_of
from gen.model.reader import Line, Text, TomlFile, Words, dotted
from gen.model.section import (
    CallTable,
    SectionTable,
    as_table,
    calls_of,
    function_of,
    section_tables,
    template_operators,
)


@dataclass(frozen=True, kw_only=True)
class InsertTable(CallTable):
    """A call that is put into a section, before or behind one that is there."""

    called: ClassVar[str] = "insert"
    before: Annotated[Words, Meta(description="the call that it comes before")] = ""
    after: Annotated[Words, Meta(description="the call that it comes behind")] = ""


@dataclass(frozen=True, kw_only=True)
class SectionEdit:
    """What a design changes in the list of calls of one hold of the lock.

    A call is named by its operator; NAME#2 is the second call of NAME.
    """

    called: ClassVar[str] = "section edit"
    calls: Annotated[
        tuple[Line | CallTable, ...],
        Meta(description="all calls that it makes, in their order, instead of those there are"),
    ] = ()
    skip: Annotated[tuple[Line, ...], Meta(description="calls that are not made")] = ()
    replace: Annotated[
        Mapping[str, Line], Meta(description="calls that are made instead, by the call there is")
    ] = field(default_factory=dict)
    when: Annotated[
        Mapping[str, Line], Meta(description="a condition on z under which a call is made")
    ] = field(default_factory=dict)
    swap: Annotated[
        tuple[tuple[Line, Line], ...], Meta(description="pairs of calls that change places")
    ] = ()
    insert: Annotated[tuple[InsertTable, ...], Meta(description="calls that are made besides")] = ()


@dataclass(frozen=True, kw_only=True)
class OperatorTable:
    """An operator of the templates that a design has otherwise, or one of its own."""

    called: ClassVar[str] = "operator"
    args: Annotated[
        Words | None,
        Meta(description="of a new one: its parameters, as z, page, order"),
    ] = None
    body: Annotated[
        Text | None,
        Meta(
            description="TLA+: the expression that it is; NAME_before is what the base has for NAME"
        ),
    ] = None
    replace: Annotated[
        Mapping[Line, Line],
        Meta(description="what stands in it, once, and what stands there instead"),
    ] = field(default_factory=dict)


@dataclass(frozen=True)
class Patch:
    """What a design changes by text of its own."""

    sections: Mapping[str, tuple[CallTable, ...]] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)
    #: Templates beside the design file.
    overlay: Overlay = field(default_factory=Overlay)

    def __bool__(self) -> bool:
        return bool(self.sections or self.operators or self.overlay)

    def rendered(self, base: str, made: str) -> Patch:
        """The same without templates: what they come to in a module is operators.

        ``base`` and ``made``: the module without any of the patch, and with its templates.
        """
        found = {one.name: one for one in own_operators(self.overlay, base, made)}
        for name, one in found.items():
            if name in self.operators:
                raise GenError(f"{one.place}: {name}: [operators.{name}] says it too")
            if _reserved(name) or name in section_tables():
                raise GenError(f"{one.place}: {name}: no operator can be called so by a design")
        return Patch(self.sections, {**self.operators, **found})

    def to_tables(self, below: Patch) -> dict[str, Any]:
        """The tables of a design file that say all of it over another one, its base's."""
        assert not self.overlay
        sections = {
            name: {"calls": [_table(call) for call in calls]}
            for name, calls in self.sections.items()
            if calls != below.sections.get(name)
        }
        operators = {
            name: {"replace": dict(one.edits)}
            if one.edits
            else {"body": one.body} | ({} if one.args is None else {"args": one.args})
            for name, one in self.operators.items()
            if name not in below.operators
        }
        tables = {"sections": sections, "operators": operators}
        return {name: table for name, table in tables.items() if table}

    @property
    def told(self) -> str:
        """How much it is: "1 section, 2 operators"."""
        counts = {
            "section": len(self.sections),
            "operator": len(self.operators),
            "template": len(self.overlay.files),
        }
        return ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items() if n)

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says."""
        parts = [f"section {name} {calls!r}" for name, calls in sorted(self.sections.items())]
        parts += [
            f"operator {name}({one.args}) {one.body} {one.edits!r}"
            for name, one in sorted(self.operators.items())
        ]
        parts += [f"templates {self.overlay.digest}"] if self.overlay else []
        return sha256("\n".join(parts))


def _table(call: CallTable) -> dict[str, Any]:
    """A call as a file has it, without what goes without saying."""
    default = CallTable(call=call.call)
    given = {f.name: getattr(call, f.name) for f in fields(CallTable)}
    return {
        name: value
        for name, value in given.items()
        if name == "call" or value != getattr(default, name)
    }


#: Words of TLA+ that begin something, or are an operator of it.
KEYWORDS = frozenset(
    (
        *("IF", "THEN", "ELSE", "CASE", "OTHER", "LET", "IN", "CHOOSE", "EXCEPT", "DOMAIN"),
        *("SUBSET", "UNION", "LAMBDA", "TRUE", "FALSE", "BOOLEAN", "STRING", "ENABLED"),
        *("UNCHANGED", "RECURSIVE", "Nat", "Int", "Seq", "Len", "Head", "Tail", "Append"),
        "Cardinality",
    )
)

#: No operator is called so: what a search begins with, what it does, and how a state is kept.
FRAME = frozenset(
    (
        *(
            "Init",
            "Next",
            "Spec",
            "Boot",
            "BootZone",
            "BootTypes",
            "BootFree",
            "Step",
            "AnyCPU",
            "Isolator",
            "Zone",
        ),
        *("Commit", "vars", "zone_vars", "Happens", "State", "Found", "Live", "Follow", "GoOn"),
        *("NotReplayed", "met", "NotMet"),
    )
)


def read_patch(
    file: TomlFile,
    sections: Mapping[str, SectionEdit],
    operators: Mapping[str, OperatorTable],
    choices: Mapping[str, str],
    below: Patch,
) -> Patch:
    """The tables of a design file, checked, over what its base changes (``below``).

    GenError, one line with the file's, if a call, an operator or an expression is none.
    """
    edited = {name: _edited(file, name, edit, choices, below) for name, edit in sections.items()}
    made = {name: _operator(file, name, one, below) for name, one in operators.items()}
    overlay = read_overlay(file.path.parent) if file.path.name == DESIGN_FILE else Overlay()
    return Patch(
        {**below.sections, **edited}, {**below.operators, **made}, overlay.over(below.overlay)
    )


# ---- sections ------------------------------------------------------------------------


def _edited(
    file: TomlFile, name: str, edit: SectionEdit, choices: Mapping[str, str], below: Patch
) -> tuple[CallTable, ...]:
    key: Key = ("sections", name)
    known = section_tables()
    if name not in known:
        raise file.error(key, f"{dotted(key)}: {near_miss(name, list(known))}")
    table = known[name]
    table = table if isinstance(table, SectionTable) else table[choices[name]]
    calls = list(below.sections.get(name, map(as_table, table.calls)))
    if edit.calls:
        calls = [_checked(file, (*key, "calls", n), one) for n, one in enumerate(edit.calls)]

    def find(called: str, *at: str | int) -> int:
        """The place of a call in the list as it is now."""
        named, _, number = called.partition("#")
        places = [n for n, c in enumerate(calls) if function_of(c.call) == named]
        nth = int(number) if number.isdecimal() and len(number) < 4 else 1 if not number else 0
        if not 1 <= nth <= len(places):
            names = list(dict.fromkeys(function_of(c.call) for c in calls))
            where = (*key, *at)
            raise file.error(
                where, f"{dotted(where)}: no call {called!r}: {near_miss(named, names)}"
            )
        return places[nth - 1]

    # By the calls as the base has them, whatever the edits do to one another's places.
    for called, text in edit.replace.items():
        at = find(called, "replace", called)
        calls[at] = replace(calls[at], call=_expression(file, (*key, "replace", called), text))
    for called, text in edit.when.items():
        at = find(called, "when", called)
        guard = _expression(file, (*key, "when", called), text)
        both = f"({calls[at].when}) /\\ ({guard})" if calls[at].when else guard
        calls[at] = replace(calls[at], when=both)
    for number, (one, other) in enumerate(edit.swap):
        a, b = find(one, "swap", number), find(other, "swap", number)
        calls[a], calls[b] = calls[b], calls[a]
    for number, new in enumerate(edit.insert):
        where = (*key, "insert", number)
        if bool(new.before) == bool(new.after):
            raise file.error(where, f"{dotted(where)}: either before or after fits, with a call")
        at = find(new.before or new.after, "insert", number) + bool(new.after)
        made = _checked(file, where, new)
        calls.insert(at, CallTable(**{f.name: getattr(made, f.name) for f in fields(CallTable)}))
    for number, called in enumerate(edit.skip):
        del calls[find(called, "skip", number)]
    for call in calls_of(calls):
        if call.outcomes and call.guard:
            why = "may have several outcomes: no condition fits, and no call that fails before it"
            raise file.error(key, f"{dotted(key)}: {call.function} {why}")
    return tuple(replace(call, when=_closed(call.when)) for call in calls)


def _checked(file: TomlFile, key: Key, given: str | CallTable) -> CallTable:
    """A call that a file gives in full."""
    call = as_table(given)
    _expression(file, key, call.call)
    if call.when:
        _expression(file, key, call.when)
    return call


#: What binds as tightly as a conjunction, or tighter: no sign that does not, no word that begins
#: something.
_TIGHT = re.compile(
    r"(?:(?!=>|~>|-\+->|\b(?:IF|CASE|LET|CHOOSE|LAMBDA)\b)(?:[^\\]|\\(?:not)?in\b))*"
)


def _closed(condition: str) -> str:
    """A condition that can stand in a conjunction; closed once, it stays as it is."""
    if _TIGHT.fullmatch(condition):
        return condition
    depth = 0
    for at, sign in enumerate(re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: "s" * len(m[0]), condition)):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            whole = sign == ")" and at == len(condition) - 1
            return condition if whole else f"({condition})"
    return f"({condition})"


def _expression(file: TomlFile, key: Key, text: str) -> str:
    """A text that stands within a line of ours, so that a comment in it would take more along."""
    if "\\*" in text:
        raise file.error(key, f"{dotted(key)}: a comment does not fit here")
    if re.search(r"(?<![.!])\bz\s*(==|\\in\b)", text):
        raise file.error(key, f"{dotted(key)}: z is the zone; bind another name")
    try:
        check_body(text)
    except BodyError as e:
        raise file.error(key, f"{dotted(key)}: {e.why}") from None
    return text


# ---- operators -----------------------------------------------------------------------


def _operator(file: TomlFile, name: str, table: OperatorTable, below: Patch) -> Operator:
    key: Key = ("operators", name)
    if _reserved(name):
        raise file.error(key, f"{dotted(key)}: no operator can be called so by a design")
    if name in section_tables():
        raise file.error(key, f"{dotted(key)}: is a hold of the lock; [sections.{name}] fits")
    if name in below.operators:
        why = f"the base has text of its own for {name}; change it there"
        raise file.error(key, f"{dotted(key)}: {why}")
    if table.args is not None and not re.fullmatch(
        r"([A-Za-z]\w*(, *[A-Za-z]\w*)*)?", table.args, re.ASCII
    ):
        at = (*key, "args")
        raise file.error(at, f"{dotted(at)} = {table.args!r}: names with commas fit")
    if (table.body is None) == (not table.replace):
        raise file.error(key, f"{dotted(key)}: either a body or replace fits")
    if table.body is None:
        for old, new in table.replace.items():
            at = (*key, "replace", old)
            edit = _expression(file, at, old), _expression(file, at, new)
            if edit[0].split() == edit[1].split():
                raise file.error(at, f"{dotted(at)}: is replaced by itself")
        return Operator(
            name, None, "", tuple(table.replace.items()), _begins(file, (*key, "replace"))
        )
    file_name, line = _begins(file, (*key, "body"))
    try:
        check_body(table.body)
    except BodyError as e:
        place = f"{file_name}:{line + e.line - 1}" if line else file_name
        raise GenError(f"{place}: {dotted(key)}: {e.why}") from None
    skipped = len(table.body) - len(table.body.lstrip("\n"))
    body = textwrap.indent(textwrap.dedent(table.body.strip("\n")).rstrip(), "  ")
    return Operator(name, table.args, body, (), (file_name, line + skipped if line else 0))


def _reserved(name: str) -> bool:
    """Whether a name is none, or is one that a search needs for itself."""
    return (
        not re.fullmatch(r"[A-Za-z_]\w{0,60}", name, re.ASCII)
        or name in FRAME
        or name in KEYWORDS
        or name.endswith(("_before", "_in_base", "_here", "_call", "_action", "_witness"))
    )


def _begins(file: TomlFile, key: Key) -> tuple[str, int]:
    """The file, and the line of it at which a value begins; 0 if that is not known for sure."""
    line = line_of(file.text, file.data, key) or 0
    if line and file.text.splitlines()[line - 1].rstrip().endswith(("'''", '"""')):
        line += 1  # a text in three quotes begins on the line below them
    return str(file.path), line


def placed(tla: str, operators: Sequence[Operator], kernel: frozenset[str], base: str) -> str:
    """A module with these operators in place of its own, and new ones before their first use.

    ``kernel``: those whose bodies the templates have put in their place themselves.  ``base``: the
    module without any of them.
    """
    for one in operators:
        known = definitions(tla)
        lines = tla.splitlines()
        there = known.get(one.name)
        if there is not None:
            begin = there.line - 1
            own = [*there.lines]
            if one.edits:
                own = _replaced(one, there)
            elif one.name not in kernel:
                own = [there.lines[0].partition("==")[0] + "==", *one.body.splitlines()]
            lines[begin : begin + len(there.lines)] = [*_before(one, base), *own]
        elif one.body and (users := [d for d in known.values() if one.name in d.words]):
            at = min(users, key=lambda d: d.line).line - 1
            while at and lines[at - 1].startswith(("\\*", "RECURSIVE")):
                at -= 1
            head = f"{one.name}({one.args})" if one.args else one.name
            lines[at:at] = [f"{head} ==", *one.body.splitlines(), ""]
        # Else what it is, or what uses it, is not modelled here.
        tla = "\n".join(lines) + "\n"
    return tla


def _before(one: Operator, base: str) -> list[str]:
    """What the base has for an operator, under another name, if the new one speaks of it."""
    there = definitions(base).get(one.name)
    if there is None or one.before not in re.findall(r"\w+", one.body):
        return []
    return [*there.renamed({one.name: one.before}).splitlines(), ""]


def _replaced(one: Operator, there: Definition) -> list[str]:
    """The lines of a definition with the edits made; GenError if one does not fit just once."""
    text = "\n".join(there.lines)
    # Not in the head, nor in what a replay logs of the call.
    start = text.index("\n  IN\n") if "LET z == Enter(z_" in text else text.index("==") + 2
    head, text = text[:start], text[start:]
    for old, new in one.edits:
        # Any white space may stand where there is some, or beside a sign.
        tokens = re.findall(r"\w+|[^\w\s]", old)
        pattern = r"\s*".join(map(re.escape, tokens))
        pattern = rf"(?<!\w){pattern}" if tokens[0][0].isalnum() else pattern
        pattern = rf"{pattern}(?!\w)" if tokens[-1][-1].isalnum() else pattern
        found = len(re.findall(pattern, text))
        if found != 1:
            times = "not there" if not found else f"there {found} times"
            raise GenError(
                f"{one.place}: operators.{one.name}.replace: {old!r} is {times}; something that is "
                "there once fits (gen render shows it)"
            )
        text = re.sub(pattern, new.replace("\\", r"\\"), text)
    return (head + text).splitlines()


def protected(
    tla: str,
    operators: Sequence[Operator],
    properties: Sequence[str],
    kernel: Collection[str],
    calls: Sequence[str] = (),
) -> None:
    """GenError if an operator is one that a property speaks of, or no expression on the zone.

    A patch changes what the kernel does (``kernel``: its functions and sections), not what is said
    of it; that some section can begin says nothing of what is in one.  ``calls``: those that it
    makes in sections.
    """
    known = definitions(tla)
    asked = {name for prop in properties for name in (prop, f"{prop}_action", f"{prop}_witness")}
    spoken_of = used(asked & known.keys(), known, kernel)
    actions = {n for n, one in known.items() if "'" in one.code or "Commit" in one.words}
    # What the search begins with, and what callers choose from: less of it is less of a search.
    around = used((actions | {"Boot"}) & known.keys(), known, kernel)
    for one in operators:
        place = f"{one.place}: operators.{one.name}"
        if one.name not in known and one.name not in template_operators():
            others = [text for other in operators if other is not one for text in other.texts]
            if one.name not in re.findall(r"\w+", " ".join([*others, *calls])):
                told = near_miss(one.name, sorted(template_operators()))
                raise GenError(f"{place}: nothing uses it: {told}")
        if one.name in spoken_of:
            raise GenError(f"{place}: properties are said with it; a patch cannot change it")
        given = (
            ", ".join(p.removesuffix("_") for p in known[one.name].params)
            if one.name in known
            else None
        )
        if None not in (one.args, given) and re.sub(r"\s", "", one.args or "") != re.sub(
            r"\s", "", given or ""
        ):
            raise GenError(f"{place}.args = {one.args!r}: {one.name} has {given or 'none'}")
        if one.name in actions:
            raise GenError(f"{place}: is an action; the operators on z that it uses fit")
        if one.name in around:
            raise GenError(f"{place}: what callers do is made of it; a patch cannot change it")


def in_own_words(message: str, tla: str, operators: Sequence[Operator]) -> str:
    """What TLC or SANY says of a place in a module, said of the file that it comes from.

    ``message`` as it is if the place lies in no operator of the design's own.
    """
    found = re.search(r"\(?(?:at )?line (\d+), col (\d+)[^()]*of module \w+\)?", message)
    if found is None:
        return message
    line, known, lines = int(found[1]), definitions(tla), tla.splitlines()
    said = " ".join((message[: found.start()] + message[found.end() :]).split())
    for one in operators:
        there = known.get(one.name)
        if there is None or not there.line <= line < there.line + len(there.lines):
            continue
        file, first = one.where
        body = one.body.splitlines()
        begin = next(
            (n for n in range(there.line - 1, line) if body and lines[n : n + len(body)] == body),
            None,
        )
        at = "" if not first else f":{first}" if begin is None else f":{first + line - begin - 1}"
        return f"{file}{at}: operators.{one.name}: {said}"
    return message
