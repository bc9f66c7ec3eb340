"""All profiles of a database: tokens, export and import."""

import json

import numpy as np
import pytest
from profile_samples import base_model, ids, made_samples

from inkdigits.data.folders import DataError
from inkdigits.personal import Profile, Profiles, load
from inkdigits.personal.errors import AccessDenied, NameTaken
from inkdigits.personal.tokens import MAX_CHARACTERS, PREFIX


@pytest.fixture
def profiles(database_url):
    return Profiles(database_url)


def test_profiles_are_listed_in_order(profiles):
    made = [profiles.create(name, consent=True) for name in ("Zoe", "Ada", None)]
    assert [handle.name for handle in profiles.all()] == ["Zoe", "Ada", f"Profile {made[2].id[:8]}"]
    assert profiles.count() == 3
    assert profiles.open("Ada").id == made[1].id


def test_token_opens_its_own_profile_alone(profiles):
    ada, bob = (profiles.create(name, consent=True) for name in ("Ada", "Bob"))
    tokens = [ada.new_token(), bob.new_token()]
    assert [profiles.authenticate(token).name for token in tokens] == ["Ada", "Bob"]
    newer = ada.new_token()
    assert profiles.authenticate(newer).name == "Ada"
    bob.delete()
    never = [PREFIX + "A" * 43, newer[:-1], f"{newer} ", newer.lower(), "", PREFIX, ada.id, "Ada"]
    never += ["\ud800", PREFIX + "\0", PREFIX + "é", PREFIX + "A" * 2 * MAX_CHARACTERS]
    for token in [*tokens, *never]:
        with pytest.raises(AccessDenied) as raised:
            profiles.authenticate(token)
        assert token not in str(raised.value) or len(token) < 4
        assert str(raised.value).startswith("The token belongs to no profile")


def test_profile_without_a_token_is_open_to_nobody(profiles):
    profiles.create("Ada", consent=True)
    for token in ("", "None", PREFIX):
        with pytest.raises(AccessDenied):
            profiles.authenticate(token)


def test_exported_profile_is_the_same_where_it_is_imported(profiles, tmp_path):
    ada = profiles.create("Ada", consent=True)
    samples = [*made_samples(3), *made_samples(1, drawn=False)]
    ada.add(samples)
    path = tmp_path / "Ada.profile.json"
    path.write_bytes(ada.export())
    other = Profiles(tmp_path / "other.sqlite3").import_file(path)
    assert (other.name, other.created, other.consent) == ("Ada", ada.created, ada.consent)
    assert other.id != ada.id
    assert ids(other.samples()) == ids(samples)
    assert np.array_equal(other.samples()[0].strokes[0].points, samples[0].strokes[0].points)
    (version,) = other.versions()
    assert (version.number, version.action, version.samples) == (1, "import", 4)
    base = base_model()
    expected = ada.recognizer(base).model.vector
    assert np.array_equal(other.recognizer(base).model.vector, expected)
    for profile in (path, str(path), ada):
        assert np.array_equal(load(profile, "mlp").model.vector, expected)
    assert np.array_equal(load("Ada", "mlp", tmp_path / "other.sqlite3").model.vector, expected)


def test_imported_profile_gets_a_name_that_is_free(profiles):
    ada = profiles.create("Ada", consent=True)
    ada.add(made_samples(2))
    names = [profiles.import_file(ada.export()).name for _ in range(2)]
    assert names == ["Ada (2)", "Ada (3)"]
    assert profiles.import_file(ada.export(), "Bob").name == "Bob"
    with pytest.raises(NameTaken):
        profiles.import_file(ada.export(), "Bob")


def test_profile_without_samples_is_exported_and_imported(profiles):
    empty = profiles.create("A" * 64, consent=True)
    again = profiles.import_file(empty.export())
    assert again.name == "A" * 60 + " (2)"
    assert (again.samples(), again.versions()) == ((), ())


def test_damaged_file_makes_no_profile(profiles):
    ada = profiles.create("Ada", consent=True)
    ada.add(made_samples(2))
    document = json.loads(ada.export())
    document["samples"][1]["label"] = 12
    for data in (ada.export()[:-9], json.dumps(document).encode(), b""):
        with pytest.raises(DataError):
            profiles.import_file(data)
    assert profiles.count() == 1


def test_database_is_the_one_of_the_environment(monkeypatch, tmp_path):
    path = tmp_path / "a folder" / "mine.sqlite3"
    monkeypatch.setenv("INKDIGITS_DATABASE", str(path))
    Profile.create("Ada", consent=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Profiles(f"sqlite:///{path}").open("Ada").name == "Ada"
    monkeypatch.delenv("INKDIGITS_DATABASE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Profiles().create("Bob", consent=True)
    assert (tmp_path / "data/inkdigits/profiles.sqlite3").is_file()
