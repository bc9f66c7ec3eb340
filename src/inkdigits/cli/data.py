"""The command `inkdigits data`: brings MNIST to this machine and says where the digits are."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inkdigits.data import folders, mnist, pendigits


@click.command("data")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder that has the files of MNIST, compressed or not: they are verified there and "
    "nothing is downloaded. INKDIGITS_DATA names one as well, or several, joined as in PATH.",
)
def data_command(data_dir: Path | None) -> None:
    """Download MNIST and QMNIST's writers to the cache, or verify a folder that has them."""
    if not folders.named(data_dir):
        _download(folders.cache())
    _show(data_dir)


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


def _show(data_dir: Path | None) -> None:
    searched = mnist.find(data_dir)
    train, test = mnist.load("train", data_dir), mnist.load("test", data_dir)
    counts = {name: len(digits) for digits in (train, test) for name in digits.hashes}
    notes = []
    if train.writers is None:
        notes.append(f"The writers are not known without {mnist.TRAIN_WRITERS}.")
    if folders.locate(searched, pendigits.NAME):
        counts[pendigits.NAME] = len(pendigits.load(data_dir))
    else:
        notes.append(pendigits.how_to_get(searched))
        notes.append("Without that file, train with --no-pens: on MNIST alone.")

    table = Table("File", "Digits")
    table.columns[1].justify = "right"
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    console = Console()
    verified = f"Verified in {folders.listed(searched)}:"
    console.print(verified, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
