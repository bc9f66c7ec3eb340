"""Each row of the robustness table whose part exists has a test that is named after it."""

import re
from pathlib import Path

# B: bad input, F: faults; what the rows are stands in the docstrings and names of their tests.
HTTP = range(1, 26)
IMAGES = range(26, 49)
MODEL_FILES = range(49, 59)
DATA_SET = range(59, 66)
BROWSER = (66, 67, 68)
FAULTS = range(1, 15)

DUE = {f"b{n}" for n in (*HTTP, *IMAGES, *MODEL_FILES, *DATA_SET, *BROWSER)} | {
    f"f{n}" for n in FAULTS
}


def test_every_row_that_is_due_has_a_test():
    sources = [
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")
    ]
    tested = set(re.findall(r"def test_([bf]\d+)_", "".join(sources)))
    assert DUE - tested == set()
