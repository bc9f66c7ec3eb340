"""The limits of the lab."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LabLimits:
    """How much the lab may use.

    running        runs that train, or are paused, at the same time
    kept           run folders; a new run needs a free place
    memory_bytes   address space of the process of a run, where the system can limit it
    seconds        how long the process of a run may live, also while it is paused; then it saves
                   a checkpoint and ends, and can be continued
    checkpoints    kept of each run, to rewind to
    workers        processes that prepare the images of one run
    free_bytes     disk space that must be free before a run starts
    own_data       a folder; each file or folder in it can be trained on, by its name. None: only
                   MNIST and the data sets that have a name
    """

    running: int = 2
    kept: int = 1000
    memory_bytes: int = 4 << 30
    seconds: float = 24 * 3600.0
    checkpoints: int = 20
    workers: int = 2
    free_bytes: int = 1 << 30
    own_data: Path | None = None
