"""Everything that CONTRIBUTING.md and the workflows name exists, and all versions agree."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from inkdigits.version import __version__

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORKFLOWS = {path.name: path for path in (ROOT / ".github/workflows").glob("*.yml")}
TARGETS = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
CREATED = {".venv/", "web/node_modules/"}  # by make, so not in the repository
FOLDERS = ("src/", "tests/", "web/", "docs/", "benchmarks/", "deploy/", "requirements/", ".github/")


def paths(text):
    """The paths and path patterns of the repository that a text names."""
    quoted = re.findall(r"`([^`\s]+)`", text) + re.findall(r"ARGS=\"?([\w./-]+)", text)
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    named = {name for name in quoted if name.startswith(FOLDERS)} - CREATED
    return sorted(named | set(linked))


@pytest.mark.parametrize("path", paths(GUIDE))
def test_every_path_in_the_guide_exists(path):
    folder = ROOT / "web" if path == "src/lib" else ROOT
    assert any(folder.glob(path)), path


def test_every_make_target_in_the_guide_exists():
    targets = re.findall(r"(?:`|^)make ([a-z-]+)", GUIDE, re.MULTILINE)
    assert len(targets) > 10
    assert set(targets) <= TARGETS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?!INKDIGITS)[A-Z_]{5,})`", GUIDE))))
def test_every_table_in_the_guide_exists(name):
    sources = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.py")]
    texts = (path.read_text(encoding="utf-8") for path in sources)
    assert any(re.search(rf"^{name} = ", text, re.MULTILINE) for text in texts), name


def steps(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_workflows_run_targets_and_tests_that_exist(name):
    commands = "\n".join(step.get("run", "") for step in steps(WORKFLOWS[name]))
    targets = re.findall(r"\bmake PYTHON=python ([a-z-]+)", commands)
    assert targets
    assert set(targets) <= TARGETS
    for path in re.findall(r"tests/[\w/.]+", commands):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_actions_are_pinned_to_commits(name):
    used = re.findall(r"uses: (.*)", WORKFLOWS[name].read_text(encoding="utf-8"))
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used)


def test_ci_covers_every_supported_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    jobs = yaml.safe_load(WORKFLOWS["ci.yml"].read_text(encoding="utf-8"))["jobs"]
    for job in ("test", "portable"):
        assert jobs[job]["strategy"]["matrix"]["python"] == supported
    assert project["requires-python"] == f">={supported[0]}"


def test_ci_uses_the_makefiles_node():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (version,) = re.findall(r"^NODE_VERSION := (.*)$", makefile, re.MULTILINE)
    for workflow in WORKFLOWS.values():
        text = workflow.read_text(encoding="utf-8")
        assert set(re.findall(r'(?:NODE_VERSION|node-version): "(.*)"', text)) == {version}


def test_one_version_is_stated_everywhere():
    package, lock, document = (
        json.loads((ROOT / f"web/{name}").read_text(encoding="utf-8"))
        for name in ("package.json", "package-lock.json", "openapi.json")
    )
    assert package["version"] == lock["version"] == lock["packages"][""]["version"] == __version__
    assert document["info"]["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{__version__}] - " in changelog
    assert f"\n[{__version__}]: " in changelog
