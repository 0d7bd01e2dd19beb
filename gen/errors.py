"""Errors as values that a user can act on, and the exit codes of the command."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Callable
from enum import IntEnum


def reason(error: Exception) -> str:
    """What an error says, in the words of the system where it has some."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class ExitCode(IntEnum):
    """Exit codes of ``gen``; where TLC has a code for the same thing, it is TLC's."""

    OK = 0
    #: Two things were compared, and are not the same, as diff and cmp have it.
    DIFFERENT = 1
    USAGE = 2
    NO_VERDICT = 3
    ASSUMPTION = 10
    DEADLOCK = 11
    SAFETY = 12
    LIVENESS = 13
    ASSERTION = 14
    EVALUATION = 75
    PARSE = 150
    CONFIG = 151
    SYSTEM = 153
    INTERRUPTED = 130


class GenError(Exception):
    """Something the user can mend: one line that says what is wrong and what would fit.

    ``code`` is the exit code that the command ends with.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def fault(error: Exception) -> ExitCode:
    """The exit code if something cannot be written: a full disk is not what the user has typed."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ExitCode.NO_VERDICT if full else ExitCode.USAGE


class FieldError(GenError):
    """A record that cannot be: a field of it has a value where something else ``fits``.

    What fits may speak of other fields, ``{max_order}``: a file calls them so, the command line
    ``--order``.  The message is in the words of a file.
    """

    def __init__(self, field: str, value: object, fits: str) -> None:
        self.field, self.value, self._fits = field, value, fits
        super().__init__(f"{field} = {self.value!r}: {self.fits(str)}")

    def fits(self, name: Callable[[str], str]) -> str:
        """What would fit, with the ``name`` that each other field goes by."""
        return re.sub(r"\{(\w+)\}", lambda found: name(found[1]), self._fits)


def near_miss(wrong: str, known: list[str]) -> str:
    """``did you mean X?`` if something known is spelled alike, else the list of what is known."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wrong.lower(), by_lower, n=1)
    return f"did you mean '{by_lower[near[0]]}'?" if near else f"known: {', '.join(known)}"
