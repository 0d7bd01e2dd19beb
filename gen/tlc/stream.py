"""TLC's ``-tool`` stream, read line by line, to a typed report.

The verdict comes from the messages, not from the exit code: ``-continue`` exits 0 after a
violation. The reader is conservative in both directions. A run is never ok unless TLC said so in
whole, and a violation is never claimed unless its whole counterexample was printed and read.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

from gen.tlc.codes import (
    BUG,
    CLOSING,
    COUNTS,
    DECISIVE_WHEN_NESTED,
    DEPTH_FIRST,
    EC,
    ERROR,
    ERRORS,
    EVALUATION_EXCEPTIONS,
    EVALUATION_EXITS,
    INITIAL,
    INITIAL_STATES,
    NAMED,
    ONCE,
    PARTS_OF_ERROR,
    RECOVERED,
    STATES,
    TROUBLES,
    VIOLATIONS,
    WITH_TRACE,
)
from gen.tlc.report import Outcome, Progress, Report, TraceState
from gen.tlc.value import TlaValueError, Value, parse_assignments

# --------------------------------------------------------------------------------------- messages

_MARK = " @!@!@"

_START = re.compile(r"@!@!@STARTMSG (\d{1,9}):(\d{1,9}) @!@!@$")

_END = re.compile(r"@!@!@ENDMSG (\d{1,9}) @!@!@$")
# TLC nests two deep; what nests deeper is no message of its.
_MAX_NESTING = 20

_HEAP = ("java.lang.OutOfMemoryError", "Java heap space", "GC overhead limit exceeded")

_TERMINATING = "Terminating due to java.lang.OutOfMemoryError"

_INITIAL_PREDICATE = "Initial predicate"

# Up to 30 characters: TLC counts in 64 bits.
_COUNT = re.compile(
    r"(-?\d[\d,]{0,29}) (states generated|distinct states found|states left on queue)"
)

_STATS = re.compile(
    r"-?[\d,]{1,30} states generated, -?[\d,]{1,30} distinct states found, "
    r"-?[\d,]{1,30} states left on queue\."
)

_PROGRESS = re.compile(r"Progress\((-?\d[\d,]{0,29})\)")

_DEPTH = re.compile(r"The depth of the complete state graph search is (-?\d[\d,]{0,29})\.")

_INITIAL_STATES = re.compile(r"(\d[\d,]{0,29}) (?:distinct states? generated|of them distinct)")

_INITIAL_STATES_SIMULATED = re.compile(r"Computed (\d[\d,]{0,29}) initial states")

_SIMULATED = re.compile(r"number of states generated: (\d[\d,]{0,29})")

_COVERAGE = re.compile(r"<(\S+).*>: (\d[\d,]{0,29}):(\d[\d,]{0,29})$")

_WORKERS = re.compile(r" with (\d{1,9}) workers? ")


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _index(text: str) -> int | None:
    """The number of a state; None if it is none."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _known(count: int | None) -> int | None:
    """TLC prints -1 for what a mode does not count."""
    return None if count is None or count < 0 else count


@dataclass(slots=True)
class _Message:
    code: int
    severity: int
    # Text lines and nested messages, in the order of the stream.
    parts: list[str | _Message] = field(default_factory=list)

    def walk(self) -> Iterator[_Message]:
        yield self
        for part in self.parts:
            if isinstance(part, _Message):
                yield from part.walk()

    @property
    def lines(self) -> list[str]:
        """Its own lines."""
        return [part for part in self.parts if isinstance(part, str)]

    @property
    def all_lines(self) -> list[str]:
        """Its lines and those of the messages inside it, as they came."""
        lines: list[str] = []
        for part in self.parts:
            lines += [part] if isinstance(part, str) else part.all_lines
        return lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@dataclass(slots=True)
