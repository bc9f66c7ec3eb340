"""Write pictures of digits in Parquet files, for the benchmarks of many workers."""

from collections.abc import Iterator
from pathlib import Path

from picture_files import digit_images, png_file

DIFFERENT = 2_000  # pictures; they are repeated, under other keys


def write_shards(folder: Path, count: int, shard_size: int, side: int) -> None:
    """Write numbered Parquet files of one row group each, with the columns key and image.

    count       of all pictures
    shard_size  pictures in a file
    side        of a picture, px
    """
    import pyarrow
    from pyarrow import parquet

    folder.mkdir(parents=True)
    pngs = [png_file(digit, side) for digit in digit_images(min(count, DIFFERENT))]
    for first in range(0, count, shard_size):
        numbers = range(first, min(first + shard_size, count))
        table = pyarrow.table(
            {
                "key": [f"{number:09}.png" for number in numbers],
                "image": [pngs[number % len(pngs)] for number in numbers],
            }
        )
        parquet.write_table(table, folder / f"{first // shard_size:06}.parquet", compression="none")


def link_shards(folder: Path, source: Path, count: int) -> None:
    """Fill a folder with a number of links to the shards of another one, in turn."""
    folder.mkdir()
    sources = shards(source)
    for number in range(count):
        (folder / f"{number:06}.parquet").hardlink_to(sources[number % len(sources)])


def shards(folder: Path) -> list[Path]:
    """Return the shards in a folder."""
    return sorted(folder.glob("*.parquet"))


def read_shard(path: Path) -> tuple[list[str], list[bytes]]:
    """Return the keys and the PNG files of a shard."""
    from pyarrow import parquet

    table = parquet.read_table(path)
    return table["key"].to_pylist(), table["image"].to_pylist()


def write_digits(path: Path, keys: list[str], digits: list[int | None]) -> None:
    """Write the results of a shard as a Parquet file with the columns key and digit."""
    import pyarrow
    from pyarrow import parquet

    columns = {"key": keys, "digit": pyarrow.array(digits, pyarrow.int8())}
    parquet.write_table(pyarrow.table(columns), path)


def read_digits(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Return the key and the digit of each row of the results in a folder."""
    from pyarrow import parquet

    for path in shards(folder):
        table = parquet.read_table(path, columns=["key", "digit"])
        yield from zip(table["key"].to_pylist(), table["digit"].to_pylist(), strict=True)
