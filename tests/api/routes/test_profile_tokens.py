"""Who may use a profile: whoever sends its token, in the header alone."""

import json

import pytest
from profile_requests import FOUR, SAMPLES, add, create
from requests_to import PROFILE, assert_problem

from inkdigits.api.profile_access import UNKNOWN_TOKEN


@pytest.fixture
def service(teachable):
    return teachable.test_client()


def test_missing_wrong_old_and_deleted_tokens_are_refused_alike(service):
    headers, _ = create(service)
    deleted, _ = create(service)
    assert service.delete(PROFILE, headers=deleted).status_code == 204
    renewed = service.post(f"{PROFILE}/token", headers=headers).json["token"]
    right = {"Authorization": f"Bearer {renewed}"}
    assert service.get(PROFILE, headers=right).status_code == 200
    token = renewed.encode()
    for wrong in (
        {},
        headers,
        deleted,
        {"Authorization": ""},
        {"Authorization": renewed},
        {"Authorization": f"Basic {renewed}"},
        {"Authorization": f"Bearer {renewed[:-1]}"},
        {"Authorization": f"Bearer {renewed}x"},
        {"Authorization": f"Bearer {renewed.swapcase()}"},
        {"Authorization": f"Bearer {renewed}, Bearer {renewed}"},
        {"Authorization": "Bearer " + "x" * 8000},
        {"Authorization": "Bearer \xff"},
        {"Cookie": f"token={renewed}", "X-Authorization": f"Bearer {renewed}"},
    ):
        response = service.get(PROFILE, headers=wrong)
        assert assert_problem(response, 401) == UNKNOWN_TOKEN
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert token not in response.data
    assert_problem(service.get(f"{PROFILE}?token={renewed}"), 401)
    assert_problem(service.post(f"{PROFILE}/undo", json={"token": renewed}), 401)
    assert_problem(service.get(f"{PROFILE}?token={renewed}", headers=right), 422)


def test_samples_of_others_are_out_of_reach(service):
    mine, _ = create(service)
    others, _ = create(service)
    theirs = add(service, others, FOUR)["samples"][0]["id"]
    add(service, mine, {**FOUR, "label": 5})
    assert_problem(service.delete(f"{SAMPLES}/{theirs}", headers=mine), 404)
    assert theirs not in service.get(SAMPLES, headers=mine).text
    assert theirs not in service.get(f"{PROFILE}/export", headers=mine).text
    assert service.get(PROFILE, headers=others).json["samples"] == 1


def test_pages_of_allowed_origins_may_name_a_profile(service):
    headers = {
        "Origin": "http://localhost:5173",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    allowed = service.options(PROFILE, headers=headers).headers
    assert "authorization" in allowed["Access-Control-Allow-Headers"].lower()
    assert "DELETE" in allowed["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in allowed
    evil = service.options(PROFILE, headers=headers | {"Origin": "http://evil.example"}).headers
    assert not [name for name, _ in evil if name.startswith("Access-Control")]


def test_responses_are_never_cached(service):
    headers, _ = create(service)
    for path in (PROFILE, SAMPLES, f"{PROFILE}/export"):
        assert service.get(path, headers=headers).headers["Cache-Control"] == "no-store"
    assert json.loads(service.get(f"{PROFILE}/export", headers=headers).data)["format"]
