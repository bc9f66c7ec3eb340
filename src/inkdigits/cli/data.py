"""The command `inkdigits data`: download MNIST and verify the data sets."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inkdigits.data import download, folders, mnist, pendigits


@click.command("data")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with MNIST's files, compressed (.gz) or not. They are verified and nothing is "
    "downloaded. INKDIGITS_DATA can name one or more folders instead, separated as in PATH.",
)
def data_command(data_dir: Path | None) -> None:
    """Download MNIST and QMNIST's list of writers to the cache, or verify a folder's files."""
    if not folders.user_folders(data_dir):
        _download(folders.cache_folder())
    _show(data_dir)


def _download(folder: Path) -> None:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks = {
        name: progress.add_task(name, total=source.size, visible=False)
        for name, source in mnist.SOURCES.items()
    }

    def on_progress(name: str, done: int, total: int) -> None:
        progress.update(tasks[name], completed=done, total=total, visible=True)

    def on_failure(message: str) -> None:
        progress.console.print(message, markup=False, highlight=False, soft_wrap=True)

    with progress:
        download.download(folder, on_progress, on_failure)


def _show(data_dir: Path | None) -> None:
    paths = mnist.find_folders(data_dir)
    train, test = mnist.load("train", data_dir), mnist.load("test", data_dir)
    counts = {name: len(digits) for digits in (train, test) for name in digits.hashes}
    notes = []
    if train.writers is None:
        notes.append(f"The writers are unknown without {mnist.TRAIN_WRITERS}.")
    if folders.find_file(paths, pendigits.NAME):
        counts[pendigits.NAME] = len(pendigits.load(data_dir))
    else:
        notes.append(pendigits.missing_message(paths))
        notes.append("Without this file, `inkdigits train` uses MNIST alone.")

    table = Table("File", "Digits")
    table.columns[1].justify = "right"
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    console = Console()
    verified = f"Verified in {folders.join_names(paths)}:"
    console.print(verified, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
