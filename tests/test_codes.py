"""TLC's message numbers: each name stands for the number that the jar has for it."""

from __future__ import annotations

import re
import zipfile
from enum import IntEnum
from functools import cache
from pathlib import Path

import pytest

import gen.tlc
from gen.tlc.codes import EC, TROUBLES, VIOLATIONS, ExitStatus
from gen.tlc.toolchain import find_toolchain

TLC = Path(gen.tlc.__file__).parent

#: The bytes that an entry of a class file's constant pool takes behind its tag, if always as many.
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4}
_TEXT, _INTEGER, _LONG, _DOUBLE = 1, 3, 5, 6


@cache
def constants(name: str) -> dict[str, int]:
    """The ``static final int`` of a class in the jar, by name (JVM specification, chapter 4)."""
    with zipfile.ZipFile(find_toolchain().jar) as jar:
        data = jar.read(name)
    at = 0

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(data[at - size : at], signed=False)

    assert number(4) == 0xCAFEBABE
    number(4)
    pool: dict[int, str | int] = {}
    count, index = number(2), 1
    while index < count:
        tag = number(1)
        if tag == _TEXT:
            size = number(2)
            pool[index] = data[at : at + size].decode("utf-8", "replace")
            at += size
        elif tag == _INTEGER:
            pool[index] = int.from_bytes(data[at : at + 4], signed=True)
            at += 4
        else:
            at += _SIZES[tag]
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    number(6)
    number(2 * number(2))  # interfaces
    found: dict[str, int] = {}
    for _ in range(number(2)):
        number(2)
        field = str(pool[number(2)])
        number(2)
        for _ in range(number(2)):
            attribute, size = pool[number(2)], number(4)
            if attribute == "ConstantValue":
                found[field] = int(pool[int.from_bytes(data[at : at + 2])])
            at += size
    return found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(EC, "tlc2/output/EC.class"), (ExitStatus, "tlc2/output/EC$ExitStatus.class")],
    ids=["messages", "exit codes"],
)
def test_a_name_has_the_number_that_the_jar_has(ours: type[IntEnum], theirs: str) -> None:
    known = constants(theirs)
    assert len(known) >= len(ours) > 2
    assert {code.name: code.value for code in ours} == {
        code.name: known.get(code.name) for code in ours
    }


def test_every_complaint_of_a_cfg_file_that_the_jar_knows_is_the_configuration_s() -> None:
    """They are told by how they begin: a new one would be missing here, not in the reader."""
    theirs = {n for n in constants("tlc2/output/EC.class") if n.startswith(("TLC_CONFIG_", "CFG_"))}
    assert theirs == {code.name for code in EC if code.name.startswith(("TLC_CONFIG_", "CFG_"))}
    assert all(TROUBLES[EC[name]].value == "config" for name in theirs)


def test_every_violation_is_trouble_of_the_same_kind() -> None:
    assert VIOLATIONS.items() <= TROUBLES.items()


@pytest.mark.parametrize("path", sorted(TLC.glob("*.py")), ids=lambda path: path.name)
def test_no_message_is_told_by_a_bare_number(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    numbers = re.findall(r"(?<![\w.])\d{4}(?![\w.])", text)
    known = {str(code.value) for code in EC}
    assert path.name == "codes.py" or not known & {*numbers}
