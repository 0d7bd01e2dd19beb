"""The reader of TOML: what is not known is refused, in one line that says where and what fits."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from gen.cli.main import main
from gen.errors import FieldError, GenError
from gen.model import (
    assumption,
    caller,
    choice,
    design,
    feature,
    property,
    section,
    variable,
    vocabulary,
)
from gen.model.design import DesignTable, design_names, find_design
from gen.model.position import Key, line_of
from gen.model.reader import LONGEST_LINE, MOST_BYTES, Line, Text, Words, dotted, read
from gen.model.specs import SPECS
from gen.report import gallery


@dataclass(frozen=True, kw_only=True)
class Size:
    called: ClassVar[str] = "size"
    order: int = 9

    def __post_init__(self) -> None:
        if self.order > 10:
            raise FieldError("order", self.order, "must be below {most}")


@dataclass(frozen=True, kw_only=True)
class Call:
    called: ClassVar[str] = "call"
    call: Line
    fails: bool = False


@dataclass(frozen=True, kw_only=True)
class Book:
    called: ClassVar[str] = "book"
    title: Annotated[Line, Meta(description="what stands on its back")]
    pages: int = 1
    bound: bool = False
    cover: Literal["hard", "soft"] = "soft"
    remark: Words = ""
    text: Text | None = None
    names: tuple[Line, ...] = ()
    pair: tuple[Line, Line] = ("one", "two")
    calls: tuple[Line | Call, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    size: Size | None = None
    needs: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


TITLE = 'title = "One"\n'


def written(tmp_path: Path, text: str | bytes, name: str = "book.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def complaint(path: Path, kind: Any = Book) -> str:
    """What is said of a file, after its path; one line."""
    with pytest.raises(GenError) as caught:
        read(path, kind)
    said = caught.value.message
    assert said.isprintable(), said
    assert said.startswith(f"{path}:")
    return said.removeprefix(f"{path}:")


#: The same examples each time: a suite that fails now and then is believed by nobody.
STEADY = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


# ---- what is read --------------------------------------------------------------------


def test_a_file_becomes_a_record_with_the_defaults_of_what_it_does_not_say(tmp_path: Path) -> None:
    text = TITLE + 'names = ["a", "b"]\ncalls = ["f", { call = "g", fails = true }]\n'
    text += 'needs = { a = "b", c = ["d", "e"] }\n[sizes.small]\norder = 3\n[size]\n'
    assert read(written(tmp_path, text), Book) == Book(
        title="One",
        names=("a", "b"),
        calls=("f", Call(call="g", fails=True)),
        sizes={"small": Size(order=3)},
        size=Size(),
        needs={"a": "b", "c": ("d", "e")},
    )


# ---- what is no TOML file, or no file ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "One"\ntitle = "Two"\n', "2: not a TOML file: Cannot overwrite a value"),
        ('title = "One\n', "1: not a TOML file: Illegal character '\\n'"),
        ("title =", " not a TOML file: Invalid value (at end of document)"),
        ("[[a]\n", "1: not a TOML file: "),
        ('title = "a\rb"', "1: not a TOML file: Illegal character '\\r'"),
        ('title = "One"\nx = "\x00"', "2: not a TOML file: Illegal character '\\x00'"),
        (b'title = "One"\nx = "\xff"\n', "2: not a TOML file: not UTF-8"),
        (b"\xff\xfet\x00", "1: not a TOML file: not UTF-8"),
        ("pages = " + "9" * 5000, "1: a line of 5,008 characters; up to 1,000 fit"),
        ("a = " + "[\n" * 5000 + "]" * 900, " not a TOML file: it is nested too deeply"),
        (
            "a = " + "[\n{a=" * 2000 + "1" + "}\n]" * 2000,
            " not a TOML file: it is nested too deeply",
        ),
        ("a" + ".a" * 500 + " = 1", "1: a line of 1,005 characters; up to 1,000 fit"),
        ("# " + "\n#" * MOST_BYTES, " is too large; up to 1,048,576 bytes fit"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_toml_is_said_in_one_line_with_tomllibs_own_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    assert complaint(written(tmp_path, text)).startswith(said)


def test_many_keys_of_many_parts_are_read_in_seconds_not_hours(tmp_path: Path) -> None:
    parts = ".a" * ((LONGEST_LINE - 20) // 2)
    text = "\n".join(f"a{parts}.k{number} = 1" for number in range(100))
    assert complaint(written(tmp_path, text)) == (
        "1: a: a book has no such table; known: title, pages, bound, cover, remark, text, names, "
        "pair, calls, sizes, size, needs"
    )


def _fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, " No such file or directory"),
        (lambda path: path.mkdir(), " is a directory; a file fits"),
        (_fifo, " is no regular file; a file fits"),
        (lambda path: path.symlink_to("/dev/zero"), " is no regular file; a file fits"),
        (lambda path: path.symlink_to("/dev/tty"), " is no regular file; a file fits"),
        (lambda path: path.symlink_to(path), " Too many levels of symbolic links"),
    ],
    ids=["absent", "directory", "FIFO", "endless device", "terminal", "loop"],
)
def test_what_is_no_file_is_refused_without_waiting_for_it(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "book.toml"
    make(path)
    assert complaint(path) == said


def test_a_nul_in_the_name_of_a_file_is_no_traceback() -> None:
    with pytest.raises(GenError, match="embedded null byte"):
        read(Path("a\0.toml"), Book)


# ---- what is not known, or of the wrong type -----------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # Not known, at every depth and however it is written.
        (TITLE + "pagse = 1", "2: pagse: did you mean 'pages'?"),
        (TITLE + "[siz]", "2: siz: did you mean 'size'?"),
        (TITLE + "\n[size]\nordr = 1", "4: size.ordr: did you mean 'order'?"),
        (TITLE + "size = { ordr = 1 }", "2: size.ordr: did you mean 'order'?"),
        (TITLE + "size.ordr = 1", "2: size.ordr: did you mean 'order'?"),
        (TITLE + 'size . "ordr" = 1', "2: size.ordr: did you mean 'order'?"),
        (TITLE + "[sizes]\nbig.ordr = 1", "3: sizes.big.ordr: did you mean 'order'?"),
        (TITLE + "[sizes.'v6.1']\nordr = 1", "3: sizes.'v6.1'.ordr: did you mean 'order'?"),
        (TITLE + '[sizes."a\\"b"]\nordr = 1', "3: sizes.'a\"b'.ordr: did you mean 'order'?"),
        (
            TITLE + "calls = [\n 'f', # [\n { call = 'g', fials = true },\n]",
            "4: calls[1].fials: did you mean 'fails'?",
        ),
        (
            TITLE + "[[calls]]\ncall = 'f'\n[[calls]]\ncall = 'g'\nfials = true",
            "6: calls[1].fials: did you mean 'fails'?",
        ),
        (TITLE + "[a.b.c]", "2: a: a book has no such table; known: title, pages, bound, "),
        (TITLE + "[[a]]", "2: a: a book has no such key; known: title, pages, bound, "),
        (TITLE + "'' = 1", "2: '': a book has no such key; known: title, pages, bound, "),
        (TITLE + '"\\n" = 1', "2: '\\n': a book has no such key; known: title, pages, "),
        # What stands in a string, or in a comment, is no key.
        (
            'remark = "pagse = 1"\n# pagse = 1\nnames = ["[", "]", \'"\', "#", """\npagse = 1"""]\n'
            "text = '''\npagse = 1\n\"'''\npagse = 1",
            "8: pagse: did you mean 'pages'?",
        ),
        # Missing.
        ("pages = 1", " the book says no 'title': what stands on its back"),
        (TITLE + "[[calls]]\nfails = true", "2: call calls[0] says no 'call'"),
        # Of another type.
        ("title = 7", "1: title = 7: one line of text fits, without control characters"),
        (TITLE + "pages = 'two'", "2: pages = 'two': a whole number fits"),
        (TITLE + "pages = true", "2: pages = true: a whole number fits"),
        (TITLE + "pages = 1.0", "2: pages = 1.0: a whole number fits"),
        (TITLE + "pages = nan", "2: pages = nan: a whole number fits"),
        (TITLE + "pages = 1979-05-27", "2: pages = 1979-05-27: a whole number fits"),
        (TITLE + "pages = [1, [2]]", "2: pages is a list: a whole number fits"),
        (TITLE + "pages = {}", "2: pages is a table: a whole number fits"),
        (TITLE + "pages = 0x" + "f" * 900, "2: pages = a number of more than 64 bits: a whole"),
        (TITLE + f"pages = {1 << 63}", "2: pages = a number of more than 64 bits: a whole"),
        (TITLE + "bound = 1", "2: bound = 1: true or false fits"),
        (TITLE + "cover = 'sofd'", "2: cover = 'sofd': did you mean 'soft'?"),
        (TITLE + "cover = 1", "2: cover = 1: 'hard' or 'soft' fits"),
        (TITLE + "names = 'a'", "2: names = 'a': a list fits"),
        (TITLE + "names = [\n'a',\n1]", "4: names[1] = 1: one line of text fits, without control"),
        (TITLE + "pair = ['a']", "2: pair = ['a']: a list of 2"),
        (TITLE + "calls = [1]", "2: calls[0] = 1: text in quotes or a table fits"),
        (TITLE + "sizes = 1", "2: sizes = 1: a table fits"),
        (TITLE + "sizes = { a = 1 }", "2: sizes.a = 1: a table fits"),
        (TITLE + "size = []", "2: size = []: a table fits"),
        (TITLE + "needs = { a = 1 }", "2: needs.a = 1: text in quotes or a list fits"),
        (TITLE + "needs = { a = [1] }", "2: needs.a[0] = 1: text in quotes fits"),
        # A record that cannot be.
        (TITLE + "[size]\norder = 11", "3: size.order = 11: must be below most"),
        (TITLE + "[sizes.a]\n[sizes.b]\norder = 11", "4: sizes.b.order = 11: must be below most"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_its_key_and_what_fits(
    tmp_path: Path, text: str, said: str
) -> None:
    assert complaint(written(tmp_path, text)).startswith(said)
    windows = text.replace("\n", "\r\n")
    assert complaint(written(tmp_path, windows)).startswith(said)


def test_a_key_that_is_not_known_is_told_before_one_that_is_missing(tmp_path: Path) -> None:
    assert complaint(written(tmp_path, 'titel = "One"')) == "1: titel: did you mean 'title'?"


def test_a_default_that_does_not_fit_is_told_as_one(tmp_path: Path) -> None:
    text = "[shown_by]\nproperty = 'Alignment'\nzone = { pageblock_order = 11 }\n"
    head = "name = 'a'\ntitle = 'a'\nkernel = 'a'\nsource = 'a'\n[choices]\n"
    assert complaint(written(tmp_path, head + text), DesignTable) == (
        "8: shown_by.zone.max_order = 10 (by default): must be at least pageblock_order, which is "
        "11 (and at least 1)"
    )


BREAKS = ("\\n", "\\r", "\\u0085", "\\u2028", "\\u2029", "\\u000b", "\\f", "\\u001c")
ODD = (*BREAKS, "\\t", "\\b", "\\u0000", "\\u001b", "\\u007f", "\\u009b", "\\u202e", "\\u2066")


@pytest.mark.parametrize("odd", ODD)
def test_a_line_break_in_a_line_is_refused_as_it_could_read_like_a_verdict(
    tmp_path: Path, odd: str
) -> None:
    for text in (f'"[ok]{odd}"', f'"{odd}[ok]"', f'"One{odd}[ok]"'):
        said = complaint(written(tmp_path, f"title = {text}"))
        assert said.startswith("1: title = ")
        assert said.endswith(": one line of text fits, without control characters")
        assert "remark = " in complaint(written(tmp_path, f"{TITLE}remark = {text}"))
        if odd not in ("\\n", "\\t"):
            assert "text = " in complaint(written(tmp_path, f"{TITLE}text = {text}"))


@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_a_line_with_nothing_to_read_in_it_is_refused_where_one_is_wanted(
    tmp_path: Path, blank: str
) -> None:
    assert complaint(written(tmp_path, f"title = '{blank}'")).startswith("1: title = ")
    read(written(tmp_path, f"{TITLE}remark = '{blank}'"), Book)


def test_text_of_any_language_is_a_line(tmp_path: Path) -> None:
    title = "Ž—日本 \U0001f427"
    assert read(written(tmp_path, f"title = '{title}'"), Book).title == title


#: Types that nobody has read yet, each read by several threads at once.
THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Annotated
from msgspec import Meta
from gen.model.reader import typed

sys.setswitchinterval(1e-6)

def read(_):
    start.wait()
    return typed({"a": {"inner": {"number": 1}, "several": {"b": {}}}}, kind)

with ThreadPoolExecutor(4) as pool:
    for _ in range(200):
        start = Barrier(4)
        # As strings: they are made types when they are needed.
        @dataclass(frozen=True)
        class Inner:
            number: "Annotated[int, Meta(description='x')]" = 1
            names: "Annotated[tuple[str, ...], Meta(description='y')]" = ()
        globals()["Inner"] = Inner
        @dataclass(frozen=True)
        class Outer:
            inner: "Annotated[Inner | None, Meta(description='z')]" = None
            several: "dict[str, Inner] | None" = None
        kind = dict[str, Outer]
        assert len(list(pool.map(read, range(4)))) == 4
"""


