"""Keeps what a benchmark measured: figures, command, commit and machine, as JSON in results/."""

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("inkdigits", "numpy", "pillow", "torch", "scikit-learn", "onnxruntime")


def keep(name: str, figures: Any) -> None:
    """Write results/NAME.json, and say so."""
    command = ["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]
    result = {
        "command": " ".join(command),
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "packages": {package: _version(package) for package in PACKAGES if _version(package)},
        "figures": figures,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nKept in benchmarks/results/{path.name}")


def _commit() -> str:
    """The commit that was measured, marked if the code differs from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(RESULTS.parents[1]), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
    # What was kept a moment ago by another benchmark is no change of the code.
    changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!README.md")
    return f"{commit}-dirty" if changed else commit


def _processor() -> str:
    """The processor's name, which only Linux tells in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
