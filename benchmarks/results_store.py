"""Save what a benchmark measured as JSON in results/: figures, command, commit and machine."""

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
PACKAGES = (
    "inkdigits",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "zlib-ng",
    "flask",
    "gunicorn",
    "torch",
    "scikit-learn",
    "onnxruntime",
    "ray",
    "pyarrow",
    "dask",
    "simpy",
)


def save_results(name: str, figures: dict[str, Any], merge: bool = False) -> None:
    """Write results/NAME.json and print its path.

    merge   keep existing figures under other keys; the commit is then that of the new ones only
    """
    path = RESULTS / f"{name}.json"
    if merge:
        figures = load_results(name) | figures
    # A full path means nothing on another machine, so only its last part is saved.
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
    print(f"\nSaved benchmarks/results/{path.name}")


def load_results(name: str) -> dict[str, Any]:
    """Load the figures in results/NAME.json; empty if the file does not exist."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {}
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def fingerprint(*parts: str, settings: str = "") -> str:
    """Hash parts of the package, to check whether two runs used the same code.

    parts     modules or packages of inkdigits, such as "nn"
    settings  whatever else affects the result
    returns   the first 12 digits of a SHA-256
    raises    FileNotFoundError if a part does not exist
    """
    digest = hashlib.sha256(settings.encode())
    for part in parts:
        paths = sorted(PACKAGE.glob(f"{part}.py")) or sorted((PACKAGE / part).rglob("*.py"))
        if not paths:
            raise FileNotFoundError(f"inkdigits has no module or package {part}")
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def commit(checkout: Path = RESULTS.parents[1]) -> str:
    """Return the checked-out commit, with "-dirty" if the code differs from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(checkout), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
    # Results that another benchmark has just saved are not a change of the code.
    changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!README.md")
    return f"{commit}-dirty" if changed else commit


def _processor() -> str:
    """Return the processor's name, which only Linux has in a file."""
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
