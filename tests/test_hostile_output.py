"""What users write is text wherever it comes out, never more: no verdict, no command, no markup."""

from __future__ import annotations

import ast
import copy
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx
import pydot
import pytest
from conftest import HELLO, FakeJava, Gen, Ran
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import made_trace

import gen.cli
from gen import printable
from gen.check.matrix import Matrix, Row
from gen.check.request import Check
from gen.check.verdict import Result, Verdict
from gen.cli.console import complain, note, say
from gen.draw import strip_text
from gen.draw.formats import FORMATS, PNG
from gen.draw.options import DrawOptions
from gen.draw.side_by_side import side_by_side
from gen.errors import GenError
from gen.files import write_json
from gen.model.acts import render_acts
from gen.model.design import Design, find_design
from gen.model.property import Kind, find_properties
from gen.model.render import _environment, render, render_locality, render_shortest
from gen.model.zone import Zone
from gen.prove.obligations import Obligation, Proof, tla_hash
from gen.report import matrix_files, proof, table, words
from gen.report.junit import junit
from gen.report.progress import Ticker
from gen.report.result import result_json
from gen.report.sarif import sarif
from gen.tlc.cache import without_header
from gen.tlc.options import TlcOptions
from gen.tlc.toolchain import Toolchain
from gen.tlc.value import Record
from gen.trace.trace import Trace, trace_from_json

pytestmark = pytest.mark.hostile

