"""What TLC has said once is not asked again, and never taken for the answer to something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gen.check.request import Check
from gen.check.session import check
from gen.check.verdict import Result
from gen.model.design import find_design
from gen.model.property import find_properties
from gen.model.render import render
from gen.model.zone import Zone
from gen.tlc.cache import Cache, content_key
from gen.tlc.command import LOG, command_line
from gen.tlc.options import TlcOptions
from gen.tlc.report import Report
from gen.tlc.spec import Spec
from gen.tlc.stream import read_report
from gen.tlc.toolchain import Toolchain

LOGS = Path(__file__).parent / "data" / "tlc"
SUCCESS = (LOGS / "success.txt").read_text(encoding="utf-8").partition("### stderr")[0]
#: A counterexample to something else: of Alignment it is none that a replay could confirm.
VIOLATED = (LOGS / "invariant.txt").read_text(encoding="utf-8")
TOOLCHAIN = Toolchain(
    *(Path("/java"), "--java", "21", Path("/t.jar"), "--jar", "0"), java_sha256="0"
)
SPEC = Spec("m", "---- MODULE m ----\n\\* by A\n\\* for B\nEXTENDS TLC\n\\* x\n====\n", "INIT I\n")


def key(spec: Spec = SPEC, toolchain: Toolchain = TOOLCHAIN, **options: Any) -> str:
    command = command_line(toolchain, Path("/r"), spec.name, TlcOptions(**options))
    return content_key(spec, toolchain.jar_sha256, toolchain.java_identity, command)


def entries(cache: Cache) -> list[Path]:
    assert cache.directory is not None
    return [*cache.directory.glob("*")]


def final(_report: Report) -> bool:
    return True


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache({"XDG_CACHE_HOME": str(tmp_path / "cache")})


@pytest.fixture
def kept(cache: Cache, tmp_path: Path) -> Report:
    """A report that is in the cache."""
    log = tmp_path / "tlc.out"
    log.write_text(SUCCESS, encoding="utf-8")
    report = read_report(SUCCESS, 0)
    cache.store(key(), log, report)
    return report


# --- what makes two runs the same -------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        replace(SPEC, tla=SPEC.tla.replace("by A", "by somebody else, 2 days later")),
        replace(SPEC, tla=SPEC.tla.replace("\\* for B\n", "")),
        replace(SPEC, tla=SPEC.tla.replace("\\* for B\n", "\\* for B\n\\* EXTENDS Naturals\n")),
    ],
)
def test_who_made_a_module_does_not_matter(spec: Spec) -> None:
    assert key(spec) == key()


def test_the_heap_and_where_java_is_do_not_matter_as_what_is_complete_is_the_same() -> None:
    assert key(heap="64m") == key()
    assert key(toolchain=replace(TOOLCHAIN, java=Path("/other"))) == key()
    assert key(toolchain=replace(TOOLCHAIN, jar=Path("/copy.jar"))) == key()


@pytest.mark.parametrize(
    "other",
    [
        key(replace(SPEC, tla=SPEC.tla.replace("EXTENDS TLC", "EXTENDS Integers"))),
        key(replace(SPEC, tla=SPEC.tla.replace("\\* x", "\\* y"))),
        key(replace(SPEC, tla=SPEC.tla.replace("MODULE m", "MODULE n"))),
        key(replace(SPEC, tla="\\* x\n")),
        key(replace(SPEC, tla="")),
        key(replace(SPEC, name="n")),
        key(replace(SPEC, cfg="INIT J\n")),
        key(replace(SPEC, cfg="")),
        key(toolchain=replace(TOOLCHAIN, jar_sha256="1")),
        key(toolchain=replace(TOOLCHAIN, java_version="25")),
        key(toolchain=replace(TOOLCHAIN, java_sha256="1")),
        key(workers=2),
    ],
)
def test_all_else_makes_another_run(other: str) -> None:
    assert other != key()


def test_two_designs_that_differ_in_their_title_alone_are_the_same_run() -> None:
    design = find_design("v6.12")
    asked = find_properties(["Alignment"])
    spec = render(design, Zone(), asked, "gen check")
    renamed = replace(design, name="mine", title="as v6.12", source="me")
    assert key(render(renamed, Zone(), asked, "gen matrix")) == key(spec)
    assert key(render(design, Zone(isolators=2), asked)) != key(spec)
    assert key(render(find_design("v6.10"), Zone(), asked)) != key(spec)


# --- what is kept -----------------------------------------------------------------------------


def test_what_was_kept_reads_as_it_was(cache: Cache, kept: Report) -> None:
    assert cache.load(key(), final) == kept
    assert kept.ok
    assert cache.misses == 0


def test_another_key_is_a_miss(cache: Cache, kept: Report) -> None:  # noqa: ARG001
    assert cache.load(key(workers=2), final) is None
    assert cache.misses == 1


def test_a_report_that_is_not_final_for_who_asks_is_a_miss(cache: Cache, kept: Report) -> None:
    seen: list[Report] = []

    def never(report: Report) -> bool:
        seen.append(report)
        return False

    assert cache.load(key(), never) is None
    assert (seen, cache.misses) == ([kept], 1)


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data + b"\n",
        lambda data: data.replace(b"distinct", b"distinkt", 1),
        lambda data: data.replace(b"\n0\n", b"\n12\n", 1),
        lambda data: data.replace(b"\n0\n", b"\n\n", 1),
        lambda data: data.replace(b"keeps 1", b"keeps 2", 1),
        lambda data: data.partition(b"\n")[2],
        lambda data: b"\xff" + data,
    ],
)
def test_a_damaged_entry_is_none(cache: Cache, kept: Report, damage: Damage) -> None:
    (path,) = entries(cache)
    whole = path.read_bytes()
    damaged = damage(whole)
    assert damaged != whole
    path.write_bytes(damaged)
    assert cache.load(key(), final) is None
    path.write_bytes(whole)
    assert cache.load(key(), final) == kept


def test_an_entry_under_another_name_is_none(cache: Cache, kept: Report) -> None:  # noqa: ARG001
    (path,) = entries(cache)
    path.rename(path.with_name(f"{key(workers=2)}.txt"))
    assert cache.load(key(workers=2), final) is None


def test_a_log_that_says_something_else_than_the_report_is_not_kept(
    cache: Cache, tmp_path: Path
) -> None:
    log = tmp_path / "tlc.out"
    report = read_report(SUCCESS, 0)
    for data in (b"", b"\xff", SUCCESS.encode()[:-200], VIOLATED.encode()):
        log.write_bytes(data)
        cache.store(key(), log, report)
    cache.store(key(), tmp_path / "gone", report)
    assert cache.load(key(), final) is None


def test_a_cache_that_cannot_be_used_is_an_empty_one(tmp_path: Path) -> None:
    log = tmp_path / "tlc.out"
    log.write_text(SUCCESS, encoding="utf-8")
    (tmp_path / "file").touch()
    for environ in ({"XDG_CACHE_HOME": str(tmp_path / "file")}, {}, {"HOME": "relative"}):
        cache = Cache(environ)
        cache.store(key(), log, read_report(SUCCESS, 0))
        assert cache.load(key(), final) is None
    assert not Path("relative").exists()
    assert not Path("/.cache/pageblock-gen").exists()


@pytest.mark.parametrize("xdg", [None, "", "relative"])
def test_without_a_cache_home_of_its_own_it_is_below_home(tmp_path: Path, xdg: str | None) -> None:
    environ = {"HOME": str(tmp_path)} | ({} if xdg is None else {"XDG_CACHE_HOME": xdg})
    assert Cache(environ).directory == tmp_path / ".cache" / "pageblock-gen" / "tlc"


# --- in a check -------------------------------------------------------------------------------


class Tlc:
    """Stands for process.run: says the same in every run whose directory has this name."""

    def __init__(self, says: dict[str, tuple[str, int]]) -> None:
        self.says = says
        self.ran: list[str] = []

    def __call__(self, _command: list[str], directory: Path, **_: Any) -> Report:
        self.ran.append(directory.name)
        text, code = self.says[directory.name]
        (directory / LOG).write_text(text, encoding="utf-8")
        return read_report(text, code)


@pytest.fixture
def look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Cache
) -> Callable[..., tuple[Result, list[str]]]:
    """Checks Alignment in a directory of its own: the result, and what was run for it."""
    counter = iter(range(100))

    def run(
        *,
        first: tuple[str, int] = (SUCCESS, 0),
        replay: tuple[str, int] = (VIOLATED, 12),
        use: Cache | None = cache,
        jar: str = "0",
        design: str = "v6.12",
        **options: Any,
    ) -> tuple[Result, list[str]]:
        fake = Tlc({"first": first, "first-again": first, "Alignment-replay": replay})
        monkeypatch.setattr("gen.tlc.process.run", fake)
        monkeypatch.setattr("gen.check.confirm.render_replay", lambda *_: Spec("replay", "", ""))
        directory = tmp_path / str(next(counter))
        directory.mkdir()
        request = Check(
            design=find_design(design),
            zone=Zone(),
            properties=tuple(find_properties(["Alignment"])),
            toolchain=replace(TOOLCHAIN, jar_sha256=jar),
            tlc=TlcOptions(**options),
            run_dir=directory,
            made_by=f"gen check {directory}",
            cache=use,
        )
        (verdict,) = check(request)
        return verdict.result, fake.ran

    return run


Look = Callable[..., tuple[Result, list[str]]]


def test_a_second_check_of_the_same_starts_nothing(look: Look) -> None:
    assert look() == (Result.HOLDS, ["first"])
    assert look() == (Result.HOLDS, [])
    assert look(heap="99m") == (Result.HOLDS, [])


def test_another_jar_design_or_number_of_workers_is_run(look: Look) -> None:
    look()
    assert look(jar="1") == (Result.HOLDS, ["first"])
    assert look(design="v6.10") == (Result.HOLDS, ["first"])
    assert look(workers=2) == (Result.HOLDS, ["first"])
    assert look() == (Result.HOLDS, [])


def test_without_a_cache_nothing_is_taken_or_kept(look: Look, cache: Cache) -> None:
    assert look(use=None) == (Result.HOLDS, ["first"])
    assert not entries(cache)
    look()
    assert look(use=None) == (Result.HOLDS, ["first"])


@pytest.mark.parametrize(
    "end",
    [(SUCCESS, 1), (SUCCESS[:300], 0), ("", 0), (VIOLATED, 12)],
    ids=["exit code", "cut off", "nothing", "a violation of something else"],
)
def test_what_is_no_verdict_is_not_kept(look: Look, cache: Cache, end: tuple[str, int]) -> None:
    assert look(first=end) == (Result.NO_VERDICT, ["first"])
    assert not entries(cache)
    assert look() == (Result.HOLDS, ["first"])


def test_a_counterexample_that_no_replay_has_confirmed_is_replayed_again(look: Look) -> None:
    name = read_report(VIOLATED, 12).violated
    assert name
    found = (VIOLATED.replace(f"Invariant {name} is", "Invariant Alignment is"), 12)
    assert read_report(*found).violated == "Alignment"
    assert look(first=found) == (Result.NO_VERDICT, ["first", "Alignment-replay"])
    assert look(first=found) == (Result.NO_VERDICT, ["Alignment-replay"])
    assert look(first=found, replay=(SUCCESS, 0)) == (Result.NO_VERDICT, ["Alignment-replay"])
    assert look(first=found) == (Result.NO_VERDICT, ["Alignment-replay"])
