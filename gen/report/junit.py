"""The verdicts of a check as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gen.check.against import Against
from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.printable import line, lines
from gen.report.against import mark, trouble
from gen.report.words import drawing, reproduce, short_form

_NO_FAILURE = (Result.HOLDS, Result.VACUOUS, Result.NO_VERDICT)


def junit(check: Check, verdicts: Sequence[Verdict], against: Against | None = None) -> str:
    """A test case per property: violated is a failure, no verdict an error, vacuous is skipped.

    A violation that the base has too is still a failure; its message begins with that.
    """
    results = [verdict.result for verdict in verdicts]
    suite = ET.Element(
        "testsuite",
        name=line(check.design.name),
        tests=str(len(verdicts)),
        failures=str(sum(result not in _NO_FAILURE for result in results)),
        errors=str(results.count(Result.NO_VERDICT)),
        skipped=str(results.count(Result.VACUOUS)),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict in verdicts:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=line(check.design.name),
            name=verdict.prop.name,
            time=f"{verdict.seconds:.3f}",
        )
        if verdict.result is Result.NO_VERDICT:
            ET.SubElement(case, "error", type="no verdict", message=line(verdict.message))
        elif verdict.result is Result.VACUOUS:
            ET.SubElement(case, "skipped", message=line(verdict.message))
        elif verdict.result not in _NO_FAILURE:
            first, _, _ = short_form(check, verdict).partition("\n")
            message = line(mark(verdict, against) + first)
            failure = ET.SubElement(case, "failure", type=verdict.result.value, message=message)
            drawn = drawing(verdict) if verdict.trace else ""
            failure.text = lines(f"\n{drawn}\n{reproduce(check, verdict)}\n")
    if told := trouble("", against):
        ET.SubElement(suite, "system-err").text = line(told)
    suites = ET.Element("testsuites", name="gen check")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"
