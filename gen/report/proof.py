"""A proof in words: the lines of ``gen prove``, and the files of a certificate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gen import printable
from gen.files import write_json, write_text
from gen.model.zone import Zone
from gen.prove.obligations import OBLIGATIONS, Obligation, Outlook, Proof
from gen.report import result, words

#: What an outlook says of CPUs, callers and zones.
SCOPE = {
    Outlook.PROVED: "any number of CPUs and callers, any zone size",
    Outlook.EXHAUSTED: "any number of CPUs, any zone size, up to {callers}",
    Outlook.BOUNDED: "any number of CPUs, up to {callers}, a window",
}

CERTIFICATE = "certificate.json"


def zone(zone: Zone) -> str:
    """What is proved about: the orders and types, for a zone of any size."""
    types = ", ".join(t.lower() for t in zone.migratetypes)
    up_to = "" if zone.alloc_order is None else f", up to order {zone.alloc_order}"
    huge = "" if zone.huge_order is None else f"; huge pages of order {zone.huge_order}"
    with_ = f"; with {', '.join(zone.features)}" if zone.features else ""
    return (
        f"largest order {zone.max_order}, pageblocks of order {zone.pageblock_order}, "
        f"{zone.resolution}; callers allocate {types}{up_to}{huge}{with_}\n"
    )


def line(obligation: Obligation) -> str:
    """An obligation in one line, with the step that it fails in, drawn, if there is one."""
    mark = "[met]" if obligation.met else "[not met]"
    text = f"{mark:9} {obligation.name:10} {obligation.message}, {obligation.seconds:.1f} s"
    found = obligation.counterexample
    return text if found is None or found.trace is None else f"{text}\n\n{words.drawing(found)}"


def _callers(proof: Proof) -> str:
    count = proof.request.zone.isolators
    return f"{count} caller{'s' * (count != 1)}"


def _rows(proof: Proof) -> Iterator[tuple[str, str, str]]:
    for verdict in proof.verdicts:
        outlook = proof.outlook(verdict)
        # What is no scope of ours is the message, in which a brace is a brace.
        scope = SCOPE[outlook].format(callers=_callers(proof)) if outlook in SCOPE else ""
        scope = scope or verdict.message
        if outlook is Outlook.VIOLATED:
            scope = f"counterexample of {words.states(verdict.length)}"
        word = "proved by induction" if outlook is Outlook.PROVED else outlook.value
        yield verdict.prop.name, word, scope


def summary(proof: Proof) -> str:
    """A line for each property, and the drawings of those that are violated."""
    rows = list(_rows(proof))
    widths = [max(len(row[n]) for row in rows) for n in range(2)]
    lines = [
        f"{name:{widths[0]}}  {word:{widths[1]}}  {scope}".rstrip() for name, word, scope in rows
    ]
    drawn = [v for v in proof.verdicts if v.trace is not None]
    if drawn:
        lines += ["", f"{proof.request.design.name} violates {drawn[0].prop.name}:", ""]
        lines.append(words.drawing(drawn[0]))
    return "\n".join(lines)


def observations(proof: Proof) -> str:
    """herd7's line for each property."""
    return "\n".join(words.observation(proof.request, verdict) for verdict in proof.verdicts)


def write(proof: Proof) -> list[Path]:
    """The certificate, as JSON and Markdown, and a drawing for each violated property."""
    directory = proof.request.run_dir
    files = [directory / CERTIFICATE, directory / "certificate.md"]
    write_json(files[0], proof.to_json())
    write_text(files[1], markdown(proof))
    for verdict in proof.verdicts:
        if verdict.trace is not None:
            drawing, trace = result.trace_files(directory, verdict)
            write_text(drawing, words.drawing(verdict))
            write_json(trace, verdict.trace.to_json())
            files.append(drawing)
    return files


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, in a cell too; ``<the id of a mail>`` stays a link."""
    signs = r"[\\`*\[\]&|~]|\b_\B|\B_|<(?![\w.+-]+@[\w.-]+>)"
    escaped = re.sub(signs, r"\\\g<0>", printable.line(text).strip())
    # What would begin a list, a heading or a quotation.
    return re.sub(r"^(\d*)([-+#>=.)])", r"\1\\\2", escaped)


def markdown(proof: Proof) -> str:
    """The certificate for readers."""
    request = proof.request
    lines = [
        f"# {_escape(request.design.told)}",
        "",
        f"{_escape(request.design.title)}. Source: {_escape(request.design.source)}.",
        "",
        f"    {printable.line(request.made_by)}",
        "",
        zone(request.zone).strip() + ".",
        "",
        "| property | | for |",
        "|---|---|---|",
        *(f"| `{name}` | {word} | {_escape(scope)} |" for name, word, scope in _rows(proof)),
        "",
        "| obligation | | |",
        "|---|---|---|",
    ]
    for done in proof.obligations:
        met = "met" if done.met else "not met"
        lines.append(f"| {done.name}: {OBLIGATIONS[done.name]} | {met} | {_escape(done.message)} |")
    lines += [
        "",
        "| run of TLC | module | configuration | states | steps | depth |",
        "|---|---|---|---|---|---|",
    ]
    for done in proof.obligations:
        for run in done.runs:
            lines.append(
                f"| {run.label} | `{run.tla[:12]}` | `{run.cfg[:12]}` | {run.distinct:,} "
                f"| {run.generated:,} | {run.depth} |"
            )
    lines += ["", f"tla2tools.jar: SHA-256 `{request.toolchain.jar_sha256}`.", ""]
    lines += ["It rests on:", "", *(f"- {_escape(one.sentence)}" for one in proof.assumptions), ""]
    return "\n".join(lines)
