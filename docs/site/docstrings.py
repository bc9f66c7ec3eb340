"""Shows the parameters in our docstrings as tables, in the API reference."""

import re
from typing import Any

from griffe import Extension, Object

# A name, or several that share a meaning, then two spaces or more, then the meaning, which may go
# on in lines that are indented.
ENTRY = re.compile(r"(?P<name>\*?\w[\w.*]*(?:, \w+)*) {2,}(?P<meaning>\S.*)")


class Tables(Extension):
    """Replaces the lists of parameters in every docstring."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Replace the list in the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = with_tables(obj.docstring.value)


def with_tables(docstring: str) -> str:
    """Replace each paragraph of entries, "name  meaning", by a table in Markdown."""
    paragraphs = re.split(r"\n\s*\n", docstring)
    return "\n\n".join(_table(paragraph) or paragraph for paragraph in paragraphs)


def _table(paragraph: str) -> str | None:
    """Return a paragraph of entries as a table; None if it is another paragraph."""
    rows: list[list[str]] = []
    for line in paragraph.splitlines():
        if entry := ENTRY.fullmatch(line):
            rows.append([entry["name"], entry["meaning"]])
        elif rows and line.startswith("    "):
            rows[-1][1] += f" {line.strip()}"
        else:
            return None
    lines = [f"| `{name}` | {meaning.replace('|', chr(92) + '|')} |" for name, meaning in rows]
    return "\n".join(["| | |", "|---|---|", *lines]) if rows else None
