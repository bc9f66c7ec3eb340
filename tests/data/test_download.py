"""Downloads from a real local server, which fails in every way that a mirror can."""

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
import small_mnist as small
from click.testing import CliRunner
from sentences import assert_sentence

from inkdigits.cli import main
from inkdigits.data import download as downloads
from inkdigits.data import folders, mnist
from inkdigits.data.download import Timeouts
from inkdigits.data.folders import DataError

FILES = (
    mnist.TRAIN_IMAGES,
    mnist.TRAIN_LABELS,
    mnist.TEST_IMAGES,
    mnist.TEST_LABELS,
    mnist.TRAIN_WRITERS,
)
LONG_S = 20  # longer than any timeout below
SHORT_TIMEOUTS = Timeouts(idle_s=1, total_s=60)


class Mirrors(ThreadingHTTPServer):
    """A server of many mirrors: /NAME/FILE.gz is how the mirror NAME serves a file."""

    block_on_close = False

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Mirror)
        self.folder = folder
        self.closing = Event()
        self.requests = []
        self.disconnected = Event()

    def url(self, mirror, name):
        return f"http://127.0.0.1:{self.server_port}/{mirror}/{name}.gz"

    def handle_error(self, request, client_address):
        """Print nothing: clients that disconnect are part of the tests."""


