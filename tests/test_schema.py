"""The schemas for editors: as they would be made today, and of one mind with the reader."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gen.model.design import design_names
from gen.model.specs import SPECS, actor_files
from tools import schema

MADE = dict(schema.schemas())
DESIGNS = [SPECS / "designs" / f"{name}.toml" for name in design_names()]
FILES = sorted(SPECS.glob("*.toml"))
ACTORS = actor_files()


def mistakes(data: Any, name: str) -> list[str]:
    """What an editor underlines."""
    return [error.message for error in Draft202012Validator(MADE[name]).iter_errors(data)]


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MADE)
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    """After a wanted change of a type, a choice or a property: python -m tools.schema."""
    committed = schema.SCHEMAS / f"{name}.schema.json"
    assert committed.read_text(encoding="utf-8") == schema.dump(MADE[name])
    Draft202012Validator.check_schema(MADE[name])


def test_every_file_has_a_schema_and_every_schema_a_file() -> None:
    assert {path.stem for path in FILES} | {"actor", "design"} == MADE.keys()
    assert {path.name for path in schema.SCHEMAS.iterdir()} == {f"{n}.schema.json" for n in MADE}


def test_an_editor_is_told_which_file_has_which_schema() -> None:
    rules = read(SPECS.parent / ".taplo.toml")["rule"]
    told = {rule["schema"]["path"]: rule["include"] for rule in rules}
    files = {name: f"specs/{name}.toml" for name in MADE}
    folders = {"design": "specs/designs/*.toml", "actor": "specs/actors/*.toml"}
    assert told == {f"specs/schema/{n}.schema.json": [f] for n, f in (files | folders).items()}


@pytest.mark.parametrize("path", [*FILES, *DESIGNS, *ACTORS], ids=lambda path: path.stem)
def test_an_editor_has_nothing_to_say_of_a_shipped_file(path: Path) -> None:
    folder = {"actors": "actor", "designs": "design"}.get(path.parent.name, path.stem)
    assert mistakes(read(path), folder) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"promise": []}, "Additional properties are not allowed ('promise' was unexpected)"),
        ({"nams": {}}, "Additional properties are not allowed ('nams' was unexpected)"),
        ({"title": "a\n[ok]"}, "does not match"),
        ({"title": "a\u2028"}, "does not match"),
        ({"title": ""}, "does not match"),
        ({"choices": {"falback": "none"}}, "('falback' was unexpected)"),
        ({"choices": {"fallback": "none"}}, "'none' is not valid"),
        ({"promises": ["all"]}, "'all' is not valid"),
        ({"names": {"free_unref_pag": "x"}}, "'free_unref_pag' is not one of"),
        ({"shown_by": {"zone": {}}}, "is not valid under any of the given schemas"),
    ],
)
def test_an_editor_underlines_what_gen_refuses(change: dict[str, Any], said: str) -> None:
    (told,) = mistakes(read(SPECS / "designs" / "v6.12.toml") | change, "design")
    assert said in told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_key_that_a_table_has_not_is_underlined(path: Path) -> None:
    for name, table in read(path).items():
        assert mistakes({name: {**table, "whta": 1}}, path.stem), name
