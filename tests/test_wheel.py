"""The built package: installed from its wheel it works from any directory, without Java."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from reported import Reported, each_reported

ROOT = Path(__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.tlc]


def run(command: Sequence[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Installed:
    """The wheel in a fresh virtual environment.

    Without a download: ``--no-deps``, and the dependencies are those of the environment
    that runs the tests, which a .pth file adds.  A .pth file in a directory that was added
    so is not read, so an editable install of the checkout does not come in with them.
    """

    sdist: Path
    wheel: Path
    prefix: Path
    elsewhere: Path

    @property
    def env(self) -> dict[str, str]:
        """No JAVA_HOME, and nothing in PATH but this environment."""
        return {"PATH": str(self.prefix / "bin"), "HOME": str(self.elsewhere)}

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(self.prefix / "bin" / argv[0]), *argv[1:]]
        return run(command, cwd or self.elsewhere, self.env)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    tmp = tmp_path_factory.mktemp("wheel")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    # The wheel is built from the sdist, so both are whole.
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp / "dist")]
    built = run([*build, str(ROOT)], tmp, environ)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,), (sdist,) = tmp.glob("dist/*.whl"), tmp.glob("dist/*.tar.gz")
    prefix, elsewhere = tmp / "venv", tmp / "elsewhere"
    elsewhere.mkdir()
    venv.create(prefix, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(prefix / "bin" / "python"), "install"]
    done = run([*pip, "--no-deps", "--no-index", "--quiet", str(wheel)], tmp, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    (site,) = prefix.glob("lib/python*/site-packages")
    needed = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (site / "dependencies.pth").write_text("\n".join(needed) + "\n", encoding="utf-8")
    return Installed(sdist, wheel, prefix, elsewhere)


def test_the_environment_has_the_wheel_s_code_and_no_java(installed: Installed) -> None:
    where = installed.run(
        "python", "-c", "import gen.model.specs; print(gen.__file__, gen.model.specs.SPECS)"
    )
    assert where.returncode == 0, where.stderr
    assert all(path.startswith(str(installed.prefix)) for path in where.stdout.split())
    assert "JAVA_HOME" not in installed.env
    assert not list(Path(installed.env["PATH"]).glob("java*"))


def test_the_specs_travel_inside_the_wheel_and_the_tests_do_not(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = set(archive.namelist())
    specs = {str(p.relative_to(ROOT)) for p in (ROOT / "specs").rglob("*.*") if p.is_file()}
    assert len(specs) > 10
    assert {f"gen/{name}" for name in specs} <= names
    assert "gen/py.typed" in names
    assert {
        f"gen/draw/templates/{path.name}" for path in (ROOT / "gen/draw/templates").glob("*.j2")
    } <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"gen", "pageblock_gen"}
    assert not any("__pycache__" in name for name in names)


def test_the_sdist_has_what_its_own_tests_need(installed: Installed) -> None:
    with tarfile.open(installed.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "tools/golden.py"} <= names
    for folder in ("specs", "tests", "counterexamples", "docs"):
        ours = {str(p.relative_to(ROOT)) for p in (ROOT / folder).rglob("*.[jtmp]*") if p.is_file()}
        ours = {name for name in ours if "__pycache__" not in name}
        assert ours and ours <= names, sorted(ours - names)


def test_render_works_from_any_directory(installed: Installed) -> None:
    done = installed.run("gen", "render", "--design", "v6.12", "--tla")
    assert done.returncode == 0, done.stderr
    golden = ROOT / "specs" / "rendered" / "v6.12.tla"
    assert done.stdout == golden.read_text(encoding="utf-8")


def test_the_race_is_found_without_any_java_on_the_machine(installed: Installed) -> None:
    flags = ("--pageblocks", "4", "--order", "10", "--property", "NoFreelistWarning")
    done = installed.run("gen", "check", *flags, "--run-dir", "run")
    assert done.returncode == 12, done.stdout + done.stderr
    drawing = ROOT / "counterexamples" / "hygiene-v2-isolation-race" / "drawing.txt"
    assert drawing.read_text(encoding="utf-8") in done.stdout
    assert done.stdout.splitlines()[-1].startswith(
        "Observation hygiene-v2/NoFreelistWarning Sometimes 3 "
    )
    # What was searched, and below ~/.cache the compiled templates.
    assert sorted(p.name for p in installed.elsewhere.iterdir()) == [".cache", "run"]


@each_reported
def test_a_patch_in_an_empty_directory_is_answered(
    installed: Installed, tmp_path: Path, bug: Reported
) -> None:
    shutil.copy(bug.path, tmp_path)
    options = ["--design", bug.path.name, *bug.options.split()]
    done = installed.run("gen", "check", *options, cwd=tmp_path)
    assert done.returncode == 12, done.stdout + done.stderr
    observed = f"Observation {bug.name.partition('-')[2]}/{bug.violated} Sometimes {bug.length} "
    assert observed in done.stdout


def test_a_patch_in_an_empty_directory_that_does_nothing_is_told_so(
    installed: Installed, tmp_path: Path
) -> None:
    made = installed.run("gen", "new-design", "mine", "--base", "v7.2", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    done = installed.run("gen", "check", "--design", "mine.toml", cwd=tmp_path)
    assert done.returncode == 3 and "[ok]" not in done.stdout
    assert "mine changes nothing of v7.2: the two modules are the same" in done.stderr
