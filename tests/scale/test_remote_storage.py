"""Storages by their URLs: a real server of S3, and fsspec's storages."""

import http.server
import pickle
import tarfile
import threading
from io import BytesIO

import numpy as np
import pytest

from inkdigits.scale import remote_storage
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.read_ahead import RemoteFile
from inkdigits.scale.result_folder import open_folder
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.storages import storage_of

pytestmark = pytest.mark.ray  # whose packages include pyarrow, fsspec and rclone
NAMES = ["1.png", "a.png", "a/2.PNG", "a/c/3.jpg", "a-b/4.png", "b/ü %41#+&?.tif", "b/notes.txt"]


@pytest.fixture(autouse=True)
def fast_failures(monkeypatch):
    """Try less often than for a user; S3's client waits longer from attempt to attempt."""
    monkeypatch.setattr(remote_storage, "PAUSES_S", (0.0,))
    monkeypatch.setattr(remote_storage, "S3_ATTEMPTS", 1)
    remote_storage._s3_files.cache_clear()
    yield
    remote_storage._s3_files.cache_clear()


@pytest.fixture
def pictures(bucket):
    for name in NAMES:
        path = bucket / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return f"s3://{bucket.name}"


@pytest.fixture
def memory():
    import fsspec

    files = fsspec.filesystem("memory")
    for name in NAMES:
        files.pipe_file(f"/bucket/p/{name}", name.encode())
    yield "memory://bucket"
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def keys(*sources, **options):
    return [picture.key for part in plan_parts(sources, **options) for picture in part.read()]


SOURCES = [
    ("p", "p/1.png p/a.png"),
    ("p/", "p/1.png p/a.png"),
    ("p/*.png", "p/1.png p/a.png"),
    ("p/**/*.png", "p/1.png p/a-b/4.png p/a.png"),
    ("*/a/*", "p/a/2.PNG p/a/c/3.jpg"),
    ("p/a/c/3.jpg", "p/a/c/3.jpg"),
]


@pytest.mark.parametrize(("source", "found"), SOURCES)
@pytest.mark.parametrize("storage", ["pictures", "memory"])
def test_url_is_a_file_a_folder_or_a_pattern(source, found, storage, request):
    root = request.getfixturevalue(storage)
    assert keys(f"{root}/{source}") == [f"{root}/{key}" for key in found.split()]


@pytest.mark.parametrize("storage", ["pictures", "memory"])
def test_folders_are_searched_in_the_order_of_all_names(storage, request):
    root = request.getfixturevalue(storage)
    parts = list(plan_parts([root, f"{root}/p/*.png"], recursive=True, part_size=4))
    assert [part.pictures for part in parts] == [4, 2]
    # As another process would read them.
    found = [picture for part in pickle.loads(pickle.dumps(parts)) for picture in part.read()]
    assert [key for key, _ in found] == sorted(f"{root}/p/{name}" for name in NAMES[:-1])
    assert all(content.decode() == key.removeprefix(f"{root}/p/") for key, content in found)
    assert len({part.fingerprint for part in parts}) == 2


@pytest.mark.parametrize("storage", ["pictures", "memory"])
def test_shards_and_tables_are_read_from_a_storage(storage, request):
    import pyarrow as pa
    import pyarrow.parquet as pq

    root = request.getfixturevalue(storage)
    folder = open_folder(f"{root}/other")
    shard, table = BytesIO(), BytesIO()
    with tarfile.open(fileobj=shard, mode="w:gz") as archive:
        header = tarfile.TarInfo("1.png")
        header.size = 3
        archive.addfile(header, BytesIO(b"one"))
    pq.write_table(pa.table({"image": [b"%d" % number for number in range(30)]}), table)
    folder.write("s.tar.gz", shard.getvalue())
    folder.write("t.parquet", table.getvalue())
    found = [
        picture for part in plan_parts([f"{root}/other"], part_size=8) for picture in part.read()
    ]
    assert found[0] == (f"{root}/other/s.tar.gz/1.png", b"one")
    rows = [(f"{root}/other/t.parquet#{number:02d}", b"%d" % number) for number in range(30)]
    assert found[1:] == rows


@pytest.mark.parametrize("storage", ["pictures", "memory"])
def test_large_shards_and_tables_are_read_with_what_is_requested_ahead(
    storage, request, monkeypatch
):
    import pyarrow as pa
    import pyarrow.parquet as pq

    ahead = []
    request_ahead = RemoteFile._request_ahead

    def note(file, start, size):
        ahead.append(size)
        request_ahead(file, start, size)

    monkeypatch.setattr(RemoteFile, "_request_ahead", note)
    root = request.getfixturevalue(storage)
    rng = np.random.default_rng(0)
    contents = [rng.bytes(2**20 + number) for number in range(20)]
    folder = open_folder(f"{root}/large")
    shard, table = BytesIO(), BytesIO()
    with tarfile.open(fileobj=shard, mode="w") as archive:
        for number, content in enumerate(contents):
            header = tarfile.TarInfo(f"{number:02d}.png")
            header.size = len(content)
            archive.addfile(header, BytesIO(content))
    keys = [f"row-{number}" for number in range(20)]
    pages = {"write_batch_size": 1, "data_page_size": 2**20}
    pq.write_table(pa.table({"key": keys, "image": contents}), table, compression="none", **pages)
    for name, file in (("s.tar", shard), ("t.parquet", table)):
        folder.write(name, file.getvalue())
        ahead.clear()
        [part] = plan_parts([f"{root}/large/{name}"])
        assert [content for _, content in part.read()] == contents
        assert ahead


