"""The result of a check as it is kept beside the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen.check.against import Against
from gen.check.request import Check
from gen.check.verdict import Verdict
from gen.files import FileFormat, file_sha256
from gen.report import words

FORMAT = FileFormat("result", (1,), "gen check makes a new one")


def result_json(
    check: Check, verdicts: Sequence[Verdict], seconds: float, against: Against | None = None
) -> dict[str, Any]:
    """The result of a check as it is kept beside the run; ``seconds``: that it took."""
    made = {
        **FORMAT.head,
        "command": check.made_by,
        "design": check.design.name,
        "zone": check.zone.describe,
        "broken_promises": words.broken_promises(check, verdicts),
        "toolchain": {
            "java": f"{check.toolchain.java} ({check.toolchain.java_version})",
            "jar": str(check.toolchain.jar),
            "jar_sha256": check.toolchain.jar_sha256,
        },
        # What the templates came to: the digest of each module that TLC was given.
        "modules": {
            str(path.relative_to(check.run_dir)): file_sha256(path)
            for path in sorted(check.run_dir.rglob("*.tla"))
        },
        "seconds": round(seconds, 3),
        "verdicts": [_verdict(v) for v in verdicts],
    }
    if against is not None:
        made["against"] = {
            "design": against.base.name,
            "new": [v.prop.name for v in verdicts if against.is_new(v)],
            "old": [v.prop.name for v in verdicts if against.is_old(v)],
            "mended": [v.prop.name for v in verdicts if against.is_mended(v)],
            "past": {
                name: {
                    "actions": list(past.actions),
                    "by_state": past.by_state,
                    "message": past.message,
                }
                for name, past in against.past.items()
            },
            "verdicts": [_verdict(v) for v in against.verdicts],
        }
    return made


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "property": verdict.prop.name,
        "result": verdict.result.value,
        "length": verdict.length,
        "distinct": verdict.distinct,
        "generated": verdict.generated,
        "depth": verdict.depth,
        "seconds": round(verdict.seconds, 3),
        "message": verdict.message,
    }


def trace_files(directory: Path, verdict: Verdict) -> tuple[Path, Path]:
    """Where the drawing and the trace of a violated property are kept in a run directory."""
    name = verdict.prop.name
    return directory / f"{name}.txt", directory / f"{name}.trace.json"
