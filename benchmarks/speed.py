"""Run all benchmarks of speed and memory, one after the other, and report which ones failed."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = (
    "inference",
    "training",
    "augmentation",
    "training_images",
    "recognition",
    "serving",
    "physical_limit",
    "input_sizes",
    "preprocessing",
)
WITH_ROUNDS = ("inference", "training", "augmentation", "training_images", "recognition", "serving")


def main() -> None:
    """Run the benchmarks; exit with status 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="instead of each row's own number")
    arguments = parser.parse_args()
    failed = []
    for name in BENCHMARKS:
        print(f"\n{name}", flush=True)
        rounds = []
        if arguments.rounds and name in WITH_ROUNDS:
            rounds = ["--rounds", str(arguments.rounds)]
        start = time.monotonic()
        command = [sys.executable, str(HERE / f"{name}.py"), *rounds]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
        print(f"{name} took {(time.monotonic() - start) / 60:.1f} min", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
