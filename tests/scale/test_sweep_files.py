from inkdigits.scale.sweep_files import Copied, Exchange, read_copies, write_copies


def test_only_what_has_changed_is_sent(tmp_path):
    copied = Copied(tmp_path)
    copied.unpack({"settings.json": b"{}", "old": b"1"})
    assert copied.changes() == ({}, [])
    write_copies(tmp_path, {"new": b"2", "settings.json": b"{} "}, ["old"])
    (tmp_path / ".lock").write_bytes(b"")
    assert copied.changes() == ({"new": b"2", "settings.json": b"{} "}, ["old"])
    assert copied.changes() == ({}, [])


def test_exchange_keeps_the_files_of_runs_and_its_messages_in_order():
    exchange = Exchange({"a": {"x": b"1"}})
    exchange.update("a", {"y": b"2"}, ["x", "z"])
    exchange.tell(("epoch", 1, 1))
    assert exchange.files_of("a") == {"y": b"2"}
    assert exchange.files_of("b") == {}
    assert exchange.take() == [("files", "a", {"y": b"2"}, ["x", "z"]), ("epoch", 1, 1)]
    assert exchange.take() == []
    exchange.forget("a")
    assert exchange.files_of("a") == {}


def test_exchange_tells_that_the_trials_should_stop():
    exchange = Exchange({})
    assert not exchange.is_stopping()
    exchange.stop()
    assert exchange.is_stopping()


def test_copies_are_read_as_they_were_written(tmp_path):
    folder = tmp_path / "trial" / "seed-0"
    assert read_copies(folder) == {}
    write_copies(folder, {"a": b"1", "b": b"2"}, [])
    write_copies(folder, {"a": b"3"}, ["b", "missing"])
    (folder / ".lock").write_bytes(b"")
    (folder / "subfolder").mkdir()
    assert read_copies(folder) == {"a": b"3"}
