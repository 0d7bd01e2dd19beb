"""specs/schema/: what an editor has to know of the TOML files, as JSON schemas.

    python -m tools.schema       writes them again, and prints which have changed

They are made of the types that the files are read with.  What is an error for gen is one in an
editor too, but for what takes more than one file to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gen.files import write_text
from gen.model.actor import ActorTable
from gen.model.assumption import AssumptionTable
from gen.model.caller import FieldTable
from gen.model.choice import Choice, choices
from gen.model.design import DesignTable
from gen.model.feature import Feature, features
from gen.model.property import PropertyTable, properties
from gen.model.section import LikeTable, SectionTable, VariantTable, drawn_functions
from gen.model.specs import SPECS
from gen.model.variable import VariableTable
from gen.model.vocabulary import Vocabulary
from gen.report.gallery import EntryTable, OwnEntryTable

SCHEMAS = SPECS / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "#/$defs/"

#: The tables of a file, by its name; a table is one of several types, or of a dict of the last.
_TABLES: Mapping[str, tuple[type, ...]] = {
    "assumptions": (AssumptionTable,),
    "callers": (FieldTable,),
    "choices": (Choice,),
    "features": (Feature,),
    "gallery": (EntryTable, OwnEntryTable),
    "properties": (PropertyTable,),
    "sections": (SectionTable, dict[str, VariantTable]),
    "variables": (VariableTable,),
}


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each schema, and the schema."""
    yield "design", _design()
    (actor,), defs = msgspec.json.schema_components([ActorTable], ref_template=f"{_DEFS}{{name}}")
    yield "actor", _schema("actor", {**actor, "$defs": defs})
    (whole,), defs = msgspec.json.schema_components([Vocabulary], ref_template=f"{_DEFS}{{name}}")
    yield "drawing", _schema("drawing", {**whole, "$defs": defs})
    for name, kinds in _TABLES.items():
        made, defs = msgspec.json.schema_components(kinds, ref_template=f"{_DEFS}{{name}}")
        table = made[0] if len(made) == 1 else {"anyOf": [*made]}
        if name == "sections":
            table = _sections()
            defs |= msgspec.json.schema_components([LikeTable], ref_template=f"{_DEFS}{{name}}")[1]
        yield (
            name,
            _schema(name, {"type": "object", "additionalProperties": table, "$defs": defs}),
        )


def _schema(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    for one in body["$defs"].values():
        if "properties" in one:
            one["additionalProperties"] = False
    head = {"$schema": _DIALECT, "$id": f"urn:pageblock-gen:{name}", "title": f"{name}.toml"}
    return {**head, **body}


def _sections() -> dict[str, Any]:
    """A section, or one that is a choice: each variant whole, or like another one."""
    one, variant, like = (
        {"$ref": f"{_DEFS}{name}"} for name in ("SectionTable", "VariantTable", "LikeTable")
    )
    variants = {"type": "object", "additionalProperties": {"anyOf": [variant, like]}}
    return {"anyOf": [one, variants]}


def _design() -> dict[str, Any]:
    """A design file, with the names that there are today."""
    (made,), defs = msgspec.json.schema_components([DesignTable], ref_template=f"{_DEFS}{{name}}")
    design, shown, zone = (
        defs[name]["properties"] for name in ("DesignTable", "ShownTable", "Zone")
    )
    design["choices"] |= {"additionalProperties": False, "properties": _choices()}
    design["names"]["propertyNames"] = {"enum": sorted(drawn_functions())}
    design["promises"]["items"] = shown["property"] = _one_of(
        {name: prop.statement for name, prop in properties().items()}
    )
    zone["features"]["items"] = _one_of(features())
    return _schema("design", {**made, "$defs": defs})


def _choices() -> dict[str, Any]:
    return {name: _one_of(values) for name, values in choices().items()}


def _one_of(words: Mapping[str, str]) -> dict[str, Any]:
    return {"oneOf": [{"const": name, "description": what} for name, what in words.items()]}


def dump(schema: Mapping[str, Any]) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write what has changed."""
    SCHEMAS.mkdir(exist_ok=True)
    for name, schema in schemas():
        path, text = SCHEMAS / f"{name}.schema.json", dump(schema)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
            print(f"{path.relative_to(SPECS.parent)} has changed")


if __name__ == "__main__":
    main()
