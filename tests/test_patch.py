"""A design with text of its own: what it may say, what it changes, and what is said of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FakeJava, Gen
from reported import PATCHES, Reported, each_reported

from gen.errors import GenError
from gen.files import sha256
from gen.model.acts import render_acts
from gen.model.body import BodyError, check_body
from gen.model.definitions import definitions, difference
from gen.model.design import Design, design_from_table, design_names, find_design, load_design
from gen.model.feature import features
from gen.model.property import acting, find_properties
from gen.model.render import Replay, render, render_replay
from gen.model.section import sections
from gen.model.zone import Zone
from gen.report import proof

HEAD = 'name = "mine"\ntitle = "a patch"\nkernel = "k"\nsource = "s"\nbase = "v7.2"\n'
PCP = Zone(features=("pcp",))


@pytest.fixture
def patch(tmp_path: Path) -> Callable[[str], Path]:
    """The file of a design on top of v7.2 that says this besides."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
        return path

    return write


def module(design: Design, zone: Zone = PCP) -> str:
    return render(design, zone, find_properties([])).tla


def calls(design: Design, name: str) -> list[str]:
    """The calls of a section, as a design has it."""
    found = sections(design.choices, design.patch.sections)[name].calls
    return [f"{c.function}({c.args})" + (f" if {c.guard}" if c.guard else "") for c in found]


# ---- sections ------------------------------------------------------------------------

DRAIN = ["spin_lock()", "list_del(page)", "free_drained(page, order)", "spin_unlock()"]


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        ('skip = ["list_del"]', [DRAIN[0], *DRAIN[2:]]),
        (
            'replace = { list_del = "merge(page)" }',
            [DRAIN[0], "merge(page)", *DRAIN[2:]],
        ),
        (
            'when = { list_del = "z.order = 9 \\\\/ z.ret = 0" }',
            [DRAIN[0], "list_del(page) if (z.order = 9 \\/ z.ret = 0)", *DRAIN[2:]],
        ),
        ('swap = [["list_del", "free_drained"]]', [DRAIN[0], DRAIN[2], DRAIN[1], DRAIN[3]]),
        (
            'insert = [{ call = "list_del(page)", after = "free_drained" }]',
            [*DRAIN[:3], DRAIN[1], DRAIN[3]],
        ),
        (
            'insert = [{ call = "list_del(page)", before = "list_del" }]\nskip = ["list_del#2"]',
            DRAIN,
        ),
    ],
)
def test_the_calls_of_a_hold_can_be_edited(
    patch: Callable[[str], Path], edit: str, wanted: list[str]
) -> None:
    before = calls(find_design("v7.2"), "free_pcppages_bulk")
    assert before == DRAIN
    design = load_design(patch(f"[sections.free_pcppages_bulk]\n{edit}"))
    assert calls(design, "free_pcppages_bulk") == wanted
    assert calls(find_design("v7.2"), "free_pcppages_bulk") == before


def test_a_condition_with_an_or_in_it_holds_as_a_whole(patch: Callable[[str], Path]) -> None:
    design = load_design(
        patch('[sections.unset_migratetype_isolate.when]\nisolate_to_merge = "b = 0 \\\\/ b = 1"')
    )
    (one,) = [c for c in calls(design, "unset_migratetype_isolate") if "isolate_to_merge" in c]
    assert one == "isolate_to_merge(b) if z.ret = 0 /\\ (b = 0 \\/ b = 1)"


def test_a_patch_on_top_of_a_patch_has_both(tmp_path: Path, patch: Callable[[str], Path]) -> None:
    patch('[sections.free_pcppages_bulk]\nskip = ["list_del"]')
    above = tmp_path / "above.toml"
    text = HEAD.replace('"mine"', '"above"').replace('"v7.2"', '"mine.toml"')
    above.write_text(f'{text}[sections.free_pcppages_bulk]\nskip = ["free_drained"]\n')
    assert calls(load_design(above), "free_pcppages_bulk") == [DRAIN[0], DRAIN[3]]