def test_a_type_that_several_threads_read_first_is_no_crash() -> None:
    """A check renders its modules in threads; msgspec alone ends in a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# ---- where a key stands --------------------------------------------------------------


def keys(data: Any, key: Key = ()) -> Iterator[Key]:
    """The keys of all that is in a file."""
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for name, one in inside:
        yield (*key, name)
        if isinstance(one, dict | list):
            yield from keys(one, (*key, name))


SHIPPED = sorted([*SPECS.glob("*.toml"), *(SPECS / "designs").glob("*.toml")])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_key_of_a_shipped_file_is_found_in_a_line_that_has_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines, data = text.splitlines(), tomllib.loads(text)
    for key in keys(data):
        line = line_of(text, data, key)
        assert line is not None, key
        if isinstance(key[-1], str):
            assert key[-1] in lines[line - 1], key


def test_a_line_is_left_out_if_it_is_not_known_for_sure() -> None:
    text = "a = 1\nb = { c = 2 }\n"
    data = tomllib.loads(text)
    assert line_of(text, data, ("b", "c")) == 2
    assert line_of(text, data, ("d",)) is None
    assert line_of(text, data, ()) is None
    # A text that is not what the data were made of.
    assert line_of(text, {"b": {"c": 2}}, ("b", "c")) is None
    assert line_of(text, {"a": 1, "b": 3}, ("b", "c")) is None


NAMES = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(["a", "b", "a.b", "'"])
WORDS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ['"""', "'''", "[x]", "x = 1", "# x", "}", ",", "\\", "\n", "\r\n", '"'] * 2
)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" if not c.isalnum() else c for c in text) + '"'


