"""`inkdigits teach`: what is added, said and shown; and `--profile` of other commands."""

import json
import os
import re
import shlex
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from exported import exported_file
from made_results import make_results
from written import number

from inkdigits.cli import form_review, main, teach_effect
from inkdigits.forms.store import Store
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.personal import CONSENT_TEXT, Profile, adaptation
from inkdigits.personal.adaptation import PersonalModel

LABELS = (4, 4, 7)


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    """The user's database."""
    path = tmp_path / "profiles.sqlite3"
    monkeypatch.setenv("INKDIGITS_DATABASE", str(path))
    monkeypatch.setattr(adaptation, "STEPS", 20)  # enough here, and faster
    return path


@pytest.fixture
def ada():
    return Profile.create("Ada", consent=True)


@pytest.fixture
def folders(tmp_path):
    """A folder with a folder for each digit, and pictures of some."""
    folder = tmp_path / "digits"
    for place, label in enumerate(LABELS):
        picture = 255 - number(text=str(label), slope=0.15 * place, shape=(200, 200))
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        (folder / str(label) / f"{place}.png").write_bytes(encode_png(picture))
    return folder


@pytest.fixture
def number_file(tmp_path):
    path = tmp_path / "number.png"
    path.write_bytes(encode_png(255 - number()))
    return path


def run(*arguments, stdin=""):
    return CliRunner().invoke(main, list(map(str, arguments)), input=stdin)


def teach(*arguments, stdin=""):
    done = run("teach", *arguments, stdin=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments, stdin=""):
    """Run a command that fails, and return its one sentence."""
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert re.fullmatch(r"Error: .*\.", lines[-1]), done.stderr
    assert "Traceback" not in done.output
    return lines[-1]


def labels(profile):
    return [sample.label for sample in profile.samples()]


# Profiles


def test_the_words_are_shown_before_a_profile_is_made():
    done = run("teach", "new", "Ada", stdin="n\n")
    assert CONSENT_TEXT in " ".join(done.stdout.split())
    assert done.exit_code == 1
    assert "Nothing is kept, because you do not agree." in done.stderr
    assert "There are no profiles" in teach("list")
    assert "Made the profile Ada" in teach("new", "Ada", stdin="y\n")
    assert "named 'Ada' already" in refused("teach", "new", "Ada", "--yes")


def test_nobody_agrees_where_nobody_can_be_asked():
    assert "use --yes" in refused("teach", "new", "Ada")
    assert "Made the profile" in teach("new", "Ada", "--yes")


@pytest.mark.skipif(os.name == "nt", reason="another shell")
def test_command_that_is_suggested_has_the_name_quoted_for_the_shell():
    name = "Ada $(touch x) O'Hara"
    command = next(line for line in teach("new", name, "--yes").splitlines() if "teach add" in line)
    assert shlex.split(command)[3] == name
    assert "'Ada $(touch x)" in command


def test_profiles_are_listed(ada, folders):
    teach("add", "Ada", folders)
    assert teach("list").startswith("Ada: 3 samples, version 1, made on ")
    (listed,) = json.loads(teach("list", "--json"))
    assert (listed["id"], listed["name"], listed["samples"]) == (ada.id, "Ada", 3)