def test_a_condition_reads_the_zone_as_it_is_at_its_call(patch: Callable[[str], Path]) -> None:
    when = '~PageBuddy(z, page) /\\ \\A p \\in z.free : p # "z.z" /\\ p.z # sz(z)'
    design = load_design(patch(f"[sections.free_pcppages_bulk.when]\nfree_drained = '{when}'"))
    wanted = '~PageBuddy(z2, page) /\\ \\A p \\in z2.free : p # "z.z" /\\ p.z # sz(z2)'
    assert f"IF ({wanted}) THEN free_drained(z2, page, order) ELSE z2" in module(design)
    step = Zone(features=("pcp",), grain="step")
    assert wanted.replace("z2", "z1") in module(design, step)


def test_text_that_the_base_has_of_its_own_is_not_dropped(
    tmp_path: Path, patch: Callable[[str], Path]
) -> None:
    patch("[operators.put_page]\nbody = 'z'")
    above = tmp_path / "above.toml"
    text = HEAD.replace('"mine"', '"above"').replace('"v7.2"', '"mine.toml"')
    above.write_text(f"{text}[operators.put_page]\nbody = 'put_page_before(z, page)'\n")
    with pytest.raises(GenError, match="the base has text of its own for put_page"):
        load_design(above)


# ---- operators -----------------------------------------------------------------------


def test_an_operator_is_replaced_in_what_is_searched_and_in_what_is_drawn(
    patch: Callable[[str], Path],
) -> None:
    design = load_design(
        patch('[operators.free_drained]\nbody = "split_large_buddy(z, page, order)"')
    )
    assert difference(module(find_design("v7.2")), module(design)).changed == ("free_drained",)
    replay = Replay([dict.fromkeys(definitions(module(design)), "0")], find_properties([])[0], 1)
    state = {"migratetype": "0", "isolate_bit": "0", "free": "0", "inuse": "0", "pcp": "0"}
    state |= {"freeing": "0", "warned": "0", "isolator": "0"}
    drawn = render_replay(design, PCP, Replay([state], replay.prop, 1)).tla
    (body,) = [d for n, d in definitions(drawn).items() if n == "free_drained"]
    assert "split_large_buddy(z, page, order)" in body.code and "Enter(" in body.code


def test_a_helper_of_the_templates_can_be_replaced_and_one_of_ones_own_added(
    patch: Callable[[str], Path],
) -> None:
    design = load_design(
        patch(
            '[operators.MustClaim]\nbody = "TooLarge(f)"\n'
            '[operators.TooLarge]\nargs = "f"\nbody = "f[2] > pageblock_order"'
        )
    )
    found = difference(module(find_design("v7.2")), module(design))
    assert (found.changed, found.added, found.removed) == (("MustClaim",), ("TooLarge",), ())
    names = list(definitions(module(design)))
    assert names.index("TooLarge") < names.index("MustClaim")


def test_a_body_may_speak_of_the_operator_as_it_was(patch: Callable[[str], Path]) -> None:
    body = "IF order = 9 THEN z ELSE free_drained_before(z, page, order)"
    design = load_design(patch(f'[operators.free_drained]\nbody = "{body}"'))
    known = definitions(module(design))
    before = definitions(module(find_design("v7.2")))["free_drained"]
    renamed = before.renamed({"free_drained": "free_drained_before"})
    assert known["free_drained_before"].code == " ".join(renamed.split())


def test_a_part_of_an_operator_is_replaced_if_it_is_there_once(
    patch: Callable[[str], Path],
) -> None:
    text = '[operators.try_to_claim_block.replace]\n"{}" = "{}"'
    design = load_design(patch(text.format("BlockType( z, page,list )", "mt")))
    code = definitions(module(design))["try_to_claim_block"].code
    assert "block_type == mt removed" in code
    for old, told in (("order + 7", "not there"), ("order", "there ")):
        with pytest.raises(GenError, match=told) as caught:
            module(load_design(patch(text.format(old, "mt"))))
        assert "mine.toml:" in caught.value.message and "\n" not in caught.value.message


