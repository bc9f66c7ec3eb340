"""A folder with a folder for each class: names and files are data, and nothing is followed."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sentences import assert_sentence

from inkdigits.data import class_folders, labeled, sources
from inkdigits.data.folders import DataError
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.preprocessing import PREPROCESSORS

RNG = np.random.default_rng(0)


def picture(seed=0, size=(40, 30)):
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two classes of two pictures each."""
    root = tmp_path / "animals"
    for number, name in enumerate(["dog", "cat"]):
        (root / name).mkdir(parents=True)
        for part in range(2):
            content = encode_png(picture(2 * number + part))
            (root / name / f"{part}.png").write_bytes(content)
    return root


def error_of(folder):
    with pytest.raises(DataError) as raised:
        sources.load(str(folder))
    assert_sentence(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_folders_are_classes_and_pictures_are_preprocessed_from_their_files(folder):
    Image.fromarray(picture(9)).convert("RGB").save(folder / "cat" / "2.JPG", quality=95)
    data = sources.load(str(folder))
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 0, 1, 1]
    assert data.notes == ()
    for name in ("ink", "plain"):
        digits = labeled.preprocess(data, name)
        assert digits.images.shape == (5, 28, 28)
        expected = PREPROCESSORS[name].from_image(decode((folder / "dog" / "1.png").read_bytes()))
        np.testing.assert_array_equal(digits.images[4], expected)


def test_folders_0_to_9_are_the_digits(tmp_path):
    for name in range(10):
        (tmp_path / str(name)).mkdir()
        (tmp_path / str(name) / "a.png").write_bytes(encode_png(picture()))
    assert sources.load(str(tmp_path)).classes == tuple("0123456789")


def test_hash_depends_on_names_and_contents_and_nothing_else(folder, tmp_path):
    (first,) = sources.load(str(folder)).hashes.items()
    assert first[0] == "animals/"
    os.utime(folder / "dog" / "0.png", (0, 0))
    moved = folder.rename(tmp_path / "elsewhere")
    assert list(sources.load(str(moved)).hashes.values()) == [first[1]]
    (moved / "dog" / "0.png").rename(moved / "dog" / "5.png")
    second = list(sources.load(str(moved)).hashes.values())
    (moved / "dog" / "5.png").write_bytes(encode_png(picture(99)))
    third = list(sources.load(str(moved)).hashes.values())
    assert len({first[1], *second, *third}) == 3


def test_links_pipes_and_other_files_are_skipped_and_counted(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(encode_png(picture()))
    (folder / "cat" / "link.png").symlink_to(outside / "secret.png")
    (folder / "linked").symlink_to(outside)
    (folder / "dog" / "loop").symlink_to(folder)
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "cat" / "notes.txt").write_text("no picture")
    (folder / "cat" / "deeper.png").mkdir()
    (folder / "labels.csv").write_text("")
    (folder / ".hidden").mkdir()
    (folder / "cat" / ".DS_Store").write_text("")
    data = sources.load(str(folder))
    assert data.classes == ("cat", "dog")
    assert len(data) == 4
    (note,) = data.notes
    assert "7 entries were skipped" in note


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"x" * 40]
)
def test_picture_that_cannot_be_decoded_is_named(folder, content):
    (folder / "dog" / "1.png").write_bytes(content)
    data = sources.load(str(folder))
    with pytest.raises(DataError, match=r"dog/1\.png cannot be used \("):
        labeled.preprocess(data, "ink")


def test_picture_that_has_changed_since_it_was_hashed_is_refused(folder):
    data = sources.load(str(folder))
    (folder / "dog" / "1.png").write_bytes(encode_png(picture(50)))
    with pytest.raises(DataError, match=r"dog/1\.png has just been changed"):
        labeled.preprocess(data, "ink")
    (folder / "dog" / "1.png").unlink()
    with pytest.raises(DataError, match=r"dog/1\.png cannot be used \(No such file"):
        labeled.preprocess(data, "ink")


def test_folder_without_classes_or_pictures_is_explained(folder, tmp_path):
    (folder / "cow").mkdir()
    assert "the folder 'cow' has no pictures" in error_of(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "empty has no folders" in error_of(empty)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_unreadable_folder_is_named(folder):
    (folder / "cat").chmod(0)
    try:
        assert "cat cannot be read (Permission denied)" in error_of(folder)
    finally:
        (folder / "cat").chmod(0o700)


def test_huge_folders_are_refused(folder, monkeypatch):
    for name, limit, message in [
        ("MAX_IMAGES", 1, "a folder of more than"),
        ("MAX_CLASSES", 1, "a folder of more than"),
        ("MAX_SKIPPED", 1, "more than 1 entries that are not pictures"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(class_folders, "MAX_SKIPPED", 0)
            patch.setattr(class_folders, name, limit)
            if name == "MAX_SKIPPED":
                for part in "abc":
                    (folder / "cat" / f"{part}.txt").write_text("")
            assert message in error_of(folder)
    monkeypatch.setattr(labeled, "MAX_IMAGES", 3)
    assert "it must have 1 to 3" in error_of(folder)


def test_folder_names_with_escape_codes_do_not_reach_messages(folder):
    hostile = folder / "\x1b]0;title\x07\u202e"
    hostile.mkdir()
    assert r"'\x1b]0;title\x07\u202e'" in error_of(folder)
    (hostile / "a\x1b[2J.png").write_bytes(b"no picture")
    data = sources.load(str(folder))
    with pytest.raises(DataError) as raised:
        labeled.preprocess(data, "ink")
    assert str(raised.value).isprintable()
    assert_sentence(raised.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing.csv", "missing.csv does not exist: name a CSV"),
        ("a\0b", "does not exist"),
        ("x" * 5000, "does not exist"),
        ("/dev/zero", "is a device or a pipe"),
        ("\x1b[2J", "does not exist"),
    ],
)
def test_source_that_is_nothing_is_explained(source, message):
    assert message in error_of(source)


def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is a device or a pipe" in error_of(Path(tmp_path / "pipe.csv"))


def test_a_table_beside_the_folders_tells_the_writers(folder):
    table = folder / "writers.csv"
    names = ["dog/1.png", "dog/0.png", "cat/0.png", "cat/1.png", "cat/deleted.png"]
    rows = [f"{name},{writer}" for name, writer in zip(names, "aabbb", strict=True)]
    before = sources.load(str(folder)).hashes
    table.write_text("\n".join(["file,writer", *rows]))
    data = sources.load(str(folder))
    assert data.writers.tolist() == ["b", "b", "a", "a"]
    assert data.notes == ()
    assert data.hashes != before  # the split depends on the writers
    for content, part in (
        ("dog/1.png,a", "file,writer"),
        ("file,writer\ndog/1.png", "row 2"),
        ("file,writer\ndog/1.png," + 65 * "a", "row 2"),
        ("file,writer\ndog/1.png,a", "'cat/0.png'"),
        ('file,writer\n"dog/1.png', "CSV"),
    ):
        table.write_text(content)
        assert part in error_of(folder)
