"""The page that documents the service: its files are served here; web/e2e shows it in a browser."""

import re


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