def test_every_design_s_own_operators_would_be_accepted_as_a_user_s() -> None:
    accepted = 0
    for name in design_names():
        zone = Zone(features=tuple(f for f in features() if f != "reporting"))
        for one in definitions(module(find_design(name), zone)).values():
            if one.params[:1] == ("z",) and one.name != "Commit":
                check_body("\n".join(one.lines).partition("==")[2])
                accepted += 1
    assert accepted > 2000


EVIL = [
    "z\n====",
    "z\n----",
    "z\nFreelistHygiene == TRUE",
    "z\n  Step == FALSE",
    "LET a == 1 IN z\n  b == 2",
    "z (* ",
    "z *)",
    "z)",
    "(z",
    "[z EXCEPT !.free = {}",
    "z'",
    "UNCHANGED vars",
    "ENABLED Step",
    "INSTANCE TLC",
    "VARIABLE x",
    "ASSUME TRUE",
    'PrintT("Observation v7.2/NoFreelistWarning Never 0 1")',
    "TLCSet(1, {})",
    '"a string',
    "LET a == 1",
    "IN z",
    "z \x00",
    "z \\* \r Evil == TRUE",
    "z \\* \u2028 Evil == TRUE",
    "z \N{NO-BREAK SPACE}",
    "<<z>>_vars",
    "WF_vars(Step)",
    "",
    "\\* nothing",
]


@pytest.mark.parametrize("text", EVIL)
def test_what_is_more_than_an_expression_is_refused(text: str) -> None:
    with pytest.raises(BodyError) as caught:
        check_body(text)
    assert caught.value.why and 1 <= caught.value.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "place",
    [
        "[operators.free_drained]\nbody = {}",
        "[operators.free_drained.replace]\n{} = 'z'",
        "[operators.free_drained.replace]\n'z' = {}",
        "[sections.free_pcppages_bulk]\nwhen = {{ list_del = {} }}",
        "[sections.free_pcppages_bulk]\nreplace = {{ list_del = {} }}",
        "[sections.free_pcppages_bulk]\ninsert = [{{ call = {}, after = 'list_del' }}]",
    ],
)
@pytest.mark.parametrize("text", EVIL)
def test_nothing_but_an_expression_gets_into_a_module(
    gen: Gen, patch: Callable[[str], Path], place: str, text: str
) -> None:
    quoted = json.dumps(text).replace("\\u0000", "\\u0001")
    ran = gen("check", "--design", str(patch(place.format(quoted))), "--with", "pcp")
    assert ran.code == 2, ran.out
    assert len(ran.trouble) == 1 and "mine.toml" in ran.trouble[0]
    assert "[ok]" not in ran.out and " Never " not in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[operators.Step]\nbody = 'TRUE'", "no operator can be called so"),
        ("[operators.Commit]\nbody = 'TRUE'", "no operator can be called so"),
        ("[operators.FreelistHygiene]\nbody = 'TRUE'", "properties are said with it"),
        ("[operators.PageblocksOf]\nbody = '{}'", "properties are said with it"),
        ("[operators.AllocPages]\nbody = 'TRUE'", "is an action"),
        (
            "[operators.AllocTypes]\nbody = '{}'",
            ":8: operators.AllocTypes: what callers do is made of it",
        ),
        ("[operators.Idle.replace]\n'\"idle\"' = '\"isolated\"'", "what callers do is made of it"),
        ("[operators.IF]\nargs = 'z'\nbody = 'z'", "no operator can be called so"),
        ("[operators.put_page_before]\nbody = 'z'", "no operator can be called so"),
        ("[operators.rmqueue_buddy]\nbody = '{}'", "[sections.rmqueue_buddy] fits"),
        ("[operators.free_pages_prepar]\nbody = 'z'", "nothing uses it: did you mean"),
        ("[sections.rmqueue_buddy.when]\nrmqueue_lists = 'order = 9'", "several outcomes"),
        ("[sections.free_pcppages_bulk.when]\nlist_del = 'b = b \\* x'", "a comment"),
        ("[sections.free_pcppages_bulk.when]\nlist_del = 'LET z == 1 IN z = 1'", "bind another"),
        ("[operators.free_drained]\nargs = 'z'\nbody = 'z'", "free_drained has z, page, order"),
        ("[operators.free_drained]\nargs = 'z, 1'\nbody = 'z'", "names with commas"),
        ("[operators.free_drained]", "either a body or replace fits"),
        ("[operators.free_drained]\nbody = 'z'\nreplace = { a = 'b' }", "either a body or replace"),
        ("[operators.free_drained.replace]\n'z' = 'z'", "replaced by itself"),
        ("[operators.free_drained]\nbdoy = 'z'", "did you mean 'body'?"),
        ("[sections.free_pcppages_bluk]\nskip = []", "did you mean 'free_pcppages_bulk'?"),
        ("[sections.free_pcppages_bulk]\nskip = ['list_dle']", "did you mean 'list_del'?"),
        ("[sections.free_pcppages_bulk]\nskip = ['list_del#2']", "no call 'list_del#2'"),
        ("[sections.free_pcppages_bulk]\nskip = ['list_del#x']", "no call 'list_del#x'"),
        ("[sections.free_pcppages_bulk]\nskpi = []", "did you mean 'skip'?"),
        (
            "[sections.free_pcppages_bulk]\ninsert = [{ call = 'list_del(page)' }]",
            "before or after",
        ),
        ("[sections.X.mine]\ncalls = []", "X"),
    ],
)
def test_a_patch_that_does_not_fit_is_told_in_one_line(
    gen: Gen, patch: Callable[[str], Path], text: str, said: str
) -> None:
    ran = gen("check", "--design", str(patch(text)), "--with", "pcp")
    assert ran.code == 2, ran.out
    (line,) = ran.trouble
    assert "mine.toml" in line and said in line


