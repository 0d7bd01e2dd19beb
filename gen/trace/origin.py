"""Where a step comes from: the action of the spec, and the function of the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from gen.errors import GenError
from gen.model.design import Design, find_design
from gen.model.render import render
from gen.model.section import drawn_functions, sections
from gen.tlc.value import Record
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
        top = next((c for c in calls if not c.name.startswith("spin_")), None)
        frames = [frame.name for frame in step.frames if not frame.text]
        drawn = top is not None and top.draw != "never"
        function = top.name if top and drawn else frames[-1] if frames else ""
        version = self.design.kernel if self.design else self._trace.design
        return Origin(self._action(step, top), function, self._file(function), version)

    def _operator(self, function: str) -> str:
        """What the templates call a function of this version."""
        names = self.design.names if self.design else {}
        return next((ours for ours, theirs in names.items() if theirs == function), function)

    def _file(self, function: str) -> str:
        function = self._operator(function)
        if self.design and function in (known := sections(self.design.choices)):
            return known[function].file
        files = drawn_functions().get(function, frozenset())
        return next(iter(files)) if len(files) == 1 else ""

    @cached_property
    def _actions(self) -> dict[str, str]:
        """The body of every definition of the module that commits a state."""
        if self.design is None:
            return {}
        module = render(self.design, self._trace.zone, [self._trace.prop], "").tla
        found = re.findall(r"^(\w+)(?:\(i\))? ==(.*(?:\n[ \t].*)*)", module, re.MULTILINE)
        return {name: body for name, body in found if "Commit(" in body}

    def _action(self, step: Step, top: Call | None) -> str:
        """The action whose guard, or whose call, fits the step; "" if not just one does."""
        kind, ident = step.actor
        called = re.compile(rf"\b{re.escape(self._operator(top.name))}\(") if top else None
        if kind == "isolator":
            isolators = step.before.get("isolator")
            me = isolators[ident - 1] if isinstance(isolators, tuple) else None
            pc = str(me.get("pc")) if isinstance(me, Record) else ""
            guard = re.compile(r"/\\ [\w\[\]]+\.pc (?:=|\\in) (\{[^}]*\}|\"\w*\")")
            fits = [
                name
                for name, body in self._actions.items()
                if (guarded := guard.search(body)) and f'"{pc}"' in guarded.group(1)
            ]
            if len(fits) > 1:  # a caller there has a choice
                fits = [n for n in fits if called and called.search(self._actions[n])]
            return f"{fits[0]}({ident})" if len(fits) == 1 else ""
        fits = [n for n, body in self._actions.items() if called and called.search(body)]
        return fits[0] if len(fits) == 1 else ""