class _Trouble:
    """An error, and the messages that follow and belong to it."""

    root: _Message
    code: int
    outcome: Outcome
    states: list[_Message] = field(default_factory=list)
    back_to: int | None = None
    stuttering: bool = False
    position: str = ""
    # Whether something came after it that TLC prints only after the whole of it.
    settled: bool = False

    @property
    def is_violation(self) -> bool:
        return self.code in VIOLATIONS

    def whole(self) -> bool:
        """Whether TLC printed all of this violation."""
        if self.code == EC.TLC_ASSUMPTION_FALSE or self.code in INITIAL:
            return True
        if self.code == EC.TLC_TEMPORAL_PROPERTY_VIOLATED:
            return bool(self.states) and (self.back_to is not None or self.stuttering)
        if self.code in WITH_TRACE:
            return self.settled and bool(self.states)
        return self.settled


class _UnreadableError(Exception):
    """A trace that TLC printed but that cannot be read; the argument says why."""


def _blames_spec(general: _Message) -> bool:
    """Whether the exception in a GENERAL message comes from evaluating the specification."""
    prefix = "The exception was a "
    thrown = [line for line in general.lines if line.startswith(prefix)]
    return any(line.removeprefix(prefix).startswith(EVALUATION_EXCEPTIONS) for line in thrown)


def _classify(root: _Message) -> tuple[int, Outcome]:
    """The code that says what ``root`` is about, and the outcome; nested codes included."""
    for message in root.walk():
        outcome = TROUBLES.get(message.code)
        nested = message is not root
        if outcome is not None and nested and outcome in DECISIVE_WHEN_NESTED:
            return message.code, outcome
    if root.code in VIOLATIONS:
        return root.code, VIOLATIONS[root.code]
    if any(word in message.text for message in root.walk() for word in _HEAP):
        return root.code, Outcome.OUT_OF_MEMORY
    if root.severity == BUG or (root.code == EC.GENERAL and not _blames_spec(root)):
        return root.code, Outcome.CRASHED
    return root.code, TROUBLES.get(root.code, Outcome.CRASHED)


def _describe(root: _Message) -> str:
    """One line for people: the cause without TLC's words around it."""
    lines = root.all_lines
    # "TLC threw an unexpected exception", five lines of it, then ": <the cause>".
    if root.code == EC.GENERAL:
        cause = next((at for at, line in enumerate(lines) if line.startswith(":")), None)
        if cause is not None:
            exception = lines[cause - 1].rpartition(" ")[2] if cause else ""
            lines = [lines[cause][1:], *lines[cause + 1 :]]
            if "OutOfMemoryError" in exception:
                lines.insert(0, f"{exception}:")
    if root.code in (EC.TLC_INITIAL_STATE, *INITIAL):
        # What follows is the state.
        stop = next((at for at, line in enumerate(lines) if line.endswith("initial state:")), None)
        if stop is not None:
            lines = [*lines[:stop], lines[stop].rstrip(":")]
            if root.code == EC.TLC_INITIAL_STATE:
                lines = [line for line in lines if not line.startswith("While working on")]
    if root.code == EC.WRONG_COMMANDLINE_PARAMS_TLC:
        lines = [line for line in lines if not line.startswith("Usage:")]
    return _one_line(lines)


def _describe_sany(lines: list[str]) -> str:
    """The first complaint of the parser, with its place; "" if there is none."""
    text = [line.strip() for line in lines if line.strip()]
    for at, line in enumerate(text):
        following = text[at + 1 :]
        if line.startswith("Lexical error"):
            return _one_line([line])
        if line == "***Parse Error***" and following:
            return _one_line(["Parse error:", following[0]])
        if line.startswith(("*** Errors:", "*** Abort messages:")) and len(following) > 1:
            place, complaint = following[0], following[1]
            return complaint if place == "Unknown location" else f"{complaint} ({place})"
    return ""


def _signal_name(exit_code: int) -> str:
    """The signal that ended a process ("" if none did), from a shell's or Python's exit code."""
    number = -exit_code if exit_code < 0 else exit_code - 128
    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
    if exit_code >= 0 and number not in signals:
        return ""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read_state(message: _Message) -> TraceState:
    """Raises _UnreadableError."""
    lines = message.lines
    head, colon, label = (lines[0] if lines else "").partition(":")
    number = _index(head)
    if not colon or number is None:
        raise _UnreadableError(f"a state has no number: {_one_line(lines[:1])!r}")
    label = label.strip().removeprefix("<").removesuffix(">")
    action = "" if label == _INITIAL_PREDICATE else label.partition(" line ")[0]
    return TraceState(number, action, _read_values("\n".join(lines[1:]), f"state {number}"))


