"""Whole recognitions, from a PNG file to a digit: in a process, as a command, and of a folder.

There are two peers with ONNX Runtime and the same network. The first one only converts the picture
to grayscale, inverts it and resizes it with Pillow, which suffices for pictures like MNIST's. The
second one decodes it with Pillow and uses our preprocessing, so that it does the same work.
"""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from interleaved import Comparison, Contender, run
from onnx_network import onnx_bytes, session
from picture_files import digit_images, png_file, write_folder
from PIL import Image, ImageOps

from inkdigits import Recognizer
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.model_file import DEFAULT_MODEL, load_model, locate
from inkdigits.nn.losses import softmax
from inkdigits.preprocessing import ink, network_input

PEERS = Path(__file__).parent / "peers"
INKDIGITS = [sys.executable, "-c", "from inkdigits.cli import main; main()", "predict", "--json"]
SIDES = (28, 280, 1000)  # px
FILES = 10  # different ones, recognized in turn
FOLDERS = {28: 10_000, 280: 500}  # side in px -> number of files


# In one process


def files(side: int, count: int) -> list[bytes]:
    """Return PNG files of digits, the same for all contenders."""
    return [png_file(digit, side) for digit in digit_images(count)]


def ours(side: int, count: int = FILES) -> Callable[[], list[int | None]]:
    """Prepare our recognition; a call recognizes `count` files and returns the digits."""
    recognizer, pngs = Recognizer.load(), files(side, count)
    return lambda: [recognizer.recognize(file).digit for file in pngs]


def onnx_and_resize(side: int, count: int = FILES) -> Callable[[], list[int]]:
    """Prepare the recognition with Pillow's resize and ONNX Runtime."""
    recognize, pngs = _onnx(), files(side, count)

    def picture(file: bytes) -> Any:
        gray = ImageOps.invert(Image.open(io.BytesIO(file)).convert("L"))
        return np.asarray(gray.resize((IMAGE_SIDE, IMAGE_SIDE)), np.float32)[None] / 255

    return lambda: [recognize(picture(file)) for file in pngs]


def onnx_and_preprocessing(side: int, count: int = FILES) -> Callable[[], list[int]]:
    """Prepare the recognition with Pillow, our preprocessing and ONNX Runtime."""
    recognize, pngs = _onnx(), files(side, count)

    def picture(file: bytes) -> Any:
        rgba = np.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))
        return network_input(ink.from_image(rgba)[None])

    return lambda: [recognize(picture(file)) for file in pngs]


def _onnx() -> Callable[[Any], int]:
    model = load_model(locate(DEFAULT_MODEL))
    onnx_session = session(onnx_bytes(model.network, model.network.unflatten(model.vector)))

    def recognize(x: Any) -> int:
        probabilities = softmax(onnx_session.run(None, {"x": x})[0][:, :CLASSES])
        return int(probabilities[0].argmax())

    return recognize


# As commands


def command(*words: str) -> Callable[[], list[int | None]]:
    """Prepare a command that prints a line of JSON per file; a call returns the digits."""

    def call() -> list[int | None]:
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line)["digit"] or 0 for line in done.stdout.splitlines()]

    return call


def shell(words: list[str]) -> Callable[[], list[int | None]]:
    """Prepare a command given as a list, as JSON has it."""
    return command(*words)


def script(name: str, *arguments: str) -> Contender:
    """Return a peer's script with its arguments as a contender."""
    words = [sys.executable, str(PEERS / f"{name}.py"), *arguments]
    return Contender("recognition:shell", {"words": words})


def write_networks(folder: Path) -> None:
    """Write the default network for the scripts: network.onnx and network.pt."""
    import torch
    from torch_network import torch_network

    model = load_model(locate(DEFAULT_MODEL))
    graph = onnx_bytes(model.network, model.network.unflatten(model.vector))
    (folder / "network.onnx").write_bytes(graph)
    # PyTorch flattens in another order of the axes, so the first dense layer's rows are reordered.
    state = torch_network(model.network, model.vector).state_dict()
    first_dense = next(key for key, value in state.items() if value.dim() == 2)
    weight = state[first_dense]
    by_position = weight.reshape(len(weight), 3, 3, -1).permute(0, 3, 1, 2)
    state[first_dense] = by_position.reshape(len(weight), -1)
    torch.save(state, folder / "network.pt")


# The rows


def file_rows() -> list[Comparison]:
    """Compare recognitions in one process."""
    return [
        Comparison(
            work=f"PNG of {side}x{side} to answer",
            contenders={
                name: Contender(f"recognition:{function}", {"side": side})
                for name, function in (
                    ("inkdigits", "ours"),
                    ("Pillow resize + ONNX Runtime", "onnx_and_resize"),
                    ("Pillow + our preprocessing + ONNX Runtime", "onnx_and_preprocessing"),
                )
            },
            per_call=FILES,
            tolerance=0,
        )
        for side in SIDES
    ]


def command_row(folder: Path) -> Comparison:
    """Compare whole processes that recognize one file."""
    file = folder / "digit.png"
    file.write_bytes(png_file(digit_images(1)[0], 280))
    return Comparison(
        work="`inkdigits predict FILE`, whole process",
        contenders={
            "inkdigits": Contender("recognition:shell", {"words": [*INKDIGITS, str(file)]}),
            "script with ONNX Runtime": script(
                "predict_with_onnx", str(folder / "network.onnx"), str(file)
            ),
            "script with PyTorch": script(
                "predict_with_torch", str(folder / "network.pt"), str(file)
            ),
        },
        tolerance=0,
        rounds=9,
        seconds=0,
    )


def folder_rows(folder: Path) -> list[Comparison]:
    """Compare commands that recognize all files of a folder."""
    rows = []
    for side, count in FOLDERS.items():
        pictures = folder / str(side)
        pictures.mkdir()
        write_folder(pictures, count, side)
        onnx = (str(folder / "network.onnx"), str(pictures))
        for workers in (1, 2):
            ours = [*INKDIGITS, "--workers", str(workers), str(pictures)]
            rows.append(
                Comparison(
                    work=f"folder of {count:,} PNG files of {side}x{side}, "
                    f"`--workers {workers}`, per file",
                    contenders={
                        "inkdigits": Contender("recognition:shell", {"words": ours}),
                        "script with ONNX Runtime": script("predict_with_onnx", *onnx),
                        "the same with our preprocessing": script(
                            "predict_with_onnx_and_preprocessing", *onnx
                        ),
                    },
                    per_call=count,
                    rounds=3,
                    seconds=0,
                )
            )
    return rows


def main() -> None:
    """Measure all rows."""
    with tempfile.TemporaryDirectory() as folder:
        write_networks(Path(folder))
        rows = [*file_rows(), command_row(Path(folder)), *folder_rows(Path(folder))]
        run("recognition", rows, __doc__)


if __name__ == "__main__":
    main()
