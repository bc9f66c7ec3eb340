"""Forgetting leaves neither values nor pictures in the bytes of the files."""

import os
import signal
import subprocess
import sys

import made_results as made
import pytest
from sentences import assert_sentence

from inkdigits.forms.forget import forget
from inkdigits.forms.store import Store
from inkdigits.storage.files import FileError


@pytest.fixture
def path(tmp_path):
    path = made.make_results(tmp_path, sheets=2)
    with Store.open(path) as store:
        store.correct(1, "4711", "Ada Lovelace")
    return path


def test_the_bytes_of_deleted_files_are_overwritten(path, tmp_path):
    others = [tmp_path / "kept.sqlite", tmp_path / "kept.csv"]  # other names of the same bytes
    os.link(path, others[0])
    os.link(path.with_suffix(".csv"), others[1])
    size = path.stat().st_size
    assert b"Lovelace" in path.read_bytes()
    assert forget(path, exports_too=True) == []
    assert not path.exists()
    assert not path.with_suffix(".csv").exists()
    assert others[0].stat().st_size == size
    assert not any(any(other.read_bytes()) for other in others)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept.csv", "kept.sqlite"]


def test_the_tables_are_left_and_named(path):
    assert forget(path) == [path.with_suffix(".csv")]
    assert path.with_suffix(".csv").is_file()
    assert not path.exists()


def test_only_tables_are_deleted_whatever_the_results_name(path, tmp_path):
    (tmp_path / "form.toml").write_text("mine")
    (tmp_path.parent / "other.csv").write_text("mine")
    with Store.open(path) as store:
        for name in ("form.toml", "../other.csv"):
            store.add_export(name)
    assert forget(path, exports_too=True) == []
    assert (tmp_path / "form.toml").read_text() == "mine"
    assert (tmp_path.parent / "other.csv").read_text() == "mine"


def test_the_journal_of_a_killed_writer_is_overwritten_too(path, tmp_path):
    # A large transaction spills into the file, so that the journal has pages of before.
    script = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 5')\n"
        "c.execute('BEGIN')\n"
        "c.execute('UPDATE crops SET picture = zeroblob(length(picture))')\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    journal = path.with_name("results.sqlite-journal")
    assert b"PNG" in journal.read_bytes()
    os.link(path, tmp_path / "kept.sqlite")
    forget(path)
    assert not journal.exists()
    assert not any((tmp_path / "kept.sqlite").read_bytes())


def test_a_damaged_file_can_be_forgotten_and_a_foreign_one_not(path, tmp_path):
    content = bytearray(path.read_bytes())
    content[3000:50_000] = bytes(47_000)
    path.write_bytes(content)
    forget(path)
    assert not path.exists()
    foreign = tmp_path / "notes.sqlite"
    foreign.write_text("x" * 200)
    for name in (foreign, tmp_path / "none.sqlite"):
        with pytest.raises(FileError) as raised:
            forget(name)
        assert_sentence(raised.value)
    assert foreign.read_text() == "x" * 200


def test_results_in_use_are_not_deleted(path):
    with Store.open(path) as store:
        store._connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(FileError, match="in use"):
            forget(path)
        store._connection.execute("ROLLBACK")
        assert len(store.fields()) == 48
