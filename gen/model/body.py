"""The text of an operator that a user writes: one expression, and nothing besides.

It stands in a rendered module, between definitions of ours.  So it is read token by token before
it is put there: what would end the module, a comment or the definition, and what would define,
declare, assign or print something, is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Words that belong to a module, to an action or to a behaviour, not to an expression on z.
_REFUSED = {
    **dict.fromkeys(
        (
            *("ASSUME", "ASSUMPTION", "AXIOM", "THEOREM", "LEMMA", "PROPOSITION", "COROLLARY"),
            *("CONSTANT", "CONSTANTS", "VARIABLE", "VARIABLES", "EXTENDS", "INSTANCE", "LOCAL"),
            *("MODULE", "WITH", "PROOF", "BY", "QED", "OBVIOUS", "OMITTED"),
        ),
        "belongs to a module",
    ),
    **dict.fromkeys(("ENABLED", "UNCHANGED"), "belongs to an action"),
    **dict.fromkeys(
        (
            *("Print", "PrintT", "Assert", "TLCGet", "TLCSet", "TLCEval", "TLCExt", "JavaTime"),
            *("RandomElement", "Any", "ToString", "IOExec", "IOEnv", "IOSerialize"),
            "IODeserialize",
        ),
        "does more than give a value",
    ),
    "RECURSIVE": "is declared by its operator",
}

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<comment>\\\*[^\n]*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>\d+)
      | (?P<line>-{4,}|={4,})
      | (?P<open>\(\*)
      | (?P<close>\*\))
      | (?P<defines>==)
      | (?P<bracket><<|>>_?|[()\[\]{}])
      | (?P<prime>')
      | (?P<sign>\\[A-Za-z]+|:>|@@|\|->|[^\sA-Za-z0-9_"'])
      """,
    re.VERBOSE,
)
_CLOSES = {")": "(", "]": "[", "}": "{", ">>": "<<"}


@dataclass(frozen=True)
class BodyError(Exception):
    """Why a text is no expression; ``line`` counts from 1 within it."""

    line: int
    why: str


def check_body(text: str) -> None:
    """BodyError unless a text reads as one TLA+ expression; SANY says later if it is right."""
    open_: list[tuple[str, int]] = []
    at, line, tokens = 0, 1, 0
    # Whatever else ends a line for SANY, or looks like a sign that it is not, is out.
    if odd := re.search(r"[^\n\t -~]", text):
        raise BodyError(text.count("\n", 0, odd.start()) + 1, f"{odd[0]!r}: ASCII fits")
    while at < len(text):
        if text[at] in " \t\n":
            line += text[at] == "\n"
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            what = "a string without an end" if text[at] == '"' else f"{text[at]!r}"
            raise BodyError(line, f"{what} does not belong here")
        _check_token(found, line)
        kind, token = str(found.lastgroup), found[0]
        tokens += kind != "comment"
        if token in ("LET", *_CLOSES.values()):
            open_.append((token, line))
        elif token == "IN" or token.rstrip("_") in _CLOSES:
            wanted = "LET" if token == "IN" else _CLOSES[token.rstrip("_")]
            if not open_ or open_.pop()[0] != wanted:
                raise BodyError(line, f"'{token}' without its '{wanted}'")
        elif kind == "defines" and not (open_ and open_[-1][0] == "LET"):
            raise BodyError(line, "'==' defines something; inside of LET ... IN it fits")
        at = found.end()
    if open_:
        token, begun = open_[-1]
        raise BodyError(begun, f"'{token}' has no end")
    if not tokens:
        raise BodyError(1, "it is empty; an expression fits")


def _check_token(found: re.Match[str], line: int) -> None:
    token = found[0]
    if found.lastgroup == "word" and token in _REFUSED:
        raise BodyError(line, f"'{token}' {_REFUSED[token]}; an expression fits")
    if found.lastgroup == "word" and token.startswith(("WF_", "SF_")):
        raise BodyError(line, f"'{token}' belongs to a behaviour; an expression fits")
    # A string comes from a state into a drawing, where a line feed would end a line.
    if found.lastgroup == "string" and "\\" in re.sub(r'\\["\\]', "", token):
        raise BodyError(line, f'{token}: only \\" and \\\\ fit after a backslash in a string')
    if found.lastgroup == "line":
        raise BodyError(line, f"'{token[:4]}' ends a module; an expression fits")
    if found.lastgroup in ("open", "close"):
        raise BodyError(line, f"'{token}': a comment begins with \\* here, and ends with its line")
    if found.lastgroup == "prime":
        raise BodyError(line, "a prime belongs to an action; an operator gives z back")
    if token == ">>_":
        raise BodyError(line, "'>>_' belongs to an action; an expression fits")
