"""The drawing in every flavour: pasted where it is meant to go, nothing is lost or cut."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from made import LONG, made_trace

from gen.draw.formats import FLAVOURS, FORMATS
from gen.draw.options import DrawOptions
from gen.trace.trace import Trace
from tools.golden import trace, trace_names

B1 = "hygiene-v2-isolation-race"
MADE = {
    "many": made_trace(),
    "deep": made_trace(nested=6),
    "deep-and-long": made_trace(lanes=3, nested=9, steps=5),
    "loop": made_trace(lanes=2, name="unset_migratetype_isolate", loop=9),
}


def text(flavour: str, found: Trace, options: DrawOptions | None = None) -> str:
    drawn = FORMATS[flavour].render(found, options or DrawOptions())
    assert isinstance(drawn, str)
    return drawn


def given(name: str) -> Trace:
    return MADE[name] if name in MADE else trace(name)


# ---- what every flavour keeps --------------------------------------------------------


#: Each width with each depth and each state, and each depth with each state.
SHAPES = [
    (66, "calls", "none"),
    (75, "calls", "changed"),
    (66, "calls", "all"),
    (75, "all", "none"),
    (66, "all", "changed"),
    (75, "all", "all"),
    (66, "3", "none"),
    (66, "3", "changed"),
    (75, "3", "all"),
]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", [*trace_names(), *MADE])
def test_no_line_is_too_long_for_a_mail_or_hurt_on_its_way(name: str, flavour: str) -> None:
    for columns, depth, state in SHAPES:
        drawn = text(flavour, given(name), DrawOptions(columns, depth, state))
        assert drawn.isascii() and "\t" not in drawn and "\r" not in drawn
        assert drawn.endswith("\n") and not drawn.endswith("\n\n")
        for line in drawn.splitlines():
            assert len(line) <= columns, line
            assert line == line.rstrip(), "trailing blanks"
            assert not re.match(r"---$|diff -|Index: |From |Signed-off-by|-- $", line)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", ["many", "deep-and-long", B1, "two-isolators"])
def test_every_flavour_tells_the_same_calls(name: str, flavour: str) -> None:
    wide = replace(DrawOptions(), columns=1000)
    calls = re.compile(r"\w+\(|WARN|lock zone->lock|//")
    wanted = calls.findall(text("lkml", given(name), wide))
    assert calls.findall(text(flavour, given(name))) == wanted
    assert calls.findall(text(flavour, given(name), wide)) == wanted


def test_more_cpus_than_columns_have_room_for_stand_in_one_column() -> None:
    drawn = text("lkml", MADE["many"])
    assert re.findall(r"^ (\d)\) ", drawn, re.M).count("5") and "#0" not in drawn
    assert f"{LONG}(" in drawn
    few = made_trace(lanes=6, name="f", steps=6, nested=0)
    assert text("lkml", few).splitlines()[0].split() == ["#0", "#1", "#2", "#3", "#4", "#5"]


def test_a_name_that_is_too_long_for_its_depth_moves_left_and_is_whole() -> None:
    drawn = text("lkml", MADE["deep-and-long"], DrawOptions(columns=60))
    # Ten calls of that name in each of the five steps.
    assert drawn.count(f"{LONG}(") == 50


# ---- a commit message ----------------------------------------------------------------


def git(repo: Path, *argv: str, stdin: str | None = None, **env: str) -> str:
    person = {"NAME": "A U Thor", "EMAIL": "author@example.com"}
    who = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in person.items()}
    clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(repo)}
    return subprocess.run(
        ["git", *argv],
        cwd=repo,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **clean, **who, **env},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def _message(repo: Path) -> str:
    return git(repo, "log", "-1", "--format=%B")


def _commit(repo: Path, message: str, *options: str) -> None:
    git(repo, "init", "-q", "-b", "main", ".")
    (repo / "file").write_text("1\n", encoding="utf-8")
    git(repo, "add", "file")
    git(repo, "commit", "-q", "-m", "first")
    (repo / "file").write_text("2\n", encoding="utf-8")
    # As a person does it: the editor shows the message, git cleans up what the editor leaves.
    git(repo, "commit", "-a", "-e", "-F", "-", *options, stdin=message, GIT_EDITOR="true")


def _after_am(repo: Path) -> str:
    """The message, sent as a patch and applied again."""
    patch = git(repo, "format-patch", "--stdout", "-1")
    git(repo, "reset", "-q", "--hard", "HEAD~1")
    git(repo, "am", "-q", stdin=patch)
    return _message(repo)


@pytest.mark.parametrize("name", [B1, "two-isolators", "v6.10-freed-whole", "many"])
def test_a_commit_message_reaches_the_tree_as_it_was_pasted(name: str, tmp_path: Path) -> None:
    options = DrawOptions(depth="all", state="changed")
    drawn = text("commit", given(name), options)
    message = f"mm: isolate the pageblock and split the buddy\n\n{drawn}\n"
    _commit(tmp_path, message, "-s")
    signed = "Signed-off-by: A U Thor <author@example.com>"
    wanted = f"{message.rstrip()}\n\n{signed}"
    assert _message(tmp_path).rstrip() == wanted
    assert _after_am(tmp_path).rstrip() == wanted


def test_git_would_cut_the_drawing_for_a_mail_so_the_commit_flavour_is_needed(
    tmp_path: Path,
) -> None:
    _commit(tmp_path, f"mm: x\n\n{text('lkml', trace(B1))}")
    assert text("lkml", trace(B1)).splitlines()[0] not in _message(tmp_path)
    assert "{ #0 isolates tail }" in _message(tmp_path)


def test_no_line_of_a_commit_message_begins_in_the_first_column() -> None:
    """``#``, ``---``, ``diff -``, ``From:`` and ``>From`` mean something to git there only."""
    for name in [*trace_names(), *MADE]:
        for line in text("commit", given(name), DrawOptions(state="all")).splitlines():
            assert not line or line.startswith("  "), line