@pytest.mark.parametrize("storage", ["pictures", "memory"])
def test_results_are_written_whole_and_read_again(storage, request):
    folder = open_folder(f"{request.getfixturevalue(storage)}/results/a")
    assert folder.is_empty()
    assert folder.read("_run.json") is None
    content = bytes(range(256)) * 45_056  # 11 MiB: more than one piece of an upload
    folder.write("part", content)
    assert folder.read("part") == content
    folder.write("part", b"again")
    assert folder.read("part") == b"again"
    assert not folder.is_empty()
    for _ in range(2):  # the second time, it is gone
        folder.remove("part")
        assert folder.read("part") is None
    assert str(folder).endswith("/results/a")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("/nothing", "does not exist: check the name"),
        ("/p/*.gif", "contains no pictures"),
        ("-of-nobody/p", "does not exist: check the name"),
    ],
)
def test_url_of_nothing_is_refused(pictures, source, cause):
    with pytest.raises(ScaleError, match=cause):
        plan_parts([pictures + source])


def test_url_without_a_bucket_is_refused():
    with pytest.raises(ScaleError, match="does not name a bucket"):
        plan_parts(["s3://"])


def test_wrong_credentials_are_an_error_in_a_sentence(pictures, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(
        ScaleError, match=r"cannot be used \(Access denied.*check who may"
    ) as raised:
        plan_parts([f"{pictures}/p"])
    assert "wrong" not in str(raised.value)


def test_credentials_that_a_worker_lacks_are_not_mistaken_for_damaged_pictures(
    pictures, monkeypatch
):
    [part] = plan_parts([f"{pictures}/p"])
    remote_storage._s3_files.cache_clear()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ScaleError, match="check the credentials on the machines of the workers"):
        list(part.read())


def test_results_that_may_not_be_written_are_an_error_in_a_sentence(pictures, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    folder = open_folder(f"{pictures}/results")
    for use in (folder.is_empty, lambda: folder.read("a"), lambda: folder.write("a", b"1")):
        with pytest.raises(ScaleError, match=r"cannot be used .*(denied|SIGNATURE)"):
            use()


def test_storage_that_cannot_be_reached_is_an_error_and_not_a_row(pictures, monkeypatch):
    parts = list(plan_parts([f"{pictures}/p"]))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nothing listens
    with pytest.raises(ScaleError, match=r"The storage http://127\.0\.0\.1:9 cannot be used"):
        plan_parts([f"{pictures}/p"])
    [unreachable] = [
        type(part)(storage_of(pictures)[0], part.entries) for part in parts if part.pictures
    ]
    with pytest.raises(ScaleError, match="run the command again to continue"):
        list(unreachable.read())


def test_object_that_is_gone_is_a_picture_with_the_reason(pictures, bucket):
    [part] = plan_parts([f"{pictures}/p"])
    (bucket / "p/1.png").unlink()
    first, second = part.read()
    assert isinstance(first.content, FileNotFoundError)
    assert second.content == b"a.png"


@pytest.mark.parametrize("name", ["s.tar", "t.parquet"])
def test_storage_that_is_lost_within_a_file_is_an_error_and_not_damage(own_s3_server, name):
    import pyarrow as pa
    import pyarrow.parquet as pq

    process, bucket = own_s3_server
    pictures = [np.random.default_rng(number).bytes(2**20) for number in range(20)]
    if name == "s.tar":
        with tarfile.open(bucket / name, "w") as archive:
            for number, content in enumerate(pictures):
                header = tarfile.TarInfo(f"{number:02d}.png")
                header.size = len(content)
                archive.addfile(header, BytesIO(content))
    else:
        options = {"data_page_size": 2**20, "write_batch_size": 1, "use_dictionary": False}
        pq.write_table(pa.table({"image": pictures}), bucket / name, **options)
    [part] = plan_parts([f"s3://own/{name}"])
    found = part.read()
    assert next(found).content == pictures[0]
    process.kill()
    process.wait()
    with pytest.raises(ScaleError, match="run the command again to continue"):
        list(found)


@pytest.fixture
def web(tmp_path):
    """A web server on a free port, with one picture; what begins with x fails."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def do_GET(self):
            if self.path.startswith("/x"):
                self.send_error(500)
            else:
                super().do_GET()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *arguments):
            pass

    (tmp_path / "1.png").write_bytes(b"one")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_file_of_a_web_server_is_read(web):
    [part] = plan_parts([f"{web}/1.png"])
    assert list(part.read()) == [(f"{web}/1.png", b"one")]
    with pytest.raises(ScaleError, match="does not exist"):
        plan_parts([f"{web}/2.png"])
    with pytest.raises(ScaleError, match="cannot be used"):
        plan_parts([f"{web}/x.png"])


def test_file_url_is_a_local_file(tmp_path):
    (tmp_path / "1 2.png").write_bytes(b"one")
    url = f"file://{tmp_path}/1%202.png"
    [(key, content)] = [picture for part in plan_parts([url]) for picture in part.read()]
    assert (key, content) == (str(tmp_path / "1 2.png"), b"one")


def test_scheme_without_its_package_names_the_package():
    with pytest.raises(ScaleError, match=r"gs:// needs another package .*gcsfs"):
        plan_parts(["gs://bucket/folder"])
