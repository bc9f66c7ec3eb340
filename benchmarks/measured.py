"""Keeps what a benchmark measured: figures, command, commit and machine, as JSON in results/."""

import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import inkdigits

RESULTS = Path(__file__).parent / "results"
PACKAGE = Path(inkdigits.__file__).parent
PACKAGES = ("inkdigits", "numpy", "pillow", "torch", "scikit-learn", "onnxruntime")


def keep(name: str, figures: dict[str, Any], merge: bool = False) -> None:
    """Write results/NAME.json, and say so.

    merge   keep what is there under other keys; the figures say themselves what code they are of
    """
    path = RESULTS / f"{name}.json"
    if merge:
        figures = recalled(name) | figures
    # Where one machine has a folder means nothing on another: its name is enough.
    arguments = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    command = ["python", f"benchmarks/{Path(sys.argv[0]).name}", *arguments]
    result = {
        "command": shlex.join(command),
        "commit": commit(),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "packages": {package: _version(package) for package in PACKAGES if _version(package)},
        "figures": figures,
    }
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nKept in benchmarks/results/{path.name}")


def recalled(name: str) -> dict[str, Any]:
    """The figures that results/NAME.json holds; none if it is not there."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {}
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def fingerprint(*parts: str, also: str = "") -> str:
    """SHA-256, its first 12 digits, of parts of the package: whether runs are of the same code.

    parts   modules or packages of inkdigits, such as "nn"
    also    what else decides the result
    """
    digest = hashlib.sha256(also.encode())
    for part in parts:
        for path in sorted(PACKAGE.glob(f"{part}.py")) or sorted((PACKAGE / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def commit(checkout: Path = RESULTS.parents[1]) -> str:
    """The commit that was measured, marked if the code differs from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(checkout), *arguments]
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
