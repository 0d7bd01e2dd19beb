"""specs/certificates/: what gen prove says of each design, as it was said once.

    python -m tools.certificates             proves again, and prints what changed
    python -m tools.certificates NAME ...    the same for these designs alone

A new certificate is a file with nothing but a "command" and the "format" in it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from gen.cli.main import main as gen
from gen.model.specs import CERTIFICATES
from gen.prove.certificate import differences
from gen.prove.obligations import FORMAT


def load(path: Path) -> dict[str, Any]:
    """A certificate as it is committed."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert data["format"] == FORMAT, path
    return data


def prove(path: Path) -> list[str]:
    """Prove it again, replace both of its files, and say what is not as it was."""
    known = load(path)
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "made"
        gen([*known["command"].split()[1:], "--output", str(made)])
        new = load(made / "certificate.json")
        for kind in ("json", "md"):
            shutil.copy(made / f"certificate.{kind}", path.with_suffix(f".{kind}"))
    return differences(known, new)


def main(names: list[str]) -> None:
    """Prove the designs of these names, or all that have a certificate."""
    for path in sorted(CERTIFICATES.glob("*.json")):
        if not names or path.stem in names:
            for line in prove(path) or ["as it was"]:
                print(f"{path.stem}: {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