def _read_values(text: str, what: str) -> dict[str, Value]:
    try:
        return parse_assignments(text)
    except TlaValueError as error:
        raise _UnreadableError(f"{what} cannot be read: {error}") from error


def _read_trace(trouble: _Trouble) -> tuple[TraceState, ...]:
    """The counterexample, numbered from 1. Raises _UnreadableError."""
    if trouble.code in INITIAL:
        lines = trouble.root.lines
        return (TraceState(1, "", _read_values("\n".join(lines[1:]), "the initial state")),)
    trace = tuple(_read_state(message) for message in trouble.states)
    if [state.number for state in trace] != list(range(1, len(trace) + 1)):
        raise _UnreadableError("the states of the counterexample are not numbered 1, 2, 3, ...")
    for state in trace:
        # With -difftrace TLC leaves out what did not change.
        if state.values.keys() != trace[0].values.keys():
            raise _UnreadableError(f"state {state.number} has other variables than state 1")
    if trouble.back_to is not None and not 1 <= trouble.back_to <= len(trace):
        raise _UnreadableError(
            f"the counterexample goes back to state {trouble.back_to}, which is none"
        )
    return trace


# ----------------------------------------------------------------------------------------- reader


class StreamReader:
    """Reads TLC's output as it comes: ``feed`` each line, then ``finish`` once."""

    def __init__(self) -> None:
        self._stack: list[_Message] = []
        self._troubles: list[_Trouble] = []
        self._closed: set[int] = set()
        self._any_error = False
        self._damaged = ""
        #: What a search that was complete would not have said.
        self._too_much = ""
        self._in_sany = False
        self._sany: list[str] = []
        self._noise: list[str] = []
        self._printed: list[str] = []
        self._out_of_memory = ""
        self._partial_search = ""
        self._workers: int | None = None
        self._initial: int | None = None
        self._generated: int | None = None
        self._distinct: int | None = None
        self._queue: int | None = None
        self._depth: int | None = None
        self._coverage: dict[str, tuple[int, int]] = {}
        self._new_coverage: dict[str, tuple[int, int]] = {}
        self._temporal = False

    def feed(self, line: str) -> Progress | None:
        """Take one line (its newline may be left on); the progress if the line completes one."""
        line = line.rstrip("\r\n")
        # Quotes are escaped in what a specification prints, so only TLC ends a line in a marker.
        if line.endswith(_MARK):
            start = _START.search(line)
            if start and len(self._stack) < _MAX_NESTING:
                self._text(line[: start.start()])
                self._open(_Message(int(start[1]), int(start[2])))
                return None
            end = _END.search(line)
            if end:
                self._text(line[: end.start()])
                return self._close(int(end[1]))
        self._text(line)
        return None

    def _text(self, line: str) -> None:
        # No value that TLC prints has a blank line in it.
        if not line.strip():
            return
        self._check_end()
        before, found, after = line.partition(_TERMINATING)
        if found and '"' not in before:
            # The Java VM prints this wherever it is, also in the middle of a message or a line;
            # what a specification prints is in quotes.
            self._out_of_memory = found + after
        elif self._stack:
            self._stack[-1].parts.append(line)
        elif self._in_sany:
            self._sany.append(line)
        elif EC.TLC_SANY_END in self._closed:
            self._printed.append(line)
        else:
            # Before SANY there is only the Java VM to print something.
            self._noise.append(line.strip())

    def _check_end(self) -> None:
        if EC.TLC_FINISHED in self._closed:
            self._too_much = self._too_much or "there is more after TLC's last message"

    def _open(self, message: _Message) -> None:
        self._check_end()
        if message.severity in ERRORS:
            self._any_error = True
        if self._stack:
            self._stack[-1].parts.append(message)
        elif message.code == EC.TLC_SANY_END:
            self._in_sany = False
        self._stack.append(message)

    def _close(self, code: int) -> Progress | None:
        if not self._stack or self._stack[-1].code != code:
            self._damaged = f"message {code} ends where it should not"
            if all(message.code != code for message in self._stack):
                return None
            while self._stack[-1].code != code:
                self._stack.pop()
        message = self._stack.pop()
        return None if self._stack else self._message(message)

    def _message(self, message: _Message) -> Progress | None:
        """A message outside every other is whole."""
        code = message.code
        if code in ONCE and code in self._closed:
            self._too_much = self._too_much or f"TLC said twice what it says once: message {code}"
        self._closed.add(code)
        current = self._troubles[-1] if self._troubles else None
        if code in CLOSING and current:
            current.settled = True
        if any(nested.severity in ERRORS for nested in message.walk()):
            self._error(message, current)
        elif code in STATES and current:
            current.states.append(message)
        elif code == EC.TLC_BACK_TO_STATE and current:
            # 0 is no state, and refused when the trace is read.
            current.back_to = _index(message.text.partition(":")[0]) or 0
        elif code == EC.TLC_STATE_PRINT3 and current:
            current.stuttering = "Stuttering" in message.text
        elif code == EC.TLC_PROGRESS_STATS:
            return self._progress(message.text)
        else:
            self._fact(code, message.text)
        return None

    def _error(self, message: _Message, current: _Trouble | None) -> None:
        if message.code in PARTS_OF_ERROR and current:
            if message.code == EC.TLC_NESTED_EXPRESSION:
                places = [line for line in message.lines if line[:1].isdecimal()]
                current.position = places[-1].partition(". ")[2].strip() if places else ""
            return
        code, outcome = _classify(message)
        # Under -continue the next violation begins only when the one before it is all printed.
        if current and code in WITH_TRACE:
            current.settled = True
        self._troubles.append(_Trouble(message, code, outcome))

    def _progress(self, text: str) -> Progress | None:
        counts = {name: _number(number) for number, name in _COUNT.findall(text)}
        depth = _PROGRESS.search(text)
        try:
            progress = Progress(
                _number(depth[1]) if depth else -1,
                counts["states generated"],
                counts["distinct states found"],
                counts["states left on queue"],
            )
        except KeyError:
            return None
        # A run that is stopped prints no final counts; the last progress is what is known.
        self._generated, self._distinct = _known(progress.generated), _known(progress.distinct)
        self._queue, self._depth = _known(progress.queue), _known(progress.depth)
        return progress

    def _fact(self, code: int, text: str) -> None:
        counts = {name: _number(number) for number, name in _COUNT.findall(text)}
        if code == EC.TLC_SANY_START:
            self._in_sany = True
        elif code == EC.TLC_MODE_MC:
            workers = _WORKERS.search(text)
            self._workers = int(workers[1]) if workers else None
        elif code == EC.TLC_MODE_SIMU:
            self._partial_search = "a simulation does not search the whole state space"
        elif code in DEPTH_FIRST:
            # It stops at its bound and checks no temporal property, and says success all the same.
            self._partial_search = "a depth-first search (-dfid) is no complete search"
        elif code in RECOVERED:
            self._partial_search = "a search continued from a checkpoint is not taken as complete"
        elif code == EC.TLC_CHECKING_TEMPORAL_PROPS:
            # The last one counts; what is checked during the search is not the whole graph.
            self._temporal = "for the complete state space" in text
            if " 0 total distinct states" in text:
                self._partial_search = "TLC checked the temporal properties of no state at all"
        elif code in INITIAL_STATES:
            found = _INITIAL_STATES.search(text)
            self._initial = _number(found[1]) if found else None
        elif code == EC.TLC_COMPUTING_INIT_PROGRESS and self._partial_search:
            # In a simulation this is the only message about initial states.
            found = _INITIAL_STATES_SIMULATED.search(text)
            self._initial = _number(found[1]) if found else None
        elif code == EC.TLC_SEARCH_DEPTH:
            depth = _DEPTH.fullmatch(text.strip())
            if depth is None:
                self._too_much = "the depth of the search cannot be read"
            self._depth = _number(depth[1]) if depth else self._depth
        elif code == EC.TLC_STATS_SIMU:
            generated = _SIMULATED.search(text)
            self._generated = _number(generated[1]) if generated else self._generated
        elif code == EC.TLC_COVERAGE_START:
            # Coverage comes again and again, each time in whole.
            self._new_coverage = {}
        elif code in (EC.TLC_COVERAGE_NEXT, EC.TLC_COVERAGE_INIT):
            self._cover(text)
        elif code == EC.TLC_COVERAGE_END:
            self._coverage = self._new_coverage
        if code == EC.TLC_STATS and not _STATS.fullmatch(text.strip()):
            self._too_much = "the counts of states cannot be read"
        if code in COUNTS:
            self._generated = _known(counts.get("states generated"))
            self._distinct = _known(counts.get("distinct states found"))
            self._queue = _known(counts.get("states left on queue"))

    def _cover(self, text: str) -> None:
        found = _COVERAGE.search(text.strip())
        if found:
            # One name can stand for several places of the specification.
            distinct, total = self._new_coverage.get(found[1], (0, 0))
            self._new_coverage[found[1]] = (
                distinct + _number(found[2]),
                total + _number(found[3]),
            )

    # ------------------------------------------------------------------------------------- verdict

    def finish(self, exit_code: int) -> Report:
        """The report, once the process has ended with ``exit_code`` (Python's or a shell's)."""
        cut = ""
        if self._stack:
            cut = f"the output stops inside message {self._stack[-1].code}"
        damaged = self._damaged or cut
        complete = self._why_not_complete(exit_code, damaged)
        outcome, message, violation, trace = self._verdict(exit_code, damaged, complete)
        return Report(
            outcome=outcome,
            exit_code=exit_code,
            violated=_name(violation) if violation else None,
            message=message,
            trace=trace,
            back_to=violation.back_to if violation else None,
            stuttering=violation.stuttering if violation else False,
            initial_states=self._initial,
            generated=self._generated,
            distinct=self._distinct,
            queue=self._queue,
            depth=self._depth,
            coverage=dict(self._coverage),
            printed=tuple(self._printed),
            completed=not complete,
            temporal=self._temporal and EC.TLC_CHECKING_TEMPORAL_PROPS_END in self._closed,
        )

    def _why_not_complete(self, exit_code: int, damaged: str) -> str:
        """Why this was not a complete search; "" if it was."""
        if damaged or self._too_much:
            return damaged or self._too_much
        if self._partial_search:
            return self._partial_search
        if EC.TLC_EXCEPT_APPLIED_TO_UNKNOWN_FIELD in self._closed:
            return "an EXCEPT is of a field that is not there, and changes nothing (see TLC's log)"
        if EC.TLC_SUCCESS not in self._closed:
            return "TLC never said that the search was complete"
        if not {EC.TLC_STATS, EC.TLC_FINISHED} <= self._closed:
            return "the output stops before TLC's last messages"
        if self._queue != 0:
            return f"TLC left {self._queue} states on its queue"
        if exit_code != 0:
            return f"TLC said that the search was complete, but its exit code is {exit_code}"
        if not self._initial:
            return "there is no initial state: nothing was checked"
        if not self._initial <= (self._distinct or 0) <= (self._generated or 0):
            return "TLC's counts of states contradict one another"
        return ""

    def _verdict(
        self, exit_code: int, damaged: str, incomplete: str
    ) -> tuple[Outcome, str, _Trouble | None, tuple[TraceState, ...]]:
        unreadable = ""
        # 1. A violation that is all there stands, whatever happened later.
        if not self._damaged:
            for trouble in self._troubles:
                if not (trouble.is_violation and trouble.whole()):
                    continue
                try:
                    trace = _read_trace(trouble)
                    self._check_length(trouble, trace)
                except _UnreadableError as error:
                    unreadable = unreadable or f"{_message(trouble, self._sany)} But {error}"
                    continue
                return trouble.outcome, _message(trouble, self._sany), trouble, trace
        if unreadable:
            return Outcome.INCOMPLETE, unreadable, None, ()

        # 2. The end that was not TLC's own.
        first = next((t for t in self._troubles if not t.is_violation), None)
        if self._out_of_memory:
            return Outcome.OUT_OF_MEMORY, _one_line([self._out_of_memory]), None, ()
        if first and first.outcome is Outcome.OUT_OF_MEMORY:
            return Outcome.OUT_OF_MEMORY, _message(first, self._sany), None, ()
        pending = _message(self._troubles[0], self._sany) if self._troubles else ""
        killer = _signal_name(exit_code)
        if killer:
            text = f"stopped by {killer} before there was a verdict"
            return Outcome.KILLED, f"{text}; TLC had said: {pending}" if pending else text, None, ()

        # 3. What TLC could not do.
        if first:
            return self._failure(first, exit_code)
        if pending:
            reason = damaged or "its counterexample is not all there"
            return Outcome.INCOMPLETE, f"{pending} But {reason}", None, ()
        if self._any_error:
            return (
                Outcome.INCOMPLETE,
                f"TLC reported an error, but {damaged or 'not which'}",
                None,
                (),
            )

        # 4. No complaint at all.
        if not incomplete:
            return Outcome.SUCCESS, "", None, ()
        if exit_code == 0 or EC.TLC_SUCCESS in self._closed:
            return Outcome.INCOMPLETE, incomplete, None, ()
        said = self._noise or [line for line in self._sany if line.strip()][-1:]
        text = f"TLC ended with exit code {exit_code} and no message"
        return Outcome.CRASHED, f"{text}: {said[-1].strip()}" if said else text, None, ()

    def _failure(
        self, trouble: _Trouble, exit_code: int
    ) -> tuple[Outcome, str, _Trouble | None, tuple[TraceState, ...]]:
        """A trouble that is no violation; TLC may show the states that lead to it."""
        text = _message(trouble, self._sany)
        outcome = trouble.outcome
        vague = trouble.outcome is Outcome.CRASHED and trouble.root.severity == ERROR
        if vague and exit_code in EVALUATION_EXITS:
            outcome = Outcome.EVALUATION
        if not trouble.settled:
            # The trace may be cut off; the message is not.
            return outcome, text, None, ()
        try:
            return outcome, text, None, _read_trace(trouble)
        except _UnreadableError as error:
            return Outcome.INCOMPLETE, f"{text} But {error}", None, ()

    def _check_length(self, trouble: _Trouble, trace: tuple[TraceState, ...]) -> None:
        """TLC can drop the violating state without a word; see that it is there.

        It does so when a variable takes a value of another type than before. With one worker the
        state that violates an invariant is the first of its level, and that level is the depth.
        Raises _UnreadableError.
        """
        comparable = (
            trouble.code == EC.TLC_INVARIANT_VIOLATED_BEHAVIOR
            and self._workers == 1
            and not self._partial_search
            and len(self._troubles) == 1
            and EC.TLC_SEARCH_DEPTH in self._closed
            and EC.TLC_SUCCESS not in self._closed
        )
        if comparable and self._depth is not None and len(trace) < self._depth:
            raise _UnreadableError(
                f"TLC left the last state out of the counterexample ({len(trace)} states, but "
                f"depth {self._depth}); does a variable change its type?"
            )


def _message(trouble: _Trouble, sany: list[str]) -> str:
    """One line about ``trouble``, with the innermost place if the words do not give one."""
    text = _describe(trouble.root)
    if trouble.outcome is Outcome.PARSE:
        text = _describe_sany(sany) or text
    if trouble.position and " of module " not in text:
        text = f"{text} (at {trouble.position[:1].lower()}{trouble.position[1:]})"
    return text


def _name(trouble: _Trouble) -> str | None:
    prefix = NAMED.get(trouble.code)
    if prefix is None or not trouble.root.lines:
        return None
    return trouble.root.lines[0].removeprefix(prefix).rpartition(" is violated")[0] or None


def read_report(text: str, exit_code: int) -> Report:
    """The report of a run that printed ``text`` and ended with ``exit_code``."""
    reader = StreamReader()
    # Not splitlines(): in Latin-1 a string of the specification may hold what Python takes as one.
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for line in lines:
        reader.feed(line)
    return reader.finish(exit_code)