# ---- what is said of it --------------------------------------------------------------


def test_a_design_says_how_much_text_of_its_own_it_has(patch: Callable[[str], Path]) -> None:
    body = "[operators.free_drained]\nbody = '{}'"
    one = load_design(patch(body.format("z")))
    assert one.told.startswith("v7.2 + mine (1 operator; ")
    assert load_design(patch(body.format("z"))).told == one.told
    assert load_design(patch(body.format("[z EXCEPT !.ret = 0]"))).told != one.told
    assert find_design("v7.2").told == "v7.2"


def test_the_patch_as_the_model_reads_it_is_printed_as_diff_does(
    gen: Gen, patch: Callable[[str], Path]
) -> None:
    path = str(patch("[operators.free_drained]\nbody = 'split_large_buddy(z, page, order)'"))
    ran = gen("render", "--design", path, "--against", "v7.2", "--with", "pcp")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == "--- v7.2" and lines[1].startswith("+++ v7.2 + mine (")
    assert "+  split_large_buddy(z, page, order)" in lines
    same = gen("render", "--design", path, "--against", "v7.2")
    assert (same.code, same.out) == (0, "")


def test_a_new_design_is_read_as_it_was_written_and_overwrites_nothing(
    gen: Gen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for base in design_names():
        name = f"on-{base}"
        assert gen("new-design", name, "--base", base).code == 0
        made = load_design(tmp_path / f"{name}.toml")
        assert (made.name, made.base) == (name, base)
        assert not difference(module(find_design(base)), module(made))
    before = (tmp_path / "on-v7.2.toml").read_bytes()
    again = gen("new-design", "on-v7.2", "--base", "v6.12")
    assert again.code == 2 and "exists" in again.err
    assert (tmp_path / "on-v7.2.toml").read_bytes() == before
    for name in ("v7.2", "../x", "", "a b", ".x"):
        assert gen("new-design", name, "--base", "v7.2").code == 2


# ---- whether it acts -----------------------------------------------------------------


def test_a_patch_that_changes_nothing_here_is_told_so_without_a_run(
    gen: Gen, patch: Callable[[str], Path], fake_java: FakeJava, tmp_path: Path
) -> None:
    path = patch("[operators.free_drained]\nbody = 'split_large_buddy(z, page, order)'")
    started = tmp_path / "started"
    java = fake_java(f"touch {started}; exit 1")
    ran = gen("check", "--design", str(path), "--java", java)
    assert ran.code == 3 and not started.exists()
    ran.told("changes nothing of v7.2", "--with pcp")
    assert ran.out.count("[not exercised]") == 5 and "[ok]" not in ran.out
    assert all(" Unknown " in line for line in ran.observations)


def test_a_patch_that_changes_nothing_is_not_proved(
    gen: Gen, patch: Callable[[str], Path], fake_java: FakeJava, tmp_path: Path
) -> None:
    path = patch("[operators.free_drained]\nbody = 'split_large_buddy(z, page, order)'")
    started = tmp_path / "started"
    java = fake_java(f"touch {started}; exit 1")
    ran = gen("prove", "--design", str(path), "--java", java, "--output", str(tmp_path / "proof"))
    assert ran.code == 3 and not started.exists()
    ran.told("no verdict: not exercised: mine changes nothing of v7.2", "--with pcp")
    assert not (tmp_path / "proof" / "certificate.json").exists()


def test_a_proof_names_the_text_and_the_orders_that_it_is_about(
    patch: Callable[[str], Path],
) -> None:
    zone = Zone(features=("pcp",), huge_order=10, alloc_order=9)
    assert "up to order 9; huge pages of order 10; with pcp" in proof.zone(zone)
    edit = "[operators.free_drained.replace]\n'page, order' = '{}'"
    one, other = (load_design(patch(edit.format(text))).told for text in ("page, 9", "page, 8"))
    assert one != other


def test_two_designs_in_one_module_share_what_is_the_same_in_both() -> None:
    spec = render_acts(find_design("v6.12"), find_design("v6.10"), Zone(), find_properties([]))
    assert spec is not None and "NotMet" in spec.cfg
    known = definitions(spec.tla)
    assert "free_one_page_in_base" in known and "FreePages_in_base" in known
    assert "expand_in_base" not in known  # it is the same in both
    assert known["PutPage"].code == "PutPage == PutPage_here /\\ met' = FALSE"
    same = find_design("v7.2")
    assert render_acts(same, same, Zone(), find_properties([])) is None


def test_whether_a_change_acts_is_no_property_that_can_be_asked_for(gen: Gen) -> None:
    assert acting() not in find_properties(["all"])
    ran = gen("check", "--property", acting().name)
    assert ran.code == 2 and "by itself" in ran.err


# ---- with the real TLC ---------------------------------------------------------------


@pytest.mark.tlc
@each_reported
def test_bugs_that_people_reported_are_found_when_they_are_put_back(
    gen: Gen, bug: Reported
) -> None:
    body = bug.path.read_text(encoding="utf-8").partition("base = ")[2].splitlines()[1:]
    assert len([line for line in body if line]) <= 10
    ran = gen("check", "--design", str(bug.path), *bug.options.split())
    assert ran.code == 12
    (line,) = [one for one in ran.observations if f"/{bug.violated} " in one]
    assert line.split()[1:3] == ["Sometimes", str(bug.length)]
    base = load_design(bug.path).base
    assert f"checked: design {base} + " in ran.out
    assert f"--design {bug.path}" in ran.out  # the line that reproduces it


@pytest.mark.tlc
def test_a_trace_of_a_patch_is_drawn_and_replayed_where_the_patch_is_not(
    gen: Gen, patch: Callable[[str], Path], tmp_path: Path
) -> None:
    body = "[isolate_to_merge_before(z, b) EXCEPT !.free = z.free]"
    path = patch(
        f"[operators.isolate_to_merge]\nbody = '{body}'\n"
        "[sections.unset_migratetype_isolate.when]\nisolate_to_merge = 'b = 0 \\/ b = 1'"
    )
    options = ["--property", "Conservation", "--run-dir", str(tmp_path / "run")]
    ran = gen("check", "--design", str(path), *options)
    assert ran.code == 12
    path.unlink()
    saved = tmp_path / "run" / "Conservation.trace.json"
    drawn = gen("show", str(saved))
    assert drawn.code == 0 and drawn.out in ran.out
    again = gen("replay", str(saved))
    assert again.code == 0
    assert again.out.startswith("[confirmed] v7.2 + mine (1 section, 1 operator; ")
    kept = json.loads(saved.read_text(encoding="utf-8"))
    assert f"module: as the trace carries it, sha256 {kept['carried']['sha256']}" in again.out
    assert kept["carried"]["module"][0].startswith("---") and "$[" not in str(kept["carried"])
    # It is the module that was followed, or nothing is said.
    kept["carried"]["module"].insert(-1, "Mine == FALSE")
    saved.write_text(json.dumps(kept), encoding="utf-8")
    ran = gen("show", str(saved))
    assert ran.code == 2 and "carried.module is not what carried.sha256 says" in ran.err
    text = "".join(f"{line}\n" for line in kept["carried"]["module"])
    kept["carried"]["sha256"] = sha256(text)
    saved.write_text(json.dumps(kept), encoding="utf-8")
    ran = gen("replay", str(saved))
    assert ran.code == 3
    assert "is not the one that this version renders of its design" in ran.err


@pytest.mark.parametrize("bug", sorted(PATCHES.glob("*.toml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("zone", [Zone(), PCP, Zone(features=("offline",), grain="step")])
def test_what_a_trace_carries_of_a_patch_says_all_that_the_patch_says(
    bug: Path, zone: Zone
) -> None:
    design = load_design(bug)
    table = json.loads(json.dumps(design.to_table()))
    again = design_from_table(Path("trace.json"), table)
    assert module(again, zone) == module(design, zone)
    assert (again.told, again.to_table()) == (design.told, table)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("base", "../v7.2.toml", "base = '../v7.2.toml'"),
        ("operators", {"put_page": {"body": "z ==== z"}}, "'====' ends a module"),
        ("choices", {"merge_retype": "mine"}, "choices.merge_retype = 'mine'"),
        ("design", 1, "a design has no such key"),
    ],
)
def test_a_design_that_a_trace_carries_is_checked_as_a_file_is(
    key: str, value: object, said: str
) -> None:
    table = load_design(PATCHES / "9-never-counted-down.toml").to_table()
    with pytest.raises(GenError, match=re.escape(said)):
        design_from_table(Path("trace.json"), {**table, key: value})


@pytest.mark.tlc
def test_a_patch_that_is_never_met_is_not_called_ok(gen: Gen, patch: Callable[[str], Path]) -> None:
    body = "IF order > pageblock_order THEN split_large_buddy(z, page, order)"
    body += " ELSE free_drained_before(z, page, order)"
    path = str(patch(f'[operators.free_drained]\nbody = "{body}"'))
    ran = gen("check", "--design", path, "--with", "pcp", "--property", "FreelistHygiene")
    assert ran.code == 3
    assert "[not exercised] FreelistHygiene" in ran.out and "[ok]" not in ran.out
    ran.told("does nothing that v7.2 does not do")


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[operators.put_page]\nbody = '[z EXCEPT !.inuze = {}]'", "a field that is not there"),
        (
            "[operators.free_drained]\nbody = 'z'\n"
            "[operators.put_page.replace]\n'\"movable\"' = '\"pinned\"'",
            "has text that is not modelled here: free_drained",
        ),
    ],
)
def test_a_patch_of_which_a_part_does_nothing_is_not_called_ok(
    gen: Gen, patch: Callable[[str], Path], text: str, said: str
) -> None:
    ran = gen("check", "--design", str(patch(text)), "--isolators", "0", "--property", "Alignment")
    assert ran.code == 3 and "[ok]" not in ran.out
    ran.told(said)