def key_text(draw: st.DrawFn, name: str) -> str:
    plain = name.isascii() and name.replace("_", "").isalnum() and draw(st.booleans())
    literal = "'" not in name and name.isprintable() and draw(st.booleans())
    return name if plain else f"'{name}'" if literal else quoted(name)


def string_text(draw: st.DrawFn, text: str) -> str:
    """The text as TOML: basic or literal, in one line or in several."""
    wide = text.replace("\\", "\\\\").replace('"""', '\\"""').replace("\r", "\\r")
    several = "".join(c if c.isprintable() or c == "\n" else f"\\U{ord(c):08x}" for c in wide)
    forms = [
        quoted(text),
        f'"""\n{several.removesuffix(chr(34))}{"x" * several.endswith(chr(34))}"""',
    ]
    if text.isprintable() and "'" not in text:
        forms += [f"'{text}'", f"'''{text}'''"]
    return draw(st.sampled_from(forms))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Key, int]]:
    """A TOML text, and the line of each key in it that has a value or a header."""
    lines: list[str] = []
    places: dict[Key, int] = {}

    def put(text: str) -> None:
        lines.extend(text.split("\n"))

    def value(depth: int) -> tuple[str, list[tuple[Key, int]]]:
        """A value, and the keys in it with their lines, counted from 0 where it begins."""
        form = draw(
            st.sampled_from(["text", "text", "word", "list", "table"][: 3 + 2 * (depth < 3)])
        )
        if form == "text":
            return string_text(draw, draw(WORDS)), []
        if form == "word":
            return draw(st.sampled_from(["1", "true", "-0.5e3", "1979-05-27 07:32:00"])), []
        told, inside = "", []
        if form == "list":
            told = "["
            for number in range(draw(st.integers(0, 3))):
                told += draw(st.sampled_from(["", " ", "\n", "# ] ' \"\n"]))
                at = told.count("\n")
                one, more = value(depth + 1)
                inside += [((number,), at), *(((number, *key), at + n) for key, n in more)]
                told += one + draw(st.sampled_from([",", " ,", "\n, # ,\n"]))
            return told + draw(st.sampled_from(["]", "\n]"])), inside
        names = draw(st.lists(NAMES, max_size=3, unique=True))
        told = "{ "
        for n, name in enumerate(names):
            told += ", " * (n > 0) + key_text(draw, name) + " = "
            at = told.count("\n")
            one, more = value(depth + 1)
            inside += [((name,), at), *(((name, *key), at + n) for key, n in more)]
            told += one
        return told + " }", inside

    def keys_below(table: Key) -> None:
        for name in draw(st.lists(NAMES, max_size=3, unique=True)):
            key: Key = (*table, name)
            inner = draw(st.lists(NAMES, max_size=2))
            said = " . ".join(key_text(draw, part) for part in (name, *inner))
            text, inside = value(0)
            line = len(lines)
            if inner:
                key = (*key, *inner)
            places[key] = line + 1
            for below, n in inside:
                places[(*key, *below)] = line + n + 1
            put(f"{draw(st.sampled_from(['', '  ']))}{said}={text} # x = 1")

    keys_below(())
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        if any(key[0] == name for key in places):
            continue
        if draw(st.booleans()):
            inner = draw(st.lists(NAMES, max_size=2))
            key: Key = (name, *inner)
            put("[ " + ".".join(key_text(draw, part) for part in (name, *inner)) + " ]")
            places[key] = len(lines)
            keys_below(key)
        else:
            for number in range(draw(st.integers(1, 3))):
                put(f"[[{key_text(draw, name)}]] # [[")
                places[name, number] = len(lines)
                keys_below((name, number))
    return "\n".join(lines), places


