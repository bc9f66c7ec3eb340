"""Time and memory against the number of pictures, the size of a picture, and the batch size."""

import argparse
import sys
from collections.abc import Mapping

from interleaved import (
    Comparison,
    Contender,
    ContenderError,
    OutputsDifferError,
    Row,
    compare,
    described,
)
from results_store import save_results

COUNTS = (1, 10, 100, 1_000, 10_000)
SIDES = (28, 100, 280, 1_000, 4_000)  # px
BATCHES = (8, 32, 128, 512)


def by_count(count: int) -> dict[str, Contender]:
    """Return who computes the logits of this many pictures."""
    settings = {"model": "cnn-small", "count": count}
    return {
        "inkdigits": Contender("inference:ours_many", settings),
        "ONNX Runtime": Contender("inference:onnx_many", settings | {"threads": 1}),
        "ONNX Runtime, all at once": Contender(
            "inference:onnx_many", settings | {"threads": 1, "batch": count}
        ),
    }


def by_side(side: int) -> dict[str, Contender]:
    """Return who recognizes a PNG file of this size."""
    settings = {"side": side, "count": 2}
    return {
        "inkdigits": Contender("recognition:ours", settings),
        "Pillow resize + ONNX Runtime": Contender("recognition:onnx_and_resize", settings),
        "Pillow + our preprocessing + ONNX Runtime": Contender(
            "recognition:onnx_and_preprocessing", settings
        ),
    }


def by_batch(size: int) -> dict[str, Contender]:
    """Return who makes training steps with batches of this size."""
    settings = {"name": "cnn-small", "steps": 2, "batch_size": size}
    return {
        "inkdigits": Contender("training:our_steps", settings),
        "PyTorch": Contender("training:torch_steps", settings | {"threads": 1}),
    }


def sweeps() -> dict[str, Mapping[int, Comparison]]:
    """Return the rows of each sweep, by the number that varies."""

    def comparison(work: str, contenders: Mapping[str, Contender], per_call: int) -> Comparison:
        return Comparison(work, contenders, per_call=per_call, rounds=5, seconds=0.1, memory=True)

    return {
        "pictures": {
            count: comparison(f"logits of {count:,} pictures", by_count(count), 1)
            for count in COUNTS
        },
        "side_px": {
            side: comparison(f"PNG of {side}x{side} to answer", by_side(side), 2) for side in SIDES
        },
        "batch_size": {
            size: comparison(f"training step of {size} pictures", by_batch(size), 2)
            for size in BATCHES
        },
    }


def main() -> None:
    """Measure all sweeps; print and save the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sweeps(), nargs="+", default=list(sweeps()))
    arguments = parser.parse_args()
    for name in arguments.only:
        rows: list[Row] = []
        for number, comparison in sweeps()[name].items():
            try:
                row = compare(comparison)
            except (OutputsDifferError, ContenderError) as error:
                sys.exit(f"{comparison.work}: {error}")
            print(described(row), flush=True)
            rows.append({"x": number} | row)
        save_results("input_sizes", {name: rows}, merge=True)


if __name__ == "__main__":
    main()
