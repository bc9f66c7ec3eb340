"""The settings of the service: sources and validation."""

import os
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from inkdigits.api.settings import (
    DEFAULT_ORIGINS,
    OTHER_VARIABLES,
    Settings,
    misspelt_settings,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("INKDIGITS_"):
            monkeypatch.delenv(name)


def test_misspelt_settings_are_found_with_the_nearest_name():
    others = [f"INKDIGITS_{name}" for name in OTHER_VARIABLES]
    assert misspelt_settings(["PATH", "INKDIGITS_PORT", "inkdigits_port", *others]) == []
    assert misspelt_settings(["INKDIGITS_WORKER", "INKDIGITS_ZZZ", "INKDIGITS_BATCHLIMIT"]) == [
        "INKDIGITS_BATCHLIMIT is not a setting of the service; did you mean INKDIGITS_BATCH_LIMIT?",
        "INKDIGITS_WORKER is not a setting of the service; did you mean INKDIGITS_WORKERS?",
        "INKDIGITS_ZZZ is not a setting of the service; docs/api.md lists all.",
    ]


def test_other_variables_are_read_somewhere():
    readers = [ROOT / "Makefile", ROOT / "src/inkdigits/data/folders.py"]
    for pattern in ("compose*.yaml", "deploy/**/*", "web/*.ts", "web/scripts/*", "docs/*.md"):
        readers += [path for path in ROOT.glob(pattern) if path.is_file()]
    text = "\n".join(path.read_text(encoding="utf-8") for path in readers)
    assert [name for name in OTHER_VARIABLES if f"INKDIGITS_{name}" not in text] == []


def test_defaults_apply_without_an_environment():
    settings = Settings()
    assert (settings.host, settings.port, settings.models) == ("127.0.0.1", 5000, ("cnn-small",))
    assert settings.origins == DEFAULT_ORIGINS


def test_precedence_is_argument_environment_default(monkeypatch):
    monkeypatch.setenv("INKDIGITS_PORT", "8000")
    assert Settings().port == 8000
    assert Settings(port=9000).port == 9000


def test_lists_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("INKDIGITS_MODELS", " mlp, my/own.safetensors ,")
    assert Settings().models == ("mlp", "my/own.safetensors")
    monkeypatch.setenv("INKDIGITS_ORIGINS", "http://a.example,https://b.example:8443")
    assert Settings().origins == ("http://a.example", "https://b.example:8443")


def test_origins_may_be_empty(monkeypatch):
    monkeypatch.setenv("INKDIGITS_ORIGINS", "")
    assert Settings().origins == ()


@pytest.mark.parametrize("rate", ["", "60/minute", "1 per second", "100 / day"])
def test_rate_is_a_number_and_a_unit(rate):
    assert Settings(rate_limit=rate).rate_limit == rate


@pytest.mark.parametrize("rate", ["60", "0/minute", "-1/minute", "60/fortnight", "often", "1/day;"])
def test_invalid_rate_is_rejected(rate):
    with pytest.raises(ValidationError, match="is not a rate"):
        Settings(rate_limit=rate)


@pytest.mark.parametrize("uri", ["redis://localhost:6379", "nonsense", "other://localhost"])
def test_storage_that_is_not_available_is_rejected(monkeypatch, uri):
    monkeypatch.setitem(sys.modules, "redis", None)  # as if it were not installed
    with pytest.raises(ValidationError, match="is not a storage that is available here"):
        Settings(rate_limit_storage=uri)
    assert Settings(rate_limit_storage="memory://").rate_limit_storage == "memory://"


@pytest.mark.parametrize(
    ("uri", "logged"),
    [
        ("memory://", "memory://"),
        ("redis://user:secret@host:6379/0", "redis://..."),
        ("redis+sentinel://:secret@a:1,b:2/x?password=secret", "redis+sentinel://..."),
    ],
)
def test_password_of_a_storage_is_not_logged(uri, logged):
    values = Settings().model_copy(update={"rate_limit_storage": uri}).for_log()
    assert values["rate_limit_storage"] == logged
    assert values["proxies"] == 0
    assert "secret" not in str(values)


def test_password_of_a_database_is_not_logged():
    url = "postgresql+psycopg://user:secret@host/name"
    assert Settings(database=url).for_log()["database"] == "postgresql+psycopg://..."
    assert Settings(database="p.sqlite3").for_log()["database"] == "p.sqlite3"


def test_password_of_a_storage_is_not_printed(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ValidationError) as caught:
        Settings(rate_limit_storage="redis://:secret@cache:6379")
    (error,) = caught.value.errors(include_input=False)
    assert error["msg"].startswith("Value error, 'redis://' is not a storage")
    assert "secret" not in error["msg"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("port", 65536),
        ("workers", 0),
        ("models", ()),
        ("max_body_bytes", 100),
        ("batch_limit", 0),
        ("queue", -1),
        ("queue_timeout_s", 0),
        ("drain_s", "soon"),
        ("log_level", "loud"),
    ],
)
def test_invalid_value_is_reported_by_name(name, wrong):
    with pytest.raises(ValidationError) as raised:
        Settings(**{name: wrong})
    [error] = raised.value.errors()
    assert error["loc"] == (name,)


def test_default_is_one_worker_for_each_available_cpu(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert Settings().workers == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert Settings().workers == 1


def test_settings_are_immutable():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1
