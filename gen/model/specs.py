"""Where ``specs/`` is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gen.errors import GenError

_PACKAGE = Path(__file__).parent.parent
#: In a wheel the specs travel inside the package; in a checkout they are beside it.
SPECS = next(p for p in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if p.is_dir())
#: What gen prove has said of the designs that come with the tool.
CERTIFICATES = SPECS / "certificates"


def load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise GenError(f"{path}: {e.strerror or e}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise GenError(f"{path}: not a TOML file: {e}") from e
