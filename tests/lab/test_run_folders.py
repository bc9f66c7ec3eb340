"""The folders of runs: nothing outside the folder of runs is read or deleted."""

import os

import pytest

from inkdigits.lab import UnknownRun
from inkdigits.lab.folders import delete_run_folder, new_run_folder, run_folder, run_names

HOSTILE = [
    "",
    ".",
    "..",
    "../outside",
    "run/../../outside",
    "/etc",
    "a/b",
    "a\\b",
    "..\\outside",
    ".lab.lock",
    ".deleted-0",
    "run\0",
    "run\n",
    "%2e%2e",
    "r\u00fcn",
    "con",
    "nul.txt",
    "a" * 65,
    "~",
    "$HOME",
    "linked",
    "a file",
    "plain.txt",
    "not-a-run",
]


@pytest.fixture
def root(tmp_path):
    """A folder with a run, beside a folder that looks like one, and a link to that."""
    root = tmp_path / "runs"
    for folder in (root / "run", tmp_path / "outside"):
        folder.mkdir(parents=True)
        (folder / "lab.json").write_text("{}")
    (root / "linked").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "plain.txt").write_text("")
    (root / "not-a-run").mkdir()
    (root / ".deleted-0").mkdir()
    (root / ".deleted-0" / "lab.json").write_text("{}")
    return root


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_unknown(root, name):
    before = everything_in(root.parent)
    for function in (run_folder, delete_run_folder):
        with pytest.raises(UnknownRun):
            function(root, name)
    assert everything_in(root.parent) == before


def test_runs_are_listed_without_links_and_other_folders(root):
    assert list(run_names(root)) == ["run"]
    assert list(run_names(root / "missing")) == []


def test_links_in_a_run_are_deleted_and_not_followed(root):
    outside = root.parent / "outside"
    (root / "run" / "link").symlink_to(outside, target_is_directory=True)
    (root / "run" / "commands").symlink_to(outside)
    os.link(outside / "lab.json", root / "run" / "hard")
    delete_run_folder(root, "run")
    assert not (root / "run").exists()
    assert (outside / "lab.json").read_text() == "{}"
    with pytest.raises(UnknownRun):
        delete_run_folder(root, "run")


def test_run_whose_settings_are_a_link_is_unknown(root):
    (root / "run" / "lab.json").unlink()
    (root / "run" / "lab.json").symlink_to(root.parent / "outside" / "lab.json")
    with pytest.raises(UnknownRun):
        run_folder(root, "run")


def test_new_run_gets_a_free_name(root):
    names = [new_run_folder(root, name).name for name in ("run", "run", "linked", "a" * 64)]
    assert names == ["run-2", "run-3", "linked-2", "a" * 64]
    assert new_run_folder(root, "a" * 64).name == f"{'a' * 56}-2"
