"""The command `inkdigits data`: brings MNIST to this machine and says where it is."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inkdigits.data import mnist
from inkdigits.data.mnist import Digits


@click.command("data")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder that has the files of MNIST, compressed or not: they are verified there and "
    "nothing is downloaded. INKDIGITS_DATA names it as well.",
)
def data_command(data_dir: Path | None) -> None:
    """Download MNIST and QMNIST's writers to the cache, or verify a folder that has them."""
    if mnist.named_folder(data_dir) is None:
        _download(mnist.cache_folder())
    _show(mnist.find(data_dir), mnist.load("train", data_dir), mnist.load("test", data_dir))


def _download(folder: Path) -> None:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    bars = {
        name: progress.add_task(name, total=source.size, visible=False)
        for name, source in mnist.SOURCES.items()
    }

    def on_progress(name: str, done: int, total: int) -> None:
        progress.update(bars[name], completed=done, total=total, visible=True)

    def on_failure(message: str) -> None:
        progress.console.print(message, markup=False, highlight=False, soft_wrap=True)

    with progress:
        mnist.download(folder, on_progress, on_failure)


def _show(folder: Path, train: Digits, test: Digits) -> None:
    table = Table("File", "Digits")
    table.columns[1].justify = "right"
    for digits in (train, test):
        for name in digits.hashes:
            table.add_row(name, f"{len(digits):,}")
    console = Console()
    console.print(f"Verified in {folder}:", markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    if train.writers is None:
        console.print(f"The writers are not known without {mnist.TRAIN_WRITERS}.", highlight=False)
