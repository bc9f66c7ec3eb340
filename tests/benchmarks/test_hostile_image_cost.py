"""Hostile images stay within the memory limit, and none crashes the process."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_image_cost import MAX_MIB
from hostile_images import MAKERS

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "hostile_image_cost.py"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, []) for kind in ("JPEG,", "PNG", "WebP", "GIF", "TIFF", "AVIF")),
        ("dots", ["--number"]),
    ],
)
def test_hostile_images_use_little_memory_and_give_a_prediction_or_an_image_error(kind, options):
    command = [sys.executable, PROGRAM, "--only", kind, *options]
    # The exit status is ignored: it also depends on the speed, and so on how busy the machine is.
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = re.findall(r"(.{46}) +[\d,]+ +[\d.]+ +(\d+)  (\w+)", run.stdout)
    assert {name.strip() for name, _, _ in lines} == {name for name in MAKERS if kind in name}
    for name, memory, outcome in lines:
        assert int(memory) <= MAX_MIB, name
        assert re.fullmatch(r"\d+|None|ImageTooLarge|DamagedImage", outcome), name