def test_another_database_is_used_if_named(tmp_path, database):
    teach("new", "Ada", "--yes", "--database", tmp_path / "other.sqlite3")
    assert not database.exists()
    assert "Ada" in teach("list", "--database", f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert "no profile" in refused("teach", "show", "Ada")


def test_an_export_is_imported(ada, folders, tmp_path):
    teach("add", "Ada", folders)
    file = tmp_path / "ada.profile.json"
    assert "Wrote 3 samples" in teach("export", "Ada", file)
    assert "Made the profile Ada (2) with 3 samples" in teach("import", file)
    assert "Made the profile Bo with 3 samples" in teach("import", file, "--name", "Bo")
    assert labels(Profile.open("Bo")) == labels(ada)
    file.write_bytes(file.read_bytes()[:-9])
    assert "is not a profile that inkdigits has exported" in refused("teach", "import", file)


def test_a_profile_is_deleted_after_asking(ada):
    assert "Nothing was deleted" in refused("teach", "delete", "Ada", stdin="n\n")
    assert "use --yes" in refused("teach", "delete", "Ada")
    assert "Deleted the profile Ada." in teach("delete", "Ada", "--yes")
    assert "There is no profile 'Ada'" in refused("teach", "delete", "Ada", "--yes")


# Samples


def test_folders_are_added_once(ada, folders):
    text = teach("add", "Ada", folders)
    assert "Added 3 samples; Ada has 3 samples now, in version 1." in text
    assert re.search(r"Recognized of 3 samples: \d by the model cnn-small, 3 with the prof", text)
    assert labels(ada) == [4, 4, 7]
    assert {sample.source for sample in ada.samples()} == {"image"}
    again = teach("add", "Ada", folders / "4", "--digit", 4)
    assert "has these samples already, so nothing has changed" in again
    assert ada.version() == 1


def test_what_a_file_shows_must_be_known(ada, folders):
    assert "say it with --digit" in refused("teach", "add", "Ada", folders / "4")
    assert "say it with --digit" in refused("teach", "add", "Ada", folders / "4" / "0.png")
    (folders / "none").mkdir()
    assert "contains no images" in refused("teach", "add", "Ada", folders / "none", "--digit", 4)
    assert labels(ada) == []


def test_files_that_cannot_be_used_are_reported_and_the_others_added(ada, folders, blank_png):
    (folders / "7" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    blank_png.rename(folders / "7" / "blank.png")
    done = run("teach", "add", "Ada", folders)
    assert done.exit_code == 1
    assert "damaged.png: The image is damaged" in done.stderr
    assert "blank.png: The picture is blank" in done.stderr
    assert labels(ada) == [4, 4, 7]
    missing = folders / "8.png"
    assert "Nothing was added" in refused("teach", "add", "Ada", missing, "--digit", 8)


def test_a_correction_is_learned(ada, tmp_path):
    picture = tmp_path / "odd.png"
    picture.write_bytes(encode_png(255 - number(text="4", slope=1.2, shape=(260, 200))))
    text = teach("correct", "Ada", picture, "--digit", 4)
    assert "odd.png: before 8, now 4." in text
    (sample,) = ada.samples()
    assert (sample.label, sample.source) == (4, "correction")
    assert "odd.png: 4 (" in run("predict", picture, "--profile", "Ada").stdout
    assert "odd.png: 8 (" in run("predict", picture).stdout


def test_a_number_is_cut_into_samples(ada, number_file):
    assert "number.png: before 47474, now" in teach(
        "correct", "Ada", number_file, "--number", "47474"
    )
    assert sorted(set(labels(ada))) == [4, 7]
    assert {sample.source for sample in ada.samples()} == {"number"}
    before = labels(ada)
    message = refused("teach", "correct", "Ada", number_file, "--number", "474")
    assert "does not show 3 digits" in message
    assert "1 to 20 digits" in refused("teach", "correct", "Ada", number_file, "--number", "4a")
    assert labels(ada) == before


def test_a_correction_says_one_thing(ada, number_file):
    for options in ((), ("--digit", 4, "--number", "4")):
        assert run("teach", "correct", "Ada", number_file, *options).exit_code == 2
    missing = refused("teach", "correct", "Ada", "none.png", "--digit", 4)
    assert "none.png cannot be read" in missing


def test_undo_and_remove(ada, folders, number_file):
    teach("add", "Ada", folders)
    teach("correct", "Ada", number_file, "--number", "47474")
    assert "for good; Ada has 3 samples now, in version 3" in teach("undo", "Ada")
    first, *others = ada.samples()
    assert "Removed 1 sample for good" in teach("remove", "Ada", first.id[:6])
    assert [sample.id for sample in ada.samples()] == [sample.id for sample in others]
    assert "is not the ID of a sample" in refused("teach", "remove", "Ada", first.id)
    assert "fewer than 4 characters" in refused("teach", "remove", "Ada", others[0].id[:3])
    assert "predictions are those of the model itself" in teach(
        "remove", "Ada", *(sample.id for sample in others)
    )
    assert "nothing can be undone" in refused("teach", "undo", "Ada")


def test_a_weakened_change_is_said(ada, folders, monkeypatch):
    changed = {"w": np.zeros(1, np.float32)}
    for model, expected in (
        (PersonalModel("", changed, 0.4, 0.99, 0.985), "The change was weakened to 40%"),
        (PersonalModel("", changed, 0.4, 0.99, 0.985), "99.00% of those were recognized before"),
        (PersonalModel("", {}, 0.0, 0.99, 0.99), "The model was left as it was"),
        (PersonalModel("", changed), "It was not checked what the change does to other people's"),
    ):
        monkeypatch.setattr(Profile, "personal_model", lambda self, base, model=model: model)
        assert expected in teach("add", "Ada", folders)


def test_a_model_of_other_classes_is_refused(ada, folders, monkeypatch):
    monkeypatch.setattr(teach_effect, "DIGITS", ("a", "b"))
    assert "are not the digits; choose another" in refused("teach", "add", "Ada", folders)


# What is shown


def test_the_profile_is_shown(ada, folders, tmp_path):
    assert "0 samples" in teach("show", "Ada")
    teach("add", "Ada", folders)
    text = teach("show", "Ada", "--samples")
    assert re.search(r"^    4        2 +[012] +[012]$", text, re.MULTILINE)
    assert re.search(r"^  all        3 +\d +\d$", text, re.MULTILINE)
    assert "No samples yet of: 0, 1, 2, 3, 5, 6, 8, 9" in text
    assert re.search(r"^      1  20.* add            3 \(\+3\)$", text, re.MULTILINE)
    for sample in ada.samples():
        assert f"{sample.id[:8]}  {sample.label:>5}" in text
    shown = json.loads(teach("show", "Ada", "--json", "--samples"))
    assert shown["samples"] == 3
    assert shown["by_digit"][4]["samples"] == 2
    assert [each["label"] for each in shown["sample_list"]] == [4, 4, 7]


def test_samples_are_drawn_on_a_sheet(ada, folders, tmp_path):
    teach("add", "Ada", folders)
    teach("show", "Ada", "--pictures", tmp_path / "sheet.png")
    sheet = 255 - decode((tmp_path / "sheet.png").read_bytes())[..., 0]
    for place, sample in enumerate(ada.samples()):
        left, top = (40 + 60 * place, 4) if sample.label == 4 else (40, 64)
        drawn = cv2.resize(sheet[top : top + 56, left : left + 56], (28, 28), fx=0, fy=0)
        assert np.abs(drawn.astype(int) - sample.seen).max() < 2
    bo = Profile.create("<b>Bo</b>", consent=True)
    bo.add(ada.samples())
    teach("show", bo.id, "--pictures", tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "<h1>Samples of &lt;b&gt;Bo&lt;/b&gt;</h1>" in page
    assert page.count("<img ") == 3
    assert run("teach", "show", "Ada", "--pictures", "sheet.gif").exit_code == 2


# Forms


def test_digits_of_a_reviewed_form_are_added(ada, tmp_path):
    results = make_results(tmp_path, sheets=2)
    assert "run `inkdigits form review` first" in refused("teach", "form", "Ada", results)
    with Store.open(results) as store:
        first = next(field for field in store.fields() if field.name == "student")
        store.correct(first.id, first.value, "Ada")
    assert "on these sheets" in refused("teach", "form", "Ada", results, "--sheet", 2)
    teach("form", "Ada", results, "--sheet", 1)
    assert "".join(map(str, labels(ada))) == first.value
    assert {sample.source for sample in ada.samples()} == {"form"}


def test_what_is_answered_in_a_review_is_added(ada, tmp_path, monkeypatch):
    results = make_results(tmp_path, sheets=1)
    with Store.open(results) as store:
        before, now, *_ = [field for field in store.fields() if field.name == "student"]
        store.correct(before.id, before.value, "Ada")

    def answer(*arguments, **options):
        with Store.open(results) as store:
            store.correct(now.id, now.value, "Ada")

    monkeypatch.setattr(form_review, "serve_page", answer)
    done = run("form", "review", results, "--no-open", "--profile", "Ada")
    assert done.exit_code == 0
    assert "Added 5 samples" in done.stdout
    assert "".join(map(str, labels(ada))) == now.value
    again = run("form", "review", results, "--no-open", "--profile", "Ada")
    assert "Nothing to add to the profile" in again.stdout
    assert "no profile 'Bo'" in refused("form", "review", results, "--profile", "Bo")


# Other commands


@pytest.mark.parametrize("command", ["predict", "number", "explain"])
def test_profiles_that_cannot_be_used_end_in_a_sentence(number_file, tmp_path, command):
    assert "There is no profile 'Bo'" in refused(command, number_file, "--profile", "Bo")
    path = tmp_path / "damaged.json"
    path.write_bytes(b"{}")
    assert "is not a profile" in refused(command, number_file, "--profile", path)


def test_an_exported_file_is_a_profile(number_file, tmp_path):
    path = exported_file(tmp_path)
    for command in ("predict", "number"):
        assert run(command, number_file, "--profile", path).exit_code == 0


def test_predicting_without_a_profile_loads_no_database(number_file):
    code = (
        "import sys; from inkdigits.cli import main\n"
        f"main(['predict', {str(number_file)!r}], standalone_mode=False)\n"
        "print([name for name in sys.modules if 'sqlalchemy' in name or 'personal' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