@given(documents())
@settings(STEADY, max_examples=150)
def test_a_key_is_found_however_the_text_is_written(made: tuple[str, dict[Key, int]]) -> None:
    text, places = made
    data = tomllib.loads(text)
    for key, line in places.items():
        assert line_of(text, data, key) == line, (key, text)
    for key in keys(data):
        assert line_of(text, data, key) is not None, (key, text)


# ---- what lies in specs/ -------------------------------------------------------------


#: How each file is read, and the caches that have to go before it is read anew.
READERS: Mapping[str, tuple[Any, str, Callable[[], object]]] = {
    "assumptions": (assumption, "ASSUMPTIONS", assumption.assumption_tables),
    "callers": (caller, "CALLERS", caller.caller_tables),
    "choices": (
        choice,
        "CHOICES",
        lambda: (choice.choice_needs(), choice.provided(), choice.choice_defaults()),
    ),
    "features": (feature, "FEATURES", feature.features),
    "gallery": (gallery, "GALLERY", gallery.entries),
    "properties": (property, "PROPERTIES", lambda: property.find_properties([])),
    "sections": (section, "SECTIONS", choice.choice_needs),
    "variables": (variable, "VARIABLES", variable.variable_tables),
    "drawing": (vocabulary, "DRAWING", vocabulary.vocabulary),
}
CACHED = (
    *(choice._file, choice._tables, choice.choices, choice.choice_needs, feature.features),
    *(choice.provided, choice.capabilities, choice.choice_defaults),
    *(
        assumption.assumption_tables,
        feature.feature_tables,
        caller.caller_tables,
        vocabulary.vocabulary,
    ),
    *(property._file, property._tables, property.properties, property._check_names),
    *(section.sections_file, section.section_tables, variable.variable_tables),
)


