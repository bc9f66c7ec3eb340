"""Adapts the pages, which are written for GitHub, to the site that MkDocs builds."""

import posixpath
import re
from html import unescape
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# The target of a Markdown link or image, or the source of an HTML image.
TARGET = re.compile(r'(\]\(|src=")([^)"#\s:]+)(?=[)"#])')
# With it, a page that was opened from a folder can search, too.
SHIM = ROOT / "web" / "node_modules" / "iframe-worker" / "shim" / "index.js"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Make the README the first page, and add the script for searching without a server."""
    shim = SHIM.read_text(encoding="utf-8")
    files.append(File.generated(config, "site/iframe-worker.js", content=shim))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = TARGET.sub(lambda match: match[1] + _from_docs(match[2]), text)
    files.append(File.generated(config, "index.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Let links to files outside of docs/ lead to the repository."""
    folder = posixpath.dirname(posixpath.join("docs", page.file.src_uri))

    def replace(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[2]))
        if path == "README.md":
            return match[1] + posixpath.relpath("docs/index.md", folder)
        # Browsers show a notebook as JSON; the repository shows it as a notebook.
        is_page = path.startswith("docs/") and not path.endswith(".ipynb")
        if is_page and not (ROOT / path).is_dir():
            return match[0]
        if not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri} links to {match[2]}, which does not exist.")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{match[1]}{config.extra['repository']}/{kind}/main/{path}"

    return TARGET.sub(replace, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Turn formulas into MathML, which browsers show without a script."""

    def replace(match: re.Match[str]) -> str:
        return str(convert(unescape(match[3]), display="inline" if match[2] == "(" else "block"))

    return FORMULA.sub(replace, html)


def _from_docs(target: str) -> str:
    """Return a link of the README as it is from the folder docs/."""
    return posixpath.relpath(target, "docs")