#: Debian's linux-source, unpacked where it lies; CI does not have it.
CHECKPATCH = sorted(Path("/usr/src").glob("linux-source-*/scripts/checkpatch.pl"))


@pytest.mark.parametrize("name", [B1, "v6.12-undo-of-another", "many"])
def test_checkpatch_has_nothing_to_say_of_a_commit_message(name: str, tmp_path: Path) -> None:
    """Its rules for messages are asked in any case, the script itself where it is."""
    drawn = text("commit", given(name), DrawOptions(depth="all", state="changed"))
    for line in drawn.splitlines():
        assert len(line) <= 75, "COMMIT_LOG_LONG_LINE"
        assert not line.startswith("#"), "COMMIT_COMMENT_SYMBOL"
        assert not re.search(r"\b[0-9a-f]{12,40}\b", line), "GIT_COMMIT_ID"
        assert not re.search(r"\b([a-z]{3,}) \1\b", line), "REPEATED_WORD"
    _commit(tmp_path, f"mm: isolate the pageblock and split the buddy\n\n{drawn}\n", "-s")
    patch = git(tmp_path, "format-patch", "--stdout", "-1")
    for script in CHECKPATCH:
        asked = ["perl", str(script), "--no-tree", "--strict", "-"]
        said = subprocess.run(asked, input=patch, capture_output=True, text=True, check=False)
        assert "total: 0 errors, 0 warnings, 0 checks" in said.stdout, said.stdout + said.stderr


# ---- a comment, one column -----------------------------------------------------------


@pytest.mark.parametrize("name", [*trace_names(), *MADE])
def test_a_comment_is_one_comment_as_the_kernel_writes_them(name: str) -> None:
    first, *body, last = text("comment", given(name), DrawOptions(state="all")).splitlines()
    assert (first, last) == ("/*", " */")
    assert all(line == " *" or line.startswith(" * ") for line in body)
    assert not any("*/" in line or "/*" in line for line in body)
    inside = [line[3:] for line in body]
    assert inside == text("lkml", given(name), DrawOptions(72, "calls", "all")).splitlines()


def test_one_column_says_in_front_of_each_row_which_cpu_it_is() -> None:
    lines = text("ftrace", trace(B1)).partition("\n\n")[0].splitlines()
    assert lines[1] == "{ CPU0 isolates tail }"
    assert lines[2] == " 0) start_isolate_page_range()"
    (warned,) = (line for line in lines if "WARN" in line)
    assert warned == " 1)   WARN(head_mt != tail_mt)"
    assert all(re.match(r" \d\) ", line) for line in lines[2:])


