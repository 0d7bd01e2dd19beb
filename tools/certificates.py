"""specs/certificates/: what gen prove says of each design, as it was said once.

    python -m tools.certificates             proves again, and prints what changed
    python -m tools.certificates NAME ...    the same for these designs alone

A new certificate is a file with nothing but the "format", the "version" and a "command" in it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from gen.cli.main import main as gen
from gen.model.specs import CERTIFICATES
from gen.prove.certificate import command_words, differences, load_certificate, load_stub
from gen.prove.obligations import FORMAT


def prove(path: Path) -> list[str]:
    """Prove it again, replace both of its files, and say what is not as it was."""
    known = load_stub(path)
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "made"
        gen([*command_words(known.get("command"))[1:], "--output", str(made)])
        new = load_certificate(made / "certificate.json")
        for kind in ("json", "md"):
            shutil.copy(made / f"certificate.{kind}", path.with_suffix(f".{kind}"))
    return differences({**FORMAT.head, **known}, new)


def main(names: list[str]) -> None:
    """Prove the designs of these names, or all that have a certificate."""
    for path in sorted(CERTIFICATES.glob("*.json")):
        if not names or path.stem in names:
            for line in prove(path) or ["as it was"]:
                print(f"{path.stem}: {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
