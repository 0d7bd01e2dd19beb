"""What a design has to choose: for each choice its values, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from gen.model.section import section_data
from gen.model.specs import SPECS, load

#: Choices that must have been made: one value, or one of several, for each.
Needs = Mapping[str, str | list[str]]


@cache
def choices() -> dict[str, dict[str, str]]:
    """What a design has to choose: for each choice its values, and what they mean."""
    known = {
        name: {k: v for k, v in data.items() if k not in ("function", "needs")}
        for name, data in load(SPECS / "choices.toml").items()
    }
    for name, data in section_data().items():
        if "calls" not in data:
            known[name] = {variant: one["what"] for variant, one in data.items()}
    return known


@cache
def choice_needs() -> dict[tuple[str, str], Needs]:
    """What a choice's value needs of other choices, by (choice, value)."""
    needs: dict[tuple[str, str], Needs] = {}
    for name, data in load(SPECS / "choices.toml").items():
        for value, wanted in data.get("needs", {}).items():
            needs[name, value] = wanted
    for name, data in section_data().items():
        if "calls" not in data:
            for value, variant in data.items():
                needs[name, value] = variant.get("needs", {})
    return needs
