"""The verdicts of a check as SARIF 2.1.0, which code scanning shows with the steps of each CPU.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from gen import __version__, printable
from gen.check.against import Against
from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.draw.options import DrawOptions
from gen.draw.sentence import sentence
from gen.report.against import mark, trouble
from gen.report.words import drawing, reproduce
from gen.trace.graph import call, to_networkx
from gen.trace.trace import Trace

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: SARIF's words for a result that is no failure; every other is one.
_KINDS = {
    Result.HOLDS: "pass",
    Result.VACUOUS: "notApplicable",
    Result.NO_VERDICT: "open",
}


def sarif(check: Check, verdicts: Sequence[Verdict], against: Against | None = None) -> str:
    """One run: a rule per property, a result per verdict, and for a violation its steps.

    A violation that the base has too is still an error; its message begins with that.  SARIF's
    own baselineState is of an earlier run of the same, which a base is not.
    """
    unknown = [v for v in verdicts if v.result is Result.NO_VERDICT]
    notes = [
        {
            "level": "error",
            "message": _text(f"no verdict: {v.message}"),
            "associatedRule": {"id": v.prop.name},
        }
        for v in unknown
    ]
    if told := trouble("", against):
        notes.append({"level": "error", "message": _text(told)})
    run = {
        "tool": {
            "driver": {
                "name": "pageblock-gen",
                "version": __version__,
                "rules": [
                    {
                        "id": v.prop.name,
                        "shortDescription": {"text": v.prop.statement},
                        "help": {"text": f"Source: {v.prop.source}"},
                    }
                    for v in verdicts
                ],
            }
        },
        "invocations": [
            {
                "commandLine": check.made_by,
                "executionSuccessful": not notes,
                "toolExecutionNotifications": notes,
            }
        ],
        "results": [_result(check, number, v, against) for number, v in enumerate(verdicts)],
    }
    made = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return printable.json_text(made)


def _result(check: Check, number: int, verdict: Verdict, against: Against | None) -> dict[str, Any]:
    kind = _KINDS.get(verdict.result, "fail")
    result: dict[str, Any] = {
        "ruleId": verdict.prop.name,
        "ruleIndex": number,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": _text(mark(verdict, against) + _message(check, verdict)),
        "locations": [_location(check)],
        # The same violation in the next run is not a new one.
        "partialFingerprints": {"designAndProperty/v1": f"{check.design.name}/{verdict.prop.name}"},
    }
    if verdict.trace is not None:
        result["codeFlows"] = [_flow(check, verdict.trace)]
        result["properties"] = {"drawing": drawing(verdict)}
    return result


def _message(check: Check, verdict: Verdict) -> str:
    if verdict.trace is None:
        return verdict.message or verdict.prop.statement
    told = sentence(verdict.trace)
    return f"{told} {reproduce(check, verdict)}"


def _text(text: str) -> dict[str, str]:
    """A message; in SARIF a brace begins a placeholder, and a bracket a link."""
    escaped = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": escaped.replace("{", "{{").replace("}", "}}")}


def _location(check: Check) -> dict[str, Any]:
    """The file of the design: nothing else here is a source that a user may have changed."""
    given = check.design_option or check.design.name
    path = given if given.endswith(".toml") else f"specs/designs/{given}.toml"
    uri = quote(os.fsencode(path)) if not PurePath(path).is_absolute() else PurePath(path).as_uri()
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}


def _flow(check: Check, trace: Trace) -> dict[str, Any]:
    """A thread flow per CPU; executionOrder says how they interleave."""
    graph = to_networkx(DrawOptions(continuation=False).interleave(trace))
    threads: dict[int, list[dict[str, Any]]] = {}
    for node, data in graph.nodes(data=True):
        location = {
            **_location(check),
            "message": _text(call(data)),
            "logicalLocations": [{"name": data["function"], "kind": "function"}],
        }
        step = {"location": location, "executionOrder": node + 1}
        threads.setdefault(data["cpu"], []).append(step)
    flows = [
        {"id": f"CPU{cpu}", "message": {"text": f"CPU {cpu}"}, "locations": steps}
        for cpu, steps in sorted(threads.items())
    ]
    # SARIF wants at least one; a boot state that violates a property has no steps.
    nothing = {"locations": [{"location": _location(check)}]}
    return {"threadFlows": flows or [nothing]}
