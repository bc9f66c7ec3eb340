"""Base images for these tests, and figures that are printed at the end."""

import os

import pytest
from stack import base_images, run

FIGURES = pytest.StashKey[dict[str, str]]()


def pytest_configure(config):
    config.stash[FIGURES] = {}


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("containers")
        for name, value in config.stash[FIGURES].items():
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def figures(pytestconfig):
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session", autouse=True)
def bases():
    """Build everything from base images that are available."""
    try:
        os.environ.update(base_images())
        run("sh", "deploy/compose.sh", "version")  # reports what is missing
    except AssertionError as error:
        pytest.exit(str(error), returncode=1)
