"""The page that documents the service shows it in a browser, with its own files alone."""

import re
import shutil
import subprocess

import pytest
from requests_to import serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def test_the_page_loads_nothing_but_files_that_are_served_here(client):
    page = client.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(links) == 4
    for link in links:
        assert link.startswith("/docs/")
        assert client.get(link).status_code == 200
    # Neither a script nor a style in the page itself.
    assert not re.search(r"<style|style=|<script>|\son\w+=", page.text)


def test_its_files_are_taken_from_a_cache_if_they_are_the_same(client):
    file = client.get("/docs/swagger-ui-bundle.js")
    assert file.content_type.startswith("text/javascript")
    again = client.get(
        "/docs/swagger-ui-bundle.js", headers={"If-None-Match": file.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Request-ID"]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_browser_shows_every_route(app, client, tmp_path):
    with serving(app) as address:
        run = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                f"--user-data-dir={tmp_path}",
                "--virtual-time-budget=20000",
                "--dump-dom",
                f"{address}/docs",
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
    for path, item in client.get("/openapi.json").json["paths"].items():
        for operation in item.values():
            assert operation["summary"] in run.stdout, path
    assert "CONSOLE" not in run.stderr, "a policy was violated, or a script failed"
