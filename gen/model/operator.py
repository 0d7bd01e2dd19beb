"""An operator of a design's own: what a design file, or a template beside it, says of one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Operator:
    """An operator of a design's own: ``body`` as it stands in a module, indented by two.

    ``args``: its parameters with commas; None: those that it has in the templates.  ``edits``: if
    there is no body, what stands in that of the templates, and what stands there instead.
    ``where``: the file, and the line in it at which the body begins, for messages.
    """

    name: str
    args: str | None
    body: str
    edits: tuple[tuple[str, str], ...] = ()
    where: tuple[str, int] = field(default=("", 0), compare=False)

    @property
    def texts(self) -> list[str]:
        """All that it says in TLA+."""
        return [self.body, *(new for _, new in self.edits)]

    @property
    def place(self) -> str:
        """The file, with the line if that is known for sure."""
        return f"{self.where[0]}:{self.where[1]}" if self.where[1] else self.where[0]

    @property
    def before(self) -> str:
        """What its body calls the operator that it replaces."""
        return f"{self.name}_before"