class Mirror(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        mirror, file = self.path[1:].split("/")
        self.server.requests.append(self.path)
        getattr(self, mirror)((self.server.folder / file).read_bytes())

    def respond(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def repeat(self, chunk, pause_s):
        end = time.monotonic() + LONG_S
        while time.monotonic() < end and not self.server.closing.wait(pause_s):
            self.wfile.write(chunk)

    def good(self, file):
        self.respond(file)

    def content_encoding(self, file):
        """Some object stores declare a .gz file as a compressed transfer of its content."""
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(file)

    def compressing(self, file):
        """Some servers compress everything that a client accepts compressed."""
        if "gzip" in self.headers["Accept-Encoding"]:
            self.content_encoding(gzip.compress(file))
        else:
            self.respond(file)

    def changed(self, file):
        content = bytearray(gzip.decompress(file))
        content[-1] ^= 1
        self.respond(gzip.compress(content, 1))

    def damaged(self, file):
        file = bytearray(file)
        file[len(file) // 2] ^= 0xFF
        self.respond(bytes(file))

    def login_page(self, file):
        self.respond(b"<html>Please log in to this network.</html>")

    def bomb(self, file):
        self.respond(gzip.compress(bytes(20_000_000), 1))

    def not_found(self, file):
        self.send_error(404)

    def disconnecting(self, file):
        self.respond(file[: len(file) // 2], length=len(file))

    def truncated(self, file):
        self.respond(file[: len(file) // 2])

    def silent(self, file):
        self.server.closing.wait(LONG_S)

    def stalling(self, file):
        self.respond(file[: len(file) // 2], length=len(file))
        self.server.closing.wait(LONG_S)

    def dripping(self, file):
        self.respond(file[:10], length=1_000_000)
        self.repeat(b"\0", 0.01)

    def dripping_headers(self, file):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Header: ")
        self.repeat(b"x", 0.01)

    def endless(self, file, pause_s=0):
        """A valid gzip stream of empty blocks: it never ends and never grows."""
        self.respond(file[:10], length=1_000_000_000_000)
        try:
            self.repeat(b"\0\0\0\xff\xff" * 1000, pause_s)
        except OSError:
            self.server.disconnected.set()

    def slow(self, file):
        self.endless(file, pause_s=0.1)


@pytest.fixture(scope="module")
def mirrors(small_mnist):
    server = Mirrors(small_mnist)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def use_mirrors(mirrors, small_mnist, monkeypatch):
    """Expect the files of the small MNIST, or some of them, and set the mirrors to try."""
    sources = small.sources_of(small_mnist)
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def use(*names, files=FILES):
        monkeypatch.setattr(mnist, "SOURCES", {file: sources[file] for file in files})
        urls = {file: tuple(mirrors.url(name, file) for name in names) for file in files}
        monkeypatch.setattr(downloads, "MIRRORS", urls)
        mirrors.requests.clear()

    return use


def download(folder, *timeouts):
    """Download, and return the reported failures."""
    failures = []
    downloads.download(folder, lambda *progress: None, failures.append, *timeouts)
    return failures


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def uncompressed(small_mnist, names=FILES):
    return {name: gzip.decompress((small_mnist / f"{name}.gz").read_bytes()) for name in names}


def test_each_file_has_two_mirrors():
    assert tuple(downloads.MIRRORS) == FILES
    for name, urls in downloads.MIRRORS.items():
        assert len({url.split("/")[2] for url in urls}) == 2
        for url in urls:
            assert url.startswith("https://")
            assert url.endswith(f"/{name}.gz")
            assert ("qmnist" in url.removesuffix(f"{name}.gz")) == (name == mnist.TRAIN_WRITERS)


@pytest.mark.parametrize("mirror", ["good", "content_encoding", "compressing"])
def test_missing_and_damaged_files_are_downloaded_and_uncompressed(
    mirror, use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors(mirror)
    (tmp_path / FILES[0]).write_bytes(b"damaged")
    intact = gzip.decompress((small_mnist / f"{FILES[1]}.gz").read_bytes())
    (tmp_path / FILES[1]).write_bytes(intact)
    assert download(tmp_path) == []
    assert contents(tmp_path) == uncompressed(small_mnist)
    assert len(mirrors.requests) == 4
    assert download(tmp_path) == []
    assert len(mirrors.requests) == 4


def test_compressed_file_in_the_cache_is_not_downloaded(
    use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors("good", files=FILES[:1])
    (tmp_path / f"{FILES[0]}.gz").write_bytes((small_mnist / f"{FILES[0]}.gz").read_bytes())
    download(tmp_path)
    assert mirrors.requests == []


def test_progress_ends_at_the_size_of_the_content(use_mirrors, tmp_path):
    use_mirrors("good", files=FILES[:1])
    reports = []
    downloads.download(tmp_path, lambda *progress: reports.append(progress), pytest.fail)
    names, done, totals = zip(*reports, strict=True)
    assert set(names) == {FILES[0]}
    assert list(done) == sorted(done)
    assert {done[-1]} == set(totals) == {mnist.SOURCES[FILES[0]].size}


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("changed", "sent a file with the wrong SHA-256"),
        ("damaged", "sent .*"),
        ("login_page", "sent a file that is damaged or not compressed"),
        ("bomb", r"sent more than \d+ bytes"),
        ("not_found", "responded with status 404"),
    ],
)
def test_wrong_file_is_reported_and_the_next_mirror_is_tried(
    mirror, reason, use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors(mirror, "good")
    failures = download(tmp_path)
    assert contents(tmp_path) == uncompressed(small_mnist)
    assert len(failures) == len(FILES)
    for name, failure in zip(FILES, failures, strict=True):
        bad, good = (re.escape(mirrors.url(tried, name)) for tried in (mirror, "good"))
        assert re.fullmatch(f"{bad} ({reason}); trying {good} next", failure)


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("disconnecting", "failed to connect or disconnected (ProtocolError)"),
        ("truncated", "sent a truncated file"),
        ("silent", "sent (almost) no data for 1 s"),
        ("stalling", "sent (almost) no data for 1 s"),
        ("dripping", "sent (almost) no data for 1 s"),
        ("dripping_headers", "sent (almost) no data for 1 s"),
    ],
)
def test_next_mirror_is_tried_after_an_incomplete_response(
    mirror, reason, use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors(mirror, "good", files=FILES[:1])
    bad, good = (mirrors.url(tried, FILES[0]) for tried in (mirror, "good"))
    assert download(tmp_path, SHORT_TIMEOUTS) == [f"{bad} {reason}; trying {good} next"]
    assert contents(tmp_path) == uncompressed(small_mnist, FILES[:1])


@pytest.mark.parametrize("mirror", ["slow", "endless"])
def test_endless_response_is_abandoned_after_the_total_timeout(
    mirror, use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors(mirror, "good", files=FILES[:1])
    mirrors.disconnected.clear()
    (failure,) = download(tmp_path, Timeouts(idle_s=60, total_s=1))
    assert "did not finish within 1 s" in failure
    assert mirrors.disconnected.wait(LONG_S / 2)
    assert contents(tmp_path) == uncompressed(small_mnist, FILES[:1])


def test_error_lists_the_files_to_get_if_all_mirrors_fail(
    use_mirrors, mirrors, small_mnist, tmp_path, monkeypatch
):
    use_mirrors("not_found", "changed")
    unreachable = "http://127.0.0.1:1/"  # nothing listens at port 1
    available = {FILES[1]: (mirrors.url("good", FILES[1]), unreachable)}
    monkeypatch.setattr(
        downloads, "MIRRORS", downloads.MIRRORS | available | {FILES[3]: (unreachable,)}
    )
    failures = []
    with pytest.raises(DataError) as error:
        downloads.download(tmp_path, lambda *progress: None, failures.append)
    missing = [name for name in FILES if name != FILES[1]]
    listed = ", ".join(f"{name} (SHA-256 {mnist.SOURCES[name].sha256})" for name in missing)
    assert str(error.value) == (
        "All mirrors failed: get these files elsewhere and copy them, uncompressed or as .gz, "
        f"to {tmp_path}: {listed}."
    )
    assert contents(tmp_path) == uncompressed(small_mnist, FILES[1:2])
    assert sum(failure.endswith("; no mirrors left") for failure in failures) == 4
    assert (
        f"{unreachable} failed to connect or disconnected (ConnectionError); no mirrors left"
        in failures
    )


DOWNLOAD_TO_AN_UNWRITABLE_FOLDER = """
import os, resource, sys
from pathlib import Path
import small_mnist
from inkdigits.data import download, mnist
from inkdigits.data.folders import DataError

fault, small, mirror, folder = sys.argv[1:]
mnist.SOURCES = small_mnist.sources_of(Path(small))
download.MIRRORS = {name: (f"{mirror}/{name}.gz",) for name in mnist.SOURCES}
if fault == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
if fault == "read-only" and os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    download.download(Path(folder), lambda *progress: None, print)
except DataError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def download_to_an_unwritable_folder(mirrors, small_mnist):
    def run(fault, folder):
        mirror = f"http://127.0.0.1:{mirrors.server_port}/good"
        script = [sys.executable, "-c", DOWNLOAD_TO_AN_UNWRITABLE_FOLDER]
        return subprocess.run(
            [*script, fault, small_mnist, mirror, folder],
            cwd=Path(small.__file__).parent,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def read_only_folder():
    """A read-only folder that every user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        yield Path(folder)
        os.chmod(folder, 0o755)


def test_full_disk_is_an_error_and_leaves_no_partial_file(
    download_to_an_unwritable_folder, tmp_path
):
    (tmp_path / "before").write_text("intact")
    (tmp_path / FILES[0]).write_text("damaged")
    result = download_to_an_unwritable_folder("full", tmp_path)
    assert result.returncode == 1
    assert_sentence(result.stderr.strip())
    assert f"{tmp_path} is not writable (File too large)" in result.stderr
    assert contents(tmp_path) == {"before": b"intact", FILES[0]: b"damaged"}


@pytest.mark.parametrize("exists", [True, False])
def test_read_only_cache_is_an_error(exists, download_to_an_unwritable_folder, read_only_folder):
    folder = read_only_folder if exists else read_only_folder / "cache"
    result = download_to_an_unwritable_folder("read-only", folder)
    assert result.returncode == 1
    assert_sentence(result.stderr.strip())
    assert f"{folder} is not writable (Permission denied)" in result.stderr
    assert list(read_only_folder.iterdir()) == []


# The command


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for home in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(home, str(tmp_path))
    return folders.cache_folder()


def test_command_downloads_once_and_lists_the_files(use_mirrors, mirrors, small_mnist, cache):
    use_mirrors("not_found", "good")
    result = CliRunner().invoke(main, ["data"])
    assert result.exit_code == 0
    assert contents(cache) == uncompressed(small_mnist)
    assert f"Verified in {cache}:\n" in result.stdout
    for name in FILES:
        digits = "500" if name in (mnist.TEST_IMAGES, mnist.TEST_LABELS) else "2,000"
        assert re.search(rf"{name}\W+{digits}\b", result.stdout)
    assert result.stderr.count("responded with status 404; trying") == 5
    mirrors.requests.clear()
    assert CliRunner().invoke(main, ["data"]).exit_code == 0
    assert mirrors.requests == []


def test_command_reports_in_one_sentence_that_all_mirrors_failed(use_mirrors, cache):
    use_mirrors("not_found")
    result = CliRunner().invoke(main, ["data"])
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert_sentence(last)
    assert all(name in last for name in FILES)


def test_command_verifies_a_named_folder_and_downloads_nothing(
    use_mirrors, mirrors, small_mnist, tmp_path
):
    use_mirrors("good")
    for name in FILES:
        if name != mnist.TRAIN_WRITERS:
            (tmp_path / f"{name}.gz").write_bytes((small_mnist / f"{name}.gz").read_bytes())
    before = contents(tmp_path)
    result = CliRunner().invoke(main, ["data", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    assert f"The writers of MNIST are unknown without {mnist.TRAIN_WRITERS}.\n" in result.stdout
    (tmp_path / f"{mnist.TEST_IMAGES}.gz").unlink()
    result = CliRunner().invoke(main, ["data", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{mnist.TEST_IMAGES} not found in {tmp_path}: copy the missing" in result.stderr
    assert mirrors.requests == []
    del before[f"{mnist.TEST_IMAGES}.gz"]
    assert contents(tmp_path) == before


def test_command_runs_in_its_own_process(run_inkdigits, small_mnist):
    result = run_inkdigits("data")
    assert result.returncode == 0, result.stderr
    assert str(small_mnist) in result.stdout
