"""A small disk, which gets full."""

import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(folder, size):
    """Mount a small disk in a folder that is made for it; skip the test if that is not possible.

    size    in KiB
    yields  the folder, and a function that sets the size
    """
    folder.mkdir()

    def mount(size, *options):
        options = ",".join([f"size={size}k", *options])
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, text=True)

    mounted = mount(size)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr}")
    yield folder, lambda size: mount(size, "remount").check_returncode()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
