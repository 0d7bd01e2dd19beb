"""A folder with templates of a user's own: what it may say, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Gen

from gen.errors import GenError
from gen.model.acts import left_out
from gen.model.definitions import definitions
from gen.model.design import Design, design_from_table, find_design
from gen.model.overlay import DESIGN_FILE
from gen.model.property import find_properties
from gen.model.render import Replay, own_patch, render, render_replay, render_shortest, replay_state
from gen.model.zone import Zone

PCP = Zone(features=("pcp",))
DRAIN = "mm/free_pcppages_bulk/under-lock.tla.j2"
HEAD = '\\*% call kernel_function("free_drained", "page, order", draw="never")\n'
PIECES = f"{HEAD}  split_large_buddy(z, page, order)\n\\*% endcall\n"

Folder = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a patch on top of v7.2 and these templates, each by its path in specs/."""

    def write(files: dict[str, str], text: str = "", name: str = "mine", base: str = "v7.2") -> str:
        head = f'name = "{name}"\ntitle = "t"\nkernel = "k"\nsource = "s"\nbase = "{base}"\n'
        for path, content in {DESIGN_FILE: f"{head}{text}\n", **files}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return f"{tmp_path / name}/"

    return write


def module(design: Design, zone: Zone = PCP) -> str:
    return render(design, zone, find_properties([])).tla


def test_a_template_of_ones_own_goes_before_the_one_of_its_path(folder: Folder) -> None:
    design = find_design(folder({DRAIN: PIECES}))
    known, base = definitions(module(design)), definitions(module(find_design("v7.2")))
    assert "split_large_buddy(z, page, order)" in known["free_drained"].code
    assert {n for n in base if known[n].code != base[n].code} == {"free_drained"}
    assert design.told.startswith("v7.2 + mine (1 template; ")


def test_a_template_says_what_the_same_text_in_a_design_file_says(folder: Folder) -> None:
    template = find_design(folder({DRAIN: PIECES}))
    body = '[operators.free_drained]\nbody = "split_large_buddy(z, page, order)"'
    toml = find_design(folder({}, body, "other"))
    (prop,) = find_properties(["NoFreelistWarning"])
    replay = Replay([dict.fromkeys(replay_state(toml, PCP, prop), "0")], prop, 1)

    def texts(design: Design) -> list[str]:
        both = module(design), render_replay(design, PCP, replay).tla
        return [text.replace("design other", "design mine") for text in both]

    assert texts(template) == texts(toml)


def test_a_trace_carries_what_the_templates_come_to_and_no_template(folder: Folder) -> None:
    design = find_design(folder({DRAIN: PIECES}))
    patch = own_patch(design, PCP, find_properties([]))
    table = json.loads(json.dumps(design.to_table(patch)))
    assert table["operators"]["free_drained"]["body"] == "  split_large_buddy(z, page, order)"
    assert module(design_from_table(Path("trace.json"), table)) == module(design)


def test_a_template_cannot_tell_what_is_asked_of_the_module(folder: Folder) -> None:
    asks = "made_by or covers or shortest or window or replay or explained"
    other = f"\\*% if {asks}\n  z\n\\*% else\n  split_large_buddy(z, page, order)\n\\*% endif\n"
    design = find_design(folder({DRAIN: f"{HEAD}{other}\\*% endcall\n"}))
    (prop,) = find_properties(["NoFreelistWarning"])
    replay = Replay([dict.fromkeys(replay_state(design, PCP, prop), "0")], prop, 1)
    texts = [module(design), render(design, PCP, [prop], "x", covers=True).tla]
    texts += [render_shortest(design, PCP, prop, 3).tla, render_replay(design, PCP, replay).tla]
    for text in texts:
        assert "split_large_buddy(z, page, order)" in definitions(text)["free_drained"].code


def test_templates_of_a_base_are_there_too(folder: Folder) -> None:
    below = folder({DRAIN: PIECES}, name="below")
    above = find_design(folder({}, name="above", base="../below/"))
    assert "split_large_buddy" in definitions(module(above))["free_drained"].code
    assert above.changes == find_design(below)


def test_a_template_that_is_not_used_here_is_text_that_is_not_modelled(folder: Folder) -> None:
    design = find_design(folder({DRAIN: PIECES}))
    asked = find_properties([])
    assert left_out(design, Zone(), asked) == [DRAIN]
    assert left_out(design, PCP, asked) == []


