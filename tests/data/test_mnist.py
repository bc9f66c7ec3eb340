"""Tests of the download from real servers, the hashes, and the reading of MNIST's files."""

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import small_mnist as small
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.data import folders, mnist
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits, Patience

FOUR = (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, mnist.TEST_IMAGES, mnist.TEST_LABELS)
FIVE = (*FOUR, mnist.TRAIN_WRITERS)
LONG_S = 20  # for ever, as mirrors see it
IMPATIENT = Patience(silence_s=1, deadline_s=60)


class Mirrors(ThreadingHTTPServer):
    """A server of many mirrors: /NAME/FILE.gz is what the mirror called NAME says of a file."""

    block_on_close = False

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Mirror)
        self.folder = folder
        self.closing = Event()
        self.asked = []
        self.left = Event()

    def url(self, mirror, name):
        return f"http://127.0.0.1:{self.server_port}/{mirror}/{name}.gz"

    def handle_error(self, request, client_address):
        """Clients that hang up are what is tested here."""


class Mirror(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        mirror, file = self.path[1:].split("/")
        self.server.asked.append(self.path)
        getattr(self, mirror)((self.server.folder / file).read_bytes())

    def answer(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def repeat(self, piece, pause_s):
        end = time.monotonic() + LONG_S
        while time.monotonic() < end and not self.server.closing.wait(pause_s):
            self.wfile.write(piece)

    def good(self, file):
        self.answer(file)

    def labeled(self, file):
        """Some object stores call a .gz file a compressed transfer of what is in it."""
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(file)

    def compressing(self, file):
        """Some servers compress whatever a client lets them."""
        if "gzip" in self.headers["Accept-Encoding"]:
            self.labeled(gzip.compress(file))
        else:
            self.answer(file)

    def changed(self, file):
        content = bytearray(gzip.decompress(file))
        content[-1] ^= 1
        self.answer(gzip.compress(content, 1))

    def damaged(self, file):
        file = bytearray(file)
        file[len(file) // 2] ^= 0xFF
        self.answer(bytes(file))

    def page(self, file):
        self.answer(b"<html>Please log in to this network.</html>")

    def bomb(self, file):
        self.answer(gzip.compress(bytes(20_000_000), 1))

    def missing(self, file):
        self.send_error(404)

    def short(self, file):
        self.answer(file[: len(file) // 2], length=len(file))

    def cut(self, file):
        self.answer(file[: len(file) // 2])

    def hanging(self, file):
        self.server.closing.wait(LONG_S)

    def stalling(self, file):
        self.answer(file[: len(file) // 2], length=len(file))
        self.server.closing.wait(LONG_S)

    def dripping(self, file):
        self.answer(file[:10], length=1_000_000)
        self.repeat(b"\0", 0.01)

    def dripping_headers(self, file):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Header: ")
        self.repeat(b"x", 0.01)

    def endless(self, file, pause_s=0):
        """A valid gzip file of empty blocks: it never ends and never grows."""
        self.answer(file[:10], length=1_000_000_000_000)
        try:
            self.repeat(b"\0\0\0\xff\xff" * 1000, pause_s)
        except OSError:
            self.server.left.set()

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
def small_sources(small_mnist, monkeypatch):
    """The table of hashes is the small MNIST's, and no folder is named by the environment."""
    sources = small.sources_of(small_mnist)
    monkeypatch.setattr(mnist, "SOURCES", sources)
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return sources


@pytest.fixture
def mirrored(mirrors, small_sources, monkeypatch):
    """Set which of the mirrors have which of the files."""

    def set_mirrors(*names, files=FIVE):
        sources = {
            name: replace(
                small_sources[name], mirrors=tuple(mirrors.url(mirror, name) for mirror in names)
            )
            for name in files
        }
        monkeypatch.setattr(mnist, "SOURCES", sources)
        mirrors.asked.clear()
        return sources

    return set_mirrors


def download(folder, *patience):
    failures = []
    mnist.download(folder, lambda *progress: None, failures.append, *patience)
    return failures


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def inside(small_mnist, names=FIVE):
    return {name: gzip.decompress((small_mnist / f"{name}.gz").read_bytes()) for name in names}


def assert_sentence(error):
    text = str(error)
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text


# Download


def test_each_file_has_two_mirrors():
    assert tuple(mnist.SOURCES) == FIVE
    for name, source in mnist.SOURCES.items():
        assert source.name == name
        assert len({url.split("/")[2] for url in source.mirrors}) == 2
        for url in source.mirrors:
            assert url.startswith("https://")
            assert url.endswith(f"/{name}.gz")
            assert ("qmnist" in url.removesuffix(f"{name}.gz")) == (name == mnist.TRAIN_WRITERS)


@pytest.mark.parametrize("mirror", ["good", "labeled", "compressing"])
def test_downloads_what_is_missing_decompressed(mirror, mirrored, mirrors, small_mnist, tmp_path):
    mirrored(mirror)
    (tmp_path / FOUR[0]).write_bytes(b"damaged")
    whole = gzip.decompress((small_mnist / f"{FOUR[1]}.gz").read_bytes())
    (tmp_path / FOUR[1]).write_bytes(whole)
    assert download(tmp_path) == []
    assert contents(tmp_path) == inside(small_mnist)
    assert len(mirrors.asked) == 4
    assert download(tmp_path) == []
    assert len(mirrors.asked) == 4


def test_a_compressed_file_in_the_cache_is_not_downloaded(mirrored, mirrors, small_mnist, tmp_path):
    mirrored("good", files=FOUR[:1])
    (tmp_path / f"{FOUR[0]}.gz").write_bytes((small_mnist / f"{FOUR[0]}.gz").read_bytes())
    download(tmp_path)
    assert mirrors.asked == []


def test_progress_rises_to_the_size_of_the_content(mirrored, tmp_path):
    sources = mirrored("good", files=FOUR[:1])
    told = []
    mnist.download(tmp_path, lambda *progress: told.append(progress), pytest.fail)
    names, done, totals = zip(*told, strict=True)
    assert set(names) == {FOUR[0]}
    assert list(done) == sorted(done)
    assert done[-1] == sources[FOUR[0]].size == totals[0]


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("changed", "sent another file than the one that its name promises"),
        ("damaged", "sent .*"),
        ("page", "sent a file that is damaged or not compressed"),
        ("bomb", r"sent a file of more than \d+ bytes"),
        ("missing", "answered with status 404"),
    ],
)
def test_b59_corrupt_mirror_the_next_is_tried_and_said_so(
    mirror, reason, mirrored, small_mnist, tmp_path
):
    sources = mirrored(mirror, "good")
    failures = download(tmp_path)
    assert contents(tmp_path) == inside(small_mnist)
    assert len(failures) == len(FIVE)
    for name, failure in zip(FIVE, failures, strict=True):
        bad, good = map(re.escape, sources[name].mirrors)
        assert re.fullmatch(f"{bad} ({reason}); trying {good} next", failure)


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("short", "broke off"),
        ("cut", "cut short"),
        ("hanging", "next to nothing for 1 s"),
        ("stalling", "next to nothing for 1 s"),
        ("dripping", "next to nothing for 1 s"),
        ("dripping_headers", "next to nothing for 1 s"),
    ],
)
def test_b60_truncated_or_hanging_mirror_the_next_is_tried(
    mirror, reason, mirrored, small_mnist, tmp_path
):
    mirrored(mirror, "good", files=FOUR[:1])
    (failure,) = download(tmp_path, IMPATIENT)
    assert reason in failure
    assert contents(tmp_path) == inside(small_mnist, FOUR[:1])


@pytest.mark.parametrize("mirror", ["slow", "endless"])
def test_b60_endless_mirror_is_given_up_at_the_deadline(
    mirror, mirrored, mirrors, small_mnist, tmp_path
):
    mirrored(mirror, "good", files=FOUR[:1])
    mirrors.left.clear()
    (failure,) = download(tmp_path, Patience(silence_s=60, deadline_s=1))
    assert "was not done within 1 s" in failure
    assert mirrors.left.wait(LONG_S / 2)
    assert contents(tmp_path) == inside(small_mnist, FOUR[:1])


def test_b61_every_mirror_fails_one_sentence_says_what_to_put_where(
    mirrored, mirrors, small_sources, small_mnist, tmp_path, monkeypatch
):
    labels = replace(
        small_sources[FOUR[1]], mirrors=(mirrors.url("good", FOUR[1]), "http://127.0.0.1:1/")
    )
    sources = mirrored("missing", "changed") | {FOUR[1]: labels}
    # Nothing listens at port 1.
    sources[FOUR[3]] = replace(sources[FOUR[3]], mirrors=("http://127.0.0.1:1/",))
    monkeypatch.setattr(mnist, "SOURCES", sources)
    failures = []
    with pytest.raises(DataError) as error:
        mnist.download(tmp_path, lambda *progress: None, failures.append)
    assert_sentence(error.value)
    assert str(tmp_path) in str(error.value)
    for name in FIVE:
        mentioned = f"{name} (SHA-256 {sources[name].sha256})" in str(error.value)
        assert mentioned == (name != FOUR[1])
    assert contents(tmp_path) == inside(small_mnist, FOUR[1:2])
    assert sum("no mirror is left" in failure for failure in failures) == 4
    assert any("did not connect" in failure for failure in failures)


DOWNLOAD_IN_A_BAD_PLACE = """
import os, resource, sys
from dataclasses import replace
from pathlib import Path
import small_mnist
from inkdigits.cli import main
from inkdigits.data import mnist
from inkdigits.data.folders import DataError

fault, small, mirror, folder = sys.argv[1:]
mnist.SOURCES = {
    name: replace(source, mirrors=(f"{mirror}/{name}.gz",))
    for name, source in small_mnist.sources_of(Path(small)).items()
}
if fault == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
if fault == "read-only" and os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    mnist.download(Path(folder), lambda *progress: None, print)
except DataError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def download_in_a_bad_place(mirrors, small_mnist):
    def run(fault, folder):
        mirror = f"http://127.0.0.1:{mirrors.server_port}/good"
        return subprocess.run(
            [sys.executable, "-c", DOWNLOAD_IN_A_BAD_PLACE, fault, small_mnist, mirror, folder],
            cwd=Path(small.__file__).parent,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def open_tmp_path():
    """A read-only folder that everybody can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        yield Path(folder)
        os.chmod(folder, 0o755)


def test_b65_full_cache_is_an_error_and_leaves_no_half_file(download_in_a_bad_place, tmp_path):
    (tmp_path / "before").write_text("whole")
    (tmp_path / FOUR[0]).write_text("damaged")
    result = download_in_a_bad_place("full", tmp_path)
    assert result.returncode == 1
    assert_sentence(result.stderr.strip())
    assert f"{tmp_path} cannot be written (File too large)" in result.stderr
    assert contents(tmp_path) == {"before": b"whole", FOUR[0]: b"damaged"}


@pytest.mark.parametrize("there", [True, False])
def test_b65_read_only_cache_is_an_error(there, download_in_a_bad_place, open_tmp_path):
    folder = open_tmp_path if there else open_tmp_path / "cache"
    result = download_in_a_bad_place("read-only", folder)
    assert result.returncode == 1
    assert_sentence(result.stderr.strip())
    assert f"{folder} cannot be written (Permission denied)" in result.stderr
    assert list(open_tmp_path.iterdir()) == []


# Command


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for home in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(home, str(tmp_path))
    return folders.cache()


def test_command_downloads_once_and_shows_what_is_where(mirrored, mirrors, small_mnist, cache):
    mirrored("missing", "good")
    result = CliRunner().invoke(main, ["data"])
    assert result.exit_code == 0
    assert contents(cache) == inside(small_mnist)
    assert str(cache) in result.stdout
    for name in FIVE:
        digits = "500" if name in FOUR[2:] else "2,000"
        assert re.search(rf"{name}\W+{digits}\b", result.stdout)
    assert result.stderr.count("answered with status 404; trying") == 5
    mirrors.asked.clear()
    assert CliRunner().invoke(main, ["data"]).exit_code == 0
    assert mirrors.asked == []


def test_command_says_in_a_sentence_that_every_mirror_failed(mirrored, cache):
    mirrored("missing")
    result = CliRunner().invoke(main, ["data"])
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert_sentence(last)
    assert all(name in last for name in FIVE)


def test_command_verifies_a_named_folder_and_downloads_nothing(
    mirrored, mirrors, small_mnist, tmp_path
):
    mirrored("good")
    for name in FOUR:
        (tmp_path / f"{name}.gz").write_bytes((small_mnist / f"{name}.gz").read_bytes())
    before = contents(tmp_path)
    result = CliRunner().invoke(main, ["data", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    assert f"The writers are not known without {mnist.TRAIN_WRITERS}." in result.stdout
    (tmp_path / f"{FOUR[2]}.gz").unlink()
    result = CliRunner().invoke(main, ["data", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path} lacks {FOUR[2]}:" in result.stderr
    assert mirrors.asked == []
    del before[f"{FOUR[2]}.gz"]
    assert contents(tmp_path) == before


def test_command_runs_in_a_process(run_inkdigits, small_mnist):
    result = run_inkdigits("data")
    assert result.returncode == 0, result.stderr
    assert str(small_mnist) in result.stdout


# Find and load


def test_loads_real_digits(digits):
    assert len(digits) in (5_000, 60_000)
    assert digits.images.dtype == digits.labels.dtype == np.uint8
    assert digits.images.shape == (len(digits), 28, 28)
    shares = np.bincount(digits.labels) / len(digits)
    assert shares == pytest.approx(0.1, abs=0.02)
    # Ones have the least ink, zeros the most.
    ink = [digits.images[digits.labels == digit].mean() for digit in range(10)]
    assert np.argmin(ink) == 1
    assert np.argmax(ink) == 0


@pytest.mark.data
def test_the_whole_of_mnist_has_the_known_hashes_and_writers(mnist_splits):
    train, test = mnist_splits
    assert (len(train), len(test)) == (60_000, 10_000)
    assert test.writers is None
    assert len(np.unique(train.writers)) == 539


@pytest.fixture
def made():
    """Seven training and three test digits, with writers."""
    generator = np.random.default_rng(0)

    def draw(number, writers):
        images = generator.integers(0, 256, (number, 28, 28), np.uint8)
        return Digits(images, np.arange(number, dtype=np.uint8), writers)

    return draw(7, np.array([3, 3, 5, 5, 300, -1, 70_000], np.int32)), draw(3, None)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files and make the table of hashes theirs, so that their content is what is judged."""

    def write(files):
        sources = dict(mnist.SOURCES)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
            sources[name] = small.source_of(name, content)
        monkeypatch.setattr(mnist, "SOURCES", sources)
        return tmp_path

    return write


def test_loads_what_was_written(made, write):
    folder = write(small.files_of(*made))
    train, test = mnist.load("train", folder), mnist.load("test", folder)
    for loaded, wanted in zip((train, test), made, strict=True):
        np.testing.assert_array_equal(loaded.images, wanted.images, strict=True)
        np.testing.assert_array_equal(loaded.labels, wanted.labels, strict=True)
        assert not loaded.images.flags.writeable
        assert not loaded.labels.flags.writeable
    np.testing.assert_array_equal(train.writers, made[0].writers, strict=True)
    assert not train.writers.flags.writeable
    assert test.writers is None
    assert train.hashes == {
        name: mnist.SOURCES[name].sha256
        for name in (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, mnist.TRAIN_WRITERS)
    }
    assert list(test.hashes) == [mnist.TEST_IMAGES, mnist.TEST_LABELS]


def test_the_writers_may_be_missing(made, write):
    folder = write(small.files_of(*made))
    (folder / mnist.TRAIN_WRITERS).unlink()
    train = mnist.load("train", folder)
    assert train.writers is None
    assert mnist.TRAIN_WRITERS not in train.hashes


def test_takes_by_index_mask_and_slice(made):
    train, test = made
    for which in (np.array([4, 1]), train.labels > 4, slice(2, 4)):
        part = train.take(which)
        np.testing.assert_array_equal(part.images, train.images[which])
        np.testing.assert_array_equal(part.labels, train.labels[which])
        np.testing.assert_array_equal(part.writers, train.writers[which])
        assert len(part) == len(part.images) == 2
    assert test.take(slice(1)).writers is None


def test_an_argument_names_the_folder_before_the_environment_does(made, write, monkeypatch):
    folder = write(small.files_of(*made))
    monkeypatch.setenv("INKDIGITS_DATA", str(folder / "elsewhere"))
    assert mnist.find(folder) == [folder]
    with pytest.raises(DataError, match="elsewhere lacks"):
        mnist.find()
    monkeypatch.setenv("INKDIGITS_DATA", str(folder))
    assert mnist.find() == [folder]


def test_files_in_several_folders_are_put_together(made, write, tmp_path_factory, monkeypatch):
    folder, other = write(small.files_of(*made)), tmp_path_factory.mktemp("other")
    for name in (FOUR[0], FOUR[3], mnist.TRAIN_WRITERS):
        (folder / name).rename(other / name)
    monkeypatch.setenv("INKDIGITS_DATA", f"{folder}{os.pathsep}{other}")
    for split, wanted in zip(("train", "test"), made, strict=True):
        loaded = mnist.load(split)
        np.testing.assert_array_equal(loaded.images, wanted.images)
        np.testing.assert_array_equal(loaded.labels, wanted.labels)
        np.testing.assert_array_equal(loaded.writers, wanted.writers)
    (other / FOUR[0]).unlink()
    with pytest.raises(DataError, match=f"^{folder} and {other} lack {FOUR[0]}: ") as error:
        mnist.load("test")
    assert_sentence(error.value)


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_incomplete_named_folder_is_an_error_that_names_the_files(split, small_mnist, tmp_path):
    (tmp_path / f"{FOUR[1]}.gz").write_bytes((small_mnist / f"{FOUR[1]}.gz").read_bytes())
    with pytest.raises(DataError) as error:
        mnist.load(split, tmp_path)
    assert_sentence(error.value)
    assert f"{tmp_path} lacks {FOUR[0]}, {FOUR[2]}, {FOUR[3]}:" in str(error.value)


def test_without_data_the_error_names_the_command(cache, monkeypatch):
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    with pytest.raises(DataError, match="run `inkdigits data`") as error:
        mnist.load("train")
    assert_sentence(error.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", FIVE)
def test_a_file_with_another_hash_is_refused(name, suffix, made, write):
    folder = write(small.files_of(*made))
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).unlink()
    (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError, match=f"{name}{suffix} is damaged") as error:
        mnist.load("test" if name in FOUR[2:] else "train", folder)
    assert_sentence(error.value)
    assert mnist.SOURCES[name].sha256 in str(error.value)


@pytest.mark.parametrize("fault", ["not gzip", "cut", "bomb", "folder"])
def test_a_damaged_compressed_file_is_refused(fault, made, write):
    folder = write(small.files_of(*made))
    path = folder / f"{mnist.TEST_LABELS}.gz"
    content = (folder / mnist.TEST_LABELS).read_bytes()
    (folder / mnist.TEST_LABELS).unlink()
    if fault == "not gzip":
        path.write_bytes(content)
    elif fault == "cut":
        path.write_bytes(gzip.compress(content)[:-4])
    elif fault == "bomb":
        path.write_bytes(gzip.compress(content + bytes(1_000_000)))
    else:
        path.mkdir()
    with pytest.raises(DataError, match=mnist.TEST_LABELS) as error:
        mnist.load("test", folder)
    assert_sentence(error.value)


# The strict reader


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.array([[1, -2], [2**31 - 1, -(2**31)]], np.int32),
        np.zeros((0, 28, 28), np.uint8),
        np.array(7, np.uint8),
    ],
)
def test_reads_idx(array):
    np.testing.assert_array_equal(mnist.read_idx(small.idx(array), "x"), array, strict=True)


@pytest.mark.parametrize("array", [np.ones((2, 3), np.uint8), np.ones((2, 1, 2), np.int32)])
def test_b64_missing_or_trailing_bytes(array):
    data = small.idx(array)
    for end in range(len(data)):
        with pytest.raises(DataError, match="some-file"):
            mnist.read_idx(data[:end], "some-file")
    for trailing in (b"\0", b"\n", b"\0\0\0\0", data):
        with pytest.raises(DataError, match=f"some-file has {len(data) + len(trailing)} bytes"):
            mnist.read_idx(data + trailing, "some-file")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_b64_wrong_magic_number(position):
    data = bytearray(small.idx(np.ones((2, 3), np.uint8)))
    right = data[position]
    for wrong in set(range(256)) - {right, 0x0C}:
        data[position] = wrong
        with pytest.raises(DataError, match="some-file begins with"):
            mnist.read_idx(bytes(data), "some-file")


def test_b64_dimensions_beyond_all_memory():
    with pytest.raises(DataError, match=f"header promises {16 + (2**32 - 1) ** 3}"):
        mnist.read_idx(b"\0\0\x08\x03" + b"\xff" * 12 + b"data", "some-file")


def test_b64_trailing_bytes_in_a_file_of_the_data_set(made, write):
    files = small.files_of(*made)
    files[mnist.TEST_LABELS] += b"\0"
    with pytest.raises(DataError, match=f"{mnist.TEST_LABELS} has 12 bytes") as error:
        mnist.load("test", write(files))
    assert_sentence(error.value)


def test_b62_images_and_labels_differ_in_number(made, write):
    train, test = made
    files = small.files_of(train, replace(test, labels=test.labels[:2]))
    with pytest.raises(DataError, match=r"images-\S+ holds 3 pictures but \S+ 2 labels") as error:
        mnist.load("test", write(files))
    assert_sentence(error.value)


@pytest.mark.parametrize("label", [10, 255])
def test_b63_label_over_nine(label, made, write):
    train, test = made
    files = small.files_of(train, replace(test, labels=np.array([9, label, 0], np.uint8)))
    with pytest.raises(DataError, match=f"{mnist.TEST_LABELS} holds the label {label}") as error:
        mnist.load("test", write(files))
    assert_sentence(error.value)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 27), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 784), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 28, 1), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 28), np.int32)),
        (mnist.TRAIN_LABELS, np.zeros((7, 1), np.uint8)),
        (mnist.TRAIN_LABELS, np.zeros(7, np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((7, 7), np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((6, 8), np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((7, 8), np.uint8)),
        (mnist.TRAIN_WRITERS, small.qmnist_labels(np.array([0, 1, 2, 3, 4, 5, 7]), 0)),
    ],
)
def test_files_that_contradict_are_refused(name, array, made, write):
    files = small.files_of(*made) | {name: small.idx(array)}
    with pytest.raises(DataError, match=f"^{name}") as error:
        mnist.load("train", write(files))
    assert_sentence(error.value)
