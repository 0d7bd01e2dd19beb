"""TLC's message numbers (tlc2.output.EC), and what they come to."""

from __future__ import annotations

from gen.tlc.report import Outcome

# Severities: 0 none, 1 error, 2 a bug in TLC, 3 warning, 4 a state.
ERRORS = (1, 2)

STATES = (2216, 2217)

BACK_TO, STUTTERING = 2122, 2218
# These belong to the error before them and are none themselves.
PARTS_OF_ERROR = (2121, 2264, 2103)

POSITIONS = 2103
# Printed by TLC after a counterexample: nothing of it is to come.
CLOSING = (2199, 2204, 2210, 2186)

VIOLATIONS = {
    2104: Outcome.ASSUMPTION,
    2107: Outcome.INVARIANT,
    2108: Outcome.ACTION_PROPERTY,
    2110: Outcome.INVARIANT,
    2112: Outcome.ACTION_PROPERTY,
    2114: Outcome.DEADLOCK,
    2116: Outcome.TEMPORAL,
    2132: Outcome.ASSERTION,
}

NAMED = {
    2107: "Invariant ",
    2108: "Property ",
    2110: "Invariant ",
    2112: "Action property ",
}
# The violated state is inside the message; no trace follows.
INITIAL = (2107, 2108)
# The counterexample is a message per state.
WITH_TRACE = (2110, 2112, 2114, 2116)

TROUBLES = {
    **VIOLATIONS,
    **dict.fromkeys((1001, 1002), Outcome.OUT_OF_MEMORY),
    **dict.fromkeys((1101, 1102), Outcome.BAD_OPTION),
    **dict.fromkeys((2171, 2244, 2245, 2265, 3002), Outcome.PARSE),
    **dict.fromkeys(range(2222, 2244), Outcome.CONFIG),
    **dict.fromkeys((2280, 2281), Outcome.CONFIG),
    **dict.fromkeys(range(5001, 5007), Outcome.CONFIG),
    # 1005 is a stack overflow: as a rule a recursive definition without an end.
    **dict.fromkeys(
        (1000, 1005, 2102, 2105, 2106, 2109, 2111, 2113, 2115, 2118, 2146, 2147, 2213, 2214, 2215),
        Outcome.EVALUATION,
    ),
    **dict.fromkeys(range(2246, 2254), Outcome.EVALUATION),
    **dict.fromkeys((2260, 2261), Outcome.EVALUATION),
}
# A nested message is the cause; of these the outermost message knows more than its code.
DECISIVE_WHEN_NESTED = (
    Outcome.ASSERTION,
    Outcome.ASSUMPTION,
    Outcome.CONFIG,
    Outcome.OUT_OF_MEMORY,
    Outcome.PARSE,
)

EVALUATION_EXITS = (75, 76, 77)
# Others, such as java.io.IOException, are trouble of the machine or of TLC.
EVALUATION_EXCEPTIONS = (
    "tlc2.",
    "util.",
    "java.lang.RuntimeException",
    "java.lang.StackOverflowError",
)
