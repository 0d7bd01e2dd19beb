"""The result of a check as it is kept beside the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen.check.request import Check
from gen.check.verdict import Verdict
from gen.files import FileFormat
from gen.report import words

FORMAT = FileFormat("result", (1,), "gen check makes a new one")


def result_json(check: Check, verdicts: Sequence[Verdict], seconds: float) -> dict[str, Any]:
    """The result of a check as it is kept beside the run."""
    return {
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
        "seconds": round(seconds, 3),
        "verdicts": [
            {
                "property": v.prop.name,
                "result": v.result.value,
                "length": v.length,
                "distinct": v.distinct,
                "generated": v.generated,
                "depth": v.depth,
                "seconds": round(v.seconds, 3),
                "message": v.message,
            }
            for v in verdicts
        ],
    }


def trace_files(directory: Path, verdict: Verdict) -> tuple[Path, Path]:
    """Where the drawing and the trace of a violated property are kept in a run directory."""
    name = verdict.prop.name
    return directory / f"{name}.txt", directory / f"{name}.trace.json"