def read_again(monkeypatch: pytest.MonkeyPatch, path: Path, name: str) -> None:
    """Read a changed copy of a shipped file, as the command does."""
    if name not in READERS:
        find_design(str(path))
        return
    module, constant, reader = READERS[name]
    try:
        with monkeypatch.context() as patched:
            patched.setattr(module, constant, path)
            for cached in CACHED:
                cached.cache_clear()
            reader()
    finally:
        for cached in CACHED:
            cached.cache_clear()


def free(name: str, key: Key) -> bool:
    """Whether a key is a name that its file gives to something, or the index of a list."""
    if isinstance(key[-1], int):
        return True
    if name not in READERS:
        return False
    values = name == "choices" and len(key) == 3 and key[1] in ("values", "needs", "provides")
    variant = name == "sections" and len(key) == 2 and "calls" not in section_keys(key[0])
    types = name == "variables" and len(key) == 3 and key[1] == "types"
    return len(key) == 1 or values or variant or types


def section_keys(name: str | int) -> set[str]:
    table = section.section_tables()[str(name)]
    return {"calls"} if isinstance(table, section.SectionTable) else {*table}


RENAMED = [
    (path, key)
    for path in SHIPPED
    for key in keys(tomllib.loads(path.read_text(encoding="utf-8")))
    if not free(path.stem, key)
]


