"""The drawing page is served to browsers, its files as they may be kept, and nothing else."""

from pathlib import Path

import pytest

from inkdigits.api.routes import frontend

DOCUMENT = Path(__file__).parents[2] / "docs" / "page.md"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
def built(tmp_path, monkeypatch):
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>inkdigits</title>")
    (folder / "config.json").write_text('{"api": ""}')
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "secret").write_text("secret")
    monkeypatch.setattr(frontend, "BUILT", folder)
    return folder


def test_a_browser_gets_the_page_under_its_policy(client, built):
    answer = client.get("/", headers={"Accept": BROWSER})
    assert answer.content_type == "text/html; charset=utf-8"
    assert "<title>inkdigits" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f"\n{policy}\n" in DOCUMENT.read_text(encoding="utf-8")
    # One address, two answers.
    assert set(answer.vary) == {"Accept", "Origin"}
    assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html"])
def test_a_program_gets_the_description(client, built, accept):
    headers = {} if accept is None else {"Accept": accept}
    assert client.get("/", headers=headers).json["name"] == "inkdigits"


def test_without_a_built_page_a_browser_gets_the_description_too(client, tmp_path, monkeypatch):
    monkeypatch.setattr(frontend, "BUILT", tmp_path / "none")
    assert client.get("/", headers={"Accept": BROWSER}).json["name"] == "inkdigits"
    assert client.get("/config.json").status_code == 404


def test_what_is_named_by_its_content_is_kept_for_ever(client, built):
    control = client.get("/assets/index-1a2b.js").cache_control
    assert control.max_age == 365 * 24 * 3600
    assert control.immutable
    assert client.get("/config.json").cache_control.no_cache
    assert client.get("/config.json").json == {"api": ""}
    assert client.get("/favicon.svg").content_type.startswith("image/svg+xml")


@pytest.mark.parametrize("path", ["../secret", "..%2fsecret", "%2e%2e/secret", "../../secret"])
def test_no_other_file_is_served(client, built, path):
    assert client.get(f"/assets/{path}").status_code == 404
