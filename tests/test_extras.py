"""`make test-extras` has every optional extra, `make test-ray` that of Ray: no test is skipped."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = {
    extra: requirements
    for extra, requirements in PROJECT["project"]["optional-dependencies"].items()
    if extra != "cuda"  # needs a GPU
}


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(extra, marks=pytest.mark.ray if extra == "ray" else pytest.mark.extras)
        for extra in EXTRAS
    ],
)
def test_packages_of_the_extra_are_installed(extra):
    for requirement in EXTRAS[extra]:
        assert metadata.version(re.match(r"[\w-]+", requirement)[0])
