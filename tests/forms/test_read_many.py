"""How many processes read the sheets in files."""

import pytest

from inkdigits.forms import read_many


@pytest.mark.parametrize(
    ("paths", "workers"),
    [(["1.jpg"], 1), (["1.jpg", "2.png"], 2), (["1.jpg"] * 9, 4), (["all.pdf"], 4), (["1.TIF"], 4)],
)
def test_each_file_has_a_process_and_each_cpu_if_a_file_may_have_many_pages(
    monkeypatch, paths, workers
):
    monkeypatch.setattr(read_many, "available_cpus", lambda: 4)
    monkeypatch.setattr(read_many, "can_start_processes", lambda: True)
    assert read_many.choose_workers(paths) == workers