@pytest.mark.tlc
def test_where_a_patch_acts_is_drawn_below_an_ok(gen: Gen, patch: Callable[[str], Path]) -> None:
    path = str(patch("[operators.free_drained]\nbody = 'split_large_buddy(z, page, order)'"))
    huge = ["--with", "pcp", "--huge-order", "10", "--property", "FreelistHygiene"]
    ran = gen("check", "--design", path, *huge)
    assert ran.code == 0 and "[ok] FreelistHygiene" in ran.out
    assert "[acts] mine: step 3 of a shortest way: mine has this step, v7.2 has not" in ran.out
    assert "// here the change acts" in ran.out
    assert gen("check", "--design", "v7.2", *huge).code == 12  # which it mends


@pytest.mark.tlc
def test_what_a_patch_no_longer_does_is_where_it_acts(
    gen: Gen, patch: Callable[[str], Path]
) -> None:
    path = str(patch("[operators.find_fallback]\nbody = '\"none\"'"))
    ran = gen("check", "--design", path, "--property", "Alignment", "--isolators", "0")
    assert "[acts] mine: step 1 of a shortest way: v7.2 has this step, mine has not" in ran.out


@pytest.mark.tlc
def test_trouble_in_a_patch_is_told_with_its_own_file_and_line(
    gen: Gen, patch: Callable[[str], Path]
) -> None:
    text = (
        "[operators.free_drained]\nbody = '''\nLET x == 1\n    y == nothing_like_it(z)\nIN  y\n'''"
    )
    path = patch(text)
    ran = gen("check", "--design", str(path), "--with", "pcp")
    line = path.read_text(encoding="utf-8").splitlines().index("    y == nothing_like_it(z)") + 1
    assert ran.code == 150
    assert f"{path}:{line}: operators.free_drained: Unknown operator" in ran.err


