"""Make the notebooks of the course from their sources, without the solutions.

python docs/course/build.py

A source is a Python file in solutions/, divided into cells by lines of the form `# %%`: Jupytext's
percent format. What stands between `# BEGIN SOLUTION` and `# END SOLUTION`, nbgrader's markers, is
replaced by `...` in the notebook, or by what follows in the first marker after a colon.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COURSE = Path(__file__).parent
SOLUTIONS = COURSE / "solutions"
CELL = re.compile(r"^# %%(?: \[(markdown)\])?.*\n", re.MULTILINE)
SOLUTION = re.compile(
    r"^( *)# BEGIN SOLUTION(?:: (.*))?\n(?:.*\n)*? *# END SOLUTION$", re.MULTILINE
)
MARKER = re.compile(r"^ *# (?:BEGIN|END) SOLUTION.*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook."""

    is_markdown: bool
    text: str

    @property
    def is_exercise(self) -> bool:
        """Whether students fill in something here."""
        return bool(SOLUTION.search(self.text))

    @property
    def solved(self) -> str:
        """The text with the solution."""
        return MARKER.sub("", self.text).rstrip()

    @property
    def unsolved(self) -> str:
        """The text with a gap."""
        return SOLUTION.sub(lambda match: match[1] + (match[2] or "..."), self.text)


def sources() -> list[Path]:
    """Return the sources in the order of the course."""
    return sorted(SOLUTIONS.glob("[0-9]*.py"))


def notebook_path(source: Path) -> Path:
    """Return where the notebook of a source is: 04_chain_rule.py gives 04-chain-rule.ipynb."""
    return COURSE / f"{source.stem.replace('_', '-')}.ipynb"


def cells(source: Path) -> Iterator[Cell]:
    """Yield the cells of a source; what comes before the first one is not part of the notebook."""
    parts = CELL.split(source.read_text(encoding="utf-8"))[1:]
    for kind, text in zip(parts[::2], parts[1::2], strict=True):
        is_markdown = kind == "markdown"
        text = text.strip("\n")
        if is_markdown:
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
        yield Cell(is_markdown, text)


def notebook(source: Path) -> dict[str, Any]:
    """Return the notebook of a source, without solutions and outputs, as its format's JSON."""
    return {
        "cells": [
            _cell_json(cell, f"cell-{number}") for number, cell in enumerate(cells(source), start=1)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell_json(cell: Cell, name: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        "cell_type": "markdown" if cell.is_markdown else "code",
        "id": name,
        "metadata": {},
        "source": cell.unsolved.splitlines(keepends=True),
    }
    return content if cell.is_markdown else content | {"execution_count": None, "outputs": []}


def to_text(content: dict[str, Any]) -> str:
    """Return the text of a notebook's file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all notebooks."""
    for source in sources():
        notebook_path(source).write_text(to_text(notebook(source)), encoding="utf-8")
        print(notebook_path(source).name)


if __name__ == "__main__":
    main()
