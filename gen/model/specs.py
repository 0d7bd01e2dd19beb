"""Where ``specs/`` is."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
#: In a wheel the specs travel inside the package; in a checkout they are beside it.
SPECS = next(p for p in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if p.is_dir())
#: What gen prove has said of the designs that come with the tool.
CERTIFICATES = SPECS / "certificates"
#: A file for each actor beside CPUs and callers: what it does, its sections and its variables.
ACTORS = SPECS / "actors"


def actor_files() -> list[Path]:
    """The files of all actors, by name."""
    return sorted(ACTORS.glob("*.toml"))
