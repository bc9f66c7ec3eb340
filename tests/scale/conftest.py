"""Ray clusters and a storage on this machine, for the tests of this folder."""

import os
import re
import shutil
import subprocess
import sysconfig
from contextlib import contextmanager
from pathlib import Path

import pytest

from inkdigits.scale.cluster import connected

# Of the storage. The workers of a cluster have them from the process that starts it.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "a-secret-of-tests"}


@pytest.fixture(scope="session")
def storage_credentials():
    """The credentials of the storage, in the environment of all that is started afterward."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield CREDENTIALS


@pytest.fixture(scope="session")
def ray_cluster(storage_credentials):
    """A cluster that all tests share which do not harm it, with this process connected to it."""
    with connected("ray") as cluster:
        yield cluster


@contextmanager
def serve_s3(folder, cache):
    """Start a server of S3, whose buckets are the folders in a folder; return its address.

    It is rclone's, in a process of its own, on a free port of this machine. The process is returned
    as well.
    """
    program = shutil.which("rclone", path=sysconfig.get_path("scripts"))
    keys = ",".join(CREDENTIALS.values())
    command = [program, "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", keys, str(folder)]
    options = ["--config", os.devnull, "--cache-dir", str(cache)]
    # Tests put files into the folder themselves. (With 0s, it never stops working.)
    options += ["--dir-cache-time", "1ms"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            address = next(
                found[1] for line in process.stderr if (found := re.search(r"\[(http:.*)/\]", line))
            )
            yield address, process
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def s3_server(storage_credentials, tmp_path_factory):
    """A real server of S3: its address, and the folder of its buckets."""
    folder = tmp_path_factory.mktemp("buckets")
    with serve_s3(folder, tmp_path_factory.mktemp("cache")) as (address, _):
        yield address, folder


@pytest.fixture
def own_s3_server(storage_credentials, tmp_path, monkeypatch):
    """Another one, which a test may end: its process, and the folder of its bucket "own"."""
    (tmp_path / "buckets/own").mkdir(parents=True)
    with serve_s3(tmp_path / "buckets", tmp_path / "cache") as (address, process):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        yield process, tmp_path / "buckets/own"


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """The folder of a new bucket, whose name is that of the folder, with the server configured."""
    address, folder = s3_server
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    bucket = Path(folder, f"bucket-{len(list(folder.iterdir()))}")
    bucket.mkdir()
    return bucket
