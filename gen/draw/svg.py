"""SVG: elements, the colours of all pictures, and PNG from it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Set
from xml.etree import ElementTree

from gen import printable
from gen.errors import ExitCode, GenError

Element = ElementTree.Element

#: Pixels: a character of the text, a row of it, and the room around a picture.
CHAR, ROW, EDGE = 7.9, 18, 16

_NAMESPACE = "http://www.w3.org/2000/svg"

#: Every colour by its name: on light ground, on dark ground.  The types' are Okabe and Ito's,
#: told apart with every kind of colour vision; a letter always stands in them.
COLOURS: Mapping[str, tuple[str, str]] = {
    "page": ("#ffffff", "#16181b"),
    "text": ("#1b1b1b", "#e6e6e6"),
    "soft": ("#595959", "#a3a8ae"),
    "line": ("#c9ced4", "#3f454c"),
    "head": ("#f2f4f6", "#22262b"),
    "hold": ("#e0ebf5", "#1e3040"),
    "holdline": ("#8ca6bd", "#55708a"),
    "danger": ("#b33800", "#ff9d6b"),
    "dangerfill": ("#fddcc8", "#4d2512"),
    "new": ("#0055aa", "#7cc4ff"),
    "used": ("#dcdcdc", "#43484e"),
    "M": ("#a5d8f5", "#175f8c"),
    "U": ("#f5bd48", "#8a5c00"),
    "R": ("#8edbc0", "#0a6e51"),
    "H": ("#f7ee8c", "#726a00"),
    "C": ("#e6b5d2", "#85456c"),
    "I": ("#454545", "#d4d4d4"),
    "other": ("#e8e8e8", "#33373c"),
}

#: Every system has one of these; resvg draws no text at all if it finds none of them.
FONTS = (
    '"DejaVu Sans Mono","Liberation Mono","Noto Sans Mono",Menlo,Consolas,"Courier New",monospace'
)

_RULES = string.Template(
    """\
text{font:13px $fonts;fill:$text}
.page{fill:$page}.soft{fill:$soft}.bold{font-weight:700}.small{font-size:11px}
.danger{fill:$danger;font-weight:700}.mid{text-anchor:middle}.end{text-anchor:end}
.lane{stroke:$line;stroke-width:1.5}.rule{stroke:$line;stroke-dasharray:5 4}
.hold{fill:$hold;stroke:$holdline}.races{fill:$dangerfill}.fails{fill:$danger}
.edge{fill:none;stroke:$danger;stroke-width:2}
.handed{fill:none;stroke:$holdline;stroke-dasharray:3 3}
.tip{fill:$danger}.tiph{fill:$holdline}.loop{fill:none;stroke:$new;stroke-width:2}.tipl{fill:$new}
text.onfail{fill:$page;font-weight:700}
.pb{stroke:$text}.M{fill:$M}.U{fill:$U}.R{fill:$R}.H{fill:$H}.C{fill:$C}.I{fill:$I}.other{fill:$other}
.used{fill:$used}.away{stroke-dasharray:4 3}.block{stroke:$text}
.wrong{fill:$dangerfill;stroke:$danger;stroke-width:3.5}
.new{stroke:$new;stroke-width:3}.wrong.new{stroke:$danger}
text.onI{fill:$page}text.onwrong{fill:$danger;font-weight:700}
text.newt{fill:$new;font-weight:700}
.read{fill:none;stroke:$new;stroke-width:2;stroke-dasharray:2 2}
.wrote{fill:none;stroke:$new;stroke-width:3}
"""
)


def rules(values: Mapping[str, str]) -> str:
    """The style sheet of all pictures, with a CSS value for each name of COLOURS."""
    return _RULES.substitute(values, fonts=FONTS)


def standalone_style(used: Set[str]) -> str:
    """The style sheet of an SVG file that has these classes: light, and dark if it is wanted."""
    light, dark = (
        re.findall(r"[^{}]+{[^}]*}", rules({name: pair[n] for name, pair in COLOURS.items()}))
        for n in (0, 1)
    )
    kept = [
        (rule.strip(), other.strip())
        for rule, other in zip(light, dark, strict=True)
        if used >= set(re.findall(r"\.([A-Za-z]+)", rule.partition("{")[0]))
    ]
    changed = "\n".join(other for rule, other in kept if rule != other)
    every = "\n".join(rule for rule, _ in kept)
    return f"{every}\n@media (prefers-color-scheme:dark){{\n{changed}\n}}\n"


def add(parent: Element, tag: str, text: str = "", **attributes: str | float) -> Element:
    """A new element: ``class_`` is class, other underscores are hyphens, numbers are short.

    A text is a printable line, as XML has no way to write what is not.
    """
    child = ElementTree.SubElement(parent, tag, _attributes(attributes))
    if text:
        child.text = printable.line(text)
    return child


def group(**attributes: str | float) -> Element:
    """A group that stands nowhere yet."""
    return Element("g", _attributes(attributes))


def _attributes(given: Mapping[str, str | float]) -> dict[str, str]:
    return {
        name.rstrip("_").replace("_", "-"): printable.line(value)
        if isinstance(value, str)
        else f"{value:g}"
        for name, value in given.items()
    }


def image(width: float, height: float, title: str, *content: Element, style: bool = True) -> str:
    """A whole SVG, with a title that screen readers tell; ``style``: it has its own colours."""
    width, height = round(width), round(height)
    root = Element("svg", {"xmlns": _NAMESPACE, "viewBox": f"0 0 {width} {height}", "role": "img"})
    root.set("width", str(width))
    root.set("height", str(height))
    add(root, "title", title)
    if style:
        used = {
            name for part in content for e in part.iter() for name in e.get("class", "").split()
        }
        add(root, "style").text = standalone_style({*used, "page"})
        add(root, "rect", class_="page", width=width, height=height)
    root.extend(content)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def png(svg: str) -> bytes:
    """A picture as PNG, twice as large; needs resvg-py, which the extra ``png`` installs.

    Raises GenError if it is not there, or if the machine has no font.
    """
    try:
        import resvg_py
    except ImportError as e:
        raise GenError(
            "PNG needs the package resvg-py: pip install 'pageblock-gen[png]'", ExitCode.SYSTEM
        ) from e
    if not _has_font(resvg_py.svg_to_bytes):
        raise GenError(
            "PNG needs a monospaced font such as DejaVu Sans Mono (Debian: fonts-dejavu-core)",
            ExitCode.SYSTEM,
        )
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))


def check_png() -> None:
    """GenError as of ``png``, before there is a picture."""
    png(image(1, 1, ""))


def _has_font(render: Callable[..., bytes]) -> bool:
    """Whether a text leaves anything to see: without a font it would be left out in silence."""
    some, none = group(), group()
    add(some, "text", "M", y=15)
    drawn = [bytes(render(svg_string=image(20, 20, "", content))) for content in (some, none)]
    return drawn[0] != drawn[1]
