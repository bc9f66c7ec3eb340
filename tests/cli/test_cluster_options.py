"""Options of recognition on a cluster that contradict each other: no cluster is needed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from inkdigits.cli import main

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("command", ["predict", "number"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--on", "ray"], "--on writes its results to a folder: name it with -o."),
        (["-o", "results"], "-o names a folder for the results of --on ray; add that."),
        (["--part-size", "5"], "--part-size divides the work of --on ray; add that."),
        (["--on", "ray", "-o", "results", "--json"], "leave out --csv and --json."),
        (["--on", "ray", "-o", "results", "--csv", "a.csv"], "leave out --csv and --json."),
    ],
)
def test_contradicting_options_are_refused(command, options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [command, str(GOLDEN), *options])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith(message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["predict", "number"])
def test_standard_input_is_refused(command, tmp_path):
    options = ["--on", "ray", "-o", str(tmp_path / "results")]
    result = CliRunner().invoke(main, [command, "-", *options], input=b"")
    assert result.exit_code == 2
    assert "--on does not take standard input: name a file" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "a.csv", "--part-size", "5"], "--part-size divides the work of --on ray"),
        (["-o", "results", "--on", "ray", "--photocopies"], "leave out --photocopies."),
    ],
)
def test_contradicting_options_of_forms_are_refused(options, message, tmp_path):
    result = CliRunner().invoke(main, ["form", "read", str(tmp_path / "f.toml"), "x", *options])
    assert result.exit_code == 2
    assert message in result.stderr


def test_address_that_is_not_one_is_refused(tmp_path):
    options = ["--on", "spark://host", "-o", str(tmp_path / "results")]
    result = CliRunner().invoke(main, ["predict", str(GOLDEN), *options])
    assert result.exit_code == 1
    assert "is not ray or ray://HOST" in result.stderr
    assert not list(tmp_path.iterdir())
