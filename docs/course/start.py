"""Copy the notebooks into a folder of your own, and open them in JupyterLab.

python docs/course/start.py [FOLDER]     the folder `course`, if none is named

Notebooks that are in the folder already stay as they are, with your answers; delete one to begin it
anew. The modules that they import are updated.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

COURSE = Path(__file__).parent


def copy_to(folder: Path) -> list[str]:
    """Copy what is missing, and the modules.

    folder   is made if it does not exist
    returns  the names of the notebooks that were copied
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        COURSE / "coursework",
        folder / "coursework",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    copied = []
    for notebook in sorted(COURSE.glob("*.ipynb")):
        if not (folder / notebook.name).exists():
            shutil.copy(notebook, folder)
            copied.append(notebook.name)
    return copied


def main(folder: Path) -> None:
    """Copy, then run JupyterLab until it is closed; exit if it is not installed."""
    if find_spec("jupyterlab") is None:
        sys.exit("JupyterLab is not installed: run `make course`, or `pip install jupyterlab`.")
    copied = copy_to(folder)
    print(
        f"{len(copied)} notebooks copied to {folder}. The first one is 01-pixels.ipynb.", flush=True
    )
    # So that `inkdigits` also works in JupyterLab's terminal and in notebooks.
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "jupyterlab", str(folder)]
    with subprocess.Popen(command, env=os.environ | {"PATH": scripts}) as jupyter:
        while True:
            try:
                sys.exit(jupyter.wait())
            except KeyboardInterrupt:  # JupyterLab, which gets it too, asks whether to stop
                continue


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "course"))
