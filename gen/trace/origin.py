"""Where a step comes from: the action of the spec, and the function of the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from gen.errors import GenError
from gen.model.design import Design, find_design
from gen.model.section import drawn_functions, sections
from gen.trace.log import Call, Step
from gen.trace.trace import Trace


@dataclass(frozen=True)
class Origin:
    """``action``: as TLC names it; ``function``, ``file``: of the kernel; ``version``: which.

    What cannot be told for sure is "".
    """

    action: str
    function: str
    file: str
    version: str


class Origins:
    """Looks steps up in the module of the trace's design.

    A design that does not come with the tool is not found by its name: then only what the
    trace itself says is known.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        try:
            self.design: Design | None = find_design(trace.design)
        except GenError:
            self.design = None

    def of(self, step: Step) -> Origin:
        """The origin of one step of the trace."""
        calls = (c for c in step.walk() if isinstance(c, Call))
        top = next((c for c in calls if not c.is_lock), None)
        frames = [frame.name for frame in step.frames if not frame.text]
        drawn = top is not None and top.draw != "never"
        function = top.name if top and drawn else frames[-1] if frames else ""
        version = self.design.kernel if self.design else self._trace.design
        kind, ident = step.actor
        action = f"{step.action}({ident})" if step.action and kind == "isolator" else step.action
        return Origin(action, function, self._file(function), version)

    def _operator(self, function: str) -> str:
        """What the templates call a function of this version."""
        names = self.design.names if self.design else {}
        return next((ours for ours, theirs in names.items() if theirs == function), function)

    def _file(self, function: str) -> str:
        function = self._operator(function)
        if self.design and function in (
            known := sections(self.design.choices, self.design.patch.sections)
        ):
            return known[function].file
        files = drawn_functions().get(function, frozenset())
        return next(iter(files)) if len(files) == 1 else ""
