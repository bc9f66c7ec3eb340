"""The site that `make docs` builds: complete, and loads nothing from other servers."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
pytestmark = pytest.mark.site


class Loaded(HTMLParser):
    """The addresses of everything that a page loads or links to."""

    def __init__(self):
        super().__init__()
        self.loads, self.links = [], []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(values["href"])
        elif values.get("src"):
            self.loads.append(values["src"])


def pages():
    return [path for path in SITE.rglob("*.html") if path.name != "404.html"]


def parsed(path):
    page = Loaded()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_every_document_is_a_page():
    documents = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    names = {path.with_suffix(".html").as_posix() for path in documents}
    expected = {name.replace("README.html", "index.html") for name in names}
    assert expected <= {path.relative_to(SITE).as_posix() for path in pages()}


def test_navigation_has_the_course_and_the_lab():
    text = (SITE / "index.html").read_text(encoding="utf-8")
    navigation = re.sub(r"<[^>]+>|\s+", " ", text.partition("md-nav--primary")[2])
    for words in ("Course", "Teaching the course", "The lab", "API reference"):
        assert re.search(rf" {words} ", navigation), words


def test_pages_load_only_files_of_the_site():
    for path in pages():
        for address in parsed(path).loads:
            if address.startswith("data:"):
                continue
            assert not re.match(r"[a-z]+:|//", address), f"{path.name} loads {address}"
            assert (path.parent / address.partition("?")[0]).is_file(), f"{path.name}: {address}"


def test_links_to_the_repository_are_to_files_that_exist():
    found = 0
    for path in pages():
        for address in parsed(path).links:
            if match := re.match(r".*/inkdigits/(?:blob|tree)/main/([^#]*)", address):
                assert (ROOT / match[1]).exists(), f"{path.name} links to {address}"
                found += 1
    assert found > 100


def test_notebooks_are_shown_by_the_repository():
    links = parsed(SITE / "course" / "index.html").links
    notebooks = [address for address in links if address.endswith(".ipynb")]
    assert len(notebooks) == 10
    assert all("/inkdigits/blob/main/docs/course/" in address for address in notebooks)
    assert not list(SITE.rglob("*.ipynb"))


def test_formulas_are_mathml():
    text = (SITE / "how-it-works.html").read_text(encoding="utf-8")
    assert text.count("<math") > 200
    assert "arithmatex" not in text
    assert "\\frac" not in re.sub(r"<(pre|code).*?</\1>", "", text, flags=re.DOTALL)


def test_reference_shows_the_parameters_of_a_docstring_as_a_table():
    text = (SITE / "reference" / "index.html").read_text(encoding="utf-8")
    row = re.search(r"<td><code>media_type</code></td>\s*<td>(.*?)</td>", text, re.DOTALL)
    assert row
    assert row[1] == 'the type that the sender of a file declares, such as "image/png", if any'


def test_search_index_has_documents_and_reference():
    index = (SITE / "search" / "search_index.js").read_text(encoding="utf-8")
    places = {item["location"] for item in json.loads(index.partition(" = ")[2])["docs"]}
    assert {"how-it-works.html#softmax", "reference/index.html#inkdigits.Recognizer"} <= places


@pytest.mark.parametrize("link", ["#no-such-heading", "no-such-page.md", "../src/no_such_file.py"])
def test_broken_link_fails_the_build(link, tmp_path):
    for path in (ROOT / "web", ROOT / "src"):
        (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[0]
    (tmp_path / "mkdocs.yml").write_text(config, encoding="utf-8")
    readme = tmp_path / "README.md"

    readme.write_text("# inkdigits\n", encoding="utf-8")
    passed = build(tmp_path)
    assert passed.returncode == 0, passed.stdout + passed.stderr

    (tmp_path / "docs" / "page.md").write_text(f"# Page\n\n[A link]({link})\n", encoding="utf-8")
    failed = build(tmp_path)
    assert failed.returncode != 0
    assert link.rpartition("/")[2] in failed.stdout + failed.stderr


def build(folder):
    command = [sys.executable, "-m", "mkdocs", "build"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
