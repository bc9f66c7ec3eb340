"""The command `inkdigits lab`: a page on which one trains a network and watches it learn."""

from pathlib import Path

import click

from inkdigits.cli.local_page import open_option
from inkdigits.cli.options import data_dir_option
from inkdigits.cli.serve import run_service

LOOPBACK = "127.0.0.1"


@click.command("lab")
@click.option(
    "--runs",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs; `inkdigits train --resume` takes each of them.  [default: runs]",
)
@data_dir_option
@click.option(
    "--own-data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with images of your own: each folder or file in it, as `train --data` takes it, "
    "can be chosen to train on.",
)
@click.option(
    "--at-once",
    "running",
    type=click.IntRange(1, 64),
    help="Maximum number of runs that train at the same time.  [default: 2]",
)
@click.option(
    "--memory",
    "memory_gib",
    type=click.FloatRange(0.5, 1024),
    help="Memory that each run may use, in GiB, where the system can limit it.  [default: 4]",
)
@click.option(
    "--hours",
    type=click.FloatRange(0, min_open=True),
    help="Time after which a run is stopped; it can be continued.  [default: 24]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.  [default: 5000, or the next one that is free]",
)
@open_option
def lab_command(
    folder: Path | None,
    data_dir: Path | None,
    own_data: Path | None,
    running: int | None,
    memory_gib: float | None,
    hours: float | None,
    port: int | None,
    opens: bool,
) -> None:
    """Train networks on a page in the browser and watch them learn, until Ctrl-C.

    Only this computer can open the page. Runs that are training go on when this command ends; the
    page stops them.
    """
    run_service(
        {
            "host": LOOPBACK,
            "proxies": 0,
            "lab": True,
            "port": port,
            "lab_folder": folder,
            "lab_data_dir": data_dir,
            "lab_own_data": own_data,
            "lab_running": running,
            "lab_memory_bytes": None if memory_gib is None else int(memory_gib * 2**30),
            "lab_run_s": None if hours is None else 3600 * hours,
        },
        opens,
        view="#/train",
    )
