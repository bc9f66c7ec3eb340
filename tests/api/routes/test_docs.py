"""The API's documentation page; web/e2e opens it in a browser."""

import re


def test_docs_load_only_files_of_this_service(client):
    page = client.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(links) == 5
    for link in links:
        assert link.startswith("/docs/")
        assert client.get(link).status_code == 200
    # No inline script or style.
    assert not re.search(r"<style|style=|<script>|\son\w+=", page.text)


def test_unchanged_files_return_304(client):
    file = client.get("/docs/swagger-ui-bundle.js")
    assert file.content_type.startswith("text/javascript")
    again = client.get(
        "/docs/swagger-ui-bundle.js", headers={"If-None-Match": file.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Request-ID"]
