"""The process of a run: what `python -m inkdigits.lab` does."""

import errno
import json
import os
import signal
import sys
import time
import traceback
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inkdigits.data.folders import DataError
from inkdigits.lab.errors import LabError
from inkdigits.lab.files import Asked, Status
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.preparation import prepare
from inkdigits.lab.reporter import Reporter
from inkdigits.lab.trainer import Deleted, Stopped, Trainer
from inkdigits.lab.views import State
from inkdigits.runs import Run, RunError
from inkdigits.storage.files import FileError
from inkdigits.threads import limit_blas_threads
from inkdigits.training import DivergenceError
from inkdigits.training_environment import keep_freed_memory
from inkdigits.worker_pool import WorkerDied

try:
    import resource
except ImportError:  # on Windows, where memory is not limited
    resource = None  # type: ignore[assignment]

LOCK_SECONDS = 5.0  # the lab looks at the lock, too, but only for an instant
NICENESS = 5  # predictions go first
EXPECTED = (LabError, DataError, FileError, WorkerDied, MemoryError, OSError)


def arguments(folder: Path, data_dir: Path | None, limits: LabLimits) -> str:
    """Return the argument of the process of a run."""
    own_data = limits.own_data and str(limits.own_data)
    content = {"folder": str(folder), "data_dir": data_dir and str(data_dir)}
    return json.dumps(content | {"limits": asdict(limits) | {"own_data": own_data}})


def main(argument: str) -> int:
    """Train the run of a folder, in this process alone; return the exit status."""
    content = json.loads(argument)
    limits = content["limits"]
    own_data = limits.pop("own_data")
    limited = LabLimits(**limits, own_data=own_data and Path(own_data))
    if resource is not None:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (limited.memory_bytes, limited.memory_bytes))
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    limit_blas_threads()
    keep_freed_memory()
    signals = _Signals()
    data_dir = content["data_dir"]
    return train_run(
        Path(content["folder"]), data_dir and Path(data_dir), limited, lambda: signals.received
    )


class _Signals:
    """Notes SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)

    def _receive(self, *_: Any) -> None:
        self.received = True


def train_run(folder: Path, data_dir: Path | None, limits: LabLimits, is_asked: Any) -> int:
    """Train the run of a folder; whatever stops it is told in the folder.

    is_asked  whether the system asks the process to end
    returns   the exit status
    """
    until = time.monotonic() + limits.seconds

    def stop_if_asked() -> None:
        if is_asked() or time.monotonic() > until:
            raise Stopped

    run = Run(folder, limits.checkpoints)
    try:
        with run.locked(LOCK_SECONDS):
            asked = Asked.read(folder)
            with closing(Reporter(folder, _status_before(folder, asked))) as reporter:
                try:
                    _train(run, asked, data_dir, limits, reporter, stop_if_asked)
                except Stopped:
                    cause = "as the system asked" if is_asked() else "at the limit of its time"
                    _tell(
                        reporter,
                        "stopped",
                        f"The process ended {cause}; continue the run to go on.",
                    )
                except Deleted:
                    pass  # nobody is left to be told
                except DivergenceError as error:
                    _tell(reporter, "diverged", _divergence(run, error))
                except BaseException as error:
                    _tell(reporter, "failed", _cause(error, folder, data_dir, limits))
                    if isinstance(error, Exception) and not isinstance(error, EXPECTED):
                        raise
    except (RunError, FileError) as error:
        sys.stderr.write(f"{error}\n")  # another process has the run, or its folder is unusable
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _train(
    run: Run,
    asked: Asked,
    data_dir: Path | None,
    limits: LabLimits,
    reporter: Reporter,
    stop_if_asked: Any,
) -> None:
    reporter.state("starting")

    def tell(text: str, total: int | None, done: int | None) -> None:
        stop_if_asked()
        reporter.message(text, total, done)

    prepared = prepare(run, asked, data_dir, limits, tell)
    Trainer(run, asked, prepared, reporter, stop_if_asked).train()


def _status_before(folder: Path, asked: Asked) -> Status:
    """Return the status that the folder has, as that of a run that starts."""
    with suppress(FileError):
        return Status.read(folder)
    return Status("starting", recipe=asked.options.recipe, started=asked.started)


def _tell(reporter: Reporter, state: State, message: str) -> None:
    """Tell how it ended, as far as that is possible on a full disk."""
    with suppress(OSError):
        reporter.flush()
    with suppress(OSError):
        reporter.state(state, message)


def _divergence(run: Run, error: DivergenceError) -> str:
    last = max((int(path.stem.split("-")[1]) for path in run.checkpoints()), default=0)
    return (
        f"The run diverged: the loss or a weight became NaN or infinite at step {error.step}. The "
        f"last good weights are those of step {last}: rewind to it, or further, and lower the "
        "learning rate."
    )


def _cause(error: BaseException, folder: Path, data_dir: Path | None, limits: LabLimits) -> str:
    """Say in a sentence or two, without a path, why training failed."""
    # Without memory, packages written in Rust panic, which is not an Exception.
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        return (
            f"Training needs more memory than the limit of {limits.memory_bytes >> 20:,} MiB: "
            "choose a smaller network, batch or share of the images."
        )
    if isinstance(error, OSError):
        return _disk_error(error)
    if isinstance(error, EXPECTED):
        return _without_paths(str(error), folder, data_dir, limits)
    return "Training stopped because of an unexpected error; the file lab.log of the run has it."


def _disk_error(error: OSError) -> str:
    """Say what an error of the file system means for the run."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            "The disk is full: free some space, or delete other runs, and continue the run from "
            "its last checkpoint."
        )
    return f"A file of the run cannot be written ({error.strerror}); continue it when it can."


def _without_paths(message: str, folder: Path, data_dir: Path | None, limits: LabLimits) -> str:
    """Shorten the paths in a message to their last parts."""
    for path in (folder, data_dir, limits.own_data):
        if path is not None:
            message = message.replace(f"{path}", path.name)
    return message
