"""Profiles: created, taught, corrected, undone and deleted; and predictions with one."""

import pytest
from profile_requests import FOUR, SAMPLES, add, create
from requests_to import (
    BATCH,
    EXPLANATION,
    NUMBER,
    ONE,
    PREDICT,
    PROFILE,
    PROFILES,
    assert_problem,
    base64_of,
)

from inkdigits.api import Settings, create_app, examples

CORRECTIONS = f"{PROFILE}/corrections"
USES = [
    (PREDICT, examples.IMAGE_DRAWING),
    (ONE, examples.STROKES_DRAWING),
    (BATCH, examples.BATCH),
    (NUMBER, examples.STROKES_NUMBER),
    (f"{NUMBER}/batch", examples.NUMBER_BATCH),
    (EXPLANATION, examples.STROKES_EXPLANATION),
]


@pytest.fixture
def service(teachable):
    return teachable.test_client()


def test_profile_is_created_with_consent_alone(service):
    consent = service.get(f"{PROFILES}/consent").json
    assert consent["version"] == 1
    assert "handwriting" in consent["text"]
    for body in ({}, {"consent": False}, {"consent": 1}, {"consent": "true"}):
        assert_problem(service.post(PROFILES, json=body), 422)
    assert_problem(service.post(PROFILES, json={"consent": True, "name": "  "}), 422)
    headers, created = create(service, name=" Ada ")
    described = service.get(PROFILE, headers=headers).json
    assert described == {name: value for name, value in created.items() if name != "token"}
    assert (described["name"], described["version"], described["samples"]) == ("Ada", 0, 0)


def test_two_profiles_may_have_the_same_name(service):
    """Otherwise an error would tell that somebody has a profile here."""
    (_, first), (_, second) = create(service, name="Ada"), create(service, name="Ada")
    assert first["name"] == second["name"] == "Ada"
    assert first["id"] != second["id"]