def test_every_shipped_file_is_read_by_the_reader() -> None:
    assert {path.stem for path in SHIPPED} == {*READERS, *design_names()}
    for module, constant, reader in READERS.values():
        assert getattr(module, constant) in SHIPPED
        assert reader()
    assert len(RENAMED) > 900


@given(st.sampled_from(RENAMED), st.sampled_from("xqé_-"))
@settings(STEADY, max_examples=150)
def test_a_key_of_a_shipped_file_that_is_misspelled_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: tuple[Path, Key], letter: str
) -> None:
    path, key = chosen
    text = path.read_text(encoding="utf-8")
    line = line_of(text, tomllib.loads(text), key)
    assert line is not None
    lines = text.split("\n")
    old = str(key[-1])
    # Of a header the last part, of an inline table the key, not a value that is called alike.
    head, _, tail = (
        lines[line - 1].rpartition(old)
        if lines[line - 1][0] == "["
        else (lines[line - 1].partition(f"{old} ="))
    )
    if lines[line - 1][0] != "[":
        tail = " =" + tail
    new = f'"{old}{letter}"'
    lines[line - 1] = f"{head}{new}{tail}"
    changed = tmp_path / path.name
    changed.write_text("\n".join(lines), encoding="utf-8")
    if path.stem not in READERS:
        assert tomllib.loads(changed.read_text(encoding="utf-8")) != tomllib.loads(text)
    with pytest.raises(GenError) as caught:
        read_again(monkeypatch, changed, path.stem)
    said = caught.value.message
    assert said.isprintable() and said.startswith(f"{changed}:{line}: "), (said, line)
    assert f"{old}{letter}" in said, (said, dotted(key))


# ---- what gen check says -------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "below", "said"),
    [
        ("promises =", "promise =", 0, "promise: did you mean 'promises'?"),
        ("[choices]", "[nams]\n[choices]", 0, "nams: did you mean 'names'?"),
        (
            "[choices]",
            "[sections.free_one_page.mine]\n[choices]",
            0,
            "sections.free_one_page.mine: did you mean 'insert'?",
        ),
        ('title = "', 'title = "\\n[ok] ', 0, "title = '\\n[ok] "),
        (
            "[choices]",
            "shown_by.property = 'Alignment'\nshown_by.zone.min_order = 12\n[choices]",
            1,
            "shown_by.zone.min_order = 12: must be 0 to pageblock_order, which is 9",
        ),
    ],
)
def test_gen_check_gives_no_verdict_on_a_design_that_it_has_not_read_all_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, below: int, said: str
) -> None:
    text = (SPECS / "designs" / "v6.12.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = written(tmp_path, text.replace(old, new), "mine.toml")
    assert main(["check", "--design", str(path)]) == 2
    ran = capsys.readouterr()
    assert ran.out == ""
    line, _, rest = ran.err.partition("\n")
    assert rest == ""
    number = text.partition(old)[0].count("\n") + 1 + below
    assert line.startswith(f"gen: no verdict: {path}:{number}: {said}")


def test_an_error_is_told_in_the_file_of_the_base_that_has_it(tmp_path: Path) -> None:
    head = "title = 'a'\nkernel = 'a'\nsource = 'a'\n"
    below = written(
        tmp_path, f"name = 'b'\n{head}base = 'v6.12'\n[choices]\nfalback = 'x'\n", "below.toml"
    )
    above = written(tmp_path, f"name = 'a'\n{head}base = 'below.toml'\n[choices]\n", "above.toml")
    with pytest.raises(GenError) as caught:
        design.load_design(above)
    assert caught.value.message == f"{below}:7: unknown choice 'falback': did you mean 'fallback'?"
