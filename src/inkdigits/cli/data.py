"""The command `inkdigits data`: download MNIST and other data sets, and verify them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inkdigits.data import download, folders, mnist, named_sets, pendigits, semeion, unipen
from inkdigits.data.mnist import Source, Split
from inkdigits.data.named_sets import SETS


@click.command("data")
@click.argument("name", metavar="[NAME]", required=False, type=click.Choice(list(SETS)))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with the data files, compressed (.gz) or not. They are verified and nothing is "
    "downloaded. INKDIGITS_DATA can name one or more folders instead, separated as in PATH.",
)
def data_command(name: str | None, data_dir: Path | None) -> None:
    """Download MNIST and QMNIST's list of writers to the cache, or verify a folder's files.

    NAME is another data set for `train --data`: fashion-mnist is downloaded, and the others are
    verified where they are.
    """
    downloads = not folders.user_folders(data_dir)
    if name is not None:
        if downloads and SETS[name].mirrors:
            _download_set(name)
        _show_set(name, data_dir)
        return
    if downloads:
        _download(folders.cache_folder(), mnist.SOURCES, download.MIRRORS)
    _show(data_dir)


def _download_set(name: str) -> None:
    named = SETS[name]
    mirrors = {file: [f"{url}{file}.gz" for url in named.mirrors] for file in named.sources}
    _download(named_sets.cache_folder(name), named.sources, mirrors)


def _show_set(name: str, data_dir: Path | None) -> None:
    """Verify both splits of a data set, and say how many images they have."""
    splits: tuple[Split, ...] = ("train", "test")
    for split in splits:
        images = named_sets.load(name, split, data_dir)
        how = "verified" if SETS[name].sources else "its form is right, but its hash is not known"
        click.echo(f"{images.name}, {split}: {len(images):,} images, {how}")


def _download(
    folder: Path, sources: Mapping[str, Source], mirrors: Mapping[str, Sequence[str]]
) -> None:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks = {
        name: progress.add_task(name, total=source.size, visible=False)
        for name, source in sources.items()
    }

    def on_progress(name: str, done: int, total: int) -> None:
        progress.update(tasks[name], completed=done, total=total, visible=True)

    def on_failure(message: str) -> None:
        progress.console.print(message, markup=False, highlight=False, soft_wrap=True)

    with progress:
        download.download(folder, on_progress, on_failure, sources=sources, mirrors=mirrors)


def _show(data_dir: Path | None) -> None:
    paths = mnist.find_folders(data_dir)
    table = Table("Data", "Digits", "Writers")
    for column in table.columns[1:]:
        column.justify = "right"
    notes = []
    for verify in (_verify_mnist, _verify_pendigits, _verify_unipen, _verify_semeion):
        rows, missing = verify(data_dir, paths)
        for row in rows:
            writers = "unknown" if row.writers is None else f"{len(np.unique(row.writers)):,}"
            table.add_row(row.name, f"{row.digits:,}", writers)
        if missing:
            notes.append(missing)
    if notes:
        notes.append("`inkdigits train` uses what is there.")

    console = Console()
    verified = f"Verified in {folders.join_names(paths)}:"
    console.print(verified, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


class _Row(NamedTuple):
    """A file, or a part of one."""

    name: str
    digits: int
    writers: NDArray[Any] | None  # of each digit; None if unknown


# The rows of a data set, and a sentence about what is missing.
_Verified: TypeAlias = tuple[list[_Row], str | None]


def _verify_mnist(data_dir: Path | None, paths: Sequence[Path]) -> _Verified:
    train, test = mnist.load("train", data_dir), mnist.load("test", data_dir)
    rows = [
        _Row(name, len(digits), digits.writers)
        for digits in (train, test)
        for name in digits.hashes
    ]
    if train.writers is None:
        return rows, f"The writers of MNIST are unknown without {mnist.TRAIN_WRITERS}."
    return rows, None


def _verify_pendigits(data_dir: Path | None, paths: Sequence[Path]) -> _Verified:
    if not folders.find_file(paths, pendigits.NAME):
        return [], pendigits.missing_message(paths)
    traces = pendigits.load(data_dir)
    return [_Row(pendigits.NAME, len(traces), traces.writers)], None


def _verify_unipen(data_dir: Path | None, paths: Sequence[Path]) -> _Verified:
    if not unipen.find(paths):
        return [], unipen.missing_message(paths)
    traces = unipen.load(data_dir)
    parts = {
        "training": unipen.TRAINING_CONTRIBUTORS,
        "development": unipen.DEVELOPMENT_CONTRIBUTORS,
        "reserved": unipen.RESERVED_CONTRIBUTORS,
    }
    rows = []
    for use, contributors in parts.items():
        part = unipen.select_contributors(traces, contributors)
        name = f"{unipen.FOLDER}, {use}: {', '.join(contributors)}"
        rows.append(_Row(name, len(part), part.writers))
    return rows, None


def _verify_semeion(data_dir: Path | None, paths: Sequence[Path]) -> _Verified:
    if not folders.find_file(paths, semeion.NAME):
        return [], semeion.missing_message(paths)
    return [_Row(semeion.NAME, len(semeion.load(data_dir)), None)], None
