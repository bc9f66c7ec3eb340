"""No hostile picture takes more memory than is allowed, and none ends the process."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_pictures import MAKERS
from pictures_under_attack import MOST_MIB

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "pictures_under_attack.py"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "GIF"])
def test_hostile_pictures_take_little_memory_and_give_an_answer_or_an_image_error(kind):
    command = [sys.executable, PROGRAM, "--only", kind]
    # The status says whether each was fast enough as well, which a busy machine cannot promise.
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = re.findall(r"(.{46}) +[\d,]+ +[\d.]+ +(\d+)  (\w+)", run.stdout)
    assert {name.strip() for name, _, _ in lines} == {name for name in MAKERS if kind in name}
    for name, memory, outcome in lines:
        assert int(memory) <= MOST_MIB, name
        assert re.fullmatch(r"\d|None|ImageTooLarge|DamagedImage", outcome), name
