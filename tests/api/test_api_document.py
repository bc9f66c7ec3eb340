"""docs/api.md against the code: every setting, and every example as printed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from requests_to import serving

from inkdigits.api import Settings, create_app

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SEVEN = Path(__file__).parents[1] / "golden" / "7.png"
EXAMPLES = re.findall(r"^```(sh|python|js)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
RUN = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "js": ["node", "--input-type=module", "-e"],
}


def default_of(field):
    """Write a setting's default as the table does."""
    if field.default_factory is not None:
        return "one for each CPU"
    value = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
    return "none" if value in ("", None) else f"`{value}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    field = Settings.model_fields[name]
    row = f"| `INKDIGITS_{name.upper()}` | {default_of(field)} | {field.description} |"
    assert f"\n{row}\n" in DOCUMENT


def test_documented_settings_exist():
    rows = re.findall(r"^\| `INKDIGITS_(\w+)` \|", DOCUMENT, re.MULTILINE)
    assert [row.lower() for row in rows] == list(Settings.model_fields)


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("INKDIGITS_BATCH_LIMIT", "8")
    monkeypatch.setenv("INKDIGITS_ORIGINS", "https://a.example, https://b.example:8443")
    settings = Settings()
    assert settings.batch_limit == 8
    assert settings.origins == ("https://a.example", "https://b.example:8443")


@pytest.fixture(scope="module")
def address(registry, tmp_path_factory):
    database = tmp_path_factory.mktemp("profiles") / "profiles.sqlite3"
    with serving(create_app(registry, Settings(database=str(database)))) as address:
        yield address


def test_examples_cover_three_languages():
    assert {language for language, _ in EXAMPLES} == set(RUN)
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_examples_work(address, tmp_path, language, code):
    if shutil.which(RUN[language][0]) is None:
        pytest.skip(f"{RUN[language][0]} is not installed")
    shutil.copy(SEVEN, tmp_path / "digit.png")
    assert "http://127.0.0.1:5000" in code
    run = subprocess.run(
        [*RUN[language], code.replace("http://127.0.0.1:5000", address)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    if "/models/" in code:
        assert '"name":"cnn-small"' in run.stdout
        return
    if "number" in code:
        expected = "42" if "length" in code else "7"
        assert re.search(rf'^(.*"text":")?{expected}\b', run.stdout), run.stdout
        return
    digits = re.findall(r'(?:digit": ?|^|\[ )(7)\b', run.stdout, re.MULTILINE)
    assert len(digits) == max(1, code.count("curl ")), run.stdout
