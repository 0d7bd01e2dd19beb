"""TLC's complete results, kept by the content of what was run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.errors import GenError
from gen.render import Spec
from gen.run_dir import write_json
from gen.tla_value import TlaValueError, from_json, to_json
from gen.tlc_output import Outcome, Report, TraceState
from gen.toolchain import Toolchain

FORMAT = "pageblock-gen report 1"
#: What TLC says of a spec once and for all; anything else is tried again.
_FINAL = (Outcome.SUCCESS, Outcome.INVARIANT, Outcome.ACTION_PROPERTY)


class Cache:
    """Reports of TLC below ``$XDG_CACHE_HOME/pageblock-gen/reports`` (default ``~/.cache``).

    A cache that cannot be read or written is an empty one: it costs time, not verdicts.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        home = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '')}/.cache"
        self.directory = Path(home) / "pageblock-gen" / "reports"

    def key(self, spec: Spec, toolchain: Toolchain, workers: int) -> str:
        """The hash of everything that a report depends on."""
        # The lines above EXTENDS say by which command the module was made: not what it is.
        module = spec.tla.partition("\nEXTENDS ")[2]
        parts = (FORMAT, module, spec.cfg, toolchain.jar_sha256, str(workers))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def load(self, key: str) -> Report | None:
        """The report of an earlier run of the same content, if there is one."""
        try:
            data = json.loads((self.directory / f"{key}.json").read_text(encoding="utf-8"))
            return _read(data) if data["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError, TlaValueError):
            return None

    def store(self, key: str, report: Report) -> None:
        """Keep a report, if it is complete."""
        if report.outcome not in _FINAL or (report.outcome is Outcome.SUCCESS and not report.ok):
            return
        with contextlib.suppress(OSError, GenError):
            self.directory.mkdir(parents=True, exist_ok=True)
            write_json(self.directory / f"{key}.json", _write(report))


def _write(report: Report) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "outcome": report.outcome.value,
        "exit_code": report.exit_code,
        "violated": report.violated,
        "message": report.message,
        "initial_states": report.initial_states,
        "generated": report.generated,
        "distinct": report.distinct,
        "queue": report.queue,
        "depth": report.depth,
        "completed": report.completed,
        "trace": [
            [s.number, s.action, {name: to_json(v) for name, v in s.values.items()}]
            for s in report.trace
        ],
    }


def _read(data: Mapping[str, Any]) -> Report:
    return Report(
        outcome=Outcome(data["outcome"]),
        exit_code=data["exit_code"],
        violated=data["violated"],
        message=data["message"],
        trace=tuple(
            TraceState(number, action, {name: from_json(v) for name, v in values.items()})
            for number, action, values in data["trace"]
        ),
        back_to=None,
        stuttering=False,
        initial_states=data["initial_states"],
        generated=data["generated"],
        distinct=data["distinct"],
        queue=data["queue"],
        depth=data["depth"],
        coverage={},
        printed=(),
        completed=data["completed"],
    )
