"""The network stays readable: 500 lines, 150 more for lines of text, no imports but NumPy."""

import ast
import io
import sys
import tokenize
from pathlib import Path

import pytest

import inkdigits.nn

MODULES = sorted(Path(inkdigits.nn.__file__).parent.rglob("*.py"))
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(source):
    """Count the lines with code.

    Docstrings do not count: a limit on them would be a reason to leave them out.
    """
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def imported(source):
    """Yield every module that is imported, wherever in the source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_lines_of_code_are_counted():
    source = '''"""Two lines
of docstring."""

# A comment.
def add(  # 1
    first,
    second,
):
    """Docstring."""
    text = """5
    6, not a docstring"""
    return first + second, text
'''
    assert lines_of_code(source) == 7


def test_network_has_at_most_500_lines():
    lines = {path.name: lines_of_code(path.read_text(encoding="utf-8")) for path in MODULES}
    assert lines["layers.py"] > 0
    of_lines_of_text = lines.pop("sequences.py") + lines.pop("ctc.py")
    assert of_lines_of_text <= 150, of_lines_of_text
    assert sum(lines.values()) <= 500, lines


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_network_imports_only_numpy(path):
    for name in imported(path.read_text(encoding="utf-8")):
        ours = name == "inkdigits.arrays" or f"{name}.".startswith("inkdigits.nn.")
        assert ours or name.split(".")[0] in {"numpy", *sys.stdlib_module_names}, name
