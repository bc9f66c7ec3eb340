import os
import pickle
import tarfile
from io import BytesIO

import pytest

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.sources import plan_parts

NAMES = ["1.png", "a.png", "a/2.PNG", "a/c/3.jpg", "a-b/4.png", "b/5.tif", "b/notes.txt", ".h.png"]


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """A folder of files, each with its own name as its content, in the current folder."""
    for name in NAMES:
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)


def keys(*sources, **options):
    return [picture.key for part in plan_parts(sources, **options) for picture in part.read()]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("p", "p/1.png p/a.png"),
        ("p/", "p/1.png p/a.png"),
        ("./p/a", "p/a/2.PNG"),
        ("p/*.png", "p/1.png p/a.png"),
        ("p/[0-9].*", "p/1.png"),
        ("p/?.png", "p/1.png p/a.png"),
        ("p/*/*", "p/a-b/4.png p/a/2.PNG p/a/c/3.jpg p/b/5.tif p/b/notes.txt"),
        ("p/**/*.png", "p/1.png p/a-b/4.png p/a.png"),
        ("**/c/**/*.jpg", "p/a/c/3.jpg"),
        ("p/**/a/**/*.*", "p/a/2.PNG p/a/c/3.jpg"),
        ("p/.*.png", "p/.h.png"),
        ("p/b/notes.txt", "p/b/notes.txt"),
    ],
)
def test_source_is_a_file_a_folder_or_a_pattern(source, found):
    assert keys(source) == found.split()


def test_folders_in_folders_are_searched_in_the_order_of_all_names():
    found = keys("p", recursive=True)
    expected = "p/1.png p/a-b/4.png p/a.png p/a/2.PNG p/a/c/3.jpg p/b/5.tif"
    assert found == expected.split() == sorted(found)


def test_picture_that_several_sources_name_is_recognized_once():
    found = keys("p/b/5.tif", "p/*.png", "p", "p/a.png", "./p/**/*.jpg", recursive=True)
    assert found == keys("p", recursive=True)


def test_pattern_is_also_the_name_of_a_file(tmp_path):
    (tmp_path / "p/[1].png").write_text("")
    assert keys("p/[1].png") == ["p/[1].png"]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 1024])
def test_parts_have_at_most_so_many_pictures_in_the_same_order(size):
    parts = list(plan_parts(["p"], recursive=True, part_size=size))
    assert [part.pictures for part in parts] == [size] * (6 // size) + [6 % size] * (6 % size > 0)
    read = [picture for part in parts for picture in part.read()]
    assert [key for key, _ in read] == keys("p", recursive=True)
    assert all(content.decode() == key.removeprefix("p/") for key, content in read)


def test_parts_read_the_same_files_in_another_process_and_folder(tmp_path, monkeypatch):
    sent = pickle.dumps(list(plan_parts(["p"])))
    monkeypatch.chdir("/")
    [part] = pickle.loads(sent)
    assert list(part.read()) == [("p/1.png", b"1.png"), ("p/a.png", b"a.png")]


def test_fingerprint_tells_whether_a_picture_has_changed(tmp_path):
    [before] = plan_parts(["p"])
    [same] = plan_parts(["p"])
    assert same.fingerprint == before.fingerprint
    os.utime(tmp_path / "p/a.png", (0, 0))
    [touched] = plan_parts(["p"])
    (tmp_path / "p/0.png").write_text("new")
    [longer] = plan_parts(["p"])
    assert len({before.fingerprint, touched.fingerprint, longer.fingerprint}) == 3


def test_shards_among_pictures_are_parts_of_their_own(tmp_path):
    with tarfile.open(tmp_path / "p/a.tar", "w") as shard:
        shard.addfile(tarfile.TarInfo("z.png"), BytesIO())
    parts = list(plan_parts(["p"]))
    assert [part.pictures for part in parts] == [2, None]
    assert keys("p") == ["p/1.png", "p/a.png", "p/a.tar/z.png"] == sorted(keys("p"))


def test_results_of_an_earlier_run_are_not_searched(tmp_path):
    results = tmp_path / "p/a/results"
    results.mkdir()
    (results / "_run.json").write_text("{}")
    (results / "part-000000.parquet").write_text("")
    assert "p/a/results/part-000000.parquet" not in keys("p", recursive=True)


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path):
    (tmp_path / "p/link.png").symlink_to(tmp_path / "p/1.png")
    (tmp_path / "p/loop").symlink_to(tmp_path / "p")
    (tmp_path / "p/broken.png").symlink_to(tmp_path / "nothing")
    assert "p/link.png" in keys("p", recursive=True)
    assert not [key for key in keys("p", recursive=True) if "loop" in key or "broken" in key]


def test_name_that_is_not_utf8_has_a_key_that_is(tmp_path):
    with open(b"p/\xff.png", "wb") as file:
        file.write(b"content")
    [picture] = [picture for part in plan_parts(["p"]) for picture in part.read()][2:]
    assert picture == ("p/\\udcff.png", b"content")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("nothing", "nothing does not exist: check the name"),
        ("p/1.png/x", "does not exist"),
        ("p\0", "does not exist"),
        ("p/*.gif", "contains no pictures"),
        ("nothing/*", "contains no pictures"),
        ("xyz://host/file", "Protocol not known|needs"),
        ("sftp://user:secret@host/file", "has a password"),
    ],
)
def test_source_without_pictures_is_refused_at_once(source, cause):
    if source.startswith("xyz"):
        pytest.importorskip("fsspec")
    with pytest.raises(ScaleError, match=cause) as raised:
        plan_parts([source])
    assert "secret" not in str(raised.value)


def test_folder_of_folders_names_the_option_that_searches_them(tmp_path):
    (tmp_path / "q/r").mkdir(parents=True)
    (tmp_path / "q/r/1.png").write_text("")
    with pytest.raises(ScaleError, match="--recursive"):
        plan_parts(["q"])


def test_folder_that_cannot_be_listed_is_an_error(tmp_path, monkeypatch):
    def scandir(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ScaleError, match=r"p cannot be searched \(Permission denied\)"):
        plan_parts(["p"])


def test_first_parts_are_there_before_all_folders_are_listed(tmp_path, monkeypatch):
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    parts = plan_parts(["p"], recursive=True, part_size=1)
    next(parts)
    assert len(listed) == 2
    assert len(list(parts)) == 5
    assert len(listed) == 5