# ---- depth, state, loop --------------------------------------------------------------


def test_depth_leaves_out_what_is_nested_deeper_but_never_the_failure() -> None:
    for levels in (1, 2, 3):
        drawn = text("ftrace", trace(B1), DrawOptions(depth=str(levels)))
        rows = re.findall(r"^ \d\) ( *)(\S.*)", drawn, re.M)
        assert "WARN(head_mt != tail_mt)" in [row for _, row in rows]
        assert max(len(indent) // 2 for indent, _ in rows) == max(levels - 1, 1)
    assert text("lkml", trace(B1), DrawOptions(depth="9")) == text("lkml", trace(B1))


@pytest.mark.parametrize("name", trace_names())
def test_every_failure_survives_the_smallest_depth(name: str) -> None:
    options = DrawOptions(depth="1", continuation=False)
    lines = text("ftrace", trace(name), options).partition("\n\n")[0].splitlines()
    if trace(name).loop is not None:
        assert re.fullmatch(r"\{ and again from state \d+ on, for ever \}", lines.pop())
    last = lines[-1]
    assert re.match(r" \d\)   ?(WARN\(|//)", last) or "_BUG_ON" in last, last


def test_the_state_is_what_a_step_has_changed_or_all_that_there_is() -> None:
    assert "\n{ tail" not in text("lkml", trace(B1))
    changed = text("lkml", trace(B1), DrawOptions(state="changed"))
    assert re.findall(r"^\{ .* \}$", changed.partition("#0 isolates")[2], re.M) == [
        "{ tail: MOVABLE -> ISOLATE }",
        "{ free: -order-10 at head on MOVABLE, +order-9 at tail on MOVABLE }",
        "{ in use: +order-9 at head (pinned) }",
    ]
    whole = text("lkml", trace(B1), DrawOptions(state="all", continuation=False))
    assert re.findall(r"^\{ .* \}$", whole.partition("isolates tail }")[2], re.M) == [
        "{ types: head MOVABLE, tail ISOLATE }",
        "{ free: order-10 at head on MOVABLE }",
        "{ types: head MOVABLE, tail ISOLATE }",
        "{ free: order-9 at tail on MOVABLE }",
        "{ in use: order-9 at head (pinned) }",
    ]


def test_a_brace_that_closes_does_not_stand_alone() -> None:
    for columns in range(50, 80):
        drawn = text("commit", trace(B1), DrawOptions(columns, state="all"))
        assert not re.search(r"^ *\}$", drawn, re.M)


def test_neighbours_of_one_type_are_told_together() -> None:
    drawn = text("lkml", made_trace(lanes=1, steps=1), DrawOptions(state="all"))
    types = "pageblocks 0-6 MOVABLE, pageblock 7 ISOLATE, pageblocks 8-63 MOVABLE"
    assert types in " ".join(drawn.split())


def test_an_isolation_beside_the_type_does_not_hide_the_type() -> None:
    found = trace("v6.12-undo-of-another")
    beside = [{**state, "isolate_bit": frozenset({1})} for state in found.states]
    drawn = text("lkml", replace(found, states=tuple(beside)), DrawOptions(state="all"))
    assert "tail MOVABLE+ISOLATE" in drawn


def test_stem_and_loop_are_told_apart() -> None:
    """State 9 is reached by step 8: the loop begins with step 9, and ends with the last one."""
    drawn = text("ftrace", MADE["loop"])
    stem, _, rest = drawn.partition("{ from here on, again and again: }\n")
    assert stem.count(" lock zone->lock") == 8
    loop, back, _ = rest.partition("{ and again from state 9 on, for ever }\n")
    assert back and loop.count(" lock zone->lock") == 32
    assert "again" not in text("lkml", replace(MADE["loop"], loop=None))


def test_a_behaviour_that_stops_says_that_nothing_more_happens() -> None:
    found = made_trace(steps=3, loop=4)
    drawn = text("lkml", found)
    assert "{ and nothing more happens, for ever }" in drawn and "from here on" not in drawn