@pytest.mark.tlc
def test_a_function_that_gives_nothing_back_stops_what_needs_it_and_is_not_called_ok(
    gen: Gen, patch: Callable[[str], Path]
) -> None:
    path = patch("[operators.rmqueue_lists]\nbody = '{}'")
    ran = gen("check", "--design", str(path), "--property", "FreelistHygiene")
    assert ran.code == 3 and "[ok]" not in ran.out
    ran.told("mine never does what v7.2 does, within these bounds: AllocPages,")


@pytest.mark.tlc
def test_matrix_and_compare_do_not_call_a_patch_that_was_never_met_proved(
    gen: Gen, patch: Callable[[str], Path], tmp_path: Path
) -> None:
    body = "IF order > pageblock_order THEN split_large_buddy(z, page, order)"
    body += " ELSE free_drained_before(z, page, order)"
    path = str(patch(f'[operators.free_drained]\nbody = "{body}"'))
    options = ["--with", "pcp", "--properties", "FreelistHygiene"]
    ran = gen("matrix", "--designs", path, *options, "--output", str(tmp_path / "matrix"))
    assert ran.code == 3 and "proved" not in ran.out.partition("\n\n")[0]
    assert "no verdict on mine/FreelistHygiene: mine does nothing that v7.2 does not" in ran.err
    ran = gen("compare", "v7.2", path, *options)
    assert ran.code == 3
    ran.told("mine does nothing that v7.2 does not do")


@pytest.mark.tlc
def test_a_hold_without_its_lock_is_no_ok_and_found_call_by_call(
    gen: Gen, patch: Callable[[str], Path]
) -> None:
    edit = '[sections.unset_migratetype_isolate]\nskip = ["spin_lock", "spin_unlock"]'
    path = str(patch(edit))
    ran = gen("check", "--design", path, "--property", "Alignment")
    assert ran.code == 3 and "[ok]" not in ran.out
    ran.told("perhaps it does with --grain step --property LockDiscipline")
    asked = ["--grain", "step", "--property", "LockDiscipline"]
    ran = gen("check", "--design", path, *asked)
    assert ran.code == 12 and "// without zone->lock" in ran.out
