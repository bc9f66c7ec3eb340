"""The root: the page and its files for browsers, JSON for programs."""

import re
from pathlib import Path

import pytest

from inkdigits.api.routes import frontend
from inkdigits.version import __version__

DOCUMENT = Path(__file__).parents[3] / "docs" / "page.md"
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
    monkeypatch.setattr(frontend, "PAGE_FOLDER", folder)
    return folder


def test_browser_gets_the_page_with_its_policy(client, built):
    response = client.get("/", headers={"Accept": BROWSER})
    assert response.content_type == "text/html; charset=utf-8"
    assert "<title>inkdigits" in response.text
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f"\n{policy}\n" in DOCUMENT.read_text(encoding="utf-8")
    # One URL, two representations.
    assert set(response.vary) == {"Accept", "Origin"}
    assert "no-cache" in response.headers["Cache-Control"]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html"])
def test_program_gets_json(client, built, accept):
    headers = {} if accept is None else {"Accept": accept}
    assert client.get("/", headers=headers).json["name"] == "inkdigits"


def test_root_describes_the_service(client, recognizer):
    response = client.get("/")
    assert response.content_type == "application/json"
    assert response.json["name"] == "inkdigits"
    assert response.json["version"] == __version__
    assert response.json["model"] == {"name": recognizer.name, "digest": recognizer.digest}
    request = response.json["example"]["request"]
    assert client.open(request["path"], method=request["method"], json={}).status_code == 422
    assert set(request["body"]) == {"image"}
    assert set(response.json["example"]["response"]) == {"predicted_digit", "probabilities"}
    for path in response.json["links"].values():
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_browser_is_told_what_to_do_if_the_page_is_not_built(client, tmp_path, monkeypatch, folder):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(frontend, "PAGE_FOLDER", tmp_path / folder)
    for accept in (BROWSER, "text/html"):
        response = client.get("/", headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
        assert "<code>make run</code>" in response.text
        assert set(response.vary) == {"Accept", "Origin"}
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        # The policy allows neither scripts nor styles.
        assert not re.search(r"<style|style=|<script|\son\w+=", response.text)
    for link in re.findall('href="([^"]*)"', response.text):
        assert client.get(link).status_code == 200
    for accept in ("*/*", "application/json", ""):
        assert client.get("/", headers={"Accept": accept}).json["name"] == "inkdigits"
    assert client.get("/config.json").status_code == 404


def test_hashed_assets_are_immutable(client, built):
    control = client.get("/assets/index-1a2b.js").cache_control
    assert control.max_age == 365 * 24 * 3600
    assert control.immutable
    assert client.get("/config.json").cache_control.no_cache
    assert client.get("/config.json").json == {"api": ""}
    assert client.get("/favicon.svg").content_type.startswith("image/svg+xml")


@pytest.mark.parametrize("path", ["../secret", "..%2fsecret", "%2e%2e/secret", "../../secret"])
def test_other_files_return_404(client, built, path):
    assert client.get(f"/assets/{path}").status_code == 404
