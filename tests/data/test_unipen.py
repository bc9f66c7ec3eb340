"""UNIPEN: found as an archive or a folder, verified, and split by contributor."""

import os
import re
import tarfile

import numpy as np
import pytest
import small_pendigits
import small_unipen
from sentences import assert_sentence

from inkdigits.data import unipen
from inkdigits.data.folders import DataError
from inkdigits.data.unipen_exclusions import EXCLUDED, is_excluded

FILES = small_unipen.files()
DIGITS = 100  # of five contributors with two writers each


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The archive of the small data set."""
    return small_unipen.write(tmp_path_factory.mktemp("unipen"))


@pytest.fixture(scope="module")
def sha256(archive):
    return small_unipen.sha256_of(archive)


@pytest.fixture(autouse=True)
def small_data_set(sha256, monkeypatch, request):
    """Make inkdigits accept the small data set as the real one."""
    if request.node.get_closest_marker("data") is None:
        monkeypatch.setattr(unipen, "DIGITS_SHA256", sha256)


@pytest.fixture
def folder(tmp_path):
    """The small data set, unpacked."""
    for path, content in FILES.items():
        unpacked = tmp_path / unipen.FOLDER / path
        unpacked.parent.mkdir(parents=True, exist_ok=True)
        unpacked.write_bytes(content)
    return tmp_path


def assert_small_data_set(traces):
    assert len(traces) == DIGITS
    assert traces.labels.dtype == np.uint8
    assert traces.labels.tolist() == 10 * list(range(10))
    assert traces.writers.tolist() == [
        f"{contributor}/{writer}"
        for contributor in small_unipen.CONTRIBUTORS
        for writer in ("anna", "bo")
        for _ in range(10)
    ]
    for strokes, label in zip(traces.strokes, traces.labels, strict=True):
        shapes = small_pendigits.SHAPES[label]
        assert [stroke.shape for stroke in strokes] == [(len(shape), 2) for shape in shapes]
        assert all(stroke.dtype == np.float32 for stroke in strokes)
        # In the file y points up, and these shapes begin above their end.
        if label in (1, 2, 3, 7):
            assert strokes[0][0, 1] < strokes[0][-1, 1]


def test_loads_the_archive(archive):
    traces = unipen.load(archive.parent)
    assert_small_data_set(traces)
    assert traces.hashes == {unipen.FOLDER: unipen.DIGITS_SHA256}


def test_archive_may_have_further_folders_and_files_in_any_order(tmp_path):
    contents = {f"CDROM/{path}": content for path, content in reversed(FILES.items())}
    contents |= {"CDROM/data/1a/lou/x.dat": b".SEGMENT", "CDROM/data/2/aga/x.dat": b".SEGMENT"}
    assert_small_data_set(unipen.load(small_unipen.write(tmp_path, contents).parent))


def test_loads_the_folder_and_one_that_is_named_itself(folder):
    assert_small_data_set(unipen.load(folder))
    assert_small_data_set(unipen.load(folder / unipen.FOLDER))


def test_loads_the_excerpt_after_verifying_it(tmp_path, monkeypatch):
    path = tmp_path / unipen.EXCERPT
    path.write_bytes(small_unipen.tar(FILES, "w:xz"))
    with pytest.raises(DataError, match=f"^{path} is damaged or is a different file") as error:
        unipen.load(tmp_path)
    assert_sentence(error.value)
    assert unipen.EXCERPT_SHA256 in str(error.value)
    monkeypatch.setattr(unipen, "EXCERPT_SHA256", small_unipen.content_sha256(path))
    assert_small_data_set(unipen.load(tmp_path))


def test_names_of_files_may_be_in_upper_case(tmp_path):
    contents = {path.upper(): content for path, content in FILES.items()}
    assert_small_data_set(unipen.load(small_unipen.write(tmp_path, contents).parent))


def test_first_folder_that_has_the_data_wins(archive, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", f"{tmp_path / 'none'}{os.pathsep}{archive.parent}")
    assert unipen.find([tmp_path / "none", archive.parent, folder]) == archive
    assert unipen.find([folder, archive.parent]) == folder / unipen.FOLDER
    assert unipen.find([tmp_path / "none"]) is None
    assert_small_data_set(unipen.load())


def test_error_for_missing_data_says_where_to_get_them(tmp_path):
    with pytest.raises(DataError) as error:
        unipen.load(tmp_path)
    assert_sentence(error.value)
    for part in (
        f"{unipen.ARCHIVE} not found in {tmp_path}: get ",
        "https://doi.org/10.5281/zenodo.1195803",
        "CC BY 4.0",
        "CDROM-README",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("path", "valid", "damaged"),
    [
        ("data/1a/ced/bo.dat", b'"3"', b'"8"'),
        ("data/1a/ced/bo.dat", b'"3"', b'"x"'),
        ("data/1a/ced/bo.dat", b"0-0", b"1-1"),
        ("include/ced/data/bo.dat", b"WRITER_ID bo", b"WRITER_ID ob"),
        ("include/ced/ced.doc", b"X Y", b"Y X"),
        ("include/ced/data/bo.dat", b".PEN_UP\n", b".PEN_UP\n.PEN_DOWN\n1 2\n.PEN_UP\n"),
    ],
)
def test_other_digits_are_rejected(path, valid, damaged, tmp_path):
    assert valid in FILES[path]
    contents = FILES | {path: FILES[path].replace(valid, damaged, 1)}
    archive = small_unipen.write(tmp_path, contents)
    with pytest.raises(DataError, match=f"^{archive} is damaged or is a different ver") as error:
        unipen.load(tmp_path)
    assert_sentence(error.value)
    assert unipen.DIGITS_SHA256 in str(error.value)


def test_missing_digits_are_rejected(tmp_path):
    contents = {path: content for path, content in FILES.items() if "aga" not in path}
    small_unipen.write(tmp_path, contents)
    with pytest.raises(DataError, match="different version"):
        unipen.load(tmp_path)
    small_unipen.write(tmp_path, {})
    with pytest.raises(DataError, match="different version"):
        unipen.load(tmp_path)


def test_comments_may_differ(tmp_path):
    path = "include/val/val.doc"
    contents = FILES | {path: ".COMMENT Telecomunicación\n".encode("latin-1") + FILES[path]}
    small_unipen.write(tmp_path, contents)
    assert_small_data_set(unipen.load(tmp_path))


def test_damaged_file_is_an_error(folder, tmp_path):
    ink = folder / unipen.FOLDER / "include/ced/data/bo.dat"
    content = ink.read_bytes()
    for damaged in (content[: len(content) // 2], content.replace(b"1", b"x"), b""):
        ink.write_bytes(damaged)
        with pytest.raises(DataError, match=r"is damaged \((data|include)/.*\): get ") as error:
            unipen.load(folder)
        assert_sentence(error.value)
    ink.unlink()
    with pytest.raises(DataError, match=r"is damaged \(.*bo.dat, which is missing\): get "):
        unipen.load(folder)


def test_truncated_archive_is_an_error(archive, tmp_path):
    path = tmp_path / archive.name
    path.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(DataError, match=rf"^{path} cannot be read \(.*\): get ") as error:
        unipen.load(tmp_path)
    assert_sentence(error.value)


def test_links_in_an_archive_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(FILES["data/1a/aga/bo.dat"])
    path = tmp_path / unipen.ARCHIVE
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("data/1a/aga/bo.dat")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    with pytest.raises(DataError, match="different version"):
        unipen.load(tmp_path)


def test_selects_the_digits_of_some_contributors(archive):
    traces = unipen.load(archive.parent)
    part = unipen.select_contributors(traces, ["val", "aga"])
    assert len(part) == len(part.strokes) == 40
    assert list(dict.fromkeys(part.writers.tolist())) == [
        "aga/anna", "aga/bo", "val/anna", "val/bo"
    ]  # fmt: skip
    assert len(unipen.select_contributors(traces, ["ag", "bo", "aga/anna"])) == 0
    assert len(unipen.select_contributors(traces, unipen.TRAINING_CONTRIBUTORS)) == 40
    assert len(unipen.select_contributors(traces, unipen.DEVELOPMENT_CONTRIBUTORS)) == 40


def test_no_contributor_has_two_uses():
    uses = (
        *unipen.TRAINING_CONTRIBUTORS,
        *unipen.DEVELOPMENT_CONTRIBUTORS,
        *unipen.RESERVED_CONTRIBUTORS,
    )
    assert len(set(uses)) == len(uses) == 12
    assert set(uses) == set(unipen.CONTRIBUTORS)
    assert set(unipen.DEVELOPMENT_CONTRIBUTORS) == {"ced", "gmd", "val"}
    # Numbers by the same writers are for development.
    assert "art" not in unipen.TRAINING_CONTRIBUTORS


# Exclusions


def test_excluded_digits_are_left_out_unless_asked_for(archive, monkeypatch):
    files = {"ced/bo.dat": "0-0 3-3", "val/anna.dat": "1-1"}
    monkeypatch.setattr("inkdigits.data.unipen_exclusions.EXCLUDED", {"reason": files})
    everything = unipen.load(archive.parent, with_excluded=True)
    assert_small_data_set(everything)
    rest = unipen.load(archive.parent)
    kept = np.setdiff1d(np.arange(DIGITS), [70, 73, 81])
    assert len(rest) == len(kept)
    np.testing.assert_array_equal(rest.writers, everything.writers[kept])
    np.testing.assert_array_equal(rest.labels, everything.labels[kept])
    for strokes, number in zip(rest.strokes, kept, strict=True):
        np.testing.assert_array_equal(strokes[0], everything.strokes[number][0])


def test_segment_is_excluded_by_its_file_and_range():
    assert is_excluded("ced/flad4341_s_jh.dat", "464")
    assert is_excluded("ced/flad4341_s_jh.dat", "466")
    assert not is_excluded("ced/flad4341_s_jh.dat", "46")
    assert not is_excluded("ced/flad4341_s_jh.dat", "464 466")
    assert not is_excluded("val/flad4341_s_jh.dat", "464")


def test_no_segment_is_excluded_twice():
    segments = [
        (file, extent)
        for files in EXCLUDED.values()
        for file, extents in files.items()
        for extent in extents.split()
    ]
    assert len(set(segments)) == len(segments) == 110


# The real data


@pytest.mark.data
def test_data_have_the_digits_of_202_writers(data_folders):
    traces = unipen.load(with_excluded=True)
    assert len(traces) == 15302
    assert {c: len(unipen.select_contributors(traces, [c])) for c in unipen.CONTRIBUTORS} == {
        "aga": 405, "apa": 692, "apb": 2033, "app": 1046, "art": 170, "ced": 1369,
        "gmd": 1145, "ibm": 1571, "imp": 257, "syn": 4554, "uqb": 598, "val": 1462,
    }  # fmt: skip
    writers, counts = np.unique(traces.writers, return_counts=True)
    assert len(writers) == 202
    assert (counts >= 10).sum() == 174
    assert (np.bincount(traces.labels).min(), np.bincount(traces.labels).max()) == (1455, 1681)
    assert len(unipen.load()) == 15302 - 110


@pytest.mark.data
def test_all_excluded_digits_are_in_the_data(unipen_digits):
    excluded = [
        (file, segment) for file, segment in unipen_digits if is_excluded(file, segment.extent)
    ]
    assert len(excluded) == 110
    counts = np.unique([file[:3] for file, _ in excluded], return_counts=True)
    assert dict(zip(*map(np.ndarray.tolist, counts), strict=True)) == {
        "aga": 1, "apb": 1, "ced": 6, "ibm": 87, "val": 15
    }  # fmt: skip


@pytest.mark.data
def test_pieces_of_ibm_have_one_stroke_each(unipen_digits):
    """All are at the end of their files, where no box has several strokes."""
    ibm = [(file, segment) for file, segment in unipen_digits if file.startswith("ibm/")]
    for file, segment in ibm:
        if is_excluded(file, segment.extent):
            assert len(segment.strokes) == 1
            later = [
                other.strokes
                for other_file, other in ibm
                if other_file == file and first_stroke(other) > first_stroke(segment)
            ]
            assert all(len(strokes) == 1 for strokes in later)


def first_stroke(segment):
    return int(re.match("[0-9]+", segment.extent)[0])


@pytest.mark.data
def test_ranges_with_points_split_the_strokes(unipen_digits):
    segments = {(file, segment.extent): segment for file, segment in unipen_digits}
    assert segments["ced/jtkr3293_s_04.dat", "508-509:7"].label == "3"
    three, five = (
        segments["ced/jtkr3293_s_04.dat", extent] for extent in ("508-509:7", "509:8-509:105")
    )
    assert [len(stroke) for stroke in three.strokes][1:] == [8]
    assert [len(stroke) for stroke in five.strokes] == [98]
    assert five.strokes[0][:, 0].mean() > three.strokes[0][:, 0].mean()
    assert len(segments["ced/flad4341_s_jh.dat", "468,471"].strokes) == 2


@pytest.mark.data
def test_digits_are_upright(unipen_digits):
    """The long stroke of a 7 or a 1 ends below its beginning, in most of every contributor's."""
    for contributor in unipen.CONTRIBUTORS:
        down = [
            max(segment.strokes, key=len)[-1, 1] > max(segment.strokes, key=len)[0, 1]
            for file, segment in unipen_digits
            if file.startswith(contributor) and segment.label in "17"
        ]
        assert np.mean(down) > 0.8, contributor
