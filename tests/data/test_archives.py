"""Files are read from archives and folders into memory, and hostile ones do no harm."""

import gzip
import io
import lzma
import os
import tarfile

import pytest

from inkdigits.data import archives
from inkdigits.data.archives import read_folder, read_tar
from inkdigits.data.folders import DataError

CONTENTS = {"top/a.txt": b"first", "top/b/c.txt": b"second", "top/skipped.bin": b"third"}
EXPECTED = {"a.txt": b"first", "b/c.txt": b"second"}


def select(path):
    return path.removeprefix("top/").lower() if path.lower().endswith(".txt") else None


def entry(name, content=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def tar(*entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def write(tmp_path, data, name="some.tgz"):
    path = tmp_path / name
    path.write_bytes(lzma.compress(data) if name.endswith(".xz") else gzip.compress(data))
    return path


def assert_remedy_ends_the_sentence(error):
    text = str(error)
    assert text.endswith(": do this.")
    assert "\n" not in text


@pytest.mark.parametrize("name", ["some.tgz", "some.tar.gz", "some.tar.xz"])
def test_selected_files_of_an_archive_are_returned(name, tmp_path):
    data = tar(*(entry(path, content) for path, content in CONTENTS.items()))
    assert read_tar(write(tmp_path, data, name), select, "do this") == EXPECTED
    assert os.listdir(tmp_path) == [name]


def test_selected_files_of_a_folder_are_returned(tmp_path):
    for path, content in CONTENTS.items():
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_bytes(content)
    assert read_folder(tmp_path / "top", select, "do this") == EXPECTED
    assert read_folder(tmp_path / "missing", select, "do this") == {}


def test_first_of_several_files_is_returned(tmp_path):
    data = tar(*(entry(name, name.encode()) for name in ("A.txt", "a.txt", "top/A.TXT")))
    assert read_tar(write(tmp_path, data), select, "do this") == {"a.txt": b"A.txt"}


def test_only_files_are_read_from_an_archive(tmp_path):
    data = tar(
        entry("folder.txt", type=tarfile.DIRTYPE),
        entry("symbolic.txt", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("hard.txt", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
        entry("device.txt", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        entry("pipe.txt", type=tarfile.FIFOTYPE),
        entry("sparse.txt", b"x" * 512, pax_headers={"GNU.sparse.size": "1000000000"}),
        entry("../outside.txt", b"kept in memory"),
    )
    content = read_tar(write(tmp_path, data), select, "do this")
    assert content == {"../outside.txt": b"kept in memory"}
    assert os.listdir(tmp_path) == ["some.tgz"]
    assert not (tmp_path.parent / "outside.txt").exists()


def test_only_files_are_read_from_a_folder(tmp_path):
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_bytes(b"secret")
    (folder / "folder.txt").mkdir()
    (folder / "linked.txt").symlink_to(outside / "secret.txt")
    (folder / "linked").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    assert read_folder(folder, select, "do this") == {}


def test_damaged_archive_is_an_error(tmp_path):
    data = gzip.compress(tar(*(entry(f"{n}.txt", os.urandom(3000)) for n in range(9))))
    path = tmp_path / "some.tgz"
    for damaged in (b"", b"text", data[: len(data) // 2], gzip.compress(b"text" * 999)):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"^{path} cannot be read \(.+\): do this") as error:
            read_tar(path, select, "do this")
        assert_remedy_ends_the_sentence(error.value)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        read_tar(path, select, "do this")


def test_damaged_xz_is_an_error(tmp_path):
    path = tmp_path / "some.tar.xz"
    path.write_bytes(lzma.compress(tar(entry("a.txt", os.urandom(9000))))[:5000])
    with pytest.raises(DataError, match="cannot be read"):
        read_tar(path, select, "do this")


@pytest.mark.parametrize("seed", range(40))
def test_archive_with_random_damage_is_an_error_or_is_read(seed, tmp_path):
    data = bytearray(tar(*(entry(f"{'x' * 120}{n}.txt", b"content" * 9) for n in range(9))))
    for position in range(seed, len(data), 997):
        data[position] = (data[position] * 7 + seed) % 256
    try:
        files = read_tar(write(tmp_path, bytes(data)), select, "do this")
    except DataError as error:
        assert_remedy_ends_the_sentence(error)
    else:
        assert all(name.endswith(".txt") for name in files)


def test_archive_that_expands_without_end_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ARCHIVE_BYTES", 200_000)
    data = tar(entry("big.bin", bytes(150_000)), entry("a.txt", b"first"))
    assert read_tar(write(tmp_path, data), select, "do this") == {"a.txt": b"first"}
    data = tar(entry("big.bin", bytes(1_000_000)), entry("a.txt", b"first"))
    with pytest.raises(DataError, match="expands to too many bytes") as error:
        read_tar(write(tmp_path, data), select, "do this")
    assert_remedy_ends_the_sentence(error.value)


def test_huge_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 1000)
    data = tar(entry("skipped.bin", bytes(1001)), entry("a.txt", bytes(1000)))
    path = write(tmp_path, data)
    assert read_tar(path, select, "do this") == {"a.txt": bytes(1000)}
    path = write(tmp_path, tar(entry("a.txt", bytes(1001))))
    with pytest.raises(DataError, match=r"a.txt has 1,001 bytes") as error:
        read_tar(path, select, "do this")
    assert_remedy_ends_the_sentence(error.value)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.txt").write_bytes(bytes(1001))
    with pytest.raises(DataError, match=r"a.txt has more than 1,000 bytes: do this\.$"):
        read_folder(tmp_path / "folder", select, "do this")


def test_too_many_entries_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    entries = [entry(f"{number}.bin") for number in range(11)]
    assert read_tar(write(tmp_path, tar(*entries[:10])), select, "do this") == {}
    with pytest.raises(DataError, match="more than 10 entries") as error:
        read_tar(write(tmp_path, tar(*entries)), select, "do this")
    assert_remedy_ends_the_sentence(error.value)


def test_unreadable_file_of_a_folder_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"first")

    def fail(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(archives.Path, "open", fail)
    with pytest.raises(DataError, match=r"a.txt cannot be read \(.*denied.*\): do this\.$"):
        read_folder(tmp_path, select, "do this")
