"""The command `inkdigits lab`: the settings with which it serves, whatever the environment says."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from inkdigits.api import server
from inkdigits.cli import main


@pytest.fixture
def run_lab(monkeypatch):
    """Run `inkdigits lab ARGUMENTS...` with a server that ends when it is ready.

    returns  the result, and the settings of the server
    """

    def run(*arguments):
        served = []

        def serve(settings, on_ready):
            served.append(settings)
            on_ready("http://127.0.0.1:5000")

        monkeypatch.setattr(server, "serve", serve)
        result = CliRunner().invoke(main, ["lab", "--no-open", *map(str, arguments)])
        return result, (served or [None])[0]

    return run


def test_lab_is_for_this_computer_only(run_lab, monkeypatch):
    for name, value in [("HOST", "0.0.0.0"), ("PROXIES", "1"), ("LAB", "0")]:
        monkeypatch.setenv(f"INKDIGITS_{name}", value)
    result, settings = run_lab()
    assert result.exit_code == 0, result.output
    assert settings.host == "127.0.0.1"
    assert settings.has_lab
    assert settings.gives_lab_token
    assert settings.lab_folder == Path("runs")
    assert "http://127.0.0.1:5000/#/train\n" in result.stdout


def test_options_become_limits(run_lab, tmp_path):
    arguments = ["--runs", tmp_path / "mine", "--own-data", tmp_path, "--data-dir", tmp_path]
    arguments += ["--at-once", 3, "--memory", 0.5, "--hours", 1.5, "--port", 0]
    _, settings = run_lab(*arguments)
    assert settings.lab_folder == tmp_path / "mine"
    assert settings.lab_own_data == settings.lab_data_dir == tmp_path
    assert settings.lab_running == 3
    assert settings.lab_memory_bytes == 2**29
    assert settings.lab_run_s == 5400
    assert settings.port == 0


@pytest.mark.parametrize(
    "arguments",
    [["--hours", "0"], ["--memory", "0.1"], ["--at-once", "0"], ["--own-data", "/nowhere"]],
)
def test_limits_that_make_no_sense_are_refused(run_lab, arguments):
    result, settings = run_lab(*arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr
    assert settings is None
