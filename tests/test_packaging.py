"""The wheel and the sdist contain the page, or are not built."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from inkdigits.personal.migrate import REVISIONS

ROOT = Path(__file__).parents[1]
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")
MIGRATIONS = ("env", *(f"versions/revision_{revision}" for revision in REVISIONS))
PAGE = ("inkdigits/page/index.html", "inkdigits/page/assets/index-1a2b.js")


@pytest.fixture
def clone(tmp_path):
    """A copy of what a package is built from, without the page, like a fresh clone."""
    folder = tmp_path / "clone"
    ignored = shutil.ignore_patterns("page", "pretrained", "__pycache__")
    shutil.copytree(ROOT / "src", folder / "src", ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.mark.parametrize("package", ["flask", "flask-swagger-ui", "prometheus-client", "pydantic"])
def test_dependency_whose_inside_we_use_has_an_upper_bound(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (requirement,) = (
        item
        for item in project["optional-dependencies"]["serve"]
        if re.match(r"[\w-]+", item)[0] == package
    )
    assert re.fullmatch(r"[\w-]+>=[0-9.]+,<[0-9.]+", requirement)
    assert f"\n| {package} | " in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")


def build_page(clone):
    for name in PAGE:
        path = clone / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the page")


def call(backend_function, folder, output, **variables):
    """Call a function of the build backend, as pip does."""
    code = f"import sys, hatchling.build as b; b.{backend_function}(sys.argv[1])"
    output.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if "HATCH" not in name}
    return subprocess.run(
        [sys.executable, "-c", code, output],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["build_wheel", "build_sdist"])
def test_package_without_the_page_is_refused_in_one_sentence(clone, tmp_path, target):
    process = call(target, clone, tmp_path / "dist")
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    sentence = process.stderr + process.stdout
    assert "The page is not built" in sentence
    assert "make dist" in sentence
    assert sentence.count("\n") == 1
    assert not list((tmp_path / "dist").iterdir())


def test_wheel_and_sdist_contain_the_page(clone, tmp_path):
    build_page(clone)
    dist = tmp_path / "dist"
    for target in ("build_wheel", "build_sdist"):
        process = call(target, clone, dist)
        assert process.returncode == 0, process.stderr
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert set(PAGE) <= set(names)
    assert sum(name.startswith("inkdigits/explain/nearest/") for name in names) == 3
    migrations = {f"inkdigits/personal/migrations/{name}.py" for name in MIGRATIONS}
    assert migrations <= set(names)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert all((unpacked / "src" / name).is_file() for name in PAGE)
    # A wheel is built from the sdist without Node: there is nothing left to build.
    process = call("build_wheel", unpacked, tmp_path / "again", PATH="")
    assert process.returncode == 0, process.stderr
    (again,) = (tmp_path / "again").glob("*.whl")
    assert set(PAGE) <= set(zipfile.ZipFile(again).namelist())


def test_editable_install_needs_no_page(clone, tmp_path):
    process = call("build_editable", clone, tmp_path / "dist")
    assert process.returncode == 0, process.stderr
    assert list((tmp_path / "dist").glob("*.whl"))


def test_package_for_a_container_is_built_without_the_page_on_purpose(clone, tmp_path):
    (clone / "hatch_build.py").unlink()  # the image's build does not copy it
    process = call("build_wheel", clone, tmp_path / "dist", HATCH_BUILD_NO_HOOKS="true")
    assert process.returncode == 0, process.stderr
    dockerfile = (ROOT / "deploy/api.Dockerfile").read_text(encoding="utf-8")
    assert "HATCH_BUILD_NO_HOOKS=true tools/bin/pip wheel" in dockerfile
