"""Run directories: never shared, never somebody's full one; files whole or not there."""

from __future__ import annotations

import errno
import json
import secrets
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gen.errors import ExitCode, GenError
from gen.files import write_json, write_text
from gen.run_dir import make_run_dir


def no_space(*_args: object, **_kwargs: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def refused(requested: Path | str) -> str:
    with pytest.raises(GenError) as error:
        make_run_dir(str(requested), "x")
    assert "\n" not in error.value.message
    return error.value.message


def test_runs_go_below_the_cache_that_the_user_chose(tmp_path: Path) -> None:
    path = make_run_dir(None, "zone", {"XDG_CACHE_HOME": str(tmp_path / "c"), "HOME": "/nowhere"})
    assert path.parent == tmp_path / "c" / "pageblock-gen" / "runs"
    assert path.name.startswith("zone-")
    assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("xdg", [None, "", "relative/cache"])
def test_without_a_usable_setting_runs_go_below_the_home_directory(
    tmp_path: Path, xdg: str | None
) -> None:
    environ = {"HOME": str(tmp_path)} | ({} if xdg is None else {"XDG_CACHE_HOME": xdg})
    path = make_run_dir(None, "zone", environ)
    assert path.parent == tmp_path / ".cache" / "pageblock-gen" / "runs"


def test_a_home_that_cannot_be_written_does_not_stop_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    blocker = tmp_path / "file"
    blocker.touch()
    for environ in ({"HOME": str(blocker)}, {"HOME": "/proc"}, {}):
        path = make_run_dir(None, "zone", environ)
        assert path.parent == tmp_path
        assert path.is_dir()


def test_no_place_at_all_is_one_line_and_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(GenError) as error:
        make_run_dir(None, "zone", {})
    assert error.value.code is ExitCode.NO_VERDICT
    assert error.value.message.startswith("no verdict: ")
    assert "\n" not in error.value.message


def test_checks_started_in_the_same_second_never_share_a_directory(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    with ThreadPoolExecutor(16) as pool:
        paths = list(pool.map(lambda _: make_run_dir(None, "zone", environ), range(100)))
    assert len(set(paths)) == 100


def test_a_name_already_taken_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _n: next(draws))
    monkeypatch.setattr(time, "strftime", lambda _f: "now")
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    assert make_run_dir(None, "z", environ).name == "z-now-aaaa"
    assert make_run_dir(None, "z", environ).name == "z-now-bbbb"


@pytest.mark.parametrize("label", ["../../etc", "a/b c\n", "", "--", "é" * 300, "x" * 300])
def test_no_label_leads_out_of_the_runs_directory(tmp_path: Path, label: str) -> None:
    path = make_run_dir(None, label, {"XDG_CACHE_HOME": str(tmp_path)})
    assert path.resolve().parent == tmp_path / "pageblock-gen" / "runs"
    assert not path.name.startswith(("-", "."))


def test_a_requested_directory_is_made_with_its_parents_and_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_run_dir("a/b ü/c", "x") == tmp_path / "a" / "b ü" / "c"
    assert (tmp_path / "a" / "b ü" / "c").is_dir()


def test_an_empty_directory_that_exists_is_taken_and_left_empty(tmp_path: Path) -> None:
    assert make_run_dir(str(tmp_path), "x") == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_files_of_the_user_are_never_mixed_with_a_run(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    assert "is not empty (it holds thesis.tex)" in refused(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} is not a directory" in refused(tmp_path / "file")
    assert f"{tmp_path / 'file'} is not a directory" in refused(tmp_path / "file" / "a" / "b")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert f"{tmp_path / 'link'} is not a directory" in refused(tmp_path / "link")


def test_a_directory_that_cannot_be_made_is_one_line() -> None:
    for path in ("/proc/pageblock/run", "x" * 5000, "a\0b"):
        assert "cannot be made" in refused(path)
    assert "empty name" in refused("")


def test_a_directory_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_args: object, **_kwargs: object) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    assert "cannot be written: Read-only file system" in refused(tmp_path)


def test_text_arrives_byte_for_byte(tmp_path: Path) -> None:
    write_text(tmp_path / "t", "é\r\n雪\n")
    assert (tmp_path / "t").read_bytes() == "é\r\n雪\n".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_json_keeps_the_order_of_keys_and_is_readable_by_people(tmp_path: Path) -> None:
    write_json(tmp_path / "j", {"z": 1, "a": "é"})
    text = (tmp_path / "j").read_text(encoding="utf-8")
    assert text == '{\n  "z": 1,\n  "a": "é"\n}\n'


def test_a_path_that_is_no_utf8_does_not_cost_the_result(tmp_path: Path) -> None:
    write_json(tmp_path / "j", {"path": "a\udcff"})
    assert json.loads((tmp_path / "j").read_bytes()) == {"path": "a\udcff"}


def test_a_disk_that_fills_up_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "t", "old")
    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(GenError) as error:
        write_text(tmp_path / "t", "new")
    assert error.value.code is ExitCode.NO_VERDICT
    message = error.value.message
    assert message == f"no verdict: {tmp_path / 't'} cannot be written: No space left on device"
    assert (tmp_path / "t").read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_a_directory_that_is_gone_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        write_text(tmp_path / "gone" / "t", "x")
    assert error.value.message.startswith("no verdict: ")