def test_a_template_that_changes_nothing_is_told_so(gen: Gen, folder: Folder) -> None:
    ran = gen("check", "--design", folder({DRAIN: PIECES}))
    assert ran.code == 3 and "[ok]" not in ran.out
    ran.told("mine changes nothing of v7.2", "--with pcp")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}  $[ nowhere ]$\n\\*% endcall\n", ":2: 'nowhere' is undefined"),
        (f"{HEAD}  z\n", ":2: Unexpected end of template"),
        ("$[ ''.__class__.__mro__ ]$", ":1: access to attribute '__class__'"),
        ("$[ cycler.__init__.__globals__ ]$", ":1: "),
        ("\\*% for n in range(10 ** 9)\n\\*% endfor", ":1: a range of 1,000,000,000"),
        (f"{PIECES}\n====", "'====' is no definition"),
        (f"{PIECES}\nVARIABLE mine", "'VARIABLE mine' is no definition"),
        (f"{PIECES}\nASSUME FALSE", "'ASSUME FALSE' is no definition"),
        (f"{PIECES}\n(* not closed", "'(* not closed' is no definition"),
        (f"{PIECES}\nRECURSIVE free_drained(_, _, _)", "is no definition"),
        (f"{HEAD}  z (* not closed\n\\*% endcall", ":2: free_drained: '(*': a comment begins with"),
        (f"{HEAD}  z ====\n\\*% endcall", ":2: free_drained: '====' ends a module"),
        (f"{HEAD}  [z EXCEPT !.free = free']\n\\*% endcall", ":2: free_drained: a prime belongs"),
        (f'{HEAD}  Print("x", z)\n\\*% endcall', ":2: free_drained: 'Print' does more"),
        ("free_drained(z, page) == z\n", "has other parameters; in the base it has z, page, order"),
        ("free_drained(z, page, order) == mine(z)\nmine(z, p) == z\n", ""),
        ("", "free_drained is not defined any more"),
        (f"{PIECES}\nStep == FALSE\n", "Step is defined already"),
        (f"{PIECES}\nNext == FALSE\n", "Next: no operator can be called so"),
        (f"{PIECES}\nNoFreelistWarning == TRUE\n", "NoFreelistWarning"),
        (f"{PIECES}\nmine == 1\n", "mine: nothing uses it"),
    ],
)
def test_what_is_wrong_in_a_template_is_one_line_about_its_file(
    gen: Gen, folder: Folder, text: str, said: str
) -> None:
    path = folder({DRAIN: text})
    ran = gen("render", "--design", path, "--with", "pcp", "--tla")
    if not said:  # TLC says it
        assert ran.code == 0
        return
    assert ran.code in (2, 3) and "Traceback" not in ran.err and not ran.out
    (line,) = ran.err.splitlines()
    assert f"{path}{DRAIN}" in line and said in line


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("mm/free_pcppages_bulk/mine.tla.j2", "no template of specs/ lies there"),
        ("mm/README.md", "no template of specs/ lies there"),
        ("actors/mine.tla.j2", "no template of specs/ lies there"),
    ],
)
def test_a_template_that_nothing_would_read_is_refused(
    folder: Folder, path: str, said: str
) -> None:
    with pytest.raises(GenError, match=said):
        find_design(folder({path: PIECES}))


def test_a_template_is_never_the_output_of_its_own_check(gen: Gen, folder: Folder) -> None:
    path = folder({DRAIN: PIECES})
    ran = gen("check", "--design", path, "--junit", f"{path}{DRAIN}")
    assert ran.code == 2 and "is a file that is read" in ran.err
    assert Path(f"{path}{DRAIN}").read_text(encoding="utf-8") == PIECES


def test_what_lies_beside_and_says_what_is_asked_is_not_read(folder: Folder) -> None:
    files = {"questions/properties.tla.j2": "", "pageblock.tla.j2": "", "zone/zone.tla.j2": ""}
    assert not find_design(folder(files)).patch


def test_a_name_that_a_template_and_the_design_file_both_define_is_refused(folder: Folder) -> None:
    path = folder({DRAIN: PIECES}, '[operators.free_drained]\nbody = "z"')
    with pytest.raises(GenError, match=r"\[operators.free_drained\] says it too"):
        module(find_design(path))


@pytest.mark.tlc
def test_what_tlc_does_not_understand_is_told_with_the_line_of_the_template(
    gen: Gen, folder: Folder
) -> None:
    text = f"\n\n{HEAD}  LET a == 1\n  IN  split_large_buddies(z, page, order)\n\\*% endcall\n"
    path = folder({DRAIN: text})
    ran = gen("check", "--design", path, "--with", "pcp", "--property", "Alignment")
    assert ran.code == 150
    ran.told(f"{path}{DRAIN}:5: operators.free_drained:", "split_large_buddies")


@pytest.mark.tlc
def test_a_change_in_a_template_that_acts_is_drawn(gen: Gen, folder: Folder) -> None:
    options = ["--with", "pcp", "--huge-order", "10", "--property", "FreelistHygiene"]
    ran = gen("check", "--design", folder({DRAIN: PIECES}), *options)
    assert ran.code == 0 and "[ok] FreelistHygiene" in ran.out and "[acts] mine" in ran.out