#: What ends a line, moves a cursor, changes the direction of writing, or fits into no file.
CONTROLS = (
    *("\n", "\r", "\t", "\x00", "\x1b", "\x07", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\x9b"),
    *("\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\u061c", "\ufeff", "\ufffe", "\uffff"),
)
#: What no file that is UTF-8 can hold, but a path, and JSON, can.  With the other halves a pair
#: would come of two, which is a sign as any other.
SURROGATES = ("\udc80", "\udfff")
#: What means something in one format or another.
SIGNS = (
    *("]]>", "</script>", "<script>x</script>", "<!--", "-->", "&", "&#0;", "<b>", '"', "'", "`"),
    *("```", "|", "\\", "\\\\", "*/", "/*", "%", "#", ";", "{", "}", "{{x}}", "[x](y)", "$[", "(*"),
    *("====", "\\*", "-->>", ": ", "// ", "EXTENDS x", "Observation x/y Never 1 1", "[ok] all"),
)
hostile = st.lists(
    st.sampled_from([*CONTROLS, *SURROGATES, *SIGNS, "a", " "]), min_size=1, max_size=6
).map("".join)
#: The same, as it comes through reading: a line that can be printed.
odd_line = st.lists(st.sampled_from([*SIGNS, "a", " "]), min_size=1, max_size=6).map("".join)

#: One hostile text with all of it.
WORST = "".join([*CONTROLS, *SURROGATES, *SIGNS])

many = settings(
    max_examples=25,
    # The same ones each time: a test that fails now and then tells nobody what has broken.
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def clean(text: str) -> None:
    """No sign in a text is obeyed but line feeds and tabs, and every file can hold it."""
    odd = [c for c in text if c not in "\n\t" and (not c.isprintable() or c in "\ufffe\uffff")]
    assert not odd, ascii(odd)
    text.encode("utf-8")


# ---- what is read --------------------------------------------------------------------

FIELDS = ("name", "title", "kernel", "source")


def design_file(path: Path, **fields: str) -> str:
    table = {"name": "mine", "title": "t", "kernel": "k", "source": "s", "base": "hygiene-v2"}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in (table | fields).items()]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def one_line(ran: Ran, *said: str) -> None:
    """The rule for bad input: exit code 2, nothing on stdout, one line that can be printed."""
    assert ran.code == 2 and not ran.out
    (line,) = ran.err.removesuffix("\n").split("\n")
    assert printable.is_line(line) and line.startswith("gen: ")
    for text in said:
        assert text in line


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_design_whose_name_or_title_is_more_than_a_line_is_refused(
    gen: Gen, tmp_path: Path, field: str, control: str
) -> None:
    # json.dumps() does not escape this one, which TOML wants escaped.
    text = f"a{control}b" if control != "\x7f" else "a\x9fb"
    path = design_file(tmp_path / "d.toml", **{field: text})
    one_line(gen("render", "--design", path), "d.toml:", f"{field} = ", "one line of text fits")


@pytest.mark.parametrize("field", FIELDS)
def test_half_of_a_surrogate_pair_is_refused_in_a_design(
    gen: Gen, tmp_path: Path, field: str
) -> None:
    path = design_file(tmp_path / "d.toml", **{field: "a\udc80b"})
    one_line(gen("render", "--design", path), "d.toml:", "not a Unicode scalar value")


@pytest.mark.parametrize(
    "command",
    [
        ("check", "--design"),
        ("prove", "--design"),
        ("matrix", "--designs"),
        ("compare", "v6.12"),
        ("check", "--against"),
        ("render", "--against"),
        ("new-design", "x", "--base"),
    ],
    ids=" ".join,
)
def test_no_command_puts_an_escape_of_a_design_on_the_terminal(
    gen: Gen, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = design_file(tmp_path / "d.toml", name="v6.12\x1b[2J\n[ok] all")
    one_line(gen(*command, path), "name = 'v6.12\\x1b[2J\\n[ok] all'")


def test_a_base_is_read_as_a_design_is(gen: Gen, tmp_path: Path) -> None:
    design_file(tmp_path / "base.toml", title="a\n====\n")
    path = design_file(tmp_path / "mine.toml", base="base.toml")
    one_line(gen("render", "--design", path), "base.toml:2: title = ")


@pytest.mark.parametrize("text", ["\\n", "\\t", "\\r\\n", "\\\\\\n"])
def test_a_string_in_a_patch_has_no_line_feed_for_a_drawing(
    gen: Gen, tmp_path: Path, text: str
) -> None:
    path = Path(design_file(tmp_path / "d.toml"))
    body = f"[operators.migratetype_of]\nbody = '''\n\"A{text}[ok] all\"\n'''\n"
    path.write_text(path.read_text(encoding="utf-8") + body, encoding="utf-8")
    one_line(gen("render", "--design", str(path)), "after a backslash in a string")


# ---- the module ----------------------------------------------------------------------


def modules(design: Design, made_by: str) -> dict[str, str]:
    """The modules of a design, whose header says who it is and what made them."""
    props = find_properties(["FreelistHygiene"])
    base = find_design("v6.5")
    acts = render_acts(design, base, Zone(), props, made_by)
    assert acts is not None
    return {
        "search": render(design, Zone(), props, made_by).tla,
        "locality": render_locality(design, Zone(whole=True), made_by).tla,
        "shortest": render_shortest(design, Zone(), props[0], 3, made_by).tla,
        "acts": acts.tla,
    }


PLAIN = {name: modules(find_design(name), "gen render") for name in ("hygiene-v2", "v7.2")}


@given(st.sampled_from([*PLAIN]), *[hostile] * 5)
@many
def test_nothing_that_a_user_writes_of_a_design_gets_out_of_the_header_of_a_module(
    base: str, name: str, title: str, kernel: str, source: str, path: str
) -> None:
    design = replace(find_design(base), name=name, title=title, kernel=kernel, source=source)
    for kind, tla in modules(design, f"gen check --design '{path}.toml'").items():
        assert without_header(tla) == without_header(PLAIN[base][kind]), kind
        header = tla.partition("\nEXTENDS ")[0].split("\n")[1:]
        assert all(line.startswith("\\*") and printable.is_line(line) for line in header)


@pytest.mark.parametrize("text", ["a\n====", "a\n\\* b\nBoot == FALSE", "a\rb", "a\u2028b"])
def test_a_template_that_lets_text_out_of_the_header_is_noticed(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setitem(_environment().filters, "line", str)
    design = replace(find_design("v6.12"), title=text)
    with pytest.raises(GenError, match="no verdict: the header of the module"):
        render(design, Zone(), find_properties([]))


@pytest.mark.parametrize("control", [c for c in CONTROLS if c != "\x00"] + ["\udc80"], ids=ascii)
def test_the_path_of_a_design_is_escaped_in_its_module(
    gen: Gen, tmp_path: Path, control: str
) -> None:
    name = f"a{control}====\n[ok] b.toml"
    path = design_file(tmp_path / name)
    ran = gen("render", "--design", path, "--tla")
    assert ran.code == 0 and ran.out.count("\n====") == 1
    clean(ran.out)
    assert ascii(control)[1:-1] in ran.out
    plain = gen("render", "--design", design_file(tmp_path / "plain.toml"), "--tla")
    assert without_header(ran.out) == without_header(plain.out)
    assert tla_hash_of(ran.out) == tla_hash_of(plain.out)


@pytest.mark.tlc
def test_a_path_that_is_a_module_of_its_own_does_not_hide_a_violation(
    gen: Gen, tmp_path: Path
) -> None:
    named = find_properties([])
    always = "".join(
        f"{p.name} == {'[][TRUE]_x' if p.kind is Kind.ACTION else 'TRUE'}\n" for p in named
    )
    module = f"a\nEXTENDS Naturals\nVARIABLE x\nBoot == x = 0\nStep == UNCHANGED x\n{always}====\n"
    made = "".join(f'{k} = "{v}"\n' for k, v in find_design("hygiene-v2").choices.items())
    about = "".join(f'{field} = "mine"\n' for field in FIELDS)
    (tmp_path / module).mkdir()
    path = tmp_path / module / "mine.toml"
    path.write_text(f"{about}[choices]\n{made}", encoding="utf-8")
    ran = gen("check", "--design", str(path))
    assert ran.code == 12 and "mine/NoFreelistWarning Sometimes 3" in ran.out


def tla_hash_of(tla: str) -> str:
    spec = render(find_design("v6.12"), Zone(), find_properties([]))
    return tla_hash(replace(spec, tla=tla))


def test_the_start_of_a_design_names_no_base_that_no_design_can_name(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = design_file(tmp_path / "a\nname = 'b'.toml")
    one_line(gen("new-design", "x", "--base", base), "--base", "no file can name such a path")
    assert not Path("x.toml").exists()


# ---- traces --------------------------------------------------------------------------

SHAPE = made_trace(lanes=2, steps=3, pageblocks=4, name="f").to_json()


def poisoned(text: str) -> dict[str, Any]:
    """A trace with a text wherever a trace can hold one."""
    obj = copy.deepcopy(SHAPE)
    obj["design"] = text
    for key in ("list", "type"):
        obj["witness"]["record"][key] = text
    for state in obj["states"]:
        state["variables"]["migratetype"]["function"][0][1] = text
        state["variables"]["free"]["set"][0][2] = text
        for event in state["calls"]:
            one = event["record"]
            if "call" in one:
                one |= {"text": text, "idle": text, "call": text, "draw": "always"}
                if one["args"]:
                    one["args"]["record"]["mt"] = text
            for frame in one.get("frames", ()):
                frame["record"] |= {"text": [text], "remark": text}
                if frame["record"]["call"] != "start_isolate_page_range":
                    frame["record"]["call"] = text
        if state["calls"]:
            warn = {"warn": text, "page": 0, "order": 9, "type": text, "passed": text}
            skipped = {"skipped": text, "args": {"record": {"mt": text}}}
            state["calls"][2:2] = [{"record": {"asserted": text}}, {"record": skipped}]
            state["calls"][2:2] = [{"record": warn}]
    return obj


def as_read(text: str) -> Trace:
    """The same trace, had it not been refused: what the second wall is for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gen.trace.trace._check_texts", lambda _obj: None)
        made = trace_from_json(poisoned("x"))
        patch.setattr("gen.trace.trace._line", lambda value, _what: value)
        made = trace_from_json(poisoned(text))
    return replace(made, witness=Record({**made.witness, "where": text}))


def places(obj: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a text of a trace stands that says something."""
    inner = obj.items() if isinstance(obj, dict) else enumerate(obj)
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        elif value == "x":
            yield (*path, key)


PLACES = [*places(poisoned("x"))]


@given(st.sampled_from(PLACES), st.sampled_from([*CONTROLS, *SURROGATES]))
@many
def test_a_trace_with_a_control_character_anywhere_is_refused_in_one_line(
    tmp_path: Path, gen: Gen, place: tuple[Any, ...], control: str
) -> None:
    obj = poisoned("x")
    at = obj
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = f"a{control}b"
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(obj), encoding="utf-8")
    for command in (("show", str(path), "--format", "svg"), ("diff", str(path), str(path))):
        why = "this trace is damaged: not a line of text: 'a"
        if control in SURROGATES:
            why = "not a trace of pageblock-gen: it is no JSON: half a surrogate pair"
        one_line(gen(*command), f"trace.json: {why}")


def test_a_name_in_a_trace_is_a_line_too(tmp_path: Path, gen: Gen) -> None:
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({**SHAPE, "a\x1b": "x" * 99 + "\x00"}), encoding="utf-8")
    one_line(gen("show", str(path)), "not a line of text")


# ---- every format --------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, and whether each that is opened is closed."""

    EMPTY = frozenset(("meta", "link", "input", "br", "wbr", "img"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts = 0
        self.targets: set[str | None] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets |= {value for name, value in attrs if name in ("href", "src")}
        self.scripts += tag == "script"
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")


def page_like(text: str, plain: str) -> None:
    """A page of the same elements as another one, with as many scripts."""
    made, other = Page(text), Page(plain)
    assert made.seen == other.seen
    assert made.attributes == other.attributes
    assert made.scripts == other.scripts
    assert made.targets == other.targets


def is_svg(text: str) -> None:
    root = ElementTree.fromstring(text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "path", "g"}


def is_mermaid(text: str) -> None:
    head, *rest = text.removesuffix("\n").split("\n")
    assert head == "sequenceDiagram"
    statement = (
        r"    (participant \w+ as |Note over [\w,]+: |\w+-?->>\w+: )[^;%\n]*(#\d+;[^;%\n]*)*"
    )
    assert all(re.fullmatch(statement, line) for line in rest), text


def is_dot(text: str) -> None:
    (graph,) = pydot.graph_from_dot_data(text) or []
    clusters = graph.get_subgraph_list()
    assert sum(len(c.get_node_list()) for c in clusters) == len(SHAPE["states"]) - 1
    assert not [n for n in graph.get_node_list() if not n.get_name().isdecimal()][2:]


def judged(name: str, text: str, plain: str) -> None:
    """A format's own parser reads a file of it, and sees nothing but text in what was written."""
    clean(text)
    if name in ("svg", "strip-svg"):
        is_svg(text)
    elif name == "html":
        page_like(text, plain)
    elif name == "graphml":
        assert len(networkx.parse_graphml(text)) == len(networkx.parse_graphml(plain))
    elif name == "dot":
        is_dot(text)
    elif name == "mermaid":
        is_mermaid(text)
    elif name in ("itf", "json"):
        assert json.loads(text).keys() == json.loads(plain).keys()
    elif name == "comment":
        assert text.startswith("/*\n") and text.endswith("\n */\n")
        assert text.count("*/") == 1
    elif name == "commit":
        assert all(not line or line.startswith("  ") for line in text.split("\n"))


TEXTS = [name for name in FORMATS if name not in PNG]
OPTIONS = DrawOptions(depth="all", state="all")
PYDOT = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # uses pyparsing so
FIRST = as_read("x")


def rendered(name: str, trace: Trace) -> str:
    made = FORMATS[name].render(trace, OPTIONS)
    assert isinstance(made, str)
    return made


@PYDOT
@pytest.mark.parametrize("name", TEXTS)
@given(text=hostile)
@many
def test_a_format_stays_what_it_is_whatever_stands_in_a_trace(name: str, text: str) -> None:
    judged(name, rendered(name, as_read(text)), rendered(name, FIRST))


@PYDOT
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text", [WORST, *SURROGATES, "\ud800", "\x00", "]]>", "</script>"], ids=ascii
)
def test_a_format_stays_what_it_is_with_the_worst(name: str, text: str) -> None:
    judged(name, rendered(name, as_read(text)), rendered(name, FIRST))


def test_an_escaped_sign_is_told_in_a_graph_as_elsewhere() -> None:
    assert r"a\\x1bb" in rendered("dot", as_read("a\x1bb"))


@given(hostile)
@many
def test_a_saved_trace_is_read_back_as_it_was_whatever_stands_in_it(text: str) -> None:
    trace = as_read(text)
    assert json.loads(rendered("json", trace)) == json.loads(json.dumps(trace.to_json()))


@given(odd_line)
@many
def test_what_can_be_printed_is_drawn_as_it_is(text: str) -> None:
    trace = trace_from_json(poisoned(text))
    assert json.loads(rendered("json", trace))["design"] == text
    assert text.strip() in rendered("lkml", replace(trace, design="x")) or len(text) > 20


@given(hostile)
@many
def test_two_traces_side_by_side_are_lines_whatever_stands_in_them(text: str) -> None:
    clean(side_by_side(as_read(text), FIRST, DrawOptions(columns=150)))


@given(hostile)
@many
def test_a_strip_in_colours_has_no_control_characters_but_colours(text: str) -> None:
    made = strip_text.text(as_read(text), replace(OPTIONS, color=True))
    assert "\x1b[0m" in made
    clean(re.sub("|".join(map(re.escape, strip_text.COLOURS)), "", made))


# ---- verdicts ------------------------------------------------------------------------


def checked(text: str) -> tuple[Check, list[Verdict]]:
    """Verdicts of each kind on a design with a text in every field."""
    asked = find_properties(["NoFreelistWarning", "Conservation", "SingleIsolator", "Alignment"])
    shipped = find_design("hygiene-v2")
    check = Check(
        design=replace(shipped, name=text, title=text, kernel=text, source=text),
        zone=Zone(),
        properties=tuple(asked),
        toolchain=Toolchain(Path(text), "--java", text, Path(text), "--jar", "0"),
        tlc=TlcOptions(),
        run_dir=Path(text),
        made_by=f"gen check --design {text}",
        design_option=f"{text}.toml",
    )
    race, held, vacuous, unknown = asked
    return check, [
        Verdict(race, Result.VIOLATED, length=3, distinct=118, trace=as_read(text)),
        Verdict(held, Result.HOLDS, distinct=4711),
        Verdict(vacuous, Result.VACUOUS, message=text),
        Verdict(unknown, Result.NO_VERDICT, message=text),
    ]


@given(hostile)
@many
def test_junit_is_xml_whatever_a_user_writes(text: str) -> None:
    made = junit(*checked(text))
    clean(made)
    (suite,) = ElementTree.fromstring(made)
    assert [part.tag for case in suite for part in case] == ["failure", "skipped", "error"]


@given(hostile)
@many
def test_sarif_is_json_whatever_a_user_writes(text: str) -> None:
    made = sarif(*checked(text.replace("\udfff", "\udc80")))  # no path has it
    clean(made)
    (run,) = json.loads(made)["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9/._~:%-]+", uri)


@given(hostile)
@many
def test_the_files_and_the_words_of_a_check_are_lines_whatever_a_user_writes(
    tmp_path: Path, text: str
) -> None:
    check, verdicts = checked(text)
    path = tmp_path / "result.json"
    write_json(path, result_json(check, verdicts, 1.0))
    clean(path.read_text(encoding="utf-8"))
    assert json.loads(path.read_text(encoding="utf-8"))["design"] == text
    told = words.summary(check, verdicts, 1.0).split("\n")
    # What follows the name of a design is ours again.
    assert sum(line.startswith("files:   ") for line in told) == 1
    assert printable.is_line(words.reproduce(check, verdicts[0]))
    assert words.short_form(check, verdicts[0]).count("\n") == 1


def cells(line: str) -> int:
    """The cells of a row of a Markdown table."""
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


def matrix_of(text: str) -> Matrix:
    check, verdicts = checked(text)
    return Matrix((Row(check, {v.prop.name: v for v in verdicts}, 1.0),), None)


@given(hostile)
@many
def test_a_matrix_stays_a_table_whatever_a_user_writes(tmp_path: Path, text: str) -> None:
    matrix, plain = matrix_of(text), matrix_of("x")
    # The name of a design is in the names of its files, by letters and digits alone.
    slug = matrix_files.slug(text)
    page_like(matrix_files.html(matrix), matrix_files.html(plain).replace("x-NoF", f"{slug}-NoF"))
    for made in (
        matrix_files.markdown(matrix),
        matrix_files.html(matrix),
        table.plain(matrix, None),
        table.plain(matrix, 60),
    ):
        clean(made)
    rows = [r for r in matrix_files.markdown(matrix).split("\n") if r.startswith("|")]
    assert [cells(row) for row in rows] == [5, 5, 5]
    write_json(tmp_path / "matrix.json", matrix_files.to_json(matrix))
    made = (tmp_path / "matrix.json").read_text(encoding="utf-8")
    clean(made)
    assert json.loads(made)["designs"][0]["title"] == text


@given(hostile)
@many
def test_a_certificate_for_readers_keeps_its_tables_whatever_a_user_writes(text: str) -> None:
    check, verdicts = checked(text)
    plain_check, plain_verdicts = checked("x")
    made, plain = (
        proof.markdown(Proof(one, (Obligation("windows", True, said),), tuple(some)))
        for one, some, said in ((check, verdicts, text), (plain_check, plain_verdicts, "x"))
    )
    clean(made)
    assert len(made.split("\n")) == len(plain.split("\n"))
    for line, other in zip(made.split("\n"), plain.split("\n"), strict=True):
        assert cells(line) == cells(other) or not other.startswith("|")
        assert not re.search(r"(?<!\\)(?:\\\\)*<(?![\w.+-]+@)", line) or line.startswith("    ")
    # Neither a list nor a heading nor a quotation, where a paragraph was.
    assert re.match(r"[\w\\\[(\"'$:;/!?,.@{}%^]|$", made.split("\n")[2])


# ---- a terminal ----------------------------------------------------------------------


@given(hostile)
@many
def test_nothing_that_a_terminal_obeys_is_printed(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    capsys.readouterr()
    say(text)
    said = capsys.readouterr().out
    clean(said)
    complain(text)
    note(text)
    told = capsys.readouterr().err
    clean(told)
    assert told.count("\n") == 2
    clean(Ticker().line(0.0, text))


def test_of_ours_only_our_colours_reach_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[0ma\x1b[2J\x1b[8mb\x1b]0;c\x07", ours=strip_text.COLOURS)
    assert capsys.readouterr().out == "\x1b[0ma\\x1b[2J\\x1b[8mb\\x1b]0;c\\x07\n"


def test_one_place_prints() -> None:
    for path in Path(gen.cli.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "print" not in names or path.name == "console.py", path.name


BAD = "\x1b[2J\nObservation Forged Never 0 9\u202e"


def test_no_path_forges_a_line_of_a_check(gen: Gen, fake_java: FakeJava, tmp_path: Path) -> None:
    design = design_file(tmp_path / f"{BAD}.toml")
    java = fake_java(HELLO)
    for more in ((), ("--dry-run",)):
        run_dir = tmp_path / f"run{BAD}{len(more)}"
        ran = gen("check", "--design", design, "--java", java, "--run-dir", str(run_dir), *more)
        clean(ran.out + ran.err)
        assert not [line for line in ran.observations if "Forged" in line]
    assert "files:   " in gen(
        "check", "--design", design, "--java", java, "--run-dir", str(tmp_path / f"b{BAD}")
    ).out.replace("\\n", "")


@pytest.mark.parametrize("name", ["JAVA_HOME", "TLA2TOOLS_JAR", "XDG_CACHE_HOME", "TMPDIR"])
def test_no_variable_of_the_environment_is_obeyed_by_a_terminal(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(tmp_path / os.fsdecode(b"\xff" + BAD.encode())))
    for command in (("doctor",), ("check", "--dry-run")):
        ran = gen(*command)
        clean(ran.out + ran.err)
        assert "\nObservation" not in ran.out + ran.err