def test_samples_change_what_is_recognized_and_undo_takes_it_back(service):
    headers, _ = create(service)
    change = add(service, headers, FOUR, {**examples.IMAGE_DRAWING, "label": 4})
    assert [sample["label"] for sample in change["samples"]] == [4, 4]
    for sample in change["samples"]:
        assert (sample["before"]["digit"], sample["after"]["digit"]) == (7, 4)
    assert change["version"] == change["profile"]["version"] == 1
    assert change["profile"]["by_digit"] == [0, 0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert change["personal_model"]["model"]["name"] == "cnn-small"
    listed = service.get(SAMPLES, headers=headers).json["samples"]
    assert [sample["source"] for sample in listed] == ["drawn", "image"]
    assert listed[0]["strokes"] == examples.STROKES
    assert listed[1]["strokes"] is None
    undone = service.post(f"{PROFILE}/undo", headers=headers).json
    assert (undone["version"], undone["samples"]) == (2, 0)
    assert service.post(ONE, json=examples.STROKES_DRAWING, headers=headers).json["digit"] == 7
    assert_problem(service.post(f"{PROFILE}/undo", headers=headers), 409)


def test_one_sample_is_deleted_by_its_id(service):
    headers, _ = create(service)
    first, second = add(service, headers, FOUR, {**FOUR, "label": 5})["samples"]
    left = service.delete(f"{SAMPLES}/{first['id']}", headers=headers).json
    assert left["by_digit"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    listed = service.get(SAMPLES, headers=headers).json["samples"]
    assert [sample["id"] for sample in listed] == [second["id"]]
    assert_problem(service.delete(f"{SAMPLES}/{first['id']}", headers=headers), 404)


def test_correction_of_a_digit_adds_a_sample(service):
    headers, _ = create(service)
    body = {**examples.STROKES_DRAWING, "text": "4", "kind": "digit"}
    change = service.post(CORRECTIONS, json=body, headers=headers).json
    assert [sample["label"] for sample in change["samples"]] == [4]
    assert service.get(SAMPLES, headers=headers).json["samples"][0]["source"] == "correction"
    wrong = assert_problem(
        service.post(CORRECTIONS, json=body | {"text": "42"}, headers=headers), 422
    )
    assert "number" in wrong


@pytest.mark.parametrize("drawing", [{"strokes": examples.NUMBER_STROKES}, examples.IMAGE_NUMBER])
def test_correction_of_a_number_adds_each_of_its_digits(service, drawing):
    headers, _ = create(service)
    body = drawing | {"text": "72", "kind": "number"}
    change = service.post(CORRECTIONS, json=body, headers=headers).json
    assert [sample["label"] for sample in change["samples"]] == [7, 2]
    assert [sample["before"]["digit"] for sample in change["samples"]] == [4, 2]
    assert {
        sample["source"] for sample in service.get(SAMPLES, headers=headers).json["samples"]
    } == {"number"}


def test_number_that_cannot_be_cut_is_rejected(service):
    headers, _ = create(service)
    body = {"strokes": examples.NUMBER_STROKES, "text": "123456", "kind": "number"}
    assert "6 digits" in assert_problem(service.post(CORRECTIONS, json=body, headers=headers), 422)
    pixels = {"pixels": [[0] * 28] * 13 + [[0] * 13 + [255] * 2 + [0] * 13] * 2 + [[0] * 28] * 13}
    body = pixels | {"text": "42", "kind": "number"}
    assert_problem(service.post(CORRECTIONS, json=body, headers=headers), 422)


@pytest.mark.parametrize(("path", "body"), USES)
def test_prediction_uses_the_profile_that_the_header_names(service, path, body):
    headers, _ = create(service)
    add(service, headers, FOUR)
    without, personal = (
        service.post(path, json=body),
        service.post(path, json=body, headers=headers),
    )
    assert personal.status_code == 200, personal.text
    assert '"profile":null' in without.text or path == PREDICT
    assert '"profile":{"version":1}' in personal.text or path == PREDICT
    assert without.text.replace("null", "") != personal.text
    if path in (PREDICT, ONE):
        name = "predicted_digit" if path == PREDICT else "digit"
        assert (without.json[name], personal.json[name]) == (7, 4)
    assert_problem(service.post(path, json=body, headers={"Authorization": "Bearer x"}), 401)
    # It is for a proxy in front of the service.
    other = service.post(path, json=body, headers={"Authorization": "Basic eA=="})
    assert other.status_code == 200
    assert "version" not in other.text


def test_model_is_chosen_and_must_be_of_digits(service):
    headers, _ = create(service)
    added = service.post(f"{SAMPLES}?model=classic", json={"samples": [FOUR]}, headers=headers)
    assert added.json["personal_model"]["model"]["name"] == "classic"
    assert added.json["samples"][0]["after"]["digit"] == 4
    for model in ("mlp", "classic"):
        response = service.post(
            f"{ONE}?model={model}", json=examples.STROKES_DRAWING, headers=headers
        )
        assert (response.json["model"]["name"], response.json["digit"]) == (model, 4)
    assert_problem(
        service.post(f"{SAMPLES}?model=x", json={"samples": [FOUR]}, headers=headers), 422
    )


def test_accuracy_leaves_each_sample_out(service):
    headers, _ = create(service)
    empty = service.get(f"{PROFILE}/accuracy", headers=headers).json
    assert (empty["samples"], empty["right_before"], empty["right_after"]) == (0, 0, 0)
    add(service, headers, {**FOUR, "label": 7}, FOUR)
    accuracy = service.get(f"{PROFILE}/accuracy", headers=headers).json
    assert (accuracy["samples"], accuracy["right_before"]) == (2, 1)
    assert accuracy["by_digit"][7]["right_before"] == 1
    assert service.get(f"{PROFILE}/accuracy", headers=headers).json == accuracy


def test_all_samples_are_added_or_none(service):
    headers, _ = create(service)
    blank = {"pixels": [[0] * 28] * 28, "label": 1}
    damaged = {"image": base64_of(b"\x89PNG"), "label": 1}
    for wrong, status in ((blank, 422), (damaged, 400), ({**FOUR, "label": 10}, 422)):
        body = {"samples": [FOUR, wrong]}
        assert_problem(service.post(SAMPLES, json=body, headers=headers), status)
    wrong = service.post(SAMPLES, json={"samples": [{"label": 4}]}, headers=headers)
    assert "a sample is" in assert_problem(wrong, 422).lower()
    assert_problem(service.post(SAMPLES, json={"samples": [FOUR] * 101}, headers=headers), 422)
    assert service.get(PROFILE, headers=headers).json["samples"] == 0


def test_profile_is_exported_and_imported_as_a_new_one(service):
    headers, created = create(service, name="Ada")
    add(service, headers, FOUR)
    exported = service.get(f"{PROFILE}/export", headers=headers)
    assert "attachment" in exported.headers["Content-Disposition"]
    imported = service.post(
        f"{PROFILES}/import", data=exported.data, content_type="application/json"
    )
    assert imported.status_code == 201, imported.text
    assert (imported.json["name"], imported.json["by_digit"][4]) == ("Ada", 1)
    assert imported.json["id"] != created["id"]
    token = {"Authorization": f"Bearer {imported.json['token']}"}
    assert service.post(ONE, json=examples.STROKES_DRAWING, headers=token).json["digit"] == 4


def test_hostile_file_is_not_imported(service):
    headers, _ = create(service)
    add(service, headers, FOUR)
    file = service.get(f"{PROFILE}/export", headers=headers).json
    path = f"{PROFILES}/import"
    sample = file["samples"][0]
    for change in (
        {"format": "other"},
        {"version": 99},
        {"more": 1},
        {"samples": [sample | {"label": 11}]},
        {"samples": [sample | {"id": "../../x"}]},
        {"samples": [sample | {"seen": base64_of(b"GIF89a")}]},
        {"samples": [sample, sample]},
        {"name": "A\nB"},
    ):
        assert_problem(service.post(path, json=file | change), 400)
    for body in (b"", b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe"):
        response = service.post(path, data=body, content_type="application/json")
        assert_problem(response, 400)
    assert_problem(service.post(path, data=b"{}", content_type="text/plain"), 415)
    many = b'{"samples": [' + b"0," * 1_000_001 + b"0]}"
    assert_problem(service.post(path, data=many, content_type="application/json"), 413)
    assert service.get(PROFILE, headers=headers).json["samples"] == 1


def test_numbers_and_rates_are_limited(registry, tmp_path, fits_at_once):
    settings = Settings(
        database=str(tmp_path / "profiles.sqlite3"),
        profiles=2,
        profile_samples=3,
        profiles_per_hour=4,
        profile_changes_per_minute=3,
    )
    service = create_app(registry, settings).test_client()
    headers, described = create(service)
    assert described["max_samples"] == 3
    create(service)
    assert "INKDIGITS_PROFILES" in assert_problem(
        service.post(PROFILES, json={"consent": True}), 409
    )
    add(service, headers, FOUR, FOUR)
    full = service.post(SAMPLES, json={"samples": [FOUR, FOUR]}, headers=headers)
    assert "3 samples" in assert_problem(full, 409)
    exported = service.get(f"{PROFILE}/export", headers=headers).json
    add(service, headers, FOUR)
    often = service.post(f"{PROFILE}/undo", headers=headers)
    assert_problem(often, 429)
    assert 0 < int(often.headers["Retry-After"]) <= 60
    # An import is a creation as well; predictions are not limited by these rates.
    assert_problem(service.post(f"{PROFILES}/import", json=exported), 409)
    often = service.post(PROFILES, json={"consent": True})
    assert_problem(often, 429)
    assert 0 < int(often.headers["Retry-After"]) <= 3600
    assert service.post(ONE, json=examples.STROKES_DRAWING, headers=headers).status_code == 200


def test_imported_profile_must_fit_the_limits(registry, tmp_path, service):
    headers, _ = create(service)
    add(service, headers, FOUR, FOUR)
    exported = service.get(f"{PROFILE}/export", headers=headers).json
    settings = Settings(database=str(tmp_path / "small.sqlite3"), profile_samples=1)
    small = create_app(registry, settings)
    assert_problem(small.test_client().post(f"{PROFILES}/import", json=exported), 409)
    assert create(small.test_client())[1]["samples"] == 0


def test_server_without_database_says_so(client):
    assert client.get("/api/v1/models").json["profiles"] is False
    for method, path in (("GET", PROFILE), ("POST", PROFILES), ("GET", f"{PROFILES}/consent")):
        response = client.open(path, method=method, json={} if method == "POST" else None)
        assert "INKDIGITS_DATABASE" in assert_problem(response, 404)
    # The token of a profile is not ignored; another one is for somebody else.
    body = examples.STROKES_DRAWING
    token = {"Authorization": "Bearer inkdigits_x"}
    assert "no profiles" in assert_problem(client.post(ONE, json=body, headers=token), 401)
    assert client.post(ONE, json=body, headers={"Authorization": "Bearer x"}).status_code == 200


def test_damaged_database_stops_profiles_alone(registry, tmp_path):
    path = tmp_path / "profiles.sqlite3"
    path.write_bytes(b"this is not a database" * 1000)
    app = create_app(registry, Settings(database=str(path)))
    service = app.test_client()
    token = {"Authorization": "Bearer inkdigits_x"}
    for response in (
        service.post(PROFILES, json={"consent": True}),
        service.get(PROFILE, headers=token),
        service.post(ONE, json=examples.STROKES_DRAWING, headers=token),
    ):
        detail = assert_problem(response, 503)
        assert "log" in detail
        assert str(tmp_path) not in response.text
        assert int(response.headers["Retry-After"]) > 0
    assert service.post(ONE, json=examples.STROKES_DRAWING).json["digit"] == 7
    assert service.get("/readyz").status_code == 200
    path.unlink()  # mended, without a restart
    create(service)
