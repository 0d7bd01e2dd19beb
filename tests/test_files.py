"""Files that we write say what they are; others are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gen.errors import GenError
from gen.files import FileFormat
from gen.model.specs import SPECS
from gen.prove import obligations
from gen.report import matrix_files, result
from gen.trace import trace
from tools import finer, manifest, mutations

FORMAT = FileFormat("thing", (2, 3), "gen thing makes a new one")
HEAD = {"format": "pageblock-gen thing", "version": 3}
COUNTEREXAMPLES = SPECS.parent / "counterexamples"


def test_a_file_says_its_format_and_its_version() -> None:
    assert FORMAT.head == HEAD


@pytest.mark.parametrize("version", [2, 3])
def test_a_file_of_a_version_that_is_read_is_what_is_below_its_head(version: int) -> None:
    assert FORMAT.body({**HEAD, "version": version, "x": 1}) == {"x": 1}


@pytest.mark.parametrize("data", [None, 7, [], "x", {}, {"format": None}, {"format": "thing"}])
def test_something_else_is_no_such_file(data: Any) -> None:
    with pytest.raises(GenError) as caught:
        FORMAT.body(data)
    assert caught.value.message == "no thing: its format is not 'pageblock-gen thing'"


@pytest.mark.parametrize("version", [0, 1, 4, -3, True, 3.0, "3", None, [3], {}])
def test_another_version_is_refused_by_name(version: Any) -> None:
    with pytest.raises(GenError) as caught:
        FORMAT.body({**HEAD, "version": version})
    assert caught.value.message == (
        f"a thing of version {version}; this tool reads 2 and 3; gen thing makes a new one"
    )


def test_the_version_of_an_old_file_stands_in_its_format() -> None:
    old = {"format": "pageblock-gen thing 1", "x": 1}
    with pytest.raises(GenError, match="a thing of version 1; this tool reads 2 and 3"):
        FORMAT.body(old)
    assert FileFormat("thing", (1, 2), "").body(old) == {"x": 1}
    with pytest.raises(GenError, match="no thing"):
        FORMAT.body({**old, "version": 3})


def test_every_format_has_a_name_of_its_own() -> None:
    modules = (obligations, matrix_files, result, finer, manifest, mutations)
    heads = [module.FORMAT.head for module in modules]
    assert len({head["format"] for head in heads} | {trace.FORMAT}) == len(heads) + 1


@pytest.mark.parametrize(
    ("path", "head"),
    [
        *((path, obligations.FORMAT.head) for path in (SPECS / "certificates").glob("*.json")),
        (manifest.MANIFEST, manifest.FORMAT.head),
        (finer.FINER, finer.FORMAT.head),
        (mutations.MUTATIONS, mutations.FORMAT.head),
        *(
            (path, {"format": trace.FORMAT, "version": trace.VERSION})
            for path in COUNTEREXAMPLES.glob("*/trace.json")
        ),
    ],
    ids=lambda value: value.parent.name + "-" + value.stem if isinstance(value, Path) else "",
)
def test_a_committed_file_says_the_format_and_a_version(path: Path, head: dict[str, Any]) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["format"] == head["format"]
    assert type(data["version"]) is int and 1 <= data["version"] <= head["version"]
